"""Output files: checked before the work begins, and renamed into place when complete."""
