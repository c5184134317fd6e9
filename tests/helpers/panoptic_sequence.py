"""Writes small sequences in CMU Panoptic Studio's layout, with numbers that can be checked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

#: (height, width) of the images.
SIZE = (64, 96)
FOCAL_PX, CENTER_PX = 100.0, (48.0, 32.0)


def camera_entry(name: str, *, distance_cm: float = 300.0) -> dict:
    """A camera that looks along the world's z from `distance_cm` before the origin, without distortion."""
    return {
        "name": name,
        "type": "hd",
        "resolution": [SIZE[1], SIZE[0]],
        "K": [[FOCAL_PX, 0, CENTER_PX[0]], [0, FOCAL_PX, CENTER_PX[1]], [0, 0, 1]],
        "distCoef": [0, 0, 0, 0, 0],
        "R": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "t": [[0], [0], [distance_cm]],
    }


def body(body_id: int = 0, *, x_cm: float = 0.0) -> dict:
    """19 joints in the plane z = 0 on a diagonal: joint j at (x + 3 j - 27, 2 j - 18, 0) cm, confidence 0.5."""
    joints = [[x_cm + 3 * j - 27, 2 * j - 18, 0.0, 0.5] for j in range(19)]
    return {"id": body_id, "joints19": np.ravel(joints).tolist()}


def write_calibration(sequence: Path, cameras: list) -> None:
    """Writes calibration_NAME.json."""
    sequence.mkdir(parents=True, exist_ok=True)
    (sequence / f"calibration_{sequence.name}.json").write_text(json.dumps({"cameras": cameras}))


def write_frame(sequence: Path, frame: int, bodies: list[dict]) -> Path:
    """Writes one body3DScene_%08d.json."""
    folder = sequence / "hdPose3d_stage1_coco19"
    folder.mkdir(exist_ok=True)
    path = folder / f"body3DScene_{frame:08d}.json"
    path.write_text(json.dumps({"version": 0.7, "univTime": 0.0, "fpsType": "hd_29_97", "bodies": bodies}))
    return path


def gray_of(frame: int) -> int:
    """The gray that the images of a frame are filled with."""
    return 20 + 16 * frame


def write_jpeg(sequence: Path, camera: str, frame: int, size: tuple[int, int] = SIZE) -> Path:
    """Writes one extracted frame."""
    folder = sequence / "hdImgs" / camera
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{camera}_{frame:08d}.jpg"
    cv2.imwrite(str(path), np.full((*size, 3), gray_of(frame), np.uint8))
    return path


def write_video(sequence: Path, camera: str, frames: int, *, codec: str = "mp4v", suffix: str = ".mp4") -> Path:
    """Writes hd_XX_XX.mp4 with frames 0 to `frames` - 1."""
    folder = sequence / "hdVideos"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"hd_{camera}{suffix}"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 29.97, (SIZE[1], SIZE[0]))
    for frame in range(frames):
        writer.write(np.full((*SIZE, 3), gray_of(frame), np.uint8))
    writer.release()
    return path


def write_sequence(sequence: Path, *, frames: tuple[int, ...] = (0, 1), cameras: tuple[str, ...] = ("00_00",)) -> Path:
    """Writes a whole sequence of one body, with JPEGs."""
    write_calibration(sequence, [camera_entry(name) for name in cameras])
    for frame in frames:
        write_frame(sequence, frame, [body()])
        for name in cameras:
            write_jpeg(sequence, name, frame)
    return sequence
