"""Helpers of the output forms' losses. Unlabeled joints have weight 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import ops

from models.forms.output_form import Term


def visible_l1(true: Any, predicted: Any, visible: Any) -> Any:
    """Mean absolute error of the labeled joints' coordinates.

    Args:
        true: float (B, J, 2).
        predicted: float (B, J, 2), in the unit of `true`.
        visible: int (B, J), COCO's 0, 1, 2; only joints above 0 count, each as much as any other.

    Returns:
        A float scalar; 0 for a batch without a labeled joint.
    """
    weight = ops.cast(visible > 0, "float32")
    # Where a joint is not labeled its coordinates may hold anything, NaN too, and 0 * NaN is NaN, in gradients too.
    error = ops.abs(ops.where(weight[..., None] > 0, true, 0.0) - predicted)
    return ops.sum(error * weight[..., None]) / ops.maximum(2 * ops.sum(weight), 1.0)


def score_loss(
    true: Any, predicted: Any, score_logits: Any, visible: Any, radius: float, left: Any | None = None
) -> Any:
    """Binary cross-entropy that trains a score to be the probability of a joint lying within a radius of its label.

    The prediction's own error is the target, and no gradient flows into it.

    Args:
        true: float (B, J, 2).
        predicted: float (B, J, 2), in the unit of `true`.
        score_logits: float (B, J).
        visible: int (B, J); only joints above 0 count.
        radius: in the unit of `true`.
        left: bool (B, J), joints known to lie outside the image, where no prediction is right; none if not given.

    Returns:
        A float scalar; 0 for a batch without a labeled joint.
    """
    labeled = visible > 0
    offset = ops.where(labeled[..., None], ops.stop_gradient(predicted) - true, 0.0)
    hit = ops.logical_and(labeled, ops.sum(offset**2, axis=-1) <= radius**2)
    loss = ops.binary_crossentropy(ops.cast(hit, "float32"), score_logits, from_logits=True)
    weight = ops.cast(labeled if left is None else ops.logical_or(labeled, left), "float32")
    return labeled_mean(loss, weight)


def labeled_mean(values: Any, weight: Any) -> Any:
    """The mean of values (B, J) with weights 1 and 0; 0 if all weights are 0."""
    return ops.sum(values * weight) / ops.maximum(ops.sum(weight), 1.0)


def joint_term(value: Any, labels: Mapping[str, Any]) -> dict[str, Term]:
    """Wrap a mean over the labeled joints as the term "joint_loss"."""
    return {"joint_loss": Term(value, labels["visible"] > 0)}
