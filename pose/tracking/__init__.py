"""Lasting numbers for the people found in the frames of a video."""
