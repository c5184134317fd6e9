"""Losses over named outputs. Joints that are not labelled weigh nothing."""

from __future__ import annotations

from typing import Any

from keras import ops


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
    # Where a joint is not labelled its coordinates may hold anything, NaN too, and 0 * NaN is NaN.
    error = ops.where(weight[..., None] > 0, ops.abs(true - predicted), 0.0)
    return ops.sum(error) / ops.maximum(2 * ops.sum(weight), 1.0)


def score_loss(true: Any, predicted: Any, score_logits: Any, visible: Any, radius: float) -> Any:
    """Binary cross-entropy that teaches a score to be the probability of a joint being within a radius of the truth.

    The prediction's own error is the target, and no gradient flows into it.

    Args:
        true: float (B, J, 2).
        predicted: float (B, J, 2), in the unit of `true`.
        score_logits: float (B, J).
        visible: int (B, J); only joints above 0 count.
        radius: in the unit of `true`.

    Returns:
        A float scalar; 0 for a batch without a labelled joint.
    """
    weight = ops.cast(visible > 0, "float32")
    offset = ops.where(weight[..., None] > 0, ops.stop_gradient(predicted) - true, 0.0)
    hit = ops.cast(ops.sum(offset**2, axis=-1) <= radius**2, "float32")
    loss = ops.binary_crossentropy(hit, score_logits, from_logits=True)
    return ops.sum(loss * weight) / ops.maximum(ops.sum(weight), 1.0)
