"""Joints of every image of a folder or frame of a video, as a table: `python -m demo.batch`."""
