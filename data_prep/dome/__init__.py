"""A synthetic dome: sequences of people in Panoptic Studio's own layout, with exact truth, from a seed.

`body` is a human body, `dress` puts clothes on it, `moves` moves it, `place` is what is around it, `view` what a camera
sees of all that. `cast` brings the people of a sequence together, and `write` puts it on the disk.
"""

from data_prep.dome.options import Dome, write_dome

__all__ = ["Dome", "write_dome"]
