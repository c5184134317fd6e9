"""Joints as two classifications, of the column and of the row: SimCC, Li et al., arXiv 2107.03332."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from models.blocks import Normalization
from models.forms.losses import joint_term, labeled_mean
from models.forms.output_form import Term, pose_form
from models.forms.parabola import first_argmax, parabola_weights
from models.forms.scores import peak_score_head

#: Bins for each pixel of the image, the paper's k.
SPLIT = 2
# Of the finest features, from which the head derives the image's side.
_STRIDE = 4
_LEAST_PROBABILITY = 1e-9
_LEAST_CURVATURE = 1e-6
_TINY = 1e-9


def simcc_head(
    features: list, num_joints: int, *, normalization: Normalization | None = None, prefix: str = ""
) -> dict[str, Any]:
    """Classify each joint's column and row into bins of half a pixel, and predict a score for each joint.

    As in the paper, a convolution makes one small map for each joint of the coarsest features, and one linear layer for
    each axis, shared by the joints, turns its cells into bins. The convolution is 7x7, as in RTMPose (arXiv
    2303.07399), where the paper's is 1x1.

    Args:
        features: Features (B, h, w, C) from fine to coarse, the finest at stride 4.
        num_joints: Number of joints J.
        normalization: Not used; heads of other forms normalize.
        prefix: Prefix of the layers' names.

    Returns:
        "simcc_x_logits" and "simcc_y_logits" (B, J, bins) float32, whose softmax is the probability of each bin, with
        `SPLIT` bins per pixel of the image's side, rounded up to the next cell; and "score_logits" (B, J) float32,
        whose sigmoid estimates the probability that the predicted joint is right.
    """
    x = keras.layers.Conv2D(num_joints, 7, padding="same", name=f"{prefix}simcc_conv")(features[-1])
    x = keras.layers.Reshape((-1, num_joints), name=f"{prefix}simcc_cells")(x)
    x = keras.layers.Permute((2, 1), name=f"{prefix}simcc_joints")(x)
    outputs = {}
    for axis, side in (("x", 2), ("y", 1)):
        bins = features[0].shape[side] * _STRIDE * SPLIT
        name = f"simcc_{axis}_logits"
        outputs[name] = keras.layers.Dense(bins, dtype="float32", name=f"{prefix}{name}")(x)
    peaks = [ops.max(ops.log_softmax(logits), axis=-1) for logits in outputs.values()]
    return outputs | {"score_logits": peak_score_head(features[-1], num_joints, peaks, prefix=prefix)}


def encode_simcc(places_px, size: int, bins: int):
    """Make the targets along one axis: a Gaussian about each joint's exact position, the paper's smoothed labels.

    Args:
        places_px: Float (B, J), x or y in pixels of the image.
        size: Side of the square image in pixels.
        bins: Number of bins.

    Returns:
        Probabilities (B, J, bins) that sum to 1 over the bins; to 1 or 0 for a joint far outside.
    """
    place = (places_px[..., None] + 0.5) * (bins / size) - 0.5
    target = ops.exp(-((ops.arange(bins, dtype="float32") - place) ** 2) / (2 * _sigma_bins(bins) ** 2))
    return target / ops.maximum(ops.sum(target, axis=-1, keepdims=True), _LEAST_PROBABILITY)


def axis_cross_entropy(joints_xy_px: Any, outputs: Mapping[str, Any], visible: Any, size: int) -> Any:
    """Cross-entropy between the labeled joints' distributions along x and y and Gaussians about their positions.

    Args:
        joints_xy_px: float (B, J, 2), in px of the image.
        outputs: "simcc_x_logits" and "simcc_y_logits", float (B, J, bins).
        visible: int (B, J); only joints above 0 count.
        size: side of the image in px.

    Returns:
        A float scalar, the sum of both axes, minus the Gaussians' entropy; 0 for a batch without a labeled joint.
    """
    weight = ops.cast(visible > 0, "float32")
    joints_xy_px = ops.where(weight[..., None] > 0, joints_xy_px, 0.0)
    excess = 0.0
    for index, name in enumerate(("simcc_x_logits", "simcc_y_logits")):
        target = encode_simcc(joints_xy_px[..., index], size, outputs[name].shape[-1])
        excess += ops.sum(target * (ops.log(target + _TINY) - ops.log_softmax(outputs[name])), axis=-1)
    return labeled_mean(excess, weight)


def simcc_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the cross-entropy of both axes' distributions."""
    return joint_term(axis_cross_entropy(labels["joints_xy_px"], outputs, labels["visible"], size), labels)


def decode_simcc(outputs: Mapping[str, Any], size: int):
    """Find the most likely column and row.

    The paper takes the most likely bin. Here a parabola is fitted to the logits of the bins within a standard deviation
    of it, and its top is taken, which is exact for the targets: a Gaussian's logarithm is a parabola.

    Args:
        outputs: The head's outputs.
        size: Side of the square image in pixels.

    Returns:
        Joints (B, J, 2) float32, (x, y) in pixels of the image.
    """
    places = []
    for axis in "xy":
        logits = outputs[f"simcc_{axis}_logits"]
        places.append((_top(logits) + 0.5) * (size / logits.shape[-1]) - 0.5)
    return ops.stack(places, axis=-1)


def _sigma_bins(bins):
    """The targets' standard deviation, which grows with the root of the image's side as in RTMPose."""
    return (bins / 16) ** 0.5


def _top(logits):
    """The position in bins (B, J) of the top of the parabola through the bins about the maximum."""
    bins = logits.shape[-1]
    reach = max(2, round(_sigma_bins(bins)))
    best = first_argmax(logits)
    # Near an edge the parabola is fitted to the outermost bins.
    middle = ops.clip(best, reach, bins - 1 - reach)
    weights = parabola_weights(middle, bins, reach)
    slope, bend = (ops.sum(weights[..., i, :] * logits, axis=-1) for i in (1, 2))
    peaked = bend < -_LEAST_CURVATURE
    top = middle - slope / (2 * ops.where(peaked, bend, -1.0))
    return best + ops.where(peaked, ops.clip(top - best, -reach, reach), 0.0)


FORM = pose_form(
    "simcc",
    {"simcc_x_logits", "simcc_y_logits"},
    simcc_head,
    lambda: simcc_loss,
    decode_simcc,
    # The layers of the logits have no weights per joint: all joints share them.
    {"simcc_conv": 1},
    1,
    1,
    layers=("simcc",),
)
