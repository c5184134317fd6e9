"""The frames of a Panoptic camera: a folder of extracted frames, or a video."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_prep.video.frame import VideoFrame
from data_prep.video.pictures import PictureFile
from data_prep.video.video_file import Video
from pose import Camera
from records import BadInput

Picture = PictureFile | VideoFrame

# In order of preference. `hdImgsExtractor.sh` writes JPEGs or, as an option, PNGs.
_ENDINGS = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Places:
    """The places of a camera's images.

    Attributes:
        frames: its folder of extracted frames; None if it is missing or empty.
        video: its video; None if it is missing.
    """

    frames: Path | None = None
    video: Path | None = None

    def source(self, camera: str, wanted: Iterable[int]) -> Path | None:
        """The folder of frames if it has all wanted ones, else the video, else the incomplete folder."""
        if self.frames is None or self.video is None:
            return self.frames or self.video
        return self.frames if set(wanted) <= extracted_frames(self.frames, camera).keys() else self.video


def extracted_frames(folder: Path, camera: str) -> dict[int, str]:
    """The file names of a camera's extracted frames, CAMERA_%08d.jpg or .png, by number."""
    found: dict[int, str] = {}
    for number, name in _frames(folder, camera):
        found[number] = min(found.get(number, name), name, key=_preference)
    return found


def has_frames(folder: Path, camera: str) -> bool:
    """Whether a folder holds a frame of a camera."""
    return any(True for _ in _frames(folder, camera))


def _frames(folder: Path, camera: str) -> Iterator[tuple[int, str]]:
    pattern = re.compile(rf"{re.escape(camera)}_(\d{{8}})(\.\w+)")
    with os.scandir(folder) as entries:
        for entry in entries:
            match = pattern.fullmatch(entry.name)
            if match and match[2].lower() in _ENDINGS:
                yield int(match[1]), entry.name


def _preference(name: str) -> tuple[int, str]:
    return _ENDINGS.index(os.path.splitext(name)[1].lower()), name


def pictures_of(source: Path, camera: Camera, wanted: Sequence[int]) -> Iterator[tuple[int, Picture] | BadInput]:
    """Reads some frames of a camera.

    Args:
        source: a video, or a folder of images named CAMERA_%08d.jpg or .png.
        camera: its `name` is in the files' names, and images must have its `size`.
        wanted: numbers of frames that have poses, ascending; a video's first is 0.

    Yields:
        The numbered frames; and broken inputs: missing files, and damaged or missing frames of a video.

    Raises:
        BadInput: the video cannot be opened, or has another size than the camera's calibration.
    """
    if not source.is_dir():
        yield from Video(source, camera.size).frames(wanted)
        return
    available = extracted_frames(source, camera.name)
    ending = os.path.splitext(next(iter(available.values()), ".jpg"))[1] or ".jpg"
    for number in wanted:
        if number in available:
            yield number, PictureFile(str(source / available[number]), camera.size)
        else:
            yield BadInput(str(source / f"{camera.name}_{number:08d}{ending}"), "has poses, but is missing")
