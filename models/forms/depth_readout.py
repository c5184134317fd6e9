"""Joints in space as heatmaps, and the depth read at their peaks, corrected from the surface to the joint."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from models.blocks import Normalization, readout
from models.forms.depths import BODY, CAMERA, DEPTH, back_project, depth_at, project
from models.forms.heatmaps import decode_heatmaps, heatmap_head, map_cross_entropy
from models.forms.losses import labeled_mean
from models.forms.output_form import OutputForm, Term
from models.necks import pyramid_neck
from pose.tasks import POSE_DEPTH

# Nets compute in meters, whose size is about that of their other numbers.
_MM_PER_M = 1000.0


def depth_readout_head(
    features: list,
    num_joints: int,
    *,
    corrected: bool = True,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
) -> dict[str, Any]:
    """Predict a map for each joint, whether it is seen, and how far it lies behind the surface there.

    Args:
        features: Features (B, h, w, C) from fine to coarse.
        num_joints: Number of joints J.
        corrected: Whether the way from the surface to the joint is predicted; 0 otherwise.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        prefix: Prefix of the layers' names.

    Returns:
        "heatmap_logits" (B, h, w, J), "seen_logits" (B, J) and "behind" (B, J) in meters, float32.
    """
    maps = heatmap_head(features, num_joints, normalization=normalization, prefix=prefix)["heatmap_logits"]
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{prefix}depth_pool")(features[-1])
    seen = readout(pooled, num_joints, name=f"{prefix}depth_seen")
    behind = readout(pooled, num_joints, name=f"{prefix}depth_behind") if corrected else ops.zeros_like(seen)
    return {"heatmap_logits": maps, "seen_logits": seen, "behind": behind}


def depth_readout_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Add up the maps' cross-entropy, the depths' mean error in meters, and the cross-entropy of being seen."""
    xyz, known = labels["joints_xyz_mm"], labels["xyz_known"] > 0
    xy = project(xyz, outputs[CAMERA])
    inside = ops.all(ops.logical_and(xy >= -0.5, xy < size - 0.5), axis=-1)
    inside = ops.logical_and(ops.logical_and(inside, known), xyz[..., 2] > 0)
    weight, xy = ops.cast(inside, "float32"), ops.where(inside[..., None], xy, 0.0)
    maps = map_cross_entropy(xy, outputs["heatmap_logits"], weight, size)
    surface = depth_at(xy, outputs[DEPTH], outputs[BODY])
    depth = ops.abs((xyz[..., 2] - surface) / _MM_PER_M - outputs["behind"])
    seen = ops.binary_crossentropy(
        ops.cast(labels["visible"] == 2, "float32"), outputs["seen_logits"], from_logits=True
    )
    loss = maps + labeled_mean(depth, weight) + labeled_mean(seen, ops.cast(known, "float32"))
    return {"joint_loss": Term(loss, known)}


def decode_depth_readout(outputs: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Read the depth at each map's peak.

    Args:
        outputs: The net's outputs.
        size: Side of the square image in pixels.

    Returns:
        "joints_xyz_mm" (B, J, 3) in the camera's frame, and "scores" (B, J), the probability that the joint is seen.
    """
    xy = decode_heatmaps(outputs, size)
    z = depth_at(xy, outputs[DEPTH], outputs[BODY]) + _MM_PER_M * outputs["behind"]
    return {"joints_xyz_mm": back_project(xy, z, outputs[CAMERA]), "scores": ops.sigmoid(outputs["seen_logits"])}


FORM = OutputForm(
    "depth-readout",
    frozenset({"heatmap_logits", "seen_logits", "behind"}),
    depth_readout_head,
    lambda: depth_readout_loss,
    decode_depth_readout,
    {"heatmap_logits": 1, "depth_seen": 1, "depth_behind": 1},
    layers=("heatmap", "depth"),
    neck=pyramid_neck,
    task=POSE_DEPTH,
)
