"""The webcam demo: the settings of its filter, and hours with a bad camera."""
