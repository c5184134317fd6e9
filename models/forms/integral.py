"""Joints as the expected position of a map: integral regression, or soft-argmax. Sun et al., arXiv 1711.08229."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from models.blocks import Normalization
from models.forms.coordinates import decode, encode
from models.forms.heatmaps import MAP_FILTERS, MAP_KERNEL, joint_maps, map_scores
from models.forms.losses import joint_term, visible_l1
from models.forms.output_form import Term, pose_form
from models.necks import pyramid_neck


def integral_head(
    features: list,
    num_joints: int,
    *,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
) -> dict[str, Any]:
    """Predict a map for each joint, whose expected position is the joint, and a score for each.

    The maps are computed as in `heatmap_head`, but only their mean is supervised: the net may spread a map where it is
    uncertain.

    Args:
        features: Features (B, h, w, C) from fine to coarse.
        num_joints: Number of joints J.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        prefix: Prefix of the layers' names.

    Returns:
        "integral_logits" (B, h, w, J) float32, whose softmax over all cells weights their positions, and "score_logits"
        (B, J) float32, whose sigmoid estimates the probability that the predicted joint is right.
    """
    logits = joint_maps(
        features[0],
        num_joints,
        MAP_FILTERS,
        MAP_KERNEL,
        normalization=normalization,
        name=f"{prefix}integral_logits",
        prefix=prefix,
    )
    return {"integral_logits": logits, "score_logits": map_scores(features, logits, prefix=prefix)}


def expected_coordinates(logits):
    """Compute the expected position of each map; `models.forms.coordinates.encode` computes its target.

    The first and the last cell stand for the image's edges, not for their own centers, so that a mean can lie anywhere
    in the image.

    Args:
        logits: Float (B, h, w, J), each side at least 2.

    Returns:
        Coordinates (B, J, 2), (x, y) where -1 and 1 are the image's edges.
    """
    rows, columns = logits.shape[1:3]
    weights = ops.exp(logits - ops.max(logits, axis=(1, 2), keepdims=True))
    total = ops.sum(weights, axis=(1, 2))
    x = ops.sum(ops.sum(weights, axis=1) * ops.reshape(ops.linspace(-1.0, 1.0, columns), (-1, 1)), axis=1)
    y = ops.sum(ops.sum(weights, axis=2) * ops.reshape(ops.linspace(-1.0, 1.0, rows), (-1, 1)), axis=1)
    return ops.stack([x / total, y / total], axis=-1)


def decode_integral(outputs: Mapping[str, Any], size: int):
    """Turn the maps into joints in pixels.

    Args:
        outputs: The head's outputs.
        size: Side of the square image in pixels.

    Returns:
        Joints (B, J, 2) float32, (x, y) in pixels of the image.
    """
    return decode(expected_coordinates(outputs["integral_logits"]), size)


def integral_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the mean absolute error of the maps' expected positions."""
    target = encode(labels["joints_xy_px"], size)
    return joint_term(visible_l1(target, expected_coordinates(outputs["integral_logits"]), labels["visible"]), labels)


FORM = pose_form(
    "integral",
    {"integral_logits"},
    integral_head,
    lambda: integral_loss,
    decode_integral,
    {"integral_logits": 1},
    1,
    layers=("integral", "heatmap"),
    neck=pyramid_neck,
)
