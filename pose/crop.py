"""Person crops: a square cut from an image, with the matrix from its pixels to the image's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from pose.camera import Camera

_FARTHEST_PX = 1e6
# Rays along a side of a crop, to which a distorted lens's matrix is fitted.
_FITTED = 7


def apply_matrix(matrix: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Applies a 2 x 3 matrix to points (..., 2)."""
    matrix = np.asarray(matrix, np.float64)
    return np.asarray(xy, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def box_from_joints(xy_px: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Bounds the labeled joints.

    Args:
        xy_px: float (J, 2).
        visible: int (J,); joints with 0 are ignored.

    Returns:
        float64 (4,): x_min, y_min, width, height in px.

    Raises:
        ValueError: no joint is labeled.
    """
    labeled = np.asarray(xy_px, np.float64)[np.asarray(visible) > 0]
    if not len(labeled):
        raise ValueError("a box needs at least one labelled joint, got none; leave such a person out")
    low, high = labeled.min(axis=0), labeled.max(axis=0)
    return np.concatenate([low, high - low])


@dataclass(frozen=True, eq=False)
class Crop:
    """A square crop of `size` x `size` px.

    Attributes:
        to_frame: float64 (2, 3), crop pixels -> frame pixels.
        size: the crop's height and width in px.
    """

    to_frame: np.ndarray
    size: int

    @classmethod
    def from_box(cls, box_px: np.ndarray, size: int, padding: float = 1.25) -> Crop:
        """Squares a box about its center and pads it.

        Args:
            box_px: (4,) x_min, y_min, width, height in frame px.
            size: height and width of the crop in px.
            padding: the crop's side as a multiple of the box's longer side.

        Raises:
            ValueError: the box is not finite, lies a million pixels away, or has no extent.
        """
        x, y, width, height = np.asarray(box_px, np.float64)
        side = padding * max(width, height)
        # Comparisons with NaN are false.
        if not (np.abs([x, y, side]) < _FARTHEST_PX).all() or side <= 0:
            raise ValueError(
                f"a box must be finite and wider or higher than 0 px, and nearer than {_FARTHEST_PX:g} px, "
                f"got {np.asarray(box_px).tolist()}"
            )
        return cls.centered((x + width / 2, y + height / 2), side, size)

    @classmethod
    def centered(cls, center_px: tuple[float, float], side_px: float, size: int) -> Crop:
        """A crop of the square of `side_px` about a frame point."""
        scale = side_px / size
        offset = np.asarray(center_px, np.float64) - scale * (size - 1) / 2
        return cls(np.array([[scale, 0, offset[0]], [0, scale, offset[1]]]), size)

    @cached_property
    def from_frame(self) -> np.ndarray:
        """float64 (2, 3), frame pixels -> crop pixels."""
        return cv2.invertAffineTransform(self.to_frame)

    @property
    def scale(self) -> float:
        """Frame px per crop px."""
        (a, b, _), (c, d, _) = self.to_frame.tolist()
        return math.sqrt(abs(a * d - b * c))

    def points_to_frame(self, xy_px: np.ndarray) -> np.ndarray:
        """Crop points (..., 2) -> frame points (..., 2)."""
        return apply_matrix(self.to_frame, xy_px)

    def points_to_crop(self, xy_px: np.ndarray) -> np.ndarray:
        """Frame points (..., 2) -> crop points (..., 2)."""
        return apply_matrix(self.from_frame, xy_px)

    def camera_matrix(self, camera: Camera) -> np.ndarray:
        """The (3, 3) matrix that projects points of the camera's frame into the crop.

        With a distorted lens it is the one that fits best in this crop (`_FITTED` x `_FITTED` rays, least squares), so
        its focal lengths are those of the lens here, and its first two rows may be skewed.
        """
        if not camera.distortion.any():
            return np.vstack([self.from_frame, [0, 0, 1]]) @ camera.matrix
        along = np.linspace(0, self.size - 1, _FITTED)
        grid = np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)
        # Beyond the image the lens is unknown.
        seen = np.clip(self.points_to_frame(grid), 0, np.array(camera.size[::-1]) - 1)
        rays = camera.without_distortion(seen)
        rows, *_ = np.linalg.lstsq(np.hstack([rays, np.ones((len(rays), 1))]), self.points_to_crop(seen), rcond=None)
        return np.vstack([rows.T, [0, 0, 1]])

    def cut_nearest(self, values: np.ndarray) -> np.ndarray:
        """Samples the crop from a map (H, W), such as of depth, at the nearest pixels; 0 beyond the image."""
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(values, self.to_frame, (self.size, self.size), flags=flags)

    def cut(self, picture: np.ndarray | Shrinkable) -> np.ndarray:
        """Resamples the crop from an image; black outside it.

        Args:
            picture: uint8 (H, W, 3) or (H, W), or a `Shrinkable`.

        Returns:
            uint8 (size, size, 3) or (size, size).
        """
        matrix = self.to_frame
        # The padding grows with the blocks, which are therefore no larger than the image.
        shrink = min(round(self.scale), *picture.shape[:2])
        if shrink > 1 or not isinstance(picture, np.ndarray):
            picture, matrix = self._shrunk(picture, max(shrink, 1))
        # With a fourth channel OpenCV warps in half the time, to the same bits.
        colored = picture.ndim == 3
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA) if colored else picture
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cut = cv2.warpAffine(picture, matrix, (self.size, self.size), flags=flags)
        return cv2.cvtColor(cut, cv2.COLOR_RGBA2RGB) if colored else cut

    def _shrunk(self, picture: np.ndarray | Shrinkable, factor: int) -> tuple[np.ndarray, np.ndarray]:
        """The part of the image under the crop, averaged over factor x factor pixels, and its own matrix.

        Bilinear sampling alone looks at 2 x 2 pixels and aliases on anything shrunk by more than two.
        """
        corners = self.points_to_frame(np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * (self.size - 1.0))
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2 * factor, 0)
        if not isinstance(picture, np.ndarray):
            low -= low % 2
        high = np.ceil(corners.max(axis=0)).astype(int) + 2 * factor
        # Whole blocks, as far as the image reaches.
        high = np.minimum(high + (low - high) % factor, picture.shape[1::-1])
        if (high <= low).any():
            return np.zeros((1, 1, *picture.shape[2:]), np.uint8), self.to_frame
        rows, columns = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
        if isinstance(picture, np.ndarray):
            small = shrink_area(picture[rows, columns], factor)
        else:
            small = picture.shrunk(rows, columns, factor)
        # The center of small pixel u lies at frame pixel low + factor u + (factor - 1) / 2.
        matrix = self.to_frame.copy()
        matrix[:, 2] -= low + (factor - 1) / 2
        return small, matrix / factor


@runtime_checkable
class Shrinkable(Protocol):
    """An image that can produce a downscaled part of itself at less cost than the whole.

    Attributes:
        shape: (H, W, 3) or (H, W).
    """

    shape: tuple[int, ...]

    def shrunk(self, rows: slice, columns: slice, factor: int) -> np.ndarray:
        """Returns a part, averaged over factor x factor pixels.

        Args:
            rows: starting at an even row; whole blocks, except at the image's edge.
            columns: the same.
            factor: 1 or more.

        Returns:
            The part as `shrink_area` reduces it, up to rounding.
        """


def shrink_area(part: np.ndarray, factor: int) -> np.ndarray:
    """Averages blocks of factor x factor px of uint8 (h, w, 3) or (h, w); edges are repeated to fill the last."""
    height, width = part.shape[:2]
    bottom, right = -height % factor, -width % factor
    if bottom or right:
        part = cv2.copyMakeBorder(part, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    size = part.shape[1] // factor, part.shape[0] // factor
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA)
