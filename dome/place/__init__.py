"""Where the people are: floors, walls, the open, and what stands there."""
