"""Depth images in records: 16-bit PNGs of the same crop, in millimeters."""

from __future__ import annotations

import cv2
import numpy as np

from pose import Crop


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
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(depth_mm, crop.to_frame, (crop.size, crop.size), flags=flags)
    return cv2.imencode(".png", cut)[1].tobytes()


def decoded_depth(labels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Decodes a batch's `depth_mm`, if it has any, from PNGs into uint16 (B, S, S)."""
    pngs = labels.get("depth_mm")
    if pngs is None or pngs.dtype == np.uint16:
        return labels
    pictures = [np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)) for png in pngs]
    return labels | {"depth_mm": np.stack(pictures)}
