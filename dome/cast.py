"""The people of a dome sequence, and motions that keep them apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from body.human import Human, Shape, to_world
from dome.dress.figure import Figure
from dome.moves.lanes import along_lane, lane_offset_mm
from dome.moves.motion import Motion, random_motion
from dome.moves.paths import placed
from dome.moves.retarget import retarget
from dome.settings import SequenceSettings
from dome.view.surface import Surface
from pose import BadInput
from pose.space.bvh import read_bvh

# The least distance between the bones of two people, and of two who pass each other.
_APART_MM, _PASSING_MM = 250.0, 80.0
# The farthest that people go from where they start, alone or together, so that the cameras see them.
_ROAM_MM = {"alone": 1100.0, "together": 400.0}
_HOME_MM = (400.0, 800.0)
_FARTHEST_HOME_MM = 1600.0
_TRIES = 40
# More gaits than fit into any clip: each lasts 1.5 s or more.
_WALKS = 400
# The most vertices that are cached for the next camera; more are computed again.
_MAX_KEPT_VERTICES = 20_000_000


@dataclass(frozen=True, eq=False)
class Actor:
    """One person of the sequence.

    Attributes:
        human: the body.
        figure: the dressed body.
        motion: its motion on the stage.
    """

    human: Human
    figure: Figure
    motion: Motion


class Cast:
    """The people of a sequence in every frame."""

    def __init__(self, settings: SequenceSettings) -> None:
        """Draws people, and motions that keep them apart.

        Raises:
            ValueError: no such motions are found, or the folder of motions has no readable file.
        """
        fewest, most = settings.people
        count = int(settings.rng(0).integers(fewest, most + 1))
        humans = [Human(Shape.random(settings.rng(1, person))) for person in range(count)]
        figures = [Figure.random(settings.rng(2, person), human) for person, human in enumerate(humans)]
        motions = _perform(settings, humans)
        self.actors = [Actor(*actor) for actor in zip(humans, figures, motions, strict=True)]
        joints = [actor.human.pose(actor.motion.rotations, actor.motion.root_mm).joints_mm for actor in self.actors]
        #: float64 (F, P, 19, 3), in the order of PANOPTIC19.
        self.joints_world_mm = to_world(np.stack(joints, axis=1))
        self._kept: dict[int, list[tuple[Surface, np.ndarray]]] = {}
        self._keep = settings.frames * sum(len(figure.surface.canonical_mm) for figure in figures) < _MAX_KEPT_VERTICES

    def surfaces(self, frame: int) -> list[tuple[Surface, np.ndarray]]:
        """Each person's surface in a frame, with its vertices (N, 3) in world mm."""
        if frame in self._kept:
            return self._kept[frame]
        drawn = []
        for actor in self.actors:
            motion, at = actor.motion, slice(frame, frame + 1)
            vertices = actor.figure.vertices(motion.rotations[at], motion.root_mm[at])[0]
            drawn.append((actor.figure.surface, to_world(vertices)))
        if self._keep:
            self._kept[frame] = drawn
        return drawn


def _perform(settings: SequenceSettings, humans: list[Human]) -> list[Motion]:
    """A motion for each person; drawn again if it comes too near to another's."""
    alone = len(humans) == 1
    clips = _clips(settings.motion) if settings.motion else None
    first = settings.rng(3).uniform(0, 2 * np.pi)
    apart_mm = _PASSING_MM if settings.crossing else _APART_MM
    motions: list[Motion] = []
    others: list[np.ndarray] = []
    for person, human in enumerate(humans):
        angle = first + 2 * np.pi * person / len(humans)
        for attempt in range(_TRIES):
            rng = settings.rng(4, person, attempt)
            motion = _from_clip(rng, clips, human, settings) if clips else _own(rng, human, settings)
            if settings.crossing:
                start, forward = rng.uniform(-1, 1), rng.uniform() < 0.5
                motion = along_lane(motion, lane_offset_mm(person, len(humans)), start, forward)
            else:
                # Farther apart with each failed attempt.
                distance = 0.0 if alone else min(rng.uniform(*_HOME_MM) * (1 + 2 * attempt / _TRIES), _FARTHEST_HOME_MM)
                home = distance * np.array([np.sin(angle), np.cos(angle)])
                motion = placed(motion, home, rng.uniform(-np.pi, np.pi), _ROAM_MM["alone" if alone else "together"])
            bones, _ = human.pose_bones(motion.rotations, motion.root_mm)
            if all(nearest_mm(bones, other) > apart_mm for other in others):
                motions.append(motion)
                others.append(bones)
                break
        else:
            raise ValueError(f"no motion found in which {len(humans)} people keep apart; use another seed or fewer")
    return motions


def _own(rng: np.random.Generator, human: Human, settings: SequenceSettings) -> Motion:
    names = ("walk",) * _WALKS if settings.crossing else ()
    seconds = settings.frames / settings.fps
    motion = random_motion(rng, human, seconds, settings.fps, names, groups=settings.poses)
    return replace(motion, rotations=motion.rotations[: settings.frames], root_mm=motion.root_mm[: settings.frames])


def _clips(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".bvh")
    if not paths:
        raise ValueError(f"motion must be a folder with .bvh files, and {folder} has none")
    return paths


def _from_clip(rng: np.random.Generator, paths: list[Path], human: Human, settings: SequenceSettings) -> Motion:
    """A part of a recorded motion; one that is too short is played forward and backward."""
    for path in rng.permutation(paths).tolist():
        try:
            motion = retarget(read_bvh(path), human, settings.fps)
            break
        except BadInput as bad:
            broken = bad
    else:
        raise ValueError(f"motion must be a folder with a readable .bvh file, but {broken}")
    length = len(motion.root_mm)
    frame = int(rng.integers(length)) + np.arange(settings.frames) if length > 1 else np.zeros(settings.frames, int)
    period = max(2 * (length - 1), 1)
    frame = (length - 1) - np.abs(frame % period - (length - 1))
    return replace(motion, rotations=motion.rotations[frame], root_mm=motion.root_mm[frame])


def nearest_mm(joints_mm: np.ndarray, other_mm: np.ndarray) -> float:
    """The least distance between joints (F, J, 3) and others (F, K, 3) in the same frame."""
    away = joints_mm[:, :, None] - other_mm[:, None]
    return float(np.linalg.norm(away, axis=-1).min())
