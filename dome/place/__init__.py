"""The surroundings: floors, walls, the outdoors, and things that stand there."""
