"""Sub-images about points, inside a net: differentiable, without a gather, which not every runtime has."""

from keras import ops

from models.forms.coordinates import encode


def crop(x, centers, half, cells: int):
    """Resample a square about each point: bilinearly where it is enlarged, else as the mean over what each cell covers.

    What lies outside the image is 0. As the squares are upright, products of matrices do it, along rows and columns.

    Args:
        x: Images or features (B, S, S, C).
        centers: Float (B, N, 2), (x, y) where -1 and 1 are the image's edges.
        half: Float (B, N), half the side of each square, in the same unit.
        cells: Side V of the result.

    Returns:
        Float32 (B, N, V, V, C); the square's edges are those of the result.
    """
    size, channels = x.shape[1], x.shape[-1]
    x = ops.cast(x, "float32")
    columns, rows = (_weights(centers[..., axis], half, size, cells) for axis in (0, 1))
    count = centers.shape[1]
    # (B, N * V, S) @ (B, S, S * C), then the columns.
    tall = ops.matmul(ops.reshape(rows, (-1, count * cells, size)), ops.reshape(x, (-1, size, size * channels)))
    # No more than four axes at a time, as of some runtimes.
    tall = ops.transpose(ops.reshape(tall, (-1, cells, size, channels)), (0, 2, 1, 3))
    tall = ops.reshape(tall, (-1, size, cells * channels))
    found = ops.reshape(ops.matmul(ops.reshape(columns, (-1, cells, size)), tall), (-1, cells, cells, channels))
    return ops.reshape(ops.transpose(found, (0, 2, 1, 3)), (-1, count, cells, cells, channels))


def _weights(middle, half, size: int, cells: int):
    """Weights (B, N, V, S) of S pixels in V cells of intervals (B, N)."""
    places = middle[..., None] + half[..., None] * encode(ops.arange(cells, dtype="float32"), cells)
    away = (places[..., None] - encode(ops.arange(size, dtype="float32"), size)) * (size / 2)
    # The share of a cell that a pixel covers; a cell is as wide as a pixel at least, which makes that bilinear.
    width = ops.maximum(half * (size / cells), 1.0)[..., None, None]
    return ops.clip(0.5 * (width + 1.0) - ops.abs(away), 0.0, 1.0) / width


def crop_whole(x, cells: int):
    """Resize images (B, S, S, C) to (B, V, V, C), as `crop` does for the whole image."""
    if x.shape[1] == cells:
        return x
    middle = ops.zeros_like(x[:, :1, 0, :1]) * ops.zeros((1, 1, 2))
    return crop(x, middle, ops.ones_like(middle[..., 0]), cells)[:, 0]
