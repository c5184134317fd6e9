"""A synthetic dome: sequences of people in Panoptic Studio's own layout, with exact ground truth, from a seed.

`dress` puts clothes on the human bodies of the package `body`, `moves` animates them, `place` draws their surroundings,
and `view` renders what a camera sees. `cast` assembles the people of a sequence, and `write` writes it to disk.
"""

from dome.options import Dome, write_dome
from dome.walkers import Walkers

__all__ = ["Dome", "Walkers", "write_dome"]
