"""Joint-aware augmentation: one affine warp, color, and patches that hide parts of the body.

In NumPy, a batch at a time, because TensorFlow takes ten times as long for so few numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pose import Skeleton
from pose.fields import Affine, Field, warp
from records.features import KINDS
from records.sequences.labels import LABELS as WINDOWS
from records.warp import vary_pictures

#: The fields that batches may have, by kind of record: those of the records and, in training, which joints
#: augmentation put outside.
LABELS: dict[str, dict[str, Field]] = {
    kind: {**KINDS[kind], "left": Field(KINDS[kind]["visible"].shape, "bool", "left", of="joints_xy_px")}
    for kind in ("people", "frames")
} | {"sequences": WINDOWS}

_NUM_PATCHES = 2
# Mirroring, angle, zoom, shift along x and y, contrast, brightness, red, green, blue.
_NUM_OWN_DRAWS = 10
# Minimum share of the pixels along a side that a blurred image keeps.
_LEAST_DETAIL = 0.25
# Whether it is there, its middle (x, y), its width and height, red, green, blue.
_NUM_PATCH_DRAWS = 8
# Whether it is a close-up, its center along x and y, its side; darkness, whether it is blurred, how much.
_NUM_LAST_DRAWS = 7
#: How many numbers are drawn for an image.
NUM_DRAWS = _NUM_OWN_DRAWS + _NUM_PATCHES * _NUM_PATCH_DRAWS + _NUM_LAST_DRAWS


@dataclass(frozen=True)
class Augmentation:
    """How much training images are varied. Every draw is uniform and independent.

    Attributes:
        flip: probability of mirroring, which swaps left and right joints.
        rotation_deg: rotation by up to this many degrees either way.
        scale: zoom by a factor between 1 / (1 + scale) and 1 + scale, uniform in its logarithm.
        shift: move by up to this share of the crop's side along x and y.
        brightness: add up to this share of full white.
        contrast: stretch about mid-gray by up to this share.
        color: multiply each of red, green, blue by up to 1 +- this.
        occlusion: probability of each of two patches of one color.
        occlusion_size: longest side of a patch as a share of the crop's side.
        darkness: darken half of the images by a factor up to 1 + darkness, uniform in its logarithm.
        blur: probability of losing detail, as in an image of a quarter of the size or more, uniform in its logarithm.
        closeup: probability of showing only a random part: background, or a part of a body. There scores learn that
            joints are missing, which whole people do not teach them.
        closeup_sides: the least and the greatest side of that part as shares of the crop's side, uniform in the
            logarithm.
        mosaic: of whole images, the probability of a mosaic of four, each at half its size (`records.mosaic`).
        clutter: of depth images, the probability of a wall close behind the person and things beside
            (`records.clutter`).
    """

    flip: float = 0.5
    rotation_deg: float = 30.0
    scale: float = 0.25
    shift: float = 0.08
    brightness: float = 0.15
    contrast: float = 0.25
    color: float = 0.15
    occlusion: float = 0.25
    occlusion_size: float = 0.35
    darkness: float = 0.0
    blur: float = 0.0
    closeup: float = 0.1
    closeup_sides: tuple[float, float] = (0.15, 0.5)
    mosaic: float = 0.0
    clutter: float = 0.0

    def __post_init__(self) -> None:
        for field in (
            "flip",
            "occlusion",
            "occlusion_size",
            "contrast",
            "color",
            "brightness",
            "blur",
            "shift",
            "closeup",
            "mosaic",
            "clutter",
        ):
            if not 0 <= getattr(self, field) <= 1:
                raise ValueError(f"augmentation {field} must lie between 0 and 1, got {getattr(self, field)}")
        if not 0 <= self.rotation_deg <= 180:
            raise ValueError(f"augmentation rotation_deg must lie between 0 and 180, got {self.rotation_deg}")
        for field in ("scale", "darkness"):
            if getattr(self, field) < 0:
                raise ValueError(f"augmentation {field} must be 0 or more, got {getattr(self, field)}")
        least, most = self.closeup_sides
        if not 0 < least <= most <= 1:
            raise ValueError(f"augmentation closeup_sides must ascend from above 0 to 1 at most, got {least}, {most}")

    def fitting(self, skeleton: Skeleton) -> Augmentation:
        """The same without mirroring, if the skeleton lacks the mirror image of a joint (`Skeleton.lone_joints`)."""
        return replace(self, flip=0.0) if skeleton.lone_joints else self


#: Of whole images with all their people, whose sizes in the image differ more than those in crops.
OF_FRAMES = Augmentation(scale=1.0, shift=0.25, closeup=0.5, closeup_sides=(0.3, 0.8))


class Changes(NamedTuple):
    """How the images of a batch are changed.

    Attributes:
        flipped: bool (B,), mirrored; left and right joints swap.
        matrix: float64 (B, 2, 3), pixels of the result -> pixels of the image.
        scale: float64 (B,), the image's px per px of the result.
        detail: float64 (B,), the share of the pixels along a side that are not lost.
        color: float64 (B, 3, 2), gain and offset of red, green and blue.
        patch_edges: int64 (B, P, 4), as `records.warp.vary_pictures` takes them.
        patch_color: uint8 (B, P, 3).
    """

    flipped: np.ndarray
    matrix: np.ndarray
    scale: np.ndarray
    detail: np.ndarray
    color: np.ndarray
    patch_edges: np.ndarray
    patch_color: np.ndarray

    def rows(self, rows: slice) -> Changes:
        """The changes of a part of the batch."""
        return Changes(*(value[rows] for value in self))


def changes_of(draws: np.ndarray, options: Augmentation, size_in: int, size: int) -> Changes:
    """Turns uniform draws into the changes of a batch.

    Args:
        draws: float (B, NUM_DRAWS) in [0, 1).
        options: how much to vary.
        size_in: height and width of the images in px.
        size: height and width of the results in px.
    """
    own, patches, last = np.split(draws.astype(np.float64), (_NUM_OWN_DRAWS, -_NUM_LAST_DRAWS), axis=1)
    dark, blurred, amount = last[:, 4:].T
    flipped = own[:, 0] < options.flip
    matrix, scale = _affine(own[:, 1:5], last[:, :4], flipped, options, size_in, size)
    detail = np.where(blurred < options.blur, _LEAST_DETAIL**amount, 1.0)
    # Half of the images are not darkened.
    light = (1 + options.darkness) ** -np.maximum(2 * dark - 1, 0)
    color = _color(own[:, 5:], options) * light[:, None, None]
    return Changes(flipped, matrix, scale, detail, color, *_patches(patches, options, size))


def augment(
    pictures: np.ndarray,
    labels: dict[str, np.ndarray],
    changes: Changes,
    *,
    size: int,
    flip_order: np.ndarray,
    kind: str = "people",
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Changes a batch of images and their labels.

    Args:
        pictures: B JPEGs, or uint8 (B, H, W, 3).
        labels: by the names of `LABELS`; joints that leave the image become not labeled.
        changes: of the same images.
        size: height and width of the result in px, that the changes were made for.
        flip_order: int (J,), `Skeleton.flip_order`.
        kind: of the records.

    Returns:
        The images, uint8 (B, size, size, 3), and their labels; where there are joints, with `left`, bool (B, J) or
        (B, P, J): those that were in the image before.
    """
    varied = vary_pictures(
        pictures,
        changes.matrix,
        changes.detail,
        changes.color,
        changes.patch_edges,
        changes.patch_color,
        size,
    )
    affine = Affine(changes.matrix, changes.scale, changes.flipped)
    if "visible" in labels:
        labels = {"left": np.zeros(labels["visible"].shape, bool), **labels}
    return varied, warp(labels, LABELS[kind], affine, flip_order=flip_order, size=size)


