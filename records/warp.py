"""The pixel part of augmentation: one pass over a batch's images, in NumPy and OpenCV.

TensorFlow's own warp takes six times as long as OpenCV's. Evaluation still resizes with TensorFlow
(`records.pipeline`).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

_JPEG_END = b"\xff\xd9"
# The alignment in bytes at which TensorFlow takes a buffer over instead of copying it.
_ALIGNMENT = 64


def decode_jpeg(jpeg: bytes) -> np.ndarray:
    """Decodes a JPEG into uint8 RGB (H, W, 3), to the same bits as `records.pipeline.decode_picture`.

    Raises:
        ValueError: the bytes are no JPEG, or are cut short.
    """
    # OpenCV silently fills the missing part of a truncated JPEG with gray, so the end marker is checked.
    whole = jpeg.endswith(_JPEG_END)
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB) if whole else None
    if picture is None:
        raise ValueError(f"a record holds {len(jpeg)} bytes that are no whole JPEG; check it with `python -m records`")
    return picture


def vary_pictures(
    pictures: Sequence[bytes] | np.ndarray,
    matrix: np.ndarray,
    detail: np.ndarray,
    color: np.ndarray,
    patch_edges: np.ndarray,
    patch_color: np.ndarray,
    size: int,
) -> np.ndarray:
    """Warps, recolors and partly covers each image of a batch.

    An image is decoded only when its turn comes, so that it is still in the processor's cache when it is warped.

    Args:
        pictures: B JPEGs, or uint8 (B, H, W, 3).
        matrix: float (B, 2, 3), pixels of the result -> pixels of the image; bilinear, black beyond the border.
        detail: float (B,), share of the result's pixels along a side that are not lost; they are averaged away and
            interpolated.
        color: float (B, 3, 2), gain and offset of red, green and blue.
        patch_edges: int (B, P, 4), left, top, right and bottom of each patch in px of the result, the last two
            not in it.
        patch_color: uint8 (B, P, 3).
        size: height and width of the result in px.

    Returns:
        uint8 (B, size, size, 3).
    """
    varied = _empty((len(pictures), size, size, 3))
    # With a fourth channel OpenCV warps in 0.6 of the time, to the same bits. Buffers are reused from image to image,
    # because fresh pages cost more than the warp.
    wide, warped = np.empty((size, size, 4), np.uint8), np.empty((size, size, 3), np.uint8)
    whole = None
    recolor = np.zeros((len(pictures), 3, 4), np.float32)
    recolor[:, range(3), range(3)], recolor[:, :, 3] = color[..., 0], color[..., 1]
    sides = np.maximum(np.round(size * detail), 1).astype(int).tolist()
    for picture, out, affine, side, gains, edges, shades in zip(
        pictures, varied, matrix, sides, recolor, patch_edges.tolist(), patch_color, strict=True
    ):
        picture = decode_jpeg(picture) if isinstance(picture, bytes) else picture
        whole = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA, dst=whole)
        cv2.warpAffine(whole, affine, (size, size), dst=wide, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        cv2.cvtColor(wide, cv2.COLOR_RGBA2RGB, dst=warped)
        if side < size:
            cv2.resize(cv2.resize(warped, (side, side), interpolation=cv2.INTER_AREA), (size, size), dst=warped)
        cv2.transform(warped, gains, dst=out)
        for (left, top, right, bottom), shade in zip(edges, shades, strict=True):
            out[top:bottom, left:right] = shade
    return varied


def _empty(shape: tuple[int, ...]) -> np.ndarray:
    """An uninitialized uint8 array that TensorFlow takes over without a copy."""
    count = int(np.prod(shape))
    memory = np.empty(count + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + count].reshape(shape)
