"""Gait against annotated walks, other detectors, and people who limp on a known side."""
