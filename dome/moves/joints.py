"""The joints in space of people who move, without any image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from body.human import Human, to_world
from body.shape import Shape
from dome.moves.motion import random_motion
from dome.moves.retarget import retarget
from pose.space.bvh import Bvh


def joints_of_person(number: int, fps: float, seconds: float = 0.0, recording: Bvh | None = None) -> np.ndarray:
    """A person of random shape in random motion, or who performs a recording.

    Args:
        number: of the person, from which shape and motion follow.
        fps: frames per second.
        seconds: duration of the random motion.
        recording: to perform instead.

    Returns:
        float32 (F, 19, 3) in the studio's world (y down) in mm, in the order of `PANOPTIC19`.

    Raises:
        BadInput: the recording cannot be retargeted.
    """
    rng = np.random.default_rng([number, *(Path(recording.path).stem.encode() if recording else b"")])
    human = Human(Shape.random(rng))
    motion = retarget(recording, human, fps) if recording else random_motion(rng, human, seconds, fps)
    return to_world(human.pose(motion.rotations, motion.root_mm).joints_mm).astype(np.float32)
