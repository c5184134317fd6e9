"""Tompson's spatial model: Tompson et al., arXiv 1406.2984, section 3.2; a prior of where joints lie from one another.

Every other joint v tells a joint A where it may be: the map of v, convolved with the distribution of A's displacement
from v. The maps of a body agree, so their product suppresses a joint that no body could have there (equation 3):

    log p(A) = log e(A) + sum over v of log(e(v) * k(A | v) + b(v, A)),    k >= 0, b > 0

How does it choose the right one of several people (section 3.3 of arXiv 1411.4280)? Nothing in the maps of joints
tells, as both people's are possible. The person is given: a map of where their torso is joins the maps of the joints as
one more v, with displacements from it and no map of its own to be found. A joint of the other person lies where no
joint lies from this torso, so its factor is b and the joint is suppressed, with all that follows for its neighbors. The
paper takes the labeled torso. A crop shows its person in its middle, so the torso's map is a point there.

The displacements are counted on a grid of about 16 cells a side, on which kernels that reach from any cell to any other
are small. They have odd sides and all of the map's surroundings are 0, so that nothing moves by half a cell.
"""

from collections.abc import Iterable

import keras
import numpy as np
from keras import ops

from models.forms.heatmaps import log_probabilities

#: Name of the layer with the kernels, and the most cells that a side of its grid has.
LAYER, CELLS = "spatial_priors", 16
# The initial b, beside kernels whose values sum to 1.
_BACKGROUND = 1e-3
_TINY = 1e-9


def grid_cells(cells: int) -> int:
    """The side of the grid for maps of a side: the largest divisor that is at most `CELLS`."""
    return max(side for side in range(1, CELLS + 1) if cells % side == 0)


def spatial_model(logits):
    """Add to maps what the other joints, and the middle of the image as the torso, say about each joint.

    Args:
        logits: Maps (B, h, h, J), whose softmax over the cells is each joint's probability.

    Returns:
        Maps (B, h, h, J) float32 of the same kind.
    """
    cells, joints = logits.shape[1], logits.shape[-1]
    side = grid_cells(cells)
    factor = cells // side
    maps = ops.exp(log_probabilities(ops.cast(logits, "float32")))
    if factor > 1:
        pool = keras.layers.AveragePooling2D(factor, dtype="float32", name="spatial_pool")
        maps = pool(maps) * float(factor**2)
    torso = ops.zeros_like(maps[..., :1]) + middle_map(side)
    maps = keras.layers.Concatenate(dtype="float32", name="spatial_maps")([maps, torso])
    maps = keras.layers.ZeroPadding2D(side - 1, dtype="float32", name="spatial_pad")(maps)
    found = keras.layers.DepthwiseConv2D(
        2 * side - 1,
        depth_multiplier=joints,
        depthwise_initializer=keras.initializers.Constant(1 / (2 * side - 1) ** 2),
        bias_initializer=keras.initializers.Constant(_BACKGROUND),
        depthwise_constraint=keras.constraints.NonNeg(),
        bias_constraint=keras.constraints.NonNeg(),
        dtype="float32",
        name=LAYER,
    )(maps)
    # The averages of weights are taken before the constraints apply, and may be negative.
    found = ops.reshape(ops.log(ops.maximum(found, 0.0) + _TINY), (-1, side**2, joints + 1, joints))
    # No joint tells about itself: its own map is there already.
    others = np.concatenate([1 - np.eye(joints), np.ones((1, joints))]).astype("float32")
    prior = ops.reshape(ops.sum(found * others, axis=2), (-1, side, side, joints))
    if factor > 1:
        prior = keras.layers.UpSampling2D(factor, interpolation="bilinear", dtype="float32", name="spatial_up")(prior)
    return keras.layers.Add(dtype="float32", name="spatial_logits")([logits, prior])


def middle_map(side: int) -> np.ndarray:
    """A map (1, side, side, 1) of a point in the image's middle, which four cells share if the side is even."""
    place = (side - 1) / 2
    along = np.maximum(1 - np.abs(np.arange(side) - place), 0)
    return (along[:, None] * along).astype("float32")[None, :, :, None]


def displacement_kernels(
    people: Iterable[tuple[np.ndarray, np.ndarray]], num_joints: int, side: int, flip_order: np.ndarray | None = None
) -> np.ndarray:
    """Count the displacements of joints from one another, and from the middle of the image.

    Args:
        people: Batches of joints (B, J, 2), (x, y) where -1 and 1 are the image's edges, and bool (B, J), those
            labeled.
        num_joints: Number of joints J.
        side: Side of the grid in cells.
        flip_order: The joints of a mirrored person, which are counted too; None if people are not mirrored.

    Returns:
        Kernels (2 side - 1, 2 side - 1, J + 1, J) for the layer `LAYER`, each of which sums to 1: that of two joints
        never seen together is even.
    """
    width = 2 * side - 1
    counts = np.zeros((width, width, num_joints + 1, num_joints))
    for points, labeled in people:
        _count(counts, points, labeled, side)
        if flip_order is not None:
            _count(counts, points[:, flip_order] * [-1, 1], labeled[:, flip_order], side)
    # Blurred by about a cell: the grid is coarse, and bodies are turned and scaled in training.
    reach = np.exp(-0.5 * (np.arange(width)[:, None] - np.arange(width)) ** 2)
    smooth = np.einsum("ya,xb,abvj->yxvj", reach, reach, counts)
    smooth += 1e-3 * np.maximum(smooth.max(axis=(0, 1)), 1.0) / width
    # A convolution here correlates: entry k weights the cell k - (side - 1) further on, from where A lies as far back.
    return (smooth / smooth.sum(axis=(0, 1)))[::-1, ::-1].astype("float32")


def _count(counts: np.ndarray, points: np.ndarray, labeled: np.ndarray, side: int) -> None:
    middle = np.zeros((len(points), 1, 2))
    sources = np.concatenate([np.where(labeled[..., None], points, 0.0), middle], axis=1)
    known = np.concatenate([labeled, np.ones((len(points), 1), bool)], axis=1)
    moves = np.where(labeled[..., None], points, 0.0)[:, None] - sources[:, :, None]
    steps = np.rint(moves * side / 2).astype(int) + side - 1
    inside = ((steps >= 0) & (steps < 2 * side - 1)).all(axis=-1) & known[:, :, None] & labeled[:, None]
    people, source, joint = np.nonzero(inside)
    x, y = steps[people, source, joint].T
    np.add.at(counts, (y, x, source, joint), 1.0)
