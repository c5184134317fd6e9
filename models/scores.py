"""The score of a joint: the probability that its prediction is right."""

import keras


def score_head(evidence, num_joints: int):
    """Read a score for each joint off what a net knows, without teaching the net anything.

    Args:
        evidence: What the scores may depend on, (B, K) float32: pooled features, how sharp each prediction is.
        num_joints: Number of joints J.

    Returns:
        "score_logits" (B, J) float32, whose sigmoid estimates the probability that the predicted joint is right. No
        gradient flows back from them, so that learning to score never disturbs the joints.
    """
    return keras.layers.Dense(
        num_joints,
        kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
        dtype="float32",
        name="score_logits",
    )(keras.ops.stop_gradient(evidence))
