"""Images of depth and of body parts, written beside a dome sequence's videos."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from dome.view.render import Frame

#: The factor of a person's number in part images.
PERSON_STEP = 32
# Compresses well and fast: depth changes little from row to row, parts have runs of one number.
_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER)
_PACK_DEPTH = (*_PNG, cv2.IMWRITE_PNG_FILTER_UP)
_PACK_PARTS = (*_PNG, cv2.IMWRITE_PNG_FILTER_NONE, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE)


def write_maps(folder: Path, camera: str, number: int, frame: Frame) -> None:
    """Writes the depth and part images of a frame."""
    # Rounds and saturates.
    depth = cv2.add(frame.depth_mm, 0, dtype=cv2.CV_16U)
    parts = PERSON_STEP * (np.maximum(frame.person, 1) - np.uint8(1)) + frame.part
    for kind, picture, packing in (("depth", depth, _PACK_DEPTH), ("parts", parts, _PACK_PARTS)):
        path = folder / f"{kind}_{camera}" / f"{number:08d}.png"
        path.parent.mkdir(exist_ok=True)
        _, data = cv2.imencode(".png", picture, packing)
        path.write_bytes(data)
