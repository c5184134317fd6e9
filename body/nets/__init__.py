"""The body in `keras.ops`, for nets: batched, differentiable, and in float32 under every precision policy.

Nothing else of `body` needs Keras, so the renderer never loads it. Small products of matrices are written out, because
`matmul` on a GPU may round to ten bits, which is a millimeter at the end of a limb.
"""

from body.nets.posing import Bones, joints, pose_bones, shaped, vertices
from body.nets.rotations import axis_angle_of, from_axis_angle, from_six, six_of
from body.nets.shapes import blended

__all__ = [
    "Bones",
    "axis_angle_of",
    "blended",
    "from_axis_angle",
    "from_six",
    "joints",
    "pose_bones",
    "shaped",
    "six_of",
    "vertices",
]
