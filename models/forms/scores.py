"""The score of a joint: the probability that its prediction is right."""

import keras

from models.blocks import SCORES, readout

# Before it is trained a score is about 0.05, and remains so for joints that nobody labels.
_BIAS = -3.0


def score_head(evidence, num_joints: int, *, prefix: str = ""):
    """Predict a score for each joint, without sending gradients into the net.

    Args:
        evidence: The scores' inputs, (B, K) float32: pooled features and the sharpness of each prediction.
        num_joints: Number of joints J.
        prefix: Prefix of the layer's name.

    Returns:
        "score_logits" (B, J) float32, whose sigmoid estimates the probability that the predicted joint is right. No
        gradient flows back from them, so that training the scores does not affect the joints.
    """
    return readout(keras.ops.stop_gradient(evidence), num_joints, bias=_BIAS, name=f"{prefix}{SCORES}")


def peak_score_head(features, num_joints: int, peaks: list, *, prefix: str = ""):
    """Predict the scores from pooled features and the sharpness of the peaks, in the layers `score_...`.

    Args:
        features: The coarsest features (B, h, w, C).
        num_joints: Number of joints J.
        peaks: Logarithms of the peaks' probabilities, each (B, J).
        prefix: Prefix of the layers' names.

    Returns:
        "score_logits" (B, J) float32; see `score_head`.
    """
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{prefix}score_pooled")(features)
    evidence = keras.layers.Concatenate(dtype="float32", name=f"{prefix}score_evidence")([pooled, *peaks])
    return score_head(evidence, num_joints, prefix=prefix)
