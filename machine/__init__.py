"""What this machine is, what was measured on it, and how commands run on it and write pages.

Nothing here knows of poses; every other package may import it.
"""
