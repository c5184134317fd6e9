"""Sheets of images: truth in white, predictions in color."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from evaluate.pose_2d.collect import person_errors
from evaluate.pose_2d.metrics import joint_distances
from pose import Skeleton
from pose.draw import draw_skeleton, draw_text, picture_grid

_WHITE = (255, 255, 255)
_COLUMNS = 6


def write_sheets(
    folder: Path,
    pictures: Sequence[np.ndarray],
    labels: Mapping[str, np.ndarray],
    predicted_px: Mapping[str, np.ndarray],
    skeleton: Skeleton,
    count: int,
) -> list[Path]:
    """Writes a sheet for each model, from its best person to its worst, and one with all models side by side.

    Args:
        folder: to write into.
        pictures: N of uint8 RGB (S, S, 3).
        labels: as `records.dataset` yields them, of N people.
        predicted_px: by the model's title, (N, J, 2).
        skeleton: of the J joints.
        count: how many people a sheet shows.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    limbs = list(skeleton.main_joints)
    errors = {}
    for title, xy_px in predicted_px.items():
        distances = joint_distances(xy_px, labels["joints_xy_px"], labels["visible"])[:, limbs]
        errors[title] = person_errors(distances) / np.where(labels["torso_px"] > 0, labels["torso_px"], np.nan)

    def tile(title: str, person: int, caption: str) -> np.ndarray:
        truth, visible = labels["joints_xy_px"][person], labels["visible"][person] > 0
        picture = draw_skeleton(pictures[person], truth, visible, skeleton, thickness=1, color=_WHITE)
        found_px = predicted_px[title][person]
        return draw_text(draw_skeleton(picture, found_px, np.ones(len(visible), bool), skeleton), caption)

    paths = []
    for title, error in errors.items():
        tiles = [tile(title, person, f"{error[person]:.2f} torso") for person in _evenly(error, count)]
        paths.append(_save(folder / f"{title.replace(' ', '-').lower()}.jpg", tiles, _COLUMNS))
    everyone = np.mean(list(errors.values()), axis=0)
    rows = _evenly(everyone, min(count, _COLUMNS * 2))
    tiles = [tile(title, person, f"{title} {error[person]:.2f}") for person in rows for title, error in errors.items()]
    return [*paths, _save(folder / "side-by-side.jpg", tiles, len(errors))]


def _evenly(error: np.ndarray, count: int) -> list[int]:
    """People from the least to the largest error, in equal steps of their order."""
    order = np.argsort(error)[: int(np.isfinite(error).sum())]
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    return order[places].tolist()


def _save(path: Path, tiles: list[np.ndarray], columns: int) -> Path:
    cv2.imwrite(str(path), picture_grid(tiles, columns)[..., ::-1])
    return path
