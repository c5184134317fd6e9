"""Joints in time from videos and files."""
