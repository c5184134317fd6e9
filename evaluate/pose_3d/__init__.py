"""Metrics of joints in space."""
