"""The ground truth of visible joints for each camera, stored with a dome sequence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pose import PANOPTIC19, BadInput

#: The file's path in the sequence's folder, by the camera's name.
VISIBLE = "truth/visible_{}.json"


def read_visible(folder: Path, camera: str) -> np.ndarray | None:
    """Reads which joints a camera sees.

    Args:
        folder: the sequence's folder.
        camera: the camera's name.

    Returns:
        int64 (F, P, 19) by frame and person, COCO's 0, 1, 2; None if the file is missing, as in recorded sequences.

    Raises:
        BadInput: the file is malformed.
    """
    path = folder / VISIBLE.format(camera)
    if not path.is_file():
        return None
    try:
        visible = np.array(json.loads(path.read_bytes())["frames"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(str(path), f"is not a table of visible joints ({type(error).__name__})") from error
    whole = visible.ndim == 3 and visible.shape[2] == PANOPTIC19.num_joints and np.issubdtype(visible.dtype, np.integer)
    if not whole or not np.isin(visible, (0, 1, 2)).all():
        raise BadInput(str(path), "must hold 0, 1 or 2 for each frame, person and 19 joints")
    return visible


def write_visible(folder: Path, camera: str, frames: list[list]) -> None:
    """Writes which joints a camera sees, by frame and person, for `read_visible`."""
    (folder / VISIBLE.format(camera)).write_text(json.dumps({"frames": frames}) + "\n")
