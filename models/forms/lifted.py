"""Joints in space, lifted from 2D: one (x, y, z) for each joint, in mm about the middle of the hips."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from models.blocks import Normalization, readout
from models.forms.losses import labeled_mean
from models.forms.output_form import OutputForm, Term
from pose.tasks import POSE_LIFT

# Nets compute in meters, whose size is about that of their other numbers.
_MM_PER_M = 1000.0


def lifted_head(
    features: list, num_joints: int, *, normalization: Normalization | None = None, prefix: str = ""
) -> dict[str, Any]:
    """Regress the joints from features (B, C).

    Args:
        features: The features, as the only element.
        num_joints: Number of joints J.
        normalization: Not used; heads of other forms normalize.
        prefix: Prefix of the layers' names.

    Returns:
        "lifted" (B, J, 3) float32, in meters.
    """
    points = readout(features[-1], 3 * num_joints, name=f"{prefix}lifted_dense")
    return {"lifted": keras.layers.Reshape((num_joints, 3), dtype="float32", name=f"{prefix}lifted")(points)}


def lifted_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the mean distance of the known joints in meters, MPJPE, as Pavllo et al. (arXiv 1811.11742) do."""
    known = labels["xyz_known"] > 0
    difference = outputs["lifted"] - labels["joints_xyz_mm"] / _MM_PER_M
    # The gradient of a square root of 0 is infinite.
    distances = ops.sqrt(ops.sum(ops.square(difference), axis=-1) + 1e-8)
    return {"joint_loss": Term(labeled_mean(distances, ops.cast(known, "float32")), known)}


def decode_lifted(outputs: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Turn the output "lifted" into joints in mm."""
    return {"joints_xyz_mm": outputs["lifted"] * _MM_PER_M}


FORM = OutputForm(
    "lifted",
    frozenset({"lifted"}),
    lifted_head,
    lambda: lifted_loss,
    decode_lifted,
    {"lifted_dense": 3},
    layers=("lifted",),
    task=POSE_LIFT,
)
