"""Joints in space as voxels of the camera's cone of view: for each joint the probability of every voxel, and of none.

The image's cells times steps of depth about the body. It is integral regression's volume (Sun et al., arXiv
1711.08229), trained as a classification, with a class for joints outside the cone.
"""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from models.blocks import Normalization, readout
from models.forms.depths import BODY, CAMERA, REACH_MM, back_project, near_maximum, project
from models.forms.heatmaps import decode_heatmaps
from models.forms.losses import labeled_mean
from models.forms.output_form import OutputForm, Term
from pose.tasks import POSE_DEPTH

#: Steps of depth, each of 100 mm.
STEPS = 20
# Standard deviations of the target, in cells and in steps.
_SIGMA_CELLS, _SIGMA_STEPS = 1.5, 1.0
# Steps on each side of the most probable one of which the mean depth is taken.
_REACH_STEPS = 3
_TINY, _FAR = 1e-9, 1e9


def cone_head(
    features: list, num_joints: int, *, normalization: Normalization | None = None, prefix: str = ""
) -> dict[str, Any]:
    """Predict the logits of every voxel for each joint, and that it is in none.

    Args:
        features: Features (B, h, w, C) from fine to coarse.
        num_joints: Number of joints J.
        normalization: Not used; heads of other forms normalize.
        prefix: Prefix of the layers' names.

    Returns:
        "cone_logits" (B, h, w, J, STEPS) and "outside_logits" (B, J), float32; their softmax together is a joint's.
    """
    rows, columns = features[0].shape[1:3]
    volume = keras.layers.Conv2D(num_joints * STEPS, 1, dtype="float32", name=f"{prefix}cone_logits")(features[0])
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{prefix}cone_pool")(features[-1])
    return {
        "cone_logits": ops.reshape(volume, (-1, rows, columns, num_joints, STEPS)),
        "outside_logits": readout(pooled, num_joints, name=f"{prefix}cone_outside"),
    }


def cone_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the cross-entropy between the voxels and Gaussians about the known joints, or the class of none."""
    xyz, known = labels["joints_xyz_mm"], labels["xyz_known"] > 0
    logits, cells = outputs["cone_logits"], outputs["cone_logits"].shape[1]
    place = (project(xyz, outputs[CAMERA]) + 0.5) * (cells / size) - 0.5
    step = ((xyz[..., 2] - outputs[BODY][:, None]) / REACH_MM + 1) * (STEPS / 2) - 0.5
    inside = ops.all(ops.logical_and(place > -0.5, place < cells - 0.5), axis=-1)
    inside = ops.logical_and(inside, ops.logical_and(step > -0.5, step < STEPS - 0.5))
    inside = ops.logical_and(inside, xyz[..., 2] > 0)
    # Places of joints that are not inside may be infinite, and 0 * infinity is NaN.
    place, step = ops.where(inside[..., None], place, 0.0), ops.where(inside, step, 0.0)
    across, down = _gaussian(place[..., 0], cells, _SIGMA_CELLS), _gaussian(place[..., 1], cells, _SIGMA_CELLS)
    along = _gaussian(step, STEPS, _SIGMA_STEPS)
    # Sum of target times logit, an axis at a time; (B, h, w, J, D) -> (B, J).
    mean = ops.sum(logits * along[:, None, None], axis=-1)
    mean = ops.sum(mean * ops.swapaxes(across, 1, 2)[:, None], axis=2)
    mean = ops.sum(mean * ops.swapaxes(down, 1, 2), axis=1)
    entropy = sum(-ops.sum(part * ops.log(part + _TINY), axis=-1) for part in (across, down, along))
    outside = outputs["outside_logits"]
    total = ops.logaddexp(_log_sum(logits), outside)
    loss = total - ops.where(inside, mean + entropy, outside)
    return {"joint_loss": Term(labeled_mean(loss, ops.cast(known, "float32")), known)}


def decode_cone(outputs: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Find the most probable place of each joint, between the cells and steps, and the probability that it is inside.

    Args:
        outputs: The net's outputs.
        size: Side of the square image in pixels.

    Returns:
        "joints_xyz_mm" (B, J, 3) in the camera's frame and "scores" (B, J), float32.
    """
    logits = outputs["cone_logits"]
    across = ops.logsumexp(logits, axis=-1)
    xy = decode_heatmaps({"heatmap_logits": across}, size)
    # Depth where the joint most probably is: the steps of the cell with the greatest probability.
    greatest = ops.max(across, axis=(1, 2), keepdims=True)
    steps = ops.max(ops.where((across >= greatest)[..., None], logits, -_FAR), axis=(1, 2))
    z = outputs[BODY][:, None] + ((near_maximum(steps, _REACH_STEPS) + 0.5) * (2 / STEPS) - 1) * REACH_MM
    inside = ops.sigmoid(_log_sum(logits) - outputs["outside_logits"])
    return {"joints_xyz_mm": back_project(xy, z, outputs[CAMERA]), "scores": inside}


def _log_sum(logits: Any) -> Any:
    """Return the log of the sum over the voxels (B, h, w, J, D): (B, J)."""
    return ops.logsumexp(ops.logsumexp(logits, axis=-1), axis=(1, 2))


def _gaussian(place: Any, count: int, sigma: float) -> Any:
    """Return weights (B, J, count) that sum to 1, about places (B, J)."""
    at = ops.arange(count, dtype="float32")
    weights = ops.exp(-((at - place[..., None]) ** 2) / (2 * sigma**2))
    return weights / ops.sum(weights, axis=-1, keepdims=True)


FORM = OutputForm(
    "cone",
    frozenset({"cone_logits", "outside_logits"}),
    cone_head,
    lambda: cone_loss,
    decode_cone,
    {"cone_logits": STEPS, "cone_outside": 1},
    layers=("cone",),
    task=POSE_DEPTH,
)
