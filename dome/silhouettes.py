"""Draws people who walk on the spot as silhouettes and joints, each with a body, a gait and clothes of their own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from body.human import Human, Shape, to_world
from dome.dress.figure import Figure
from dome.moves.anatomy import clip
from dome.moves.gait import Gait, draw_gait
from dome.moves.keys import Body
from dome.view.rig import look_at
from pose import Camera
from pose.space.raster import Window, draw_depth, project

# The camera walks along, this far away and this high, so that a grown-up is some 140 px high.
_DISTANCE_MM, _HEIGHT_MM, _FOCAL_PX = 5000.0, 1100.0, 400.0
_SIZE = (192, 144)
#: float32 (F, 19, 2) in px of the silhouettes, in the order of `PANOPTIC19`.
JOINTS_FILE = "joints.npy"
# From walk to walk a person's stride varies: its duration, its amplitude, and the swing of the arms.
_SECONDS, _AMPLITUDE, _ARMS = 0.02, 0.02, 0.08


def write_person(
    folder: Path, *, walks: int, clothes: int, views: Sequence[int], frames: int, fps: float, silhouettes: bool = True
) -> None:
    """Writes the walks of the person whose number is the folder's name; see `dome.Walkers`."""
    number = int(folder.name)
    rng = np.random.default_rng([number, 0])
    human = Human(Shape.random(rng))
    body, gait = Body.of(human), draw_gait(rng, "walk")
    drawn = [("nm", walk, 0) for walk in range(walks)] + [("cl", walk, 1 + walk) for walk in range(clothes)]
    figures = {
        worn: Figure.random(np.random.default_rng([number, 1, worn]), human) for *_, worn in drawn if silhouettes
    }
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for kind, walk, worn in drawn:
        varied = _varied(gait, np.random.default_rng([number, 2, worn, walk]))
        rotations, root_mm = _walking(body, varied, np.arange(frames) / fps)
        places = {view: unfinished / f"{kind}-{walk + 1:02d}" / f"{view:03d}" for view in views}
        joints_mm = to_world(human.joints(*human.pose_bones(rotations, root_mm)[::-1]))
        for view, place in places.items():
            place.mkdir(parents=True, exist_ok=True)
            np.save(
                place / JOINTS_FILE,
                project(_camera(view), joints_mm.reshape(-1, 3))[0].reshape(*joints_mm.shape[:2], 2).astype(np.float32),
            )
        if not silhouettes:
            continue
        for frame, vertices_mm in enumerate(to_world(figures[worn].vertices(rotations, root_mm)), 1):
            for view, place in places.items():
                mask = draw_silhouette(vertices_mm, figures[worn].surface.faces, view)
                if not cv2.imwrite(str(place / f"{frame:03d}.png"), mask):
                    raise OSError(f"{place} cannot be written")
    unfinished.rename(folder)


def draw_silhouette(vertices_mm: np.ndarray, faces: np.ndarray, view_deg: float) -> np.ndarray:
    """What a camera sees of a surface about the origin: uint8 (192, 144), 255 inside.

    Args:
        vertices_mm: (N, 3) in the world, of a person who faces its +z.
        faces: int (T, 3).
        view_deg: where the camera is: 0 in front of the person, 90 at the left, 180 behind.
    """
    xy_px, depth_mm = project(_camera(view_deg), vertices_mm)
    return np.isfinite(draw_depth(xy_px, depth_mm, faces, Window(0, 0, _SIZE[1], _SIZE[0]))).astype(np.uint8) * 255


def _varied(gait: Gait, rng: np.random.Generator) -> Gait:
    return replace(
        gait,
        seconds=gait.seconds * rng.uniform(1 - _SECONDS, 1 + _SECONDS),
        size=gait.size * rng.uniform(1 - _AMPLITUDE, 1 + _AMPLITUDE),
        arms=tuple(arm * rng.uniform(1 - _ARMS, 1 + _ARMS) for arm in gait.arms),
        phase=rng.uniform(),
    )


def _walking(body: Body, gait: Gait, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (F, 31, 3, 3) and places of the hips (F, 3) on the stage, of who walks on the spot and faces +z."""
    upright = np.tile(np.eye(3), (len(times_s), 1, 1))
    rotations, heads, orientations = body.pose(clip(gait.angles(times_s)), upright)
    root_mm = np.zeros((len(times_s), 3))
    root_mm[:, 1] = -body.contact.points(heads, orientations)[..., 1].min(axis=1)
    return rotations.astype(np.float32), root_mm.astype(np.float32)


def _camera(view_deg: float) -> Camera:
    angle = np.radians(view_deg)
    # In the world, where y points down, a person who faces +z has their left at -x.
    center = np.array([-_DISTANCE_MM * np.sin(angle), -_HEIGHT_MM, _DISTANCE_MM * np.cos(angle)])
    rotation = look_at(center, np.array([0.0, -0.85 * _HEIGHT_MM, 0.0]), roll=0.0)
    middle_x, middle_y = (_SIZE[1] - 1) / 2, (_SIZE[0] - 1) / 2
    matrix = np.array([[_FOCAL_PX, 0, middle_x], [0, _FOCAL_PX, middle_y], [0, 0, 1]])
    return Camera("walk", _SIZE, matrix, np.zeros(5), rotation, -rotation @ center)
