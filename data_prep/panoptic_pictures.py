"""The frames of a Panoptic camera: a folder of extracted JPEGs, or a video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from data_prep.pictures import PictureFile
from data_prep.video import Video
from data_prep.video_frame import VideoFrame
from pose import Camera
from records import BadInput

Picture = PictureFile | VideoFrame


def pictures_of(source: Path, camera: Camera, wanted: Sequence[int]) -> Iterator[tuple[int, Picture] | BadInput]:
    """Reads some frames of a camera.

    Args:
        source: a video, or a folder of JPEGs named CAMERA_%08d.jpg.
        camera: whose `name` is in the JPEGs' names, and whose `size` the pictures must have.
        wanted: numbers of frames that have poses, ascending; a video's first is 0.

    Yields:
        The frames that there are, with their numbers; each lost file, and what is damaged or missing of a video.

    Raises:
        BadInput: the video cannot be opened, or is not of the size that the camera is calibrated for.
    """
    if not source.is_dir():
        yield from Video(source, camera.size).frames(wanted)
        return
    available = {path.name for path in source.iterdir()}
    for number in wanted:
        name = f"{camera.name}_{number:08d}.jpg"
        if name in available:
            yield number, PictureFile(str(source / name), camera.size)
        else:
            yield BadInput(str(source / name), "has poses, but is missing")
