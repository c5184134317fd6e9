"""Images among the labels of records: depth in millimeters, and where people are not labeled."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pose import Crop
from records.features import FIELDS, FRAME_FIELDS
from records.regions import Region


def encode_depth(depth_mm: np.ndarray, crop: Crop) -> bytes:
    """Cuts a crop out of a depth image; nearest neighbor, because the mean of a person's and a wall's depth is neither.

    Args:
        depth_mm: uint16 (H, W), z in the camera's frame, 0 where unknown, pixel for pixel that of the image.
        crop: where to cut.

    Returns:
        A 16-bit gray PNG of `crop.size` x `crop.size` px, 0 where it reaches beyond the image.
    """
    if depth_mm.dtype != np.uint16 or depth_mm.ndim != 2:
        raise ValueError(f"depth must be uint16 (H, W), got {depth_mm.dtype} {depth_mm.shape}")
    return cv2.imencode(".png", crop.cut_nearest(depth_mm))[1].tobytes()


def encode_unlabeled(regions: Sequence[Region], crop: Crop, size: tuple[int, int]) -> bytes | None:
    """The parts of an image in which people are not labeled.

    Args:
        regions: the parts.
        crop: of the image.
        size: the image's (height, width).

    Returns:
        An 8-bit gray PNG of `crop.size` x `crop.size` px, 255 in the parts; None if it would be 0 everywhere.

    Raises:
        ValueError: a part is of an image of another size.
    """
    canvas = np.zeros((crop.size, crop.size), np.uint8)
    for region in regions:
        region.paint(canvas, crop, size)
    return cv2.imencode(".png", canvas)[1].tobytes() if canvas.any() else None


def decoded_maps(labels: dict[str, np.ndarray], size: int) -> dict[str, np.ndarray]:
    """Decodes the images among a batch's labels: `depth_mm` and `unlabeled`, if it has them.

    Args:
        labels: by name; PNGs of `size` x `size` px, or empty bytes for zeros.
        size: height and width of the records' images in px.

    Returns:
        The labels with uint16 or uint8 (B, size, size) instead of PNGs.
    """
    known = {**FIELDS, **FRAME_FIELDS}
    maps = {name: np.dtype(known[name].dtype) for name in labels if name in known and known[name].encoded == "png"}
    encoded = {name: dtype for name, dtype in maps.items() if labels[name].dtype != dtype}
    return labels | {
        name: np.stack([_decoded(png, size, dtype) for png in labels[name]]) for name, dtype in encoded.items()
    }


def _decoded(png: bytes, size: int, dtype: np.dtype) -> np.ndarray:
    if not png:
        return np.zeros((size, size), dtype)
    found = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.shape != (size, size) or found.dtype != dtype:
        raise ValueError("a record holds no whole PNG; check it with `python -m records`")
    return found
