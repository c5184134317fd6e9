"""Joints as belief maps with a background. Wei et al., "Convolutional Pose Machines", arXiv 1602.00134.

A belief is the height of a Gaussian about the joint, not a probability of cells: a map may show several peaks or none.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import pi
from typing import Any

import keras
from keras import ops

from models.blocks import SCORES, Normalization
from models.forms.fields import encode_maps
from models.forms.heatmaps import decode_heatmaps
from models.forms.losses import joint_term, labeled_mean
from models.forms.output_form import Term, pose_form
from models.forms.scores import peak_score_head
from pose.tasks import POSE_2D

#: Standard deviation of the Gaussians in cells: 12 px of the published net's 368.
SIGMA_CELLS = 1.5
# Beliefs below this are noise, whose logarithm would mislead the search for the peak.
_LEAST_BELIEF = 0.01


def belief_head(
    features: list,
    num_joints: int,
    *,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
) -> dict[str, Any]:
    """Read a map for each joint and the background off the finest features, and a score for each joint.

    Args:
        features: Features (B, h, w, C) from fine to coarse.
        num_joints: Number of joints J.
        normalization: Not used.
        prefix: Prefix of the layers' names.

    Returns:
        "belief_maps" (B, h, w, 1 + J) float32, the background before the joints, and "score_logits" (B, J) float32.
    """
    small = keras.initializers.RandomNormal(stddev=0.01)
    name = f"{prefix}belief_maps"
    maps = keras.layers.Conv2D(1 + num_joints, 1, kernel_initializer=small, dtype="float32", name=name)(features[0])
    peaks = ops.max(_logarithms(maps), axis=(1, 2))
    return {"belief_maps": maps, SCORES: peak_score_head(features[-1], num_joints, [peaks], prefix=prefix)}


def belief_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the squared errors from Gaussians about the joints of the person in the middle.

    Args:
        labels: "joints_xy_px" (B, J, 2) and "visible" (B, J).
        outputs: Those of `belief_head`.
        size: Side of the image in pixels.

    Returns:
        The term "joint_loss": the mean over the labeled joints and the background of the error summed over the cells,
        as a share of what a map of zeros has.
    """
    return _loss(labels["joints_xy_px"][:, None], labels["visible"][:, None], labels, outputs, size)


def everybody_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the squared errors from Gaussians about everybody's joints: the target of the first stage.

    Args:
        labels: Those of `belief_loss`, "others_xy_px" (B, P, J, 2) and "others_visible" (B, P, J).
        outputs: As of `belief_loss`.
        size: As of `belief_loss`.
    """
    xy = ops.concatenate([labels["joints_xy_px"][:, None], labels["others_xy_px"]], axis=1)
    visible = ops.concatenate([labels["visible"][:, None], labels["others_visible"]], axis=1)
    return _loss(xy, visible, labels, outputs, size)


def _loss(xy: Any, visible: Any, labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    maps = outputs["belief_maps"]
    target = encode_maps(xy, visible, size, maps.shape[1], SIGMA_CELLS * size / maps.shape[1])
    error = ops.sum((maps - target) ** 2, axis=(1, 2)) / (pi * SIGMA_CELLS**2)
    known = ops.cast(labels["visible"] > 0, "float32")
    weight = ops.concatenate([ops.ones_like(known[:, :1]), known], axis=1)
    return joint_term(labeled_mean(error, weight), labels)


def decode_beliefs(outputs: Mapping[str, Any], size: int):
    """Find each map's peak between the cells, as `decode_heatmaps` does; joints (B, J, 2) in pixels of the image."""
    return decode_heatmaps({"heatmap_logits": _logarithms(outputs["belief_maps"])}, size)


def _logarithms(maps):
    """The logarithms of the joints' beliefs (B, h, w, J)."""
    return ops.log(ops.maximum(maps[..., 1:], _LEAST_BELIEF))


#: Its task has the labels of other people for `everybody_loss`.
FORM = replace(
    pose_form(
        "beliefs",
        {"belief_maps"},
        belief_head,
        lambda: belief_loss,
        decode_beliefs,
        {"belief_maps": 1},
        1,
        layers=("belief",),
    ),
    task=replace(POSE_2D, labels=(*POSE_2D.labels, "others_xy_px", "others_visible")),
)
