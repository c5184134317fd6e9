"""PanoPose: 2D human pose estimation."""
