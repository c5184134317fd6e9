"""Something that finds everybody in an image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pose import Skeleton
from pose.people import People


@dataclass(frozen=True, eq=False)
class System:
    """One row of the table.

    Attributes:
        title: its name.
        skeleton: of the joints that it finds.
        find: uint8 RGB (H, W, 3) -> the people, in px of the image.
    """

    title: str
    skeleton: Skeleton
    find: Callable[[np.ndarray], People]
