"""The depth images of a dome sequence."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from pose import BadInput

#: The file's path in the sequence's folder, by the camera's name and the frame's number.
DEPTH = "truth/depth_{}/{:08d}.png"


def read_depth(folder: Path, camera: str, frame: int) -> np.ndarray:
    """Reads a depth image, uint16 (H, W): z in the camera's frame in mm, 60 000 for the sky.

    Args:
        folder: the sequence's folder.
        camera: the camera's name.
        frame: the frame's number.

    Raises:
        BadInput: the file is missing or no such image.
    """
    path = folder / DEPTH.format(camera, frame)
    if not path.is_file():
        raise BadInput(str(path), "is missing; the dome writes depth with --maps")
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16 or found.ndim != 2:
        raise BadInput(str(path), "is no depth image of 16 bits")
    return found
