"""Motions of people: the dome's own, and recorded ones."""
