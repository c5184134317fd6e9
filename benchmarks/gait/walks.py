"""Recorded walks with exact truth: performed by a dressed body, whose soles are known, and filmed from any side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from body.human import BONES, Human, Shape, to_world
from dome.dress.figure import Figure
from dome.moves.contact import Contact
from dome.moves.motion import Motion as BodyMotion
from dome.moves.paths import moved, turned
from dome.moves.retarget import retarget
from dome.place.backdrop import Backdrop
from dome.view.render import Light, ShadowMap, View
from dome.view.rig import look_at
from dome.view.sensor import Sensor
from gait.events import Event
from gait.motion import SIDES, Motion
from machine.whole import whole
from pose import PANOPTIC19, Camera
from pose.space.bvh import read_bvh

#: Frames per second of the truth, and of the films.
FPS, FILM_FPS = 120, 30
#: (height, width) of the films.
SIZE = (720, 1280)
# The camera stands still, this far from the middle of the walk and this high.
_DISTANCE_MM, _HEIGHT_MM, _FOCAL_PX = 6500.0, 1200.0, 1050.0
_PLACES = ("park", "street", "field")
# The sole is what lies within this height when the body stands.
_SOLE_MM = 25.0
# A foot stands while a point of its sole is so low, and slower than this share of the walk's speed.
_LOW_MM, _SLOW = 35.0, 0.65
# A foot leaves the ground for so long at least, and stands for so long at least.
_LEAST_SWING_S, _LEAST_STANCE_S = 0.15, 0.2


@dataclass(frozen=True, eq=False)
class Walk:
    """Somebody who walks straight ahead, along z of the stage about its middle.

    Attributes:
        name: of the recording, from which body, clothes and place follow.
        figure: the dressed body.
        body: its motion, at `FPS`.
        motion: its joints in space with heels and big toes, as gait takes them.
        events: when the soles touch the ground and leave it.
    """

    name: str
    figure: Figure
    body: BodyMotion
    motion: Motion
    events: tuple[Event, ...]


def read_walk(path: Path) -> Walk:
    """Lets a body perform a recording, a BVH file with CMU's joints.

    Raises:
        BadInput: the recording cannot be read or performed.
    """
    human = Human(Shape.random(_rng(path.stem, 0)))
    body = _ahead(retarget(read_bvh(path), human, FPS))
    contact = Contact.of(human)
    heads, orientations = human.pose_bones(body.rotations, body.root_mm)
    points = contact.points(heads, orientations)
    rest = contact.points(human.heads_mm[None], np.tile(np.eye(3), (1, len(BONES), 1, 1)))[0]
    joints, names, soles = [human.joints(orientations, heads)], list(PANOPTIC19.joints), {}
    for foot, side in enumerate(SIDES):
        own = np.flatnonzero(contact.foot == foot)
        sole = own[rest[own, 1] < rest[own, 1].min() + _SOLE_MM]
        joints += [points[:, [sole[rest[sole, 2].argmin()]]], points[:, [sole[rest[sole, 2].argmax()]]]]
        names += [f"{side}_heel", f"{side}_big_toe"]
        soles[side] = points[:, sole]
    motion = Motion.of(to_world(np.concatenate(joints, axis=1)), names, FPS)
    figure = Figure.random(_rng(path.stem, 1), human)
    return Walk(path.stem, figure, body, motion, tuple(_events(soles, body)))


def _rng(name: str, purpose: int) -> np.random.Generator:
    return np.random.default_rng([purpose, *name.encode()])


def _ahead(motion: BodyMotion) -> BodyMotion:
    """The motion turned so that it leads along z, about the origin."""
    places = motion.root_mm[:, [0, 2]].astype(float)
    way = places[-1] - places[0]
    turn = -float(np.arctan2(way[0], way[1]))
    places = np.array([turned(place, turn) for place in places])
    return moved(motion, places - (places[0] + places[-1]) / 2, np.full(len(places), turn))


def _events(soles: dict[str, np.ndarray], body: BodyMotion) -> list[Event]:
    seconds = (len(body.root_mm) - 1) / body.fps
    speed = np.linalg.norm((body.root_mm[-1] - body.root_mm[0])[[0, 2]]) / seconds
    events = []
    for side, points in soles.items():
        across = np.linalg.norm(np.gradient(points[..., [0, 2]], axis=0), axis=-1) * body.fps
        stands = ((points[..., 1] < _LOW_MM) & (across < _SLOW * speed)).any(axis=1)
        for first, last in _spells(stands):
            if 0 < first and last < len(stands) and not stands[first] and last - first < _LEAST_SWING_S * body.fps:
                stands[first:last] = True
        for first, last in _spells(stands):
            if stands[first] and last - first < _LEAST_STANCE_S * body.fps:
                stands[first:last] = False
        for frame in np.flatnonzero(stands[1:] != stands[:-1]):
            time_s = float(frame + 0.5) / body.fps
            events.append(Event(side, "contact" if stands[frame + 1] else "off", time_s, time_s, time_s))
    return sorted(events, key=lambda event: event.time_s)


def _spells(states: np.ndarray) -> list[tuple[int, int]]:
    return list(pairwise([0, *(np.flatnonzero(states[1:] != states[:-1]) + 1).tolist(), len(states)]))


def camera_at(view_deg: float) -> Camera:
    """The camera that sees the walk from a side: 0 from the front, 90 from the person's left, 180 from behind."""
    angle = np.radians(view_deg)
    # In the world, where y points down, a person who faces +z has their left at -x.
    center = np.array([-_DISTANCE_MM * np.sin(angle), -_HEIGHT_MM, _DISTANCE_MM * np.cos(angle)])
    rotation = look_at(center, np.array([0.0, -0.75 * _HEIGHT_MM, 0.0]), roll=0.0)
    middle = (np.array(SIZE[::-1]) - 1) / 2
    matrix = np.array([[_FOCAL_PX, 0, middle[0]], [0, _FOCAL_PX, middle[1]], [0, 0, 1]])
    return Camera(f"{view_deg:03.0f}", SIZE, matrix, np.zeros(5), rotation, -rotation @ center)


