"""Everybody in an image or video: found by a model that sees everybody, looked at more closely, and tracked."""
