"""The true bodies of a dome sequence: everybody's shape, and the rotations of the bones in each frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from body.human import BONES
from body.linear import shape_values
from body.shape import Shape
from pose import BadInput, Camera

#: The file's path in the sequence's folder.
BODIES = "truth/bodies.npz"
_SHAPE = ("sex", "age", "weight", "muscle", "height", "ancestry")
#: The half turn from the stage, y up, to the studio's world, y down.
_TO_WORLD = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True, eq=False)
class TrueBodies:
    """The bodies of P people in F frames.

    Attributes:
        rotations: float32 (P, F, 31, 3, 3), each bone against its parent, and the first on the stage.
        shape_values: float32 (P, 10), as of `body.linear.shape_values`.
    """

    rotations: np.ndarray
    shape_values: np.ndarray

    def seen_by(self, camera: Camera, frame: int, person: int) -> np.ndarray:
        """A person's rotations float32 (31, 3, 3), the first in the camera's frame."""
        turns = self.rotations[person, frame].astype(np.float64)
        turns[0] = camera.rotation @ _TO_WORLD @ turns[0]
        return turns.astype(np.float32)


def read_true_bodies(folder: Path) -> TrueBodies:
    """Reads a sequence's bodies.

    Raises:
        BadInput: the file is missing or malformed.
    """
    path = folder / BODIES
    try:
        with path.open("rb") as file, np.load(file) as archive:
            arrays = {name: archive[name] for name in ("bones", "rotations", *_SHAPE)}
        if tuple(arrays["bones"]) != BONES:
            raise ValueError("it is of another body")
        people = [
            Shape(*map(float, values[:-1]), tuple(map(float, values[-1])))
            for values in zip(*(arrays[name] for name in _SHAPE), strict=True)
        ]
        rotations = arrays["rotations"].astype(np.float32)
        if rotations.shape != (len(people), rotations.shape[1], len(BONES), 3, 3) or not np.isfinite(rotations).all():
            raise ValueError(f"its rotations have the shape {rotations.shape}, or are not finite")
    except FileNotFoundError as error:
        raise BadInput(str(path), "is missing; only sequences of the synthetic dome have it") from error
    except Exception as error:  # Damaged archives raise many kinds.
        why = f"{error}".strip()[:200] or type(error).__name__
        raise BadInput(str(path), f"is no file of true bodies ({why})") from error
    return TrueBodies(rotations, np.stack([shape_values(shape) for shape in people]).astype(np.float32))
