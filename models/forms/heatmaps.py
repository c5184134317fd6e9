"""Joints as heatmaps: for each joint the probability of every cell of a grid, and a score."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from models.blocks import Normalization, cell_readout
from models.forms.losses import joint_term, labeled_mean
from models.forms.output_form import Term, pose_form
from models.forms.parabola import first_argmax, parabola_weights
from models.forms.scores import peak_score_head
from models.necks import pyramid_neck

#: Standard deviation of the target in cells, as in Simple Baselines (arXiv 1804.06208).
SIGMA_CELLS = 2.0
#: Channels before the maps, and the kernel size of the convolution that computes them.
MAP_FILTERS, MAP_KERNEL = 128, 5
# Cells on each side of the maximum that refine the peak: a standard deviation of the target.
_REACH = 2
_LEAST_PROBABILITY = 1e-9
_LEAST_DETERMINANT = 1e-6
_TINY = 1e-9


def heatmap_head(
    features: list,
    num_joints: int,
    *,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
    filters: int = MAP_FILTERS,
    kernel_size: int = MAP_KERNEL,
) -> dict[str, Any]:
    """Predict a map for each joint at the resolution of the finest features, and a score for each.

    Tompson et al., arXiv 1406.2984, introduced the maps. The scores are probes: they read the coarsest features and
    the maps' peaks, and no gradient flows back from them.

    Args:
        features: Features (B, h, w, C) from fine to coarse.
        num_joints: Number of joints J.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        prefix: Prefix of the layers' names.
        filters: Channels before the maps; 0 if the maps are read off the features themselves.
        kernel_size: Kernel size of the convolution that computes these channels.

    Returns:
        "heatmap_logits" (B, h, w, J) float32, whose softmax over all cells is the joint's probability of lying
        there, and "score_logits" (B, J) float32, whose sigmoid estimates the probability that the predicted joint is
        right.
    """
    logits = joint_maps(
        features[0],
        num_joints,
        filters,
        kernel_size,
        normalization=normalization,
        name=f"{prefix}heatmap_logits",
        prefix=prefix,
    )
    return {"heatmap_logits": logits, "score_logits": map_scores(features, logits, prefix=prefix)}


def plain_heatmap_head(features: list, num_joints: int, **options: Any) -> dict[str, Any]:
    """Predict a map for each joint by a 1x1 convolution alone: `heatmap_head` without layers before it."""
    return heatmap_head(features, num_joints, filters=0, **options)


def joint_maps(
    x, num_joints: int, filters: int, kernel_size: int, *, normalization: Normalization, name: str, prefix: str
):
    """Compute a map for each joint (B, h, w, J) float32 from features (B, h, w, C), in the layer `name`."""
    path = f"{prefix}heatmap"
    return cell_readout(x, num_joints, filters, kernel_size, normalization=normalization, path=path, name=name)


def map_scores(features: list, logits, *, prefix: str = ""):
    """Read the scores' logits (B, J) off the coarsest features and the peaks of maps (B, h, w, J)."""
    peaks = ops.max(log_probabilities(logits), axis=(1, 2))
    return peak_score_head(features[-1], logits.shape[-1], [peaks], prefix=prefix)


def log_probabilities(logits):
    """Take the logarithm of the softmax over the cells of maps (B, h, w, J)."""
    return logits - ops.logsumexp(logits, axis=(1, 2), keepdims=True)


def encode_heatmaps(joints_xy_px, size: int, cells: int):
    """Make the target maps: a Gaussian about each joint's exact position, not its nearest cell (arXiv 1910.06278).

    Args:
        joints_xy_px: Float joints (B, J, 2), (x, y) in pixels of the image.
        size: Side of the square image in pixels.
        cells: Side of the square map in cells.

    Returns:
        Probabilities (B, cells, cells, J) that sum to 1 over the cells; to 1 or 0 for a joint far outside.
    """
    # Image and map have the same edges, so the center of the first cell lies between the first pixels.
    place = (joints_xy_px + 0.5) * (cells / size) - 0.5
    steps = ops.arange(cells, dtype="float32")
    along = ops.exp(-((steps[None, :, None, None] - place[:, None]) ** 2) / (2 * SIGMA_CELLS**2))
    along = along / ops.maximum(ops.sum(along, axis=1, keepdims=True), _LEAST_PROBABILITY)
    return along[:, :, None, :, 1] * along[:, None, :, :, 0]


