"""Snapshots of the window."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import cv2
import numpy as np

from demo.errors import OutputError
from demo.outputs.files import Output


def save_snapshot(view: np.ndarray, folder: Path, now: datetime) -> Path:
    """Writes an image as PNG, named after the time to the millisecond.

    Args:
        view: uint8 RGB (H, W, 3).
        folder: made if missing.
        now: names the file.

    Returns:
        The file's path.

    Raises:
        OutputError: it cannot be written.
    """
    path = folder / f"panopose-{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the snapshot {str(path)!r} cannot be written: {error.strerror or error}") from error
    output = Output("the snapshot", path)
    with output.writing():
        output.file.write(cv2.imencode(".png", cv2.cvtColor(view, cv2.COLOR_RGB2BGR))[1].tobytes())
    output.finish()
    return path
