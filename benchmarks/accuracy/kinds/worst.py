"""Sheets of the people with the largest errors: truth is white, the person's left blue and right orange."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from benchmarks.accuracy.kinds.classes import Alteration
from benchmarks.accuracy.kinds.measure import Answers, swapped, torso_errors
from benchmarks.accuracy.kinds.people import People
from evaluate.pose_2d.collect import person_errors
from pose import draw_skeleton, draw_text, picture_grid

_COLUMNS, _TILE_PX = 4, 256
_WRONG = 0.2


def worst(answers: Answers, rows: np.ndarray, count: int) -> list[int]:
    """The people of `rows` with the largest mean error in torsos, worst first."""
    error = np.where(rows, person_errors(torso_errors(answers)), np.nan)
    return np.argsort(-error)[: min(count, int(np.isfinite(error).sum()))].tolist()


def write_worst(path: Path, people: People, answers: Answers, alteration: Alteration, chosen: list[int]) -> None:
    """Writes a sheet of people, as JPEG.

    Raises:
        OSError: the file cannot be written.
    """
    tiles = [_tile(people, answers, alteration, person) for person in chosen]
    written, jpeg = cv2.imencode(".jpg", picture_grid(tiles, _COLUMNS)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg.tobytes())


def _tile(people: People, answers: Answers, alteration: Alteration, person: int) -> np.ndarray:
    """The model's crop of one person, with both poses and the error as a caption."""
    crop, skeleton = answers.crop, people.skeleton
    zoom = _TILE_PX / crop.size
    picture = crop.cut(alteration.change(people.pictures[person]))
    picture = cv2.resize(picture, (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_LINEAR)
    true, found = (
        (crop.points_to_crop(xy_px[person]) + 0.5) * zoom - 0.5
        for xy_px in (answers.labels["joints_xy_px"], answers.joints_px)
    )
    picture = draw_skeleton(picture, true, people.labels["visible"][person], skeleton, thickness=1, color=(255,) * 3)
    picture = draw_skeleton(picture, found, np.ones(skeleton.num_joints, bool), skeleton)
    error, swaps = torso_errors(answers)[person], swapped(answers, skeleton.flip_order)[person].sum()
    text = f"{np.nanmean(error):.2f} torso, {(error > _WRONG).sum()}/{(error >= 0).sum()} wrong"
    return draw_text(picture, text + (f", {swaps} swapped" if swaps else ""))
