"""The window and what it shows."""
