"""CVAT's own annotation files."""
