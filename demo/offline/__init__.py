"""Whole recordings: people followed through a video, their joints smoothed without lag, tables and annotated videos."""