def seen_from(walk: Walk, view_deg: float, fps: float = FILM_FPS) -> Motion:
    """The true joints in the film's frames, (F, J, 2) in px."""
    xyz_mm = walk.motion.xyz[:: round(FPS / fps)]
    return Motion.of(camera_at(view_deg).project(xyz_mm), walk.motion.joints, fps, unit="px")


def vertices_at(walk: Walk, frame: int) -> np.ndarray:
    """The dressed body's surface in the world, float32 (N, 3) in mm, in a frame of the truth."""
    at = slice(frame, frame + 1)
    return to_world(walk.figure.vertices(walk.body.rotations[at], walk.body.root_mm[at])[0])


def film(walk: Walk, view_deg: float, path: Path, photographs: Sequence[Path] = ()) -> None:
    """Draws a walk into an .mp4 file, with the lens and the noise of a camera.

    Args:
        walk: to draw.
        view_deg: where the camera is.
        path: the file.
        photographs: one of them stands behind the person; a drawn place outdoors if there are none.

    Raises:
        OSError: it cannot be written.
    """
    rng = _rng(walk.name, 2)
    view, light = View(camera_at(view_deg)), Light.random(rng)
    kind = str(rng.choice(_PLACES))
    place = Backdrop(rng, photographs) if photographs else Backdrop(rng, kind=kind)
    scene = place.seen_from(view.camera.center_mm, view.rays)
    sensor = Sensor(rng, SIZE)
    surface, step = walk.figure.surface, FPS // FILM_FPS
    with whole(path) as unfinished:
        writer = cv2.VideoWriter(str(unfinished), cv2.VideoWriter_fourcc(*"mp4v"), FILM_FPS, SIZE[::-1])
        if not writer.isOpened():
            raise OSError(f"{path} cannot be written; this OpenCV writes no MPEG-4 video")
        for frame in range(0, len(walk.body.root_mm), step):
            vertices = vertices_at(walk, frame)
            shadows = ShadowMap(light, [(surface, vertices)])
            drawn = view.draw(scene, shadows.crowd, light, shadows)
            writer.write(cv2.cvtColor(sensor.read(drawn.picture), cv2.COLOR_RGB2BGR))
        writer.release()