def _affine(
    draws: np.ndarray, closeup: np.ndarray, flipped: np.ndarray, options: Augmentation, size_in: int, size_out: int
) -> tuple[np.ndarray, np.ndarray]:
    """The matrices (B, 2, 3) from result to image, and the image's px per px of the result (B,)."""
    spread = 2 * draws - 1
    angle = np.radians(spread[:, 0] * options.rotation_deg)
    scale = size_in / size_out / np.exp(spread[:, 1] * np.log1p(options.scale))
    # The middle of the result shows the middle of the image, but for the shift.
    middle = (size_in - 1) / 2 + spread[:, 2:4] * options.shift * size_in
    closeups = closeup[:, 0] < options.closeup
    least, most = options.closeup_sides
    side = least * (most / least) ** closeup[:, 3]
    scale = np.where(closeups, size_in / size_out * side, scale)
    # It lies within the image, but for the rotation.
    center = (side[:, None] / 2 + (1 - side[:, None]) * closeup[:, 1:3]) * size_in - 0.5
    middle = np.where(closeups[:, None], center, middle)
    cos, sin, mirror = scale * np.cos(angle), scale * np.sin(angle), np.where(flipped, -1, 1)
    matrix = np.empty((len(draws), 2, 3))
    matrix[:, 0, 0], matrix[:, 0, 1] = cos * mirror, -sin
    matrix[:, 1, 0], matrix[:, 1, 1] = sin * mirror, cos
    matrix[:, :, 2] = middle - (size_out - 1) / 2 * matrix[:, :, :2].sum(axis=2)
    return matrix, scale


def _color(draws: np.ndarray, options: Augmentation) -> np.ndarray:
    """Gain and offset (B, 3, 2) of red, green and blue."""
    spread = 2 * draws - 1
    gain = (1 + options.contrast * spread[:, :1]) * (1 + options.color * spread[:, 2:])
    offset = 127.5 * (1 - gain) + 255 * options.brightness * spread[:, 1:2]
    return np.stack([gain, offset], axis=2)


def _patches(draws: np.ndarray, options: Augmentation, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges (B, P, 4), all zero where there is no patch, and colors uint8 (B, P, 3)."""
    draws = draws.reshape(-1, _NUM_PATCHES, _NUM_PATCH_DRAWS)
    present, middle, sides = draws[..., :1] < options.occlusion, draws[..., 1:3], draws[..., 3:5]
    half = sides * options.occlusion_size / 2
    # A pixel is covered if it lies between both sides, exclusively.
    edges = np.concatenate([np.floor(size * (middle - half)) + 1, np.ceil(size * (middle + half))], axis=2)
    edges = np.where(present, np.clip(edges, 0, size), 0).astype(np.int64)
    return edges, np.round(255 * draws[..., 5:]).astype(np.uint8)
