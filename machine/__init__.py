"""What this machine is, what was measured on it, and how commands run on it.

Nothing here knows of poses; every other package may import it.
"""
