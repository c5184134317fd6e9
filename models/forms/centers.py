"""Everybody in an image from centers of people, as MoveNet MultiPose does: joints regressed from there, then refined.

Zhou et al., "Objects as Points", arXiv 1904.07850, with the outputs of the published MoveNet MultiPose.
"""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from models.blocks import Normalization, cell_readout
from models.forms.cells import cell_means, focal_loss, gathered, gaussian_maps, of_joints
from models.forms.output_form import OutputForm, Term
from models.forms.parabola import first_argmax
from models.necks import narrow_neck
from pose.tasks import MAX_CENTERS, POSES_2D_CENTERS

#: Channels before each output, and the kernel size of the convolution that computes them.
FILTERS, KERNEL = 96, 3
#: Minimum score of a joint that counts for the person's score; published as 0.127.
LEAST_JOINT_SCORE = 0.127
# Standard deviations of the targets' Gaussians as shares of the person's size, and their limits in cells: those of the
# published net's maps.
_JOINT_SIGMA, _JOINT_SIGMAS = 0.03, (0.7, 2.0)
_CENTER_SIGMA, _CENTER_SIGMAS = 0.04, (1.0, 2.0)
# A joint is searched for around the place that its center predicts: weighted by exp(-distance ** 2 / (_SPREAD * area)),
# for the area of the person's box. The published net divides by 0.3 times the map's side, whatever the person's size.
_SPREAD = 0.08
# Cells searched on each side of that place.
_REACH = 6
# Errors at centers are shares of the person's size, some ten cells, and CenterNet's weights of 1 and 0.1 are for cells.
_REGRESSION_WEIGHT, _BOX_WEIGHT = 10.0, 1.0
_TINY = 1e-6


def center_head(
    features: list,
    num_joints: int,
    *,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
) -> dict[str, Any]:
    """Predict the six outputs of MoveNet MultiPose at the resolution of the finest features.

    Args:
        features: Features (B, h, w, C) from fine to coarse.
        num_joints: Number of joints J.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        prefix: Prefix of the layers' names.

    Returns:
        float32, all with rows before columns, in cells: "center_logits" (B, h, w, 1), whose sigmoid is 1 at the middle
        of a person's box; "joint_logits" (B, h, w, J), the same for the joints of everybody; "regression"
        (B, h, w, 2 J), from a center to the person's joints; "joint_offsets" (B, h, w, 2 J), from a cell to the joint
        in it or near it; "box_sizes" (B, h, w, 2) and "box_offsets" (B, h, w, 2), from a center's cell to the box's
        middle.
    """
    channels = {
        "center_logits": 1,
        "joint_logits": num_joints,
        "regression": 2 * num_joints,
        "joint_offsets": 2 * num_joints,
        "box_sizes": 2,
        "box_offsets": 2,
    }
    outputs = {}
    for name, count in channels.items():
        # Few cells of the maps hold a joint: as in arXiv 1708.02002, they begin near 0.1.
        bias = -2.2 if name.endswith("logits") else 0.0
        options: dict[str, Any] = {"bias": bias, "normalization": normalization, "path": f"{prefix}people_{name}"}
        outputs[name] = cell_readout(features[0], count, FILTERS, KERNEL, **options, name=f"{prefix}{name}")
    return outputs


