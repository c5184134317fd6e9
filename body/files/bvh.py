"""Moving bodies as motion capture."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from body.files.motion import BodyMotion
from pose.space.bvh import Bvh

_POSITIONS = ("Xposition", "Yposition", "Zposition")
#: The order of the laboratory whose bones these are, CMU's.
_ROTATIONS = ("Zrotation", "Yrotation", "Xrotation")
_MM_PER_CM = 10.0


def body_bvh(motion: BodyMotion) -> Bvh:
    """A moving body as BVH, in cm, at even times."""
    even, step = motion.evenly()
    rig, frames = even.rig, len(even.times_s)
    parents = np.array(rig.parents)
    offsets = rig.heads_mm - np.where(parents[:, None] < 0, 0, rig.heads_mm[parents])
    order = "".join(name[0] for name in _ROTATIONS)
    angles = Rotation.from_matrix(even.rotations.reshape(-1, 3, 3)).as_euler(order, degrees=True)
    # Without jumps by a full turn, for programs that interpolate.
    angles = np.unwrap(angles.reshape(frames, -1), axis=0, period=360.0)
    leaves = [bone for bone in range(len(parents)) if bone not in rig.parents]
    return Bvh(
        path="",
        names=rig.names,
        parents=rig.parents,
        offsets=offsets / _MM_PER_CM,
        ends={bone: (rig.tails_mm[bone] - rig.heads_mm[bone]) / _MM_PER_CM for bone in leaves},
        channels=tuple(_POSITIONS + _ROTATIONS if parent < 0 else _ROTATIONS for parent in rig.parents),
        values=np.concatenate([even.root_mm / _MM_PER_CM, angles], axis=1),
        frame_seconds=step,
    )