def map_cross_entropy(joints_xy_px: Any, logits: Any, visible: Any, size: int) -> Any:
    """Cross-entropy between the labeled joints' maps and Gaussians about their positions, over all cells of a map.

    Args:
        joints_xy_px: float (B, J, 2), in px of the image.
        logits: float (B, cells, cells, J).
        visible: int (B, J); only joints above 0 count.
        size: side of the image in px.

    Returns:
        A float scalar, minus the Gaussian's entropy, so that a perfect map has 0; 0 for a batch without a labeled
        joint.
    """
    weight = ops.cast(visible > 0, "float32")
    joints_xy_px = ops.where(weight[..., None] > 0, joints_xy_px, 0.0)
    target = encode_heatmaps(joints_xy_px, size, logits.shape[1])
    excess = ops.sum(target * (ops.log(target + _TINY) - log_probabilities(logits)), axis=(1, 2))
    return labeled_mean(excess, weight)


def heatmap_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the cross-entropy between the maps and Gaussians about the labeled joints."""
    logits, visible = outputs["heatmap_logits"], labels["visible"]
    return joint_term(map_cross_entropy(labels["joints_xy_px"], logits, visible, size), labels)


def decode_heatmaps(outputs: Mapping[str, Any], size: int):
    """Find each map's peak between the cells, as DARK does (Zhang et al., arXiv 1910.06278).

    A Newton step on the map's logarithm leads from the maximum to the peak. DARK smooths the map and takes differences
    of neighbors; here slope and curvature are those of the least-squares paraboloid through the cells around the
    maximum. That is exact for a Gaussian map, even one cut off by the image's edge, where the paraboloid is fitted to
    the outermost cells.

    Args:
        outputs: The head's outputs.
        size: Side of the square image in pixels.

    Returns:
        Joints (B, J, 2) float32, (x, y) in pixels of the image.
    """
    maps = ops.transpose(outputs["heatmap_logits"], (0, 3, 1, 2))
    rows, columns = maps.shape[2:]
    # The maximum's cell: the row and the column with the largest maxima.
    best_row, best_column = first_argmax(ops.max(maps, axis=3)), first_argmax(ops.max(maps, axis=2))
    row, column = ops.clip(best_row, _REACH, rows - 1 - _REACH), ops.clip(best_column, _REACH, columns - 1 - _REACH)
    fitted = ops.matmul(parabola_weights(row, rows, _REACH), maps)
    fitted = ops.matmul(fitted, ops.transpose(parabola_weights(column, columns, _REACH), (0, 1, 3, 2)))
    step_x, step_y, peaked = _newton_step(fitted)
    # At most to the neighboring cell; without a peak, the center of the maximum's cell.
    x = best_column + ops.where(peaked, ops.clip(column + step_x - best_column, -1.0, 1.0), 0.0)
    y = best_row + ops.where(peaked, ops.clip(row + step_y - best_row, -1.0, 1.0), 0.0)
    return ops.stack([(x + 0.5) / columns, (y + 0.5) / rows], axis=-1) * size - 0.5


def _newton_step(fitted):
    """Return the offset (x, y) in cells to the peak of paraboloids (B, J, 3, 3), and whether they have one."""
    dx, dy, dxy = fitted[..., 0, 1], fitted[..., 1, 0], fitted[..., 1, 1]
    dxx, dyy = 2 * fitted[..., 0, 2], 2 * fitted[..., 2, 0]
    determinant = dxx * dyy - dxy**2
    # At a true peak both curvatures are negative.
    peaked = ops.logical_and(determinant > _LEAST_DETERMINANT, dxx < 0)
    safe = ops.where(peaked, determinant, 1.0)
    return (dxy * dy - dyy * dx) / safe, (dxy * dx - dxx * dy) / safe, peaked


FORM = pose_form(
    "heatmaps",
    {"heatmap_logits"},
    heatmap_head,
    lambda: heatmap_loss,
    decode_heatmaps,
    # A head that tells people apart has vectors to the joints, too.
    {"heatmap_logits": 1, "heatmap_vectors": 2},
    1,
    layers=("heatmap",),
    neck=pyramid_neck,
)
