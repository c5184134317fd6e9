"""The geometric meaning of named arrays, and how a warp of their image changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple, Self

import cv2
import numpy as np

#: How a warp acts on an array.
#:     picture: resampled bilinearly; nearest: resampled to the nearest pixel, as a map of depths must be.
#:     point: moved, in px of the image.
#:     visibility: 0 (not labeled) where the warp moves the point outside the image.
#:     left: true where a labeled point was moved outside.
#:     box: x_min, y_min, width, height in px; becomes the box around its four moved corners, cut off at the image's
#:         edges, and all 0 where nothing is left of it.
#:     length, area: in px and square px, divided by the scale and by its square.
#:     direction: points of the camera's frame, turned and mirrored about the camera's axis as the image is.
#:     camera: the matrix (3, 3) that projects those points.
#:     frame: the matrix (2, 3) from px of the image to px of the frame that it was cut out of.
#:     none: stays as it is.
Geometry = Literal[
    "picture", "nearest", "point", "visibility", "left", "box", "length", "area", "direction", "camera", "frame", "none"
]


@dataclass(frozen=True)
class Field:
    """A named array of one sample; in a batch, a first dimension B is added.

    Attributes:
        shape: numbers and symbols: P people, F frames, J joints, H and W pixels, T frames that a net takes; others
            stand for what depends on the net.
        dtype: NumPy's name, "bytes" for a text or an encoded image.
        geometry: how a warp acts on it.
        of: the points that a visibility belongs to, or the visibility that a box belongs to.
        padding: the value in rows of nobody, if the first dimension is people.
    """

    shape: tuple[int | str, ...]
    dtype: str = "float32"
    geometry: Geometry = "none"
    of: str = ""
    padding: float = 0

    @property
    def per_person(self) -> bool:
        """Whether it has a row for each person."""
        return self.shape[:1] == ("P",)

    @property
    def per_joint(self) -> bool:
        """Whether left and right swap when the image is mirrored."""
        return "J" in self.shape

    @property
    def is_moved(self) -> bool:
        """Whether a warp of the image changes it."""
        return self.geometry != "none" or self.per_joint or self.per_person

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

    def sized(self, num_joints: int, size: int = 0, num_rows: int = 0) -> tuple[int, ...]:
        """The shape in numbers, for a skeleton, square images of `size` px or as many frames, and people or frames."""
        known = {"P": num_rows, "F": num_rows, "J": num_joints, "H": size, "W": size, "T": size}
        return tuple(known[side] if isinstance(side, str) else side for side in self.shape)

    def known_sides(self, num_joints: int, size: int = 0) -> tuple[int | str, ...]:
        """The shape, with numbers for the symbols of `sized`; those of other sides stay."""
        known = {"J": num_joints, "H": size, "W": size, "T": size}
        return tuple(known.get(str(side), side) for side in self.shape)


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

    @classmethod
    def turns(cls, turns_deg: Sequence[float], size_from: int, size_to: int) -> Affine:
        """Square images of another size, turned about their center by each angle, and then mirrored as well: (2 T)."""
        count = 2 * len(turns_deg)
        mirrored = np.arange(count) % 2 == 1
        angle, sign = np.repeat(np.deg2rad(turns_deg), 2), np.where(mirrored, -1, 1)
        cos, sin = np.cos(angle), np.sin(angle)
        resized = cls.resize(size_from, size_to, count)
        turn = np.stack([np.stack([sign * cos, -sin], 1), np.stack([sign * sin, cos], 1)], 1)
        linear = turn * resized.scale[:, None, None]
        middle, new_middle = np.full((2, 1), (size_from - 1) / 2), np.full((2, 1), (size_to - 1) / 2)
        return cls(np.concatenate([linear, middle - linear @ new_middle], axis=2), resized.scale, mirrored)

    @property
    def inverse(self) -> Affine:
        """The warp back."""
        inverse = np.linalg.inv(self.matrix[:, :, :2])
        return Affine(
            np.concatenate([inverse, -inverse @ self.matrix[:, :, 2:]], axis=2), 1 / self.scale, self.mirrored
        )


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
        size: height and width of the resulting images in px. Points outside become not labeled and (0, 0), boxes are
            cut off at the edges, and people of whom neither a labeled joint nor a part of the box is left become rows
            of nobody, where both are given. None leaves all points labeled and boxes whole, and there are no images.

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
        result = _without_gone(result, known)
    return dict(values) | {name: value.astype(values[name].dtype) for name, value in result.items()}


def _without_gone(result: dict[str, np.ndarray], known: Mapping[str, Field]) -> dict[str, np.ndarray]:
    """With rows of nobody for people who have neither a labeled joint nor a box."""
    boxes = [name for name, field in known.items() if field.geometry == "box" and field.of in result]
    for name in boxes:
        gone = ~(result[name].any(axis=-1) | (result[known[name].of] > 0).any(axis=-1))
        for other, field in known.items():
            if field.per_person:
                rows = gone.reshape(*gone.shape, *[1] * (result[other].ndim - gone.ndim))
                result[other] = np.where(rows, field.padding, result[other])
    return result


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
        case "box":
            return _moved_boxes(value, inverse, offset.swapaxes(1, 2), size)
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


def _moved_boxes(boxes: np.ndarray, inverse: np.ndarray, shift: np.ndarray, size: int | None) -> np.ndarray:
    """Boxes (B, ..., 4) around the moved corners of boxes, cut off at the edges of the image; 0 if nothing is left."""
    sides = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    corners = _product(boxes[..., None, :2] + sides * boxes[..., None, 2:], inverse, shift)
    low, high = corners.min(axis=-2), corners.max(axis=-2)
    if size is not None:
        low, high = np.maximum(low, -0.5), np.minimum(high, size - 0.5)
    left = ((boxes[..., 2:] > 0) & (high > low)).all(axis=-1, keepdims=True)
    return np.where(left, np.concatenate([low, high - low], axis=-1), 0)


def _product(value: np.ndarray, matrix: np.ndarray, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """The matrix (B, K, K) of each image times its points (B, ..., K), minus a shift (B, 1, K)."""
    flat = value.reshape(len(value), -1, value.shape[-1])
    return ((flat - shift) @ matrix.swapaxes(1, 2)).reshape(value.shape)
