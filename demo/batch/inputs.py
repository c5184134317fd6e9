"""Inputs of `python -m demo.batch`: the images of a folder or the frames of a video, and boxes of people."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo.errors import SourceError
from demo.video.capture import Frame, FrameSource
from machine.words import counted
from pose.picture import decode_picture

#: Of the formats that OpenCV reads. Of an animation or a file of several pages the first is read.
PICTURE_ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff"),
    *(".gif", ".jp2", ".avif", ".ppm", ".pgm", ".pbm", ".pnm"),
)
_BOX_COLUMNS = ["x_px", "y_px", "width_px", "height_px"]
_READERS = 4
_POLL_S = 1.0

#: By an image's name or a frame's number: float64 (N, 4), x and y of the top left corner, width and height in px.
Boxes = dict[str | int, np.ndarray]


@dataclass(frozen=True, eq=False)
class Item:
    """An image or a video frame.

    Attributes:
        key: the image's name inside its folder, or the frame's number.
        time_s: the frame's time in the video; None for an image.
        picture: uint8 RGB (H, W, 3); None if it could not be read.
    """

    key: str | int
    time_s: float | None
    picture: np.ndarray | None


def pictures_in(folder: Path) -> tuple[list[str], str]:
    """Lists the images in a folder and its subfolders.

    Returns:
        Their sorted names inside the folder, with "/" on every system; and a message with the numbers of other files
        by ending, "" if there are none.

    Raises:
        SourceError: there are no images.
    """
    files = [path for path in folder.rglob("*") if path.is_file()]
    names = sorted(path.relative_to(folder).as_posix() for path in files if is_picture(path))
    others = Counter(path.suffix.lower() for path in files if not is_picture(path))
    endings = ", ".join(f"{count} {ending or 'without an ending'}" for ending, count in others.most_common())
    if not names:
        what = f"{counted(others.total(), 'other file')} ({endings})" if others else "no file"
        raise SourceError(
            f"{str(folder)!r} holds no pictures ({', '.join(PICTURE_ENDINGS)}), but {what}; give another folder"
        )
    files_passed = counted(others.total(), "file")
    return names, f"passed over {files_passed} with endings that are no picture's: {endings}" if others else ""


def is_picture(path: Path) -> bool:
    """Whether a file has an image's ending."""
    return path.suffix.lower() in PICTURE_ENDINGS


def read_picture(path: Path) -> np.ndarray | None:
    """Reads an image, uint8 RGB (H, W, 3), rotated by its EXIF orientation; None if it cannot be read."""
    try:
        return decode_picture(path.read_bytes())
    except (OSError, ValueError):
        return None


def read_folder(folder: Path, names: list[str]) -> Iterator[Item]:
    """Yields images in order; threads read the next ones ahead."""
    with ThreadPoolExecutor(_READERS, thread_name_prefix="pictures") as pool:
        ahead: deque[tuple[str, Future]] = deque()
        for name in names:
            ahead.append((name, pool.submit(read_picture, folder / name)))
            if len(ahead) > 2 * _READERS:
                first, picture = ahead.popleft()
                yield Item(first, None, picture.result())
        for name, picture in ahead:
            yield Item(name, None, picture.result())


def read_frames(source: FrameSource) -> Iterator[Frame]:
    """Yields every frame of a video, or those of a camera that arrive in time."""
    with source:
        while not source.ended:
            frame = source.read(_POLL_S)
            if frame is not None:
                yield frame


def read_video(source: FrameSource) -> Iterator[Item]:
    """Yields every frame of a video."""
    return (Item(frame.index, frame.time_s, frame.picture) for frame in read_frames(source))


def read_boxes(path: Path, key: str) -> Boxes:
    """Reads boxes of people from a CSV file.

    Args:
        path: a file with a header and a row for each person: `key`, x_px, y_px (the top left corner), width_px and
            height_px.
        key: "picture", a name inside the folder, or "frame", a number from 0.

    Raises:
        SourceError: the file cannot be read, lacks a column, or has an invalid box.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype={"picture": str})
    except (OSError, ValueError) as error:
        raise SourceError(f"--boxes {str(path)!r} cannot be read as CSV: {error}") from error
    columns = [key, *_BOX_COLUMNS]
    missing = [column for column in columns if column not in table]
    if missing:
        raise SourceError(f"--boxes {str(path)!r} must have the columns {', '.join(columns)}; {missing} are missing")
    if key == "frame" and not pd.api.types.is_integer_dtype(table[key]):
        raise SourceError(f"--boxes {str(path)!r}: frame must be a whole number from 0 in every row")
    numbers = table[_BOX_COLUMNS].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    bad = ~np.isfinite(numbers).all(axis=1) | (numbers[:, 2:].max(axis=1) <= 0) | (numbers[:, 2:].min(axis=1) < 0)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise SourceError(
            f"--boxes {str(path)!r}: a box must be finite and wider or higher than 0 px, got "
            f"{table[_BOX_COLUMNS].iloc[row].tolist()} in row {row + 1}"
        )
    return {value: numbers[table[key] == value] for value in table[key].unique()}
