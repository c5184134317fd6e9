"""Maps of cells: reading them at chosen cells, target maps, and their loss."""

import numpy as np
from keras import ops


def of_joints(values, cells, width: int):
    """Read the values (B, h, w, J * width) of each joint at its own cells (B, K, J, ..., 2): (B, K, J, ..., width)."""
    rows, columns, channels = values.shape[1:]
    num_joints = channels // width
    own = ops.reshape(ops.arange(num_joints, dtype="float32"), (num_joints, *[1] * (len(cells.shape) - 4)))
    place = (cells[..., 0] * columns + cells[..., 1]) * num_joints + own
    flat = ops.reshape(values, (-1, rows * columns * num_joints, width))
    index = ops.reshape(ops.cast(place, "int32"), (-1, int(np.prod(place.shape[1:]))))
    return ops.reshape(take_rows(flat, index), (-1, *place.shape[1:], width))


def gathered(values, place):
    """Read values (B, h, w, C) at cells (B, K), numbered row by row: (B, K, C)."""
    rows, columns, channels = values.shape[1:]
    return take_rows(ops.reshape(values, (-1, rows * columns, channels)), place)


def take_rows(values, index):
    """Take rows (B, M, C) of values (B, N, C) by number (B, M)."""
    count, channels = values.shape[1:]
    each = index[..., None] * channels + ops.arange(channels, dtype="int32")
    flat = ops.reshape(values, (-1, count * channels))
    found = ops.take_along_axis(flat, ops.reshape(each, (-1, index.shape[1] * channels)), axis=1)
    return ops.reshape(found, (-1, index.shape[1], channels))


def gaussian_maps(places, present, sigma, rows: int, columns: int):
    """Make maps that are 1 in the cells of some points, and fall off around them.

    Args:
        places: Float points (B, P, J, 2), row and column in cells, whose first has its edge at 0.
        present: Bool (B, P, J), the points that exist.
        sigma: Standard deviations in cells, (B, P, J) or (B, P, 1).
        rows: Height of the maps.
        columns: Width of the maps.

    Returns:
        Float (B, rows, columns, J), the maximum over people.
    """
    middle = ops.floor(places)
    scale = -0.5 / sigma**2
    row, column = (
        ops.exp(scale[..., None] * (ops.arange(count, dtype="float32") - middle[..., axis, None]) ** 2)
        for axis, count in ((0, rows), (1, columns))
    )
    row = row * ops.cast(present, "float32")[..., None]
    maps = ops.max(row[..., :, None] * column[..., None, :], axis=1)
    return ops.transpose(maps, (0, 2, 3, 1))


def focal_loss(target, logits, counted):
    """Take the penalty-reduced focal loss of CornerNet (arXiv 1808.01244), per cell whose target is 1.

    Args:
        target: Float (B, h, w, C), 0 to 1.
        logits: Float (B, h, w, C).
        counted: Bool (B, h, w, 1 or C), cells that count; those that are 1 always do.

    Returns:
        A float scalar.
    """
    probability = ops.sigmoid(logits)
    positive = ops.cast(target >= 1, "float32")
    # log(p) and log(1 - p) without overflow.
    log_p, log_q = -ops.softplus(-logits), -ops.softplus(logits)
    negative = ops.cast(counted, "float32") * (1 - positive)
    loss = positive * (1 - probability) ** 2 * log_p + negative * (1 - target) ** 4 * probability**2 * log_q
    return -ops.sum(loss) / ops.maximum(ops.sum(positive), 1.0)


def cell_means(image, size: int, cells: int):
    """The mean (B, cells, cells) over each cell's pixels of an image (B, S, S)."""
    if size % cells:
        raise ValueError(f"the image's side must be a multiple of the maps', {cells} cells, got {size} px")
    tiles = ops.reshape(ops.cast(image, "float32"), (-1, cells, size // cells, cells, size // cells))
    return ops.mean(tiles, axis=(2, 4))
