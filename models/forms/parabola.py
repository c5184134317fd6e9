"""Peaks on a grid: the maximum, and the parabola that locates the peak between cells."""

from keras import ops


def first_argmax(values):
    """Return the index (...), as float, of the first maximum of values (..., N).

    Uses comparisons, because Keras' `argmax` on TensorFlow contains operations that LiteRT lacks.
    """
    count = values.shape[-1]
    is_greatest = values >= ops.max(values, axis=-1, keepdims=True)
    return ops.min(ops.where(is_greatest, ops.arange(count, dtype="float32"), float(count)), axis=-1)


def parabola_weights(middle, cells: int, reach: int):
    """Return the weights whose products with values give the least-squares parabola about a cell.

    The parabola of the values v at the distances d = -reach..reach from the cell is
    `mean + slope * d + bend * (d**2 - mean of d**2)`. All cells have a weight, most of them 0, because not every
    runtime has a gather.

    Args:
        middle: Float (B, J), whole numbers from `reach` to `cells - 1 - reach`.
        cells: Number of values.
        reach: Number of cells on each side, at least 1.

    Returns:
        Float (B, J, 3, cells), for mean, slope and bend.
    """
    steps = range(-reach, reach + 1)
    spread = sum(step**2 for step in steps) / len(steps)
    away = ops.arange(cells, dtype="float32") - middle[..., None]
    near = ops.cast(ops.abs(away) <= reach, "float32")
    # Over evenly spaced cells the three terms are independent of each other.
    mean = ops.full_like(away, 1 / len(steps))
    slope = away / (spread * len(steps))
    bend = (away**2 - spread) / sum((step**2 - spread) ** 2 for step in steps)
    return near[..., None, :] * ops.stack([mean, slope, bend], axis=-2)
