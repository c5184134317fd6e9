"""Poses and shapes of real people, which a critic of bodies learns from; and mirror images of poses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from body.human import BONES

_SIDES = {"Left": "Right", "Right": "Left", "L": "R", "R": "L"}
_MIRROR = np.array([-1.0, 1.0, 1.0], np.float32)
#: Number of shape values, those of `body.linear.free_body`.
NUM_VALUES = 10


def _twin(bone: str) -> int:
    """The bone on the other side; the bone itself in the middle of the body."""
    for side, other in _SIDES.items():
        if bone.startswith(side) and f"{other}{bone.removeprefix(side)}" in BONES:
            return BONES.index(f"{other}{bone.removeprefix(side)}")
    return BONES.index(bone)


#: The index of each bone's mirror image.
TWINS = tuple(_twin(bone) for bone in BONES)


def mirrored(rotations: np.ndarray) -> np.ndarray:
    """The mirror image of poses (..., 31, 3, 3), left and right exchanged."""
    return rotations[..., TWINS, :, :] * (_MIRROR[:, None] * _MIRROR)


@dataclass(frozen=True, eq=False)
class BodyPool:
    """N bodies.

    Attributes:
        rotations: float32 (N, 31, 3, 3), each bone against its parent, in the order of `BONES`; the first, of the
            hips, is that on the stage.
        shape_values: float32 (N, 10), as of `body.linear.shape_values`.
    """

    rotations: np.ndarray
    shape_values: np.ndarray

    def __post_init__(self) -> None:
        shapes = self.rotations.shape, self.shape_values.shape
        count = len(self.rotations)
        if not count or shapes != ((count, len(BONES), 3, 3), (count, NUM_VALUES)):
            raise ValueError(
                f"a pool must have rotations (N, {len(BONES)}, 3, 3) and shape_values (N, 10), got {shapes}"
            )

    def write(self, file: BinaryIO) -> None:
        """Writes it as an .npz file."""
        np.savez_compressed(file, bones=np.array(BONES), rotations=self.rotations, shape_values=self.shape_values)


def read_pool(path: Path) -> BodyPool:
    """Reads what `BodyPool.write` wrote.

    Raises:
        ValueError: the file is missing, damaged, or of another body.
    """
    try:
        with path.open("rb") as file, np.load(file) as archive:
            arrays = {name: archive[name] for name in ("bones", "rotations", "shape_values")}
        if tuple(arrays["bones"]) != BONES:
            raise ValueError("its bones are others")
        pool = BodyPool(arrays["rotations"], arrays["shape_values"])
        if not all(np.isfinite(array).all() for array in (pool.rotations, pool.shape_values)):
            raise ValueError("it has numbers that are not finite")
    except Exception as error:  # Damaged archives raise many kinds.
        why = f"{error}".strip()[:200] or type(error).__name__
        remedy = "make it with python -m data_prep poses"
        raise ValueError(f"{path} cannot be read as poses of bodies ({why}); {remedy}") from error
    return pool
