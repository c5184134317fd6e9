"""Writes poses in the format of CMU Panoptic Studio's 3D pose files; `data_prep.panoptic.poses` reads them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pose.panoptic_cameras import MM_PER_CM

#: The folder of a sequence's poses of 19 joints.
POSES = "hdPose3d_stage1_coco19"
#: The studio's mark of a missing joint: x, y, z and the confidence.
MISSING = (0.0, 0.0, 0.0, -1.0)


def pose_file(frame: int) -> str:
    """The name of a frame's file."""
    return f"body3DScene_{frame:08d}.json"


def body_entry(number: int, xyz_mm: np.ndarray, confidence: np.ndarray) -> dict:
    """A body's entry: 19 joints (19, 3) in the world, and their confidences (19,), below 0 for missing ones."""
    rows = np.column_stack([xyz_mm / MM_PER_CM, confidence])
    rows[confidence < 0] = MISSING
    return {"id": number, "joints19": rows.round(5).ravel().tolist()}


def poses_content(bodies: Sequence[dict], time_s: float, fps: float) -> dict:
    """The content of a frame's file."""
    return {
        "version": 0.7,
        "univTime": round(1000 * time_s, 3),
        "fpsType": f"hd_{fps:.2f}".replace(".", "_"),
        "bodies": list(bodies),
    }
