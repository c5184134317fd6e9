"""A synthetic dome: sequences of jointed people in Panoptic Studio's own layout, from a seed, without a download.

`motion` says what people do, `body` where their joints are then, `figure` and `paint` what they look like, `backdrop`
what is behind them, `rig` where the cameras stand; `cast` brings people together, `render` draws them
(limbs by `cones`), and `write` puts all on the disk.
"""

from data_prep.dome.options import Dome, write_dome
from data_prep.dome.write import write_dome_sequence

__all__ = ["Dome", "write_dome", "write_dome_sequence"]
