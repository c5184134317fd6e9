"""What `python -m demo.batch` reads: the pictures of a folder or the frames of a video, and boxes of people."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from demo.errors import SourceError
from demo.video.bounded_queue import Handover
from demo.video.capture import FrameSource
from machine.words import counted
from pose.picture import decode_picture

Thing = TypeVar("Thing")

#: Of files that OpenCV's packages read, by their contents; of an animation or a file of several pages, the first.
PICTURE_ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff"),
    *(".gif", ".jp2", ".avif", ".ppm", ".pgm", ".pbm", ".pnm"),
)
_BOX_COLUMNS = ["x_px", "y_px", "width_px", "height_px"]
_READERS = 4
_POLL_S = 1.0

#: By a picture's name or a frame's number: float64 (N, 4), x and y of the left top corner, width and height in px.
Boxes = dict[str | int, np.ndarray]


@dataclass(frozen=True, eq=False)
class Item:
    """One picture to look at.

    Attributes:
        key: the picture's name inside its folder, or the frame's number.
        time_s: the frame's place in the video; None for a picture of a folder.
        picture: uint8 RGB (H, W, 3); None where it could not be read.
    """

    key: str | int
    time_s: float | None
    picture: np.ndarray | None


def pictures_in(folder: Path) -> tuple[list[str], str]:
    """Names of the pictures in a folder and the folders inside, with "/" on every system, sorted.

    Returns:
        The names, and what is said of the other files there: how many there are of which ending; "" without any.

    Raises:
        SourceError: there are no pictures.
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
    """Whether a file's name ends as a picture's does."""
    return path.suffix.lower() in PICTURE_ENDINGS


def read_picture(path: Path) -> np.ndarray | None:
    """Reads a picture, uint8 RGB (H, W, 3), turned as its EXIF orientation says; None where that cannot be done."""
    try:
        return decode_picture(path.read_bytes())
    except (OSError, ValueError):
        return None


def read_folder(folder: Path, names: list[str]) -> Iterator[Item]:
    """Reads pictures, some of them ahead in other threads, and yields them in order."""
    with ThreadPoolExecutor(_READERS, thread_name_prefix="pictures") as pool:
        ahead: deque[tuple[str, Future]] = deque()
        for name in names:
            ahead.append((name, pool.submit(read_picture, folder / name)))
            if len(ahead) > 2 * _READERS:
                first, picture = ahead.popleft()
                yield Item(first, None, picture.result())
        for name, picture in ahead:
            yield Item(name, None, picture.result())


def read_video(source: FrameSource) -> Iterator[Item]:
    """Yields every frame of a video."""
    with source:
        while not source.ended:
            frame = source.read(_POLL_S)
            if frame is not None:
                yield Item(frame.index, frame.time_s, frame.picture)


@contextmanager
def ahead(things: Iterable[Thing], room: int) -> Iterator[Iterator[Thing]]:
    """Lets another thread go through an iterable of anything but None, up to `room` things ahead of its taker."""
    handover: Handover[Thing] = Handover(room, newest=False)

    def make() -> None:
        error = None
        try:
            for thing in things:
                handover.put(thing)
                if handover.stopped:
                    break
        except BaseException as raised:
            # It is raised again where the things are taken.
            error = raised
        handover.finish(error)

    def take() -> Iterator[Thing]:
        while not handover.ended:
            thing = handover.get(_POLL_S)
            if thing is not None:
                yield thing
        # Raises what the thread ended with.
        handover.get(0)

    thread = threading.Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        handover.stop()
        thread.join()


def read_boxes(path: Path, key: str) -> Boxes:
    """Reads boxes of people from a CSV file.

    Args:
        path: a file with a heading; a row for each person with `key`, x_px, y_px (the left top corner), width_px and
            height_px.
        key: "picture", a name inside the folder, or "frame", a number from 0.

    Raises:
        SourceError: the file cannot be read, lacks a column, or has a box that is none.
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
