"""A picture of people in space: their joints in the cameras' images, and seen from the front, the side and above."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from demo.space.scene import Scene
from pose import captioned, draw_skeleton, draw_text, picture_grid
from pose.space.points import main_axis

_CELL_PX = 400
_TIMES = 6
_MARGIN = 0.08
#: As many cameras' images are shown.
MOST_CAMERAS = 4


def overview(scene: Scene, pictures: Sequence[np.ndarray], frame: int) -> np.ndarray:
    """The cameras' images of one frame, and three views of everybody at several times.

    Args:
        scene: the people.
        pictures: the images of the first cameras at that frame, uint8 RGB (H, W, 3).
        frame: its number.

    Returns:
        uint8 RGB.
    """
    cells = [
        captioned(_fitted(_projected(scene, view, picture, frame)), f"{scene.cameras[view].name}, frame {frame}")
        for view, picture in enumerate(pictures)
    ]
    return picture_grid([*cells, *_views(scene)], columns=max(len(cells), 3))


def _projected(scene: Scene, view: int, picture: np.ndarray, frame: int) -> np.ndarray:
    for person in scene.people:
        xyz = person.xyz_mm[frame]
        shown = np.isfinite(xyz).all(axis=1) & scene.cameras[view].in_front(np.nan_to_num(xyz))
        xy = scene.cameras[view].project(np.where(shown[:, None], xyz, np.nan))
        picture = draw_skeleton(picture, xy, shown, scene.skeleton, thickness=max(2, max(picture.shape) // 300))
    return picture


def _fitted(picture: np.ndarray) -> np.ndarray:
    """The image in a square cell, on white."""
    cell = np.full((_CELL_PX, _CELL_PX, 3), 255, np.uint8)
    scale = _CELL_PX / max(picture.shape[:2])
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    top, left = (_CELL_PX - height) // 2, (_CELL_PX - width) // 2
    cell[top : top + height, left : left + width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return cell


def up_of(scene: Scene) -> np.ndarray:
    """The direction up in the world, (3,): from the ankles to the shoulders in the mean, along one of its axes."""
    index = {name: k for k, name in enumerate(scene.skeleton.joints)}
    spans = []
    for side in ("left", "right"):
        low, high = index.get(f"{side}_ankle"), index.get(f"{side}_shoulder")
        if low is not None and high is not None:
            spans += [person.xyz_mm[:, high] - person.xyz_mm[:, low] for person in scene.people]
    return main_axis(np.concatenate([*spans, np.array([[0, 0, 1e-6]])]))


def _views(scene: Scene) -> list[np.ndarray]:
    """Front, side and top, all at one scale."""
    up = up_of(scene)
    first = np.roll(np.abs(up), 1)
    second = np.cross(up, first)
    known = [
        person.xyz_mm.reshape(-1, 3)[np.isfinite(person.xyz_mm.reshape(-1, 3)).all(axis=1)] for person in scene.people
    ]
    everywhere = np.concatenate(known) if known else np.zeros((0, 3))
    if not len(everywhere):
        return []
    axes = {"front": (first, -up), "side": (second, -up), "top": (first, -second)}
    # Single joints that went astray must not make everybody small.
    low, high = np.percentile(everywhere, (1, 99), axis=0)
    side_mm = max(float((high - low).max()) * (1 + 2 * _MARGIN), 500.0)
    middle = (low + high) / 2
    frames = np.unique(np.linspace(0, len(scene.times_s) - 1, _TIMES).astype(int))
    cells = []
    for name, (right, down) in axes.items():
        cell = np.full((_CELL_PX, _CELL_PX, 3), 255, np.uint8)
        scale = _CELL_PX / side_mm
        for frame in frames:
            for person in scene.people:
                xyz = person.xyz_mm[frame] - middle
                xy = np.stack([xyz @ right, xyz @ down], axis=1) * scale + _CELL_PX / 2
                shown = np.asarray(np.isfinite(xy).all(axis=1))
                cell = draw_skeleton(cell, xy, shown, scene.skeleton, thickness=1)
        # A rod of one meter.
        cv2.line(cell, (10, _CELL_PX - 12), (10 + round(1000 * scale), _CELL_PX - 12), (0, 0, 0), 2)
        draw_text(cell, "1 m", (10, _CELL_PX - 34))
        cells.append(
            captioned(cell, f"{name}, {len(frames)} times from {scene.times_s[0]:.1f} to {scene.times_s[-1]:.1f} s")
        )
    return cells
