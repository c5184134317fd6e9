"""Two magenta rectangles side by side, which the fake model of tests/demo takes for people, one at a time."""

from collections.abc import Callable

import numpy as np

#: x, y and height of each, in an image of 320 x 240 px; they are half as wide.
TWO = ((80, 120, 120), (240, 120, 150))


def two_people(paint: Callable[..., np.ndarray]) -> np.ndarray:
    """The image, drawn by the fixture `paint`."""
    return np.concatenate([paint((240, 160), (x % 160, y, height)) for x, y, height in TWO], axis=1)
