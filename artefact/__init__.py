"""Exported models: their formats, files and descriptions, and how they are loaded and run. No training code."""
