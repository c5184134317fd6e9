"""People as maps of joints and part affinity fields of limbs. Cao et al., arXiv 1611.08050.

The maps show where anybody's joints are, the fields which of them belong together; `pose.grouping` finds the people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import keras
from keras import ops

from models.blocks import Normalization
from models.forms.cells import cell_means
from models.forms.output_form import OutputForm, Term
from pose.grouping.limb_fields import limbs_of
from pose.skeleton import Skeleton
from pose.tasks import POSES_2D_FIELDS

#: Standard deviation of the maps' Gaussians, and half the width of the fields, in pixels of the image: OpenPose's, of
#: which the width is that of one of its cells. In smaller cells they cover more of them.
SIGMA_PX, HALF_WIDTH_PX = 7.0, 8.0


class BranchFeatures(NamedTuple):
    """Features of a net that computes maps and fields apart, in the place of the finest features.

    Attributes:
        maps: Features (B, h, w, C) that the maps are read from; None for a stage without maps.
        fields: Those of the fields; None for a stage without fields, unless these are given.
        finished_fields: Fields (B, h, w, 2 L) of an earlier stage that are this stage's too.
    """

    maps: Any = None
    fields: Any = None
    finished_fields: Any = None


def field_head(
    features: list,
    num_joints: int,
    *,
    num_limbs: int,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
) -> dict[str, Any]:
    """Read maps and fields off the finest features.

    Args:
        features: Features (B, h, w, C) from fine to coarse, or `BranchFeatures` in the first place.
        num_joints: Number of joints J.
        num_limbs: Number of limbs L.
        normalization: Not used.
        prefix: Prefix of the layers' names.

    Returns:
        "joint_maps" (B, h, w, 1 + J) float32, the background before the joints, and "limb_fields" (B, h, w, 2 L)
        float32, x and y of each limb.
    """
    finest = features[0]
    if not isinstance(finest, BranchFeatures):
        finest = BranchFeatures(finest, finest)
    outputs = {}
    if finest.maps is not None:
        outputs["joint_maps"] = _read(finest.maps, 1 + num_joints, f"{prefix}joint_maps")
    if finest.fields is not None:
        outputs["limb_fields"] = _read(finest.fields, 2 * num_limbs, f"{prefix}limb_fields")
    elif finest.finished_fields is not None:
        outputs["limb_fields"] = finest.finished_fields
    return outputs


def _read(x, filters: int, name: str):
    small = keras.initializers.RandomNormal(stddev=0.01)
    return keras.layers.Conv2D(filters, 1, kernel_initializer=small, dtype="float32", name=name)(x)


def encode_maps(joints_xy_px, visible, size: int, cells: int, sigma_px: float = SIGMA_PX):
    """Make the target maps: for each joint the maximum of Gaussians about all people's.

    Args:
        joints_xy_px: Float joints (B, P, J, 2) in pixels of the image.
        visible: Int (B, P, J); joints of 0, and those outside the image, are left out.
        size: Side of the square image in pixels.
        cells: Side of the square maps in cells.
        sigma_px: Standard deviation of the Gaussians in pixels of the image.

    Returns:
        Float (B, cells, cells, 1 + J); the first is the background, 1 minus the maximum of the others.
    """
    place, known = _in_cells(joints_xy_px, visible, size, cells)
    steps = ops.arange(cells, dtype="float32")
    along = ops.exp(-((steps - place[..., None]) ** 2) / (2 * (sigma_px * cells / size) ** 2))
    column, row = along[..., 0, :], along[..., 1, :] * known[..., None]
    maps = ops.max(row[..., :, None] * column[..., None, :], axis=1)
    maps = ops.transpose(maps, (0, 2, 3, 1))
    return ops.concatenate([1 - ops.max(maps, axis=-1, keepdims=True), maps], axis=-1)


def encode_fields(joints_xy_px, visible, pairs: Sequence[tuple[int, int]], size: int, cells: int):
    """Make the target fields: in the cells near a limb the unit vector along it, averaged over people.

    Args:
        joints_xy_px: Float joints (B, P, J, 2) in pixels of the image.
        visible: Int (B, P, J); limbs of which an end is 0 or outside the image are left out.
        pairs: The joints of the L limbs.
        size: Side of the square image in pixels.
        cells: Side of the square fields in cells.

    Returns:
        Float (B, cells, cells, 2 L).
    """
    place, known = _in_cells(joints_xy_px, visible, size, cells)
    starts, ends = ([pair[i] for pair in pairs] for i in (0, 1))
    start, vector = ops.take(place, starts, axis=2), ops.take(place, ends, axis=2) - ops.take(place, starts, axis=2)
    length = ops.sqrt(ops.sum(vector**2, axis=-1))
    known = ops.take(known, starts, axis=2) * ops.take(known, ends, axis=2) * ops.cast(length > 0, "float32")
    unit = vector / ops.where(length > 0, length, 1.0)[..., None]
    # From here on (B, P, L, h, w).
    steps = ops.arange(cells, dtype="float32")
    away_x, away_y = (steps - start[..., i, None] for i in (0, 1))
    away_x, away_y, length = away_x[..., None, :], away_y[..., :, None], length[..., None, None]
    unit_x, unit_y = unit[..., 0, None, None], unit[..., 1, None, None]
    along, across = away_x * unit_x + away_y * unit_y, away_x * unit_y - away_y * unit_x
    beyond = along - ops.clip(along, 0.0, length)
    near = ops.cast(across**2 + beyond**2 <= (HALF_WIDTH_PX * cells / size) ** 2, "float32") * known[..., None, None]
    count = ops.maximum(ops.sum(near, axis=1), 1.0)
    averages = [ops.sum(near * one, axis=1) / count for one in (unit_x, unit_y)]
    fields = ops.transpose(ops.stack(averages, axis=-1), (0, 2, 3, 1, 4))
    return ops.reshape(fields, (-1, cells, cells, 2 * len(pairs)))


def _in_cells(joints_xy_px, visible, size: int, cells: int):
    """Places (B, P, J, 2) in cells, and float 1 (B, P, J) for those that are labeled and inside the image."""
    labeled = (visible > 0)[..., None]
    inside = ops.logical_and(joints_xy_px >= -0.5, joints_xy_px <= size - 0.5)
    known = ops.all(ops.logical_and(labeled, inside), axis=-1)
    # Image and map have the same edges, so the center of the first cell lies between the first pixels.
    place = (ops.where(known[..., None], joints_xy_px, 0.0) + 0.5) * (cells / size) - 0.5
    return place, ops.cast(known, "float32")


def field_loss(
    labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int, *, pairs: Sequence[tuple[int, int]]
) -> dict[str, Term]:
    """Take the squared errors of the maps and fields that a stage has, where people are labeled.

    Args:
        labels: "joints_xy_px" (B, P, J, 2), "visible" (B, P, J) and "unlabeled" (B, S, S), 255 where people are not
            labeled.
        outputs: Those of `field_head`.
        size: Side S of the image in pixels, a multiple of the maps' side.
        pairs: The joints of the limbs.

    Returns:
        The terms "joint_loss" and "limb_loss": half the sum over the channels, averaged over the labeled cells; 0 for
        what the stage does not have.
    """
    xy, visible = labels["joints_xy_px"], labels["visible"]
    cells = next(iter(outputs.values())).shape[1]
    weight = 1 - cell_means(labels["unlabeled"], size, cells) / 255
    targets = {
        "joint_maps": lambda: encode_maps(xy, visible, size, cells),
        "limb_fields": lambda: encode_fields(xy, visible, pairs, size, cells),
    }
    terms = {}
    for output, term in (("joint_maps", "joint_loss"), ("limb_fields", "limb_loss")):
        value = ops.zeros(())
        if output in outputs:
            error = ops.sum((outputs[output] - targets[output]()) ** 2, axis=-1) / 2
            value = ops.sum(weight * error) / ops.maximum(ops.sum(weight), 1.0)
        terms[term] = Term(value, weight > 0.5)
    return terms


def decode_fields(outputs: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return the maps of the joints, without the background, and the fields, which `Task.assemble` groups."""
    return {"joint_maps": outputs["joint_maps"][..., 1:], "limb_fields": outputs["limb_fields"]}


def fields_form(skeleton: Skeleton) -> OutputForm:
    """Return the form for the limbs of a skeleton, `pose.grouping.limb_fields.limbs_of`."""
    pairs = limbs_of(skeleton).pairs
    if not pairs:
        raise ValueError(f"fields need two joints or more to connect, got the skeleton {skeleton.name} of one")
    loss = partial(field_loss, pairs=pairs)
    return replace(FORM, head=partial(field_head, num_limbs=len(pairs)), loss=lambda: loss)


#: Of no skeleton yet: see `fields_form`.
FORM = OutputForm(
    "fields",
    frozenset({"joint_maps", "limb_fields"}),
    field_head,
    lambda: field_loss,
    decode_fields,
    {"joint_maps": 1},
    {"limb_fields": 2},
    layers=("joint_maps", "limb_fields"),
    task=POSES_2D_FIELDS,
    terms=("joint_loss", "limb_loss"),
)
