"""Losses over named outputs. Joints that are not labelled weigh nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from models import ResidualFlow, encode, encode_heatmaps, encode_simcc, expected_coordinates, log_probabilities

_TINY = 1e-9


def visible_l1(true: Any, predicted: Any, visible: Any) -> Any:
    """Mean absolute error of the labelled joints' coordinates.

    Args:
        true: float (B, J, 2).
        predicted: float (B, J, 2), in the unit of `true`.
        visible: int (B, J), COCO's 0, 1, 2; only joints above 0 count, each as much as any other.

    Returns:
        A float scalar; 0 for a batch without a labelled joint.
    """
    weight = ops.cast(visible > 0, "float32")
    # Where a joint is not labelled its coordinates may hold anything, NaN too, and 0 * NaN is NaN, in gradients too.
    error = ops.abs(ops.where(weight[..., None] > 0, true, 0.0) - predicted)
    return ops.sum(error * weight[..., None]) / ops.maximum(2 * ops.sum(weight), 1.0)


def map_cross_entropy(joints_xy_px: Any, logits: Any, visible: Any, size: int) -> Any:
    """Cross-entropy between the labelled joints' maps and Gaussians about their places, over all cells of a map.

    Args:
        joints_xy_px: float (B, J, 2), in px of the picture.
        logits: float (B, cells, cells, J).
        visible: int (B, J); only joints above 0 count.
        size: side of the picture in px.

    Returns:
        A float scalar, less the Gaussian's own entropy, so that a perfect map has 0; 0 for a batch without a labelled
        joint.
    """
    weight = ops.cast(visible > 0, "float32")
    joints_xy_px = ops.where(weight[..., None] > 0, joints_xy_px, 0.0)
    target = encode_heatmaps(joints_xy_px, size, logits.shape[1])
    excess = ops.sum(target * (ops.log(target + _TINY) - log_probabilities(logits)), axis=(1, 2))
    return _mean(excess, weight)


def score_loss(
    true: Any, predicted: Any, score_logits: Any, visible: Any, radius: float, left: Any | None = None
) -> Any:
    """Binary cross-entropy that teaches a score to be the probability of a joint being within a radius of the truth.

    The prediction's own error is the target, and no gradient flows into it.

    Args:
        true: float (B, J, 2).
        predicted: float (B, J, 2), in the unit of `true`.
        score_logits: float (B, J).
        visible: int (B, J); only joints above 0 count.
        radius: in the unit of `true`.
        left: bool (B, J), joints known to lie outside the picture, where no prediction is right; none if not given.

    Returns:
        A float scalar; 0 for a batch without a labelled joint.
    """
    labelled = visible > 0
    offset = ops.where(labelled[..., None], ops.stop_gradient(predicted) - true, 0.0)
    hit = ops.logical_and(labelled, ops.sum(offset**2, axis=-1) <= radius**2)
    loss = ops.binary_crossentropy(ops.cast(hit, "float32"), score_logits, from_logits=True)
    weight = ops.cast(labelled if left is None else ops.logical_or(labelled, left), "float32")
    return _mean(loss, weight)


def axis_cross_entropy(joints_xy_px: Any, outputs: dict[str, Any], visible: Any, size: int) -> Any:
    """Cross-entropy between the labelled joints' distributions along x and y and Gaussians about their places.

    Args:
        joints_xy_px: float (B, J, 2), in px of the picture.
        outputs: "simcc_x_logits" and "simcc_y_logits", float (B, J, bins).
        visible: int (B, J); only joints above 0 count.
        size: side of the picture in px.

    Returns:
        A float scalar, the sum of both axes, less the Gaussians' own entropy; 0 for a batch without a labelled joint.
    """
    weight = ops.cast(visible > 0, "float32")
    joints_xy_px = ops.where(weight[..., None] > 0, joints_xy_px, 0.0)
    excess = 0.0
    for index, name in enumerate(("simcc_x_logits", "simcc_y_logits")):
        target = encode_simcc(joints_xy_px[..., index], size, outputs[name].shape[-1])
        excess += ops.sum(target * (ops.log(target + _TINY) - ops.log_softmax(outputs[name])), axis=-1)
    return _mean(excess, weight)


class ResidualLikelihood(keras.layers.Layer):
    """Negative log-likelihood of the labelled joints, under a distribution whose shape is learned: RLE.

    Li et al., arXiv 2107.11291, take the density of a residual, scaled by the predicted deviations, as the product of a
    Laplace distribution's and of what a flow learns. As in their code, and unlike equation 9, the flow is a density by
    itself, so the loss is the sum of two negative log-likelihoods. Each of them, not only one of both, accounts for the
    deviations here, so that these cannot grow for nothing.
    """

    def __init__(self) -> None:
        """Makes the flow, whose weights are trained with the net's."""
        super().__init__(dtype="float32", name="residual_likelihood")
        self.flow = ResidualFlow(dtype="float32", name="flow")
        self.flow.build((None, 2))
        self.built = True

    def call(self, joints_xy_px: Any, outputs: dict[str, Any], visible: Any, size: int) -> Any:
        """Joints (B, J, 2) in px, "coordinates" and "sigmas" (B, J, 2), visible (B, J) -> the mean over joints."""
        weight = ops.cast(visible > 0, "float32")
        sigmas = outputs["sigmas"]
        true = ops.where(weight[..., None] > 0, encode(joints_xy_px, size), 0.0)
        residuals = (true - outputs["coordinates"]) / sigmas
        laplace = ops.sum(math.log(2) + ops.abs(residuals), axis=-1)
        learned = -ops.reshape(self.flow(ops.reshape(residuals, (-1, 2))), ops.shape(weight))
        loss = laplace + learned + 2 * ops.sum(ops.log(sigmas), axis=-1)
        return _mean(loss, weight)


def _mean(values: Any, weight: Any) -> Any:
    """The mean of values (B, J), weighed by 1 and 0; 0 where all weigh 0."""
    return ops.sum(values * weight) / ops.maximum(ops.sum(weight), 1.0)


def _coordinate_loss(joints_xy_px: Any, outputs: dict[str, Any], visible: Any, size: int) -> Any:
    return visible_l1(encode(joints_xy_px, size), outputs["coordinates"], visible)


def _heatmap_loss(joints_xy_px: Any, outputs: dict[str, Any], visible: Any, size: int) -> Any:
    return map_cross_entropy(joints_xy_px, outputs["heatmap_logits"], visible, size)


def _integral_loss(joints_xy_px: Any, outputs: dict[str, Any], visible: Any, size: int) -> Any:
    return visible_l1(encode(joints_xy_px, size), expected_coordinates(outputs["integral_logits"]), visible)


#: (joints in px (B, J, 2), outputs, visible (B, J), size=side of the picture in px) -> a scalar.
JointLoss = Callable[..., Any]

#: What makes the loss that teaches each output form; a loss that is a layer has weights of its own.
JOINT_LOSSES: dict[str, Callable[[], JointLoss]] = {
    "coordinates": lambda: _coordinate_loss,
    "heatmaps": lambda: _heatmap_loss,
    "integral": lambda: _integral_loss,
    "simcc": lambda: axis_cross_entropy,
    "likelihood": ResidualLikelihood,
}
