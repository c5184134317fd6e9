"""Joints as volumes: for each joint a value of every voxel of a cube about the person, as V2V-PoseNet has them.

Moon et al., arXiv 1711.07399. As their later advice is, the joint is the mean place about the greatest value.
"""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from models.blocks import Normalization
from models.forms.depths import BODY, CAMERA, back_project, near_maximum
from models.forms.losses import labeled_mean
from models.forms.output_form import OutputForm, Term
from pose.tasks import POSE_DEPTH

#: Cells of the volumes along an edge, and the cube's edge in mm; the published ones for bodies are 44 and 2000.
CELLS, EDGE_MM = 44, 2400.0
# Standard deviation of the target in cells.
_SIGMA_CELLS = 1.7
# Cells on each side of the maximum of which the mean place is taken, along each axis by itself.
_REACH = 5


def occupancy(depth_mm: Any, camera_matrix: Any, body_mm: Any, voxels: int) -> Any:
    """Mark the voxels of a cube about the person that the image's surface passes through.

    A voxel is marked if the pixel that its middle is seen at has a depth within it. Published is the other way, to mark
    the voxel that each pixel's point lies in, which leaves gaps where pixels are farther apart than voxels.

    Args:
        depth_mm: Float (B, S, S), 0 where unknown.
        camera_matrix: Float (B, 3, 3).
        body_mm: Float (B,), the depth of the cube's middle, which lies on the ray through the image's middle.
        voxels: Number of voxels along an edge.

    Returns:
        Float (B, voxels, voxels, voxels) of 0 and 1, along x, y and z.
    """
    size, edge = depth_mm.shape[1], EDGE_MM / voxels
    steps = (ops.arange(voxels, dtype="float32") + 0.5) * edge - EDGE_MM / 2
    middle = _middle(camera_matrix, body_mm, size)
    sides = (-1, voxels, 1, 1), (-1, 1, voxels, 1), (-1, 1, 1, voxels)
    x, y, z = (ops.reshape(middle[:, 0, axis, None] + steps, sides[axis]) for axis in range(3))
    entry = [[camera_matrix[:, row, column, None, None, None] for column in range(3)] for row in range(2)]
    depth = ops.maximum(z, 1.0)
    column, row = (ops.round((one[0] * x + one[1] * y) / depth + one[2]) for one in entry)
    inside = ops.logical_and(ops.logical_and(column >= 0, column < size), ops.logical_and(row >= 0, row < size))
    index = ops.cast(ops.where(inside, row * size + column, 0.0), "int32")
    found = ops.take_along_axis(ops.reshape(depth_mm, (-1, size * size)), ops.reshape(index, (-1, voxels**3)), axis=1)
    found = ops.reshape(found, (-1, voxels, voxels, voxels))
    return ops.cast(ops.logical_and(inside, ops.abs(found - z) <= edge / 2), "float32")


def volume_head(
    features: list, num_joints: int, *, normalization: Normalization | None = None, prefix: str = ""
) -> dict[str, Any]:
    """Predict the volume of each joint by a 1 x 1 x 1 convolution.

    Args:
        features: Features (B, N, N, N, C), as the only element.
        num_joints: Number of joints J.
        normalization: Not used; heads of other forms normalize.
        prefix: Prefix of the layers' names.

    Returns:
        "volume_logits" (B, N, N, N, J) float32, along x, y and z; 1 in the middle of a joint's Gaussian, 0 far away.
    """
    layer = keras.layers.Conv3D(
        num_joints,
        1,
        kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
        dtype="float32",
        name=f"{prefix}volume_logits",
    )
    return {"volume_logits": layer(features[-1])}


def volume_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the mean squared difference from Gaussians about the known joints."""
    volume, known = outputs["volume_logits"], labels["xyz_known"] > 0
    cells = volume.shape[1]
    place = (labels["joints_xyz_mm"] - _middle(outputs[CAMERA], outputs[BODY], size)) / EDGE_MM + 0.5
    place = ops.clip(place * cells - 0.5, -cells, 2 * cells)
    at = ops.arange(cells, dtype="float32")
    # (B, J, 3, N): a Gaussian along each axis.
    weights = ops.exp(-((at - place[..., None]) ** 2) / (2 * _SIGMA_CELLS**2))
    x, y, z = (ops.swapaxes(weights[:, :, axis], 1, 2) for axis in range(3))
    target = x[:, :, None, None] * y[:, None, :, None] * z[:, None, None]
    errors = ops.mean(ops.square(volume - target), axis=(1, 2, 3))
    return {"joint_loss": Term(labeled_mean(errors, ops.cast(known, "float32")), known)}


def decode_volumes(outputs: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Find the mean place about each volume's maximum, along each axis by itself.

    Args:
        outputs: The net's outputs.
        size: Side of the square image in pixels.

    Returns:
        "joints_xyz_mm" (B, J, 3) in the camera's frame, and "scores" (B, J), the greatest values.
    """
    volume = ops.transpose(outputs["volume_logits"], (0, 4, 1, 2, 3))
    cells = volume.shape[2]
    # The values are of a Gaussian, whose logarithm's softmax has its mean where the Gaussian has.
    lines = [ops.max(volume, axis=others) for others in ((3, 4), (2, 4), (2, 3))]
    places = [near_maximum(ops.log(ops.maximum(line, 1e-3)), _REACH) for line in lines]
    points = ((ops.stack(places, axis=-1) + 0.5) / cells - 0.5) * EDGE_MM
    scores = ops.clip(ops.max(lines[0], axis=-1), 0.0, 1.0)
    return {"joints_xyz_mm": points + _middle(outputs[CAMERA], outputs[BODY], size), "scores": scores}


def _middle(camera_matrix: Any, body_mm: Any, size: int) -> Any:
    """Return the cube's middle (B, 1, 3) in mm."""
    middle = ops.zeros_like(camera_matrix[:, :1, :2]) + (size - 1) / 2
    return back_project(middle, body_mm[:, None], camera_matrix)


FORM = OutputForm(
    "volumes",
    frozenset({"volume_logits"}),
    volume_head,
    lambda: volume_loss,
    decode_volumes,
    {"volume_logits": 1},
    layers=("volume",),
    task=POSE_DEPTH,
)
