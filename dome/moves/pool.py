"""Poses of people as rotations of the body's bones: of motion capture, or of the dome's own motions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from body.human import Human
from body.linear import shape_values
from body.pool import BodyPool, mirrored
from body.shape import Shape
from dome.moves.motion import random_motion
from dome.moves.retarget import retarget
from pose.space.bvh import Bvh


def bodies_of(number: int, fps: float, seconds: float = 0.0, recording: Bvh | None = None) -> BodyPool:
    """The bodies of a person of random shape in random motion, or who performs a recording.

    Args:
        number: of the person, from which shape and motion follow.
        fps: frames per second.
        seconds: duration of the random motion.
        recording: to perform instead.

    Raises:
        BadInput: the recording cannot be retargeted.
    """
    rng = np.random.default_rng([number, *(Path(recording.path).stem.encode() if recording else b"")])
    shape = Shape.random(rng)
    human = Human(shape)
    motion = retarget(recording, human, fps) if recording else random_motion(rng, human, seconds, fps)
    values = np.tile(shape_values(shape).astype(np.float32), (len(motion.rotations), 1))
    return BodyPool(motion.rotations, values)


def pooled(parts: Iterable[BodyPool], most: int, rng: np.random.Generator) -> BodyPool:
    """Joins bodies and their mirror images.

    Args:
        parts: the bodies.
        most: the most bodies of the result, which are drawn from all.
        rng: draws them.

    Raises:
        ValueError: there are none.
    """
    both = list(_with_mirror_images(parts))
    if not both:
        raise ValueError("there must be bodies to pool, got none")
    rotations, values = (np.concatenate(arrays) for arrays in zip(*both, strict=True))
    chosen = rng.permutation(len(rotations))[:most]
    return BodyPool(rotations[chosen], values[chosen])


def _with_mirror_images(parts: Iterable[BodyPool]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for part in parts:
        yield part.rotations, part.shape_values
        yield mirrored(part.rotations), part.shape_values
