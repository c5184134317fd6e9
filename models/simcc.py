"""Joints as two classifications, of the column and of the row: SimCC, Li et al., arXiv 2107.03332."""

from typing import Any

import keras
from keras import ops

from models.blocks import Normalization
from models.parabola import greatest, parabola_weights
from models.scores import peak_score_head

#: Bins for each pixel of the picture, the paper's k.
SPLIT = 2
# Of the finest features, from which the head knows the picture's side.
_STRIDE = 4
_LEAST_PROBABILITY = 1e-9
_LEAST_CURVATURE = 1e-6


def simcc_head(features: list, num_joints: int, *, normalization: Normalization | None = None) -> dict[str, Any]:
    """Classify each joint's column and row into bins of half a pixel, and predict a score for each joint.

    As in the paper, a convolution makes one small map for each joint of the coarsest features, and one linear layer for
    each axis, shared by the joints, turns its cells into bins. The convolution is 7x7, as in RTMPose (arXiv
    2303.07399), where the paper's is 1x1.

    Args:
        features: Features (B, h, w, C) from fine to coarse, the finest at stride 4.
        num_joints: Number of joints J.
        normalization: Not used; heads of other forms normalise.

    Returns:
        "simcc_x_logits" and "simcc_y_logits" (B, J, bins) float32, whose softmax is the probability of each bin, there
        being `SPLIT` to a pixel of the picture, its side rounded up to the next cell; and "score_logits" (B, J)
        float32, whose sigmoid estimates the probability that the predicted joint is right.
    """
    x = keras.layers.Conv2D(num_joints, 7, padding="same", name="simcc_conv")(features[-1])
    x = keras.layers.Reshape((-1, num_joints), name="simcc_cells")(x)
    x = keras.layers.Permute((2, 1), name="simcc_joints")(x)
    outputs = {}
    for axis, side in (("x", 2), ("y", 1)):
        bins = features[0].shape[side] * _STRIDE * SPLIT
        outputs[f"simcc_{axis}_logits"] = keras.layers.Dense(bins, dtype="float32", name=f"simcc_{axis}_logits")(x)
    peaks = [ops.max(ops.log_softmax(logits), axis=-1) for logits in outputs.values()]
    return outputs | {"score_logits": peak_score_head(features[-1], num_joints, peaks)}


def encode_simcc(places_px, size: int, bins: int):
    """Make the targets along one axis: a Gaussian about each joint's exact place, the paper's smoothed labels.

    Args:
        places_px: Float (B, J), x or y in pixels of the picture.
        size: Side of the square picture in pixels.
        bins: Number of bins.

    Returns:
        Probabilities (B, J, bins) that sum to 1 over the bins; of a joint far outside, to 1 or 0.
    """
    place = (places_px[..., None] + 0.5) * (bins / size) - 0.5
    target = ops.exp(-((ops.arange(bins, dtype="float32") - place) ** 2) / (2 * _sigma_bins(bins) ** 2))
    return target / ops.maximum(ops.sum(target, axis=-1, keepdims=True), _LEAST_PROBABILITY)


def decode_simcc(outputs: dict[str, Any], size: int):
    """Find the likeliest column and row.

    The paper takes the greatest bin. Here a parabola is laid through the logits of the bins within a standard
    deviation of it, and its top is taken, which is exact for the targets: a Gaussian's logarithm is a parabola.

    Args:
        outputs: The head's outputs.
        size: Side of the square picture in pixels.

    Returns:
        Joints (B, J, 2) float32, (x, y) in pixels of the picture.
    """
    places = []
    for axis in "xy":
        logits = outputs[f"simcc_{axis}_logits"]
        places.append((_top(logits) + 0.5) * (size / logits.shape[-1]) - 0.5)
    return ops.stack(places, axis=-1)


def _sigma_bins(bins):
    """The targets' standard deviation, which grows with the root of the picture's side as in RTMPose."""
    return (bins / 16) ** 0.5


def _top(logits):
    """The place in bins (B, J) where the parabola through the bins about the greatest has its top."""
    bins = logits.shape[-1]
    reach = max(2, round(_sigma_bins(bins)))
    best = greatest(logits)
    # Near an edge the parabola is laid through the outermost bins.
    middle = ops.clip(best, reach, bins - 1 - reach)
    weights = parabola_weights(middle, bins, reach)
    slope, bend = (ops.sum(weights[..., i, :] * logits, axis=-1) for i in (1, 2))
    peaked = bend < -_LEAST_CURVATURE
    top = middle - slope / (2 * ops.where(peaked, bend, -1.0))
    return best + ops.where(peaked, ops.clip(top - best, -reach, reach), 0.0)
