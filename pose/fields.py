"""The geometric meaning of named arrays, and how a warp of their image changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple, Self

import cv2
import numpy as np

#: How a warp acts on an array.
#:     picture: resampled bilinearly; nearest: resampled to the nearest pixel, as a map of depths must be.
#:     point: moved, in px of the image.
#:     visibility: 0 (not labeled) where the warp moves the point outside the image.
#:     left: true where a labeled point was moved outside.
#:     length, area: in px and square px, divided by the scale and by its square.
#:     direction: points of the camera's frame, turned and mirrored about the camera's axis as the image is.
#:     camera: the matrix (3, 3) that projects those points.
#:     frame: the matrix (2, 3) from px of the image to px of the frame that it was cut out of.
#:     none: stays as it is.
Geometry = Literal[
    "picture", "nearest", "point", "visibility", "left", "length", "area", "direction", "camera", "frame", "none"
]


@dataclass(frozen=True)
class Field:
    """A named array of one sample; in a batch, a first dimension B is added.

    Attributes:
        shape: numbers and symbols: J joints, H and W pixels; others stand for what depends on the net.
        dtype: NumPy's name, "bytes" for a text or an encoded image.
        geometry: how a warp acts on it.
        of: the points that a visibility belongs to.
    """

    shape: tuple[int | str, ...]
    dtype: str = "float32"
    geometry: Geometry = "none"
    of: str = ""

    @property
    def per_joint(self) -> bool:
        """Whether left and right swap when the image is mirrored."""
        return "J" in self.shape

    @property
    def is_moved(self) -> bool:
        """Whether a warp of the image changes it."""
        return self.geometry != "none" or self.per_joint

    def describe(self) -> dict:
        """As plain values, for JSON, without attributes that have their defaults."""
        known = {one.name: (getattr(self, one.name), one.default) for one in fields(self)}
        return {name: value for name, (value, default) in known.items() if value != default} | {"shape": [*self.shape]}

    @classmethod
    def from_description(cls, description: Mapping) -> Self:
        """The field from the output of `describe`; keys of later versions are ignored.

        Raises:
            KeyError, TypeError: it is not a field's description.
        """
        known = {name: value for name, value in description.items() if name in {one.name for one in fields(cls)}}
        return cls(**known | {"shape": tuple(description["shape"])})

    def sized(self, num_joints: int, size: int = 0) -> tuple[int, ...]:
        """The shape in numbers, for a skeleton and square images of `size` px."""
        known = {"J": num_joints, "H": size, "W": size}
        return tuple(known[side] if isinstance(side, str) else side for side in self.shape)

    def fits(self, shape: tuple[int, ...], num_joints: int, size: int = 0) -> bool:
        """Whether an array of one sample has this shape; symbols of other sides stand for any number."""
        wanted = [{"J": num_joints, "H": size, "W": size}.get(str(side), side) for side in self.shape]
        pairs = zip(wanted, shape, strict=False)
        return len(shape) == len(wanted) and all(isinstance(want, str) or want == side for want, side in pairs)


class Affine(NamedTuple):
    """A similarity for each image of a batch: turned, scaled, shifted, mirrored.

    Attributes:
        matrix: float64 (B, 2, 3), px of the result -> px of the image.
        scale: float64 (B,), the image's px per px of the result.
        mirrored: bool (B,), whether left and right swap.
    """

    matrix: np.ndarray
    scale: np.ndarray
    mirrored: np.ndarray

    @classmethod
    def resize(cls, size_from: int, size_to: int, count: int) -> Affine:
        """Square images of another size, whose outer edges stay where they are."""
        scale = size_from / size_to
        # The center of the first pixel is 0, so the image's edge lies at -0.5 in both sizes.
        offset = (scale - 1) / 2
        matrix = np.tile([[scale, 0.0, offset], [0.0, scale, offset]], (count, 1, 1))
        return cls(matrix, np.full(count, scale), np.zeros(count, bool))


def warp(
    values: Mapping[str, np.ndarray],
    fields: Mapping[str, Field],
    affine: Affine,
    *,
    flip_order: np.ndarray | None = None,
    size: int | None = None,
) -> dict[str, np.ndarray]:
    """Warps the arrays of a batch together.

    Args:
        values: arrays (B, ...) by name.
        fields: the geometry of each; arrays that are not named here stay as they are.
        affine: the warp of each image.
        flip_order: int (J,), `Skeleton.flip_order`; None where nothing is mirrored.
        size: height and width of the resulting images in px. Points outside become not labeled and (0, 0); None
            leaves all points labeled, and there are no images.

    Returns:
        Arrays of the same names and types.
    """
    known = {name: fields[name] for name in values if name in fields}
    swapped = {name: _swapped(values[name], field, affine.mirrored, flip_order) for name, field in known.items()}
    result = {name: _moved(swapped[name], field.geometry, affine, size) for name, field in known.items()}
    if size is not None:
        for name, field in known.items():
            if field.geometry != "visibility":
                continue
            xy, labeled = result[field.of], swapped[name] > 0
            inside = ((xy >= -0.5) & (xy < size - 0.5)).all(axis=-1)
            result[name] = np.where(inside, swapped[name], 0)
            result[field.of] = np.where((labeled & inside)[..., None], xy, 0)
            for left, other in known.items():
                if other.geometry == "left" and other.of == field.of:
                    result[left] = swapped[left] | (labeled & ~inside)
    return dict(values) | {name: value.astype(values[name].dtype) for name, value in result.items()}


def _swapped(value: np.ndarray, field: Field, mirrored: np.ndarray, flip_order: np.ndarray | None) -> np.ndarray:
    """With left and right joints exchanged where the image is mirrored."""
    if flip_order is None or not field.per_joint:
        return value
    order = np.where(mirrored[:, None], flip_order, np.arange(len(flip_order)))
    axis = 1 + field.shape.index("J")
    others = [other for other in range(1, value.ndim) if other != axis]
    return np.take_along_axis(value, np.expand_dims(order, others), axis=axis)


def _moved(value: np.ndarray, geometry: Geometry, affine: Affine, size: int | None) -> np.ndarray:
    linear, offset = affine.matrix[:, :, :2], affine.matrix[:, :, 2:]
    inverse = np.linalg.inv(linear)
    # The rotation and mirroring of the similarity, in the camera's frame.
    turn = np.zeros((len(value), 3, 3))
    turn[:, :2, :2], turn[:, 2, 2] = inverse * affine.scale[:, None, None], 1
    match geometry:
        case "point":
            return _product(value, inverse, offset.swapaxes(1, 2))
        case "length" | "area":
            scale = affine.scale.reshape(-1, *[1] * (value.ndim - 1))
            return value / (scale if geometry == "length" else scale**2)
        case "direction":
            return _product(value, turn)
        case "camera":
            to_result = turn.copy()
            to_result[:, :2, :2], to_result[:, :2, 2:] = inverse, -inverse @ offset
            return to_result @ value @ turn.swapaxes(1, 2)
        case "frame":
            return np.concatenate([value[:, :, :2] @ linear, value[:, :, :2] @ offset + value[:, :, 2:]], axis=2)
        case "picture" | "nearest":
            if size is None:
                raise ValueError("pictures are warped to a size, got none")
            flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_LINEAR if geometry == "picture" else cv2.INTER_NEAREST)
            both = zip(value, affine.matrix, strict=True)
            return np.stack([cv2.warpAffine(picture, matrix, (size, size), flags=flags) for picture, matrix in both])
    return value


def _product(value: np.ndarray, matrix: np.ndarray, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """The matrix (B, K, K) of each image times its points (B, ..., K), minus a shift (B, 1, K)."""
    flat = value.reshape(len(value), -1, value.shape[-1])
    return ((flat - shift) @ matrix.swapaxes(1, 2)).reshape(value.shape)
