"""The score of a joint: the probability that its prediction is right."""

import keras

from models.blocks import SCORES, readout


def score_head(evidence, num_joints: int, *, prefix: str = ""):
    """Read a score for each joint off what a net knows, without teaching the net anything.

    Args:
        evidence: What the scores may depend on, (B, K) float32: pooled features, how sharp each prediction is.
        num_joints: Number of joints J.
        prefix: Of the layer's name.

    Returns:
        "score_logits" (B, J) float32, whose sigmoid estimates the probability that the predicted joint is right. No
        gradient flows back from them, so that learning to score never disturbs the joints.
    """
    return readout(keras.ops.stop_gradient(evidence), num_joints, name=f"{prefix}{SCORES}")


def peak_score_head(features, num_joints: int, peaks: list, *, prefix: str = ""):
    """Read the scores off pooled features and how sharp the peaks are, in the layers `score_...`.

    Args:
        features: The coarsest features (B, h, w, C).
        num_joints: Number of joints J.
        peaks: Logarithms of the peaks' probabilities, each (B, J).
        prefix: Of the layers' names.

    Returns:
        "score_logits" (B, J) float32; see `score_head`.
    """
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{prefix}score_pooled")(features)
    evidence = keras.layers.Concatenate(dtype="float32", name=f"{prefix}score_evidence")([pooled, *peaks])
    return score_head(evidence, num_joints, prefix=prefix)
