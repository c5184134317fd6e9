"""What a depth sensor makes of depth: Microsoft's first Kinect, which triangulates a projected pattern."""

from __future__ import annotations

import numpy as np

# Khoshelham and Elberink, Sensors 12, 2012: the focal length in px and the baseline in mm of the triangulation, the
# disparity's steps in px, and the standard deviation of its error in such steps.
_FOCAL_PX, _BASELINE_MM, _STEP_PX, _ERROR_STEPS = 575.0, 75.0, 1 / 8, 0.5
# Its range, and how far from the pixel's center a reading is taken, in its px (Barron and Malik, CVPR 2013).
_RANGE_MM, _JITTER_PX = (500.0, 8000.0), 0.5
# A shadow's edge is not sharper than this, in px.
_SHADOW_PX = 1.0


def in_steps(depth_mm: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Depth (...) in mm with the sensor's errors and steps, which grow with its square: float64, unrounded."""
    steps = _FOCAL_PX * _BASELINE_MM / _STEP_PX / np.maximum(depth_mm, 1)
    counted = np.round(steps + random.normal(0, _ERROR_STEPS, steps.shape))
    return _FOCAL_PX * _BASELINE_MM / _STEP_PX / np.maximum(counted, 1)


def measured(depth_mm: np.ndarray, focal_px: float, random: np.random.Generator) -> np.ndarray:
    """What a sensor that triangulates a projected pattern makes of a depth image.

    Depth has errors and steps that grow with its square, edges fray, and what the projector beside the camera does not
    reach, or lies out of range, is unknown.

    Args:
        depth_mm: uint16 (H, W).
        focal_px: the camera's focal length in px of this image.
        random: draws the errors.

    Returns:
        uint16 (H, W), 0 where unknown.
    """
    height, width = depth_mm.shape
    jitter = random.normal(0, _JITTER_PX * focal_px / _FOCAL_PX, (2, height, width)).round().astype(np.int64)
    rows = np.clip(np.arange(height)[:, None] + jitter[0], 0, height - 1)
    columns = np.clip(np.arange(width) + jitter[1], 0, width - 1)
    z = depth_mm[rows, columns].astype(np.float64)
    steps = _FOCAL_PX * _BASELINE_MM / _STEP_PX / np.maximum(z, 1)
    found = (
        _FOCAL_PX * _BASELINE_MM / _STEP_PX / np.maximum(np.round(steps + random.normal(0, _ERROR_STEPS, z.shape)), 1)
    )
    lit = np.arange(width) - focal_px * _BASELINE_MM / np.maximum(depth_mm, 1)
    # The projector is on the right: what lies farther right, but is lit farther left, stands before a pixel.
    nearest = np.minimum.accumulate(lit[:, ::-1], axis=1)[:, ::-1]
    known = (lit - nearest < _SHADOW_PX) & (_RANGE_MM[0] <= z) & (z <= _RANGE_MM[1])
    return np.where(known & (found < np.iinfo(np.uint16).max), np.round(found), 0).astype(np.uint16)
