"""MakeHuman's blending of shapes in `keras.ops`, so that sex, age and build can be fitted by gradient."""

from typing import Any

from keras import ops

from body.shape import asset


def blended(values: Any) -> Any:
    """Turn MakeHuman's terms into the shape values of `body.linear.free_body(None)`.

    Args:
        values: Sex, age, weight, muscle, height (0..1) and three shares of ancestry (N, 8), as in `body.shape.Shape`.

    Returns:
        The shares (N, 110) of the components, float32: piecewise linear in each value.
    """
    values, stored = ops.cast(values, "float32"), asset()
    sex, age, weight, muscle, height = (values[:, place] for place in range(5))
    sex, height = (ops.stack([1 - value, value], axis=-1) for value in (sex, height))
    age, weight, muscle = (_thirds(value) for value in (age, weight, muscle))
    shares = values[:, 5:] / ops.sum(values[:, 5:], axis=-1, keepdims=True)
    count = stored["universal"].shape[-1]
    universal = ops.matmul(_outer(sex, age, muscle, weight, height), stored["universal"].reshape(-1, count))
    return universal + ops.matmul(_outer(sex, age, shares), stored["ancestry"].reshape(-1, count))


def _outer(first: Any, *others: Any) -> Any:
    """The products (N, A B ...) of all values of weights (N, A), (N, B), ..., the last running fastest."""
    for other in others:
        first = ops.reshape(first[:, :, None] * other[:, None], (-1, first.shape[1] * other.shape[1]))
    return first


def _thirds(value: Any) -> Any:
    """The shares (N, 3) of the values 0, 0.5 and 1."""
    places = ops.arange(3, dtype="float32")
    return ops.maximum(1 - ops.abs(2 * value[:, None] - places), 0.0)
