"""Finders: who is in an image, by a model that finds everybody, and a closer look at each person."""