def center_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the loss of "Objects as Points": focal losses of the maps, absolute errors at centers and joints.

    Nothing is learned from the maps' cells where people are not labeled, and from those of a joint inside the boxes of
    people whose joint is not labeled.

    Args:
        labels: "joints_xy_px" (B, P, J, 2), "visible" (B, P, J), "box_px" (B, P, 4) and "unlabeled" (B, S, S).
        outputs: The head's outputs.
        size: Side S of the square image in pixels.
    """
    rows, columns = outputs["center_logits"].shape[1:3]
    cell = size / columns
    box = ops.cast(labels["box_px"], "float32")
    sides = box[..., :1:-1] / cell
    labeled = ops.logical_and(ops.min(sides, axis=-1) > 0, ops.any(labels["visible"] > 0, axis=-1))
    center = (box[..., 1::-1] + box[..., :1:-1] / 2 + 0.5) / cell
    # Joints that are not labeled may hold anything.
    visible = ops.logical_and(labels["visible"] > 0, labeled[..., None])
    joints = ops.where(visible[..., None], (labels["joints_xy_px"][..., ::-1] + 0.5) / cell, 0.0)
    extent = ops.sqrt(ops.maximum(ops.prod(sides, axis=-1), _TINY))
    known = cell_means(labels["unlabeled"], size, rows) == 0
    hidden = _hidden_cells(center, sides, ops.logical_and(labeled[..., None], ops.logical_not(visible)), rows, columns)
    joint_sigma = ops.clip(_JOINT_SIGMA * extent, *_JOINT_SIGMAS)[..., None]
    joint_target = gaussian_maps(joints, visible, joint_sigma, rows, columns)
    center_sigma = ops.clip(_CENTER_SIGMA * extent, *_CENTER_SIGMAS)[..., None]
    center_target = gaussian_maps(center[:, :, None], labeled[..., None], center_sigma, rows, columns)
    middle = ops.floor(center)
    regression = _split(gathered(outputs["regression"], _place(middle, rows, columns)))
    box_sizes = gathered(outputs["box_sizes"], _place(middle, rows, columns))
    box_offsets = gathered(outputs["box_offsets"], _place(middle, rows, columns))
    # In units of the person's size, so that large people do not outweigh small ones.
    reach = ops.abs(regression - (joints - middle[:, :, None])) / ops.maximum(extent, 1.0)[..., None, None]
    box_error = ops.abs(ops.maximum(box_sizes, 0.0) - sides) / ops.maximum(extent, 1.0)[..., None]
    box_error = box_error + ops.abs(box_offsets - (center - middle))
    return {
        "center_loss": Term(focal_loss(center_target, outputs["center_logits"], known[..., None]), labeled),
        "joint_loss": Term(
            focal_loss(joint_target, outputs["joint_logits"], ops.logical_and(known[..., None], hidden)), visible
        ),
        "regression_loss": Term(_REGRESSION_WEIGHT * _mean(reach, visible), visible),
        "offset_loss": Term(_offset_error(joints, visible, outputs["joint_offsets"], rows, columns), visible),
        "box_loss": Term(_BOX_WEIGHT * _mean(box_error, labeled), labeled),
    }


def decode_centers(outputs: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Find the people: the highest peaks of the center map, with the joints near where they predict them.

    As in the published graph, but for up to `MAX_CENTERS` people, and a joint is searched for the nearer to the place
    that the center predicts, the smaller the person is.

    Args:
        outputs: The head's outputs.
        size: Side of the square image in pixels.

    Returns:
        "joints_xy_px" (B, K, J, 2), (x, y) in pixels of the image; "scores" (B, K, J), 0 to 1; "person_scores" (B, K),
        the center's score times the mean score of the joints above `LEAST_JOINT_SCORE`, in the order of the centers'
        scores.
    """
    rows, columns, num_joints = outputs["joint_logits"].shape[1:]
    centers = ops.sigmoid(outputs["center_logits"])
    is_peak = centers >= ops.max_pool(centers, 3, strides=1, padding="same")
    strengths = ops.reshape(ops.where(is_peak, centers, 0.0), (-1, rows * columns))
    center_scores, place = ops.top_k(strengths, min(MAX_CENTERS, rows * columns))
    place = ops.cast(place, "int32")
    middle = ops.cast(ops.stack([place // columns, place % columns], axis=-1), "float32")
    guess = middle[:, :, None] + _split(gathered(outputs["regression"], place))
    area = ops.prod(ops.maximum(gathered(outputs["box_sizes"], place), 0.0), axis=-1)
    spread = _SPREAD * ops.maximum(area, 1.0)[..., None, None]
    cell, scores = _search(ops.sigmoid(outputs["joint_logits"]), guess, spread)
    offsets = of_joints(outputs["joint_offsets"], cell, 2)
    xy = (cell + offsets)[..., ::-1] * (size / columns) - 0.5
    counted = ops.cast(scores > LEAST_JOINT_SCORE, "float32")
    means = ops.sum(scores * counted, axis=-1) / ops.maximum(ops.sum(counted, axis=-1), 1.0)
    return {"joints_xy_px": xy, "scores": scores, "person_scores": center_scores * means}


def _search(maps, guess, spread):
    """Find the best cell (B, K, J, 2) around each guess (row, column), and its weighted score (B, K, J)."""
    rows, columns = maps.shape[1:3]
    reach = min(_REACH, (min(rows, columns) - 1) // 2)
    width = 2 * reach + 1
    # Windows that reach beyond the map are moved into it.
    sides = [
        ops.clip(ops.floor(guess[..., axis]) - reach, 0.0, float(count - width))
        for axis, count in ((0, rows), (1, columns))
    ]
    corner = ops.stack(sides, axis=-1)
    steps = ops.arange(width**2, dtype="float32")
    window = ops.stack([ops.floor(steps / width), steps % width], axis=-1)
    # Of the window's cells: (B, K, J, W, 2).
    cells = corner[..., None, :] + window
    values = of_joints(maps, cells, 1)[..., 0]
    distance = ops.sum((cells + 0.5 - guess[..., None, :]) ** 2, axis=-1)
    weighted = values * ops.exp(-distance / spread)
    best = first_argmax(weighted)
    chosen = corner + ops.stack([ops.floor(best / width), best % width], axis=-1)
    return chosen, ops.max(weighted, axis=-1)


def _hidden_cells(center, sides, missing, rows: int, columns: int):
    """Bool (B, rows, columns, J): the cell is not in the box of someone whose joint (B, P, J) is not labeled."""
    inside = [
        ops.abs(ops.arange(count, dtype="float32") + 0.5 - center[..., axis, None]) <= sides[..., axis, None] / 2
        for axis, count in ((0, rows), (1, columns))
    ]
    row, column = (ops.cast(one, "float32") for one in inside)
    return ops.einsum("bph,bpw,bpj->bhwj", row, column, ops.cast(missing, "float32")) == 0


def _offset_error(joints, visible, offsets, rows: int, columns: int):
    """Mean absolute error of the offsets in the joint's cell and its eight neighbors."""
    steps = ops.convert_to_tensor([(float(y), float(x)) for y in (-1, 0, 1) for x in (-1, 0, 1)])
    cells = ops.floor(joints)[..., None, :] + steps
    inside = ops.logical_and(cells >= 0, cells < ops.convert_to_tensor([float(rows), float(columns)]))
    counted = ops.logical_and(visible[..., None], ops.all(inside, axis=-1))
    found = of_joints(offsets, ops.where(counted[..., None], cells, 0.0), 2)
    return _mean(ops.abs(found - (joints[..., None, :] - cells)), counted)


def _place(cells, rows: int, columns: int):
    """The numbers (B, P) of cells (B, P, 2), moved inside the map."""
    row, column = ops.clip(cells[..., 0], 0, rows - 1), ops.clip(cells[..., 1], 0, columns - 1)
    return ops.cast(row * columns + column, "int32")


def _split(values):
    """(B, K, 2 J) as (B, K, J, 2)."""
    return ops.reshape(values, (-1, values.shape[1], values.shape[2] // 2, 2))


def _mean(values, counted):
    """The mean of values (..., 2) where counted (...)."""
    weight = ops.cast(counted, "float32")
    return ops.sum(values * weight[..., None]) / ops.maximum(2 * ops.sum(weight), 1.0)


FORM = OutputForm(
    "centers",
    frozenset({"center_logits", "joint_logits", "regression", "joint_offsets", "box_sizes", "box_offsets"}),
    center_head,
    lambda: center_loss,
    decode_centers,
    {"joint_logits": 1, "regression": 2, "joint_offsets": 2},
    layers=("people", "center_logits", "joint_logits", "regression", "joint_offsets", "box_"),
    neck=narrow_neck,
    task=POSES_2D_CENTERS,
    terms=("center_loss", "joint_loss", "regression_loss", "offset_loss", "box_loss"),
)
