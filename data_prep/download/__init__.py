"""Downloading of CMU Panoptic Studio."""
