"""Predictions as files for labeling tools: `python -m demo.label`."""
