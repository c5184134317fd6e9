"""Annotated images of `python -m demo.batch --draw`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from demo.batch.inputs import is_picture
from demo.errors import ArgumentError
from demo.outputs.new_folder import NewFolder, check_new_folder
from demo.outputs.table import TableRow
from demo.ui.view import draw_bodies, line_thickness, text_scale
from pose import Skeleton, draw_skeleton, draw_text

# Formats without color.
_GREY = (".pgm", ".pbm")


def check_drawings(folder: Path, source: Path) -> None:
    """Checks that annotated images can be written.

    Raises:
        ArgumentError: the source is a video, or the folder lies inside the source.
        OutputError: the folder is not empty, or cannot be made.
    """
    if source.is_file() and not is_picture(source):
        raise ArgumentError("--draw is for pictures; for a video use python -m demo.webcam --no-window --output FILE")
    check_new_folder("--draw", folder, source)


def draw_people(picture: np.ndarray, people: Sequence[TableRow], skeleton: Skeleton, joint_score: float) -> np.ndarray:
    """Draws people onto a copy of an image, uint8 RGB (H, W, 3); with more than one, also their numbers.

    Those with bodies are drawn as these, others as skeletons.

    Args:
        picture: the image.
        people: in it.
        skeleton: of the people.
        joint_score: minimum score of a joint that is drawn.
    """
    thickness, scale = line_thickness(picture), text_scale(picture)
    drawn = draw_bodies(picture.copy(), people)
    for person in people:
        if person.body is not None:
            continue
        drawn = draw_skeleton(drawn, person.xy_px, person.scores >= joint_score, skeleton, thickness=thickness)
    for person in people if len(people) > 1 else ():
        place = np.clip(person.box_px[:2], 0, None).astype(int)
        draw_text(drawn, str(person.number), tuple(place.tolist()), scale=scale)
    return drawn


class Drawings(NewFolder):
    """A folder of annotated images, as a context manager; it has its final name after `finish` only.

    Args:
        folder: its final name, checked by `check_drawings`.
        skeleton: of the people.
        joint_score: minimum score of a joint that is drawn.
    """

    def __init__(self, folder: Path, skeleton: Skeleton, joint_score: float) -> None:
        super().__init__("--draw", folder)
        self._skeleton = skeleton
        self._joint_score = joint_score

    def add(self, name: str, picture: np.ndarray, people: list[TableRow]) -> None:
        """Writes an annotated image, uint8 RGB (H, W, 3), under its name in the source's folder.

        OpenCV reads more formats than it writes: .png is appended to the name where it cannot write the format.

        Raises:
            OutputError: it cannot be written.
        """
        path = self.partial / name
        while path.suffix.lower() in _GREY or not cv2.haveImageWriter(path.name) or path.exists():
            path = path.with_name(f"{path.name}.png")
        picture = draw_people(picture, people, self._skeleton, self._joint_score)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(path.suffix, picture[..., ::-1])[1].tobytes())
        except OSError as error:
            raise self.problem(error) from error
