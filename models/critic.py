"""The factorised critic of bodies of Human Mesh Recovery (arXiv 1712.06584, section 3.3): is this a person's pose?

A critic for each bone's rotation, behind an embedding that all share, one for the whole pose and one for the shape. It
is trained with poses of real people and those of a net, by least squares (arXiv 1611.04076), without a sigmoid.
"""

from typing import Any

import keras
from keras import ops

#: Channels of the embedding of a rotation, units for the whole pose, units for the shape.
EMBEDDING, UNITS, SHAPE_UNITS = (32, 32), (1024, 1024), (10, 5)


def build_critic(
    bones: int = 23, shape: int = 10, *, units: tuple[int, ...] = UNITS, name: str = "critic"
) -> keras.Model:
    """Build the critic: 1 807 619 parameters for 23 bones and 10 shape values.

    Args:
        bones: Number of bones K, without the root, whose rotation is the camera's.
        shape: Number of shape values S.
        units: Units of the layers for the whole pose.
        name: Name of the model.

    Returns:
        A model from rotations (N, K, 3, 3), each bone's relative to its parent, and shape values (N, S) to K + 2
        judgments (N, K + 2), float32: of each bone, of all, of the shape. 1 is what real ones should have.

    Raises:
        ValueError: If a number is below 1.
    """
    if bones < 1 or shape < 1:
        raise ValueError(f"bones and shape must be 1 or more, got {bones} and {shape}")
    rotations = keras.Input((bones, 3, 3), name="rotations")
    values = keras.Input((shape,), name="shape_values")
    x = ops.reshape(rotations, (-1, bones, 9))
    # Dense layers on the last axis are 1 x 1 convolutions.
    for number, filters in enumerate(EMBEDDING, start=1):
        x = keras.layers.Dense(filters, activation="relu", name=f"critic_rotation{number}")(x)
    judge = keras.layers.EinsumDense(
        "nkc,kc->nk", (bones,), bias_axes="k", dtype="float32", name="critic_each_rotation"
    )
    each = judge(x)
    x = ops.reshape(x, (-1, bones * EMBEDDING[-1]))
    together = _judgment(x, units, "pose")
    return keras.Model(
        {"rotations": rotations, "shape_values": values},
        ops.concatenate([each, together, _judgment(values, SHAPE_UNITS, "shape")], axis=-1),
        name=name,
    )


def _judgment(x: Any, units: tuple[int, ...], name: str) -> Any:
    """Judge features (N, C) by layers with ReLU and a last one without: (N, 1)."""
    for number, count in enumerate(units, start=1):
        x = keras.layers.Dense(count, activation="relu", name=f"critic_{name}{number}")(x)
    return keras.layers.Dense(1, dtype="float32", name=f"critic_{name}_judgment")(x)


def critic_loss(real: Any, fake: Any) -> Any:
    """Return what the critic minimizes: judgments (N, K + 2) of real bodies are to be 1, of a net's (M, K + 2) 0.

    The squares of a body's judgments are summed, and the mean is taken over bodies.
    """
    return _mean_of_sums(real - 1.0) + _mean_of_sums(fake)


def fooling_loss(fake: Any) -> Any:
    """Return what the net minimizes: the critic's judgments of its bodies (M, K + 2) are to be 1."""
    return _mean_of_sums(fake - 1.0)


def _mean_of_sums(judgments: Any) -> Any:
    return ops.mean(ops.sum(ops.square(judgments), axis=-1))
