"""Peaks on a grid: the greatest value, and the parabola that tells where between the cells the peak lies."""

from keras import ops


def greatest(values):
    """Find the first greatest of values (..., N): its index (...) as float.

    By comparison, because what Keras makes of `argmax` on TensorFlow holds operations that LiteRT lacks.
    """
    count = values.shape[-1]
    is_greatest = values >= ops.max(values, axis=-1, keepdims=True)
    return ops.min(ops.where(is_greatest, ops.arange(count, dtype="float32"), float(count)), axis=-1)


def parabola_weights(middle, cells: int, reach: int):
    """Make the weights whose products with values are the parabola about a cell.

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
