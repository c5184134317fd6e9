"""MoveNet for one person: Votel and Li, "Next-Generation Pose Detection with MoveNet and TensorFlow.js", 2021."""

from itertools import accumulate
from typing import Any

import keras
import numpy as np
from keras import ops

from models.blocks import Head, Neck, Normalization, cell_readout, pose_net
from models.forms.heatmaps import heatmap_head, joint_maps, map_scores
from models.mobilenet_v2 import LAST_FILTERS, STAGES, mobilenet_v2_units
from models.necks import narrow_neck

#: Channels before MoveNet's maps, and the kernel size of the convolution that computes them.
MAP_FILTERS, MAP_KERNEL = 96, 3
# Scores of centers and joints are divided by this plus the distance in cells from the middle of the image, and from
# where the center predicts the joint. As published.
_NEAR_CELLS = 1.8
# The cells' predictions are averaged, weighted by this power of their scores; the published net takes the best cell's.
_SHARPNESS = 8.0
_TINY = 1e-6


def movenet(x, width: float = 1.0, *, normalization: Normalization = keras.layers.BatchNormalization) -> list:
    """Build MoveNet's backbone, a MobileNetV2 whose features are taken where the published graph takes them.

    Args:
        x: Images (B, H, W, 3), scaled to [-1, 1].
        width: Multiplier of the numbers of channels; 1.0 is Lightning, 1.75 Thunder.
        normalization: Called as `normalization(epsilon=..., momentum=..., name=...)` for each normalization layer.

    Returns:
        Features at strides 4, 8, 16 and 32, each (B, ceil(H / stride), ceil(W / stride), C). Those at stride 16 are of
        the fourth stage, not of the fifth, which has that stride too.
    """
    units = mobilenet_v2_units(x, width, last_filters=LAST_FILTERS, normalization=normalization)
    # The last units of the second, third and fourth stage.
    ends = accumulate(stage.units for stage in STAGES[1:4])
    return [*(units[end - 1] for end in ends), units[-1]]


def movenet_head(features: list, num_joints: int, **options: Any) -> dict[str, Any]:
    """Predict a map for each joint as MoveNet does: `heatmap_head` with fewer filters and a smaller kernel.

    MoveNet's maps show the joints of everyone, and three more outputs assign the peaks to persons. For one person in
    the middle of the image the maps suffice, once trained on such images.
    """
    return heatmap_head(features, num_joints, filters=MAP_FILTERS, kernel_size=MAP_KERNEL, **options)


def person_head(
    features: list,
    num_joints: int,
    *,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
) -> dict[str, Any]:
    """Predict a map for each joint of the person in the middle, where the image shows others too, as MoveNet does.

    MoveNet's maps show the joints of everyone. A map of people's centers, and a regression from there, say where the
    joints of the person in the middle are, and the maps fall off around these places. Centers are looked for in the
    middle half of the image alone, which saves time; MoveNet's offsets are left out, since peaks are located between
    the cells.

    Args:
        features: Features (B, h, w, C) from fine to coarse.
        num_joints: Number of joints J.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        prefix: Prefix of the layers' names.

    Returns:
        The outputs of `heatmap_head`.
    """
    x, name = features[0], f"{prefix}heatmap"
    maps = joint_maps(
        x, num_joints, MAP_FILTERS, MAP_KERNEL, normalization=normalization, name=f"{name}_logits", prefix=prefix
    )
    rows, columns = x.shape[1:3]
    margins = (rows // 4, columns // 4)
    middle = keras.layers.Cropping2D(margins, name=f"{name}_middle")(x)
    centers, vectors = (
        cell_readout(middle, count, MAP_FILTERS, MAP_KERNEL, normalization=normalization, path=path, name=f"{path}s")
        for path, count in ((f"{name}_center", 1), (f"{name}_vector", 2 * num_joints))
    )
    guess = _guess(centers, vectors, margins, (rows / 2, columns / 2))
    row, column = (
        (ops.arange(count, dtype="float32") - guess[..., axis, None]) ** 2 for axis, count in ((0, rows), (1, columns))
    )
    # (B, J, h, w) to (B, h, w, J). At 0 the root has no slope.
    distance = ops.transpose(ops.sqrt(row[..., None] + column[..., None, :] + _TINY), (0, 2, 3, 1))
    logits = maps - ops.log(distance + _NEAR_CELLS)
    return {"heatmap_logits": logits, "score_logits": map_scores(features, logits, prefix=prefix)}


def _guess(centers, vectors, margins: tuple[int, int], image_center: tuple[float, float]):
    """Where the center nearest to the middle predicts its joints: row and column in cells, (B, J, 2).

    Args:
        centers: Logits (B, h, w, 1) of the cells inside the margins.
        vectors: Row and column of each joint from each cell, (B, h, w, 2 J).
        margins: Cells above and on the left of these cells.
        image_center: Row and column of the image's middle.
    """
    count = centers.shape[1] * centers.shape[2]
    places = (np.indices(centers.shape[1:3]).reshape(2, count).T + margins).astype("float32")
    near = np.log(np.hypot(*(places - image_center).T) + _NEAR_CELLS).astype("float32")
    strengths = ops.log_sigmoid(ops.reshape(centers, (-1, count))) - near
    shares = ops.softmax(_SHARPNESS * strengths)
    joints = ops.reshape(vectors, (-1, count, vectors.shape[-1] // 2, 2)) + places[:, None]
    return ops.einsum("bc,bcjk->bjk", shares, joints)


def build_movenet(
    width: float,
    num_joints: int,
    *,
    input_size: int = 192,
    neck: Neck = narrow_neck,
    head: Head = movenet_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build a MoveNet that locates the joints of the person in an image.

    Args:
        width: Multiplier of the numbers of channels; 1.0 is Lightning, 1.75 Thunder.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, at least 32; Lightning has 192, Thunder 256.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `movenet_<width>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs.

    Raises:
        ValueError: If `width` is not above 0, or `num_joints` or `input_size` is too small.
    """
    return pose_net(
        lambda x, _: movenet(x, width, normalization=normalization),
        num_joints,
        input_size=input_size,
        smallest=32,
        neck=neck,
        head=head,
        normalization=normalization,
        name=name or f"movenet_{width:g}",
    )
