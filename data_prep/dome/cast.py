"""The people of a dome sequence: who they are, and how they move without meeting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep.dome.body import Build, Posed, solve
from data_prep.dome.figure import Part, parts_of
from data_prep.dome.motion import Motion, choose_kind
from data_prep.dome.paint import Outfit
from data_prep.dome.rig import MAX_CAMERAS

_WALK_MM_PER_SECOND = (500.0, 1100.0)
# People's joints come no nearer to one another than this.
_APART_MM = 260.0
_TRIES = 50


@dataclass(frozen=True)
class SequenceSettings:
    """What a sequence depends on, and nothing else does.

    Attributes:
        seed: of everything in it.
        frames: how many.
        cameras: how many HD cameras, named 00_00, 00_01, ...
        people: how many.
        height: of the pictures in px.
        width: of the pictures in px.
        fps: frames a second; low, so that a short sequence shows much motion.
    """

    seed: int = 0
    frames: int = 12
    cameras: int = 4
    people: int = 2
    height: int = 360
    width: int = 640
    fps: float = 4.0

    def __post_init__(self) -> None:
        """Checks the ranges."""
        limits = {
            "seed": (0, None),
            "frames": (1, None),
            "cameras": (1, MAX_CAMERAS),
            "people": (1, 3),
            "height": (32, None),
            "width": (32, None),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if value < low or (high is not None and value > high):
                upper = f" and {high} or less" if high is not None else ""
                raise ValueError(f"{name} must be {low} or more{upper}, got {value}")
        if self.height % 2 or self.width % 2:
            raise ValueError(f"height and width must be even for the video, got {self.height} and {self.width}")
        if not self.fps > 0:
            raise ValueError(f"fps must be above 0, got {self.fps}")

    def rng(self, *purpose: int) -> np.random.Generator:
        """Randomness for one purpose, untouched by how much of it another purpose takes."""
        return np.random.default_rng((self.seed, *purpose))


class Cast:
    """The people of a sequence in every frame."""

    def __init__(self, settings: SequenceSettings) -> None:
        """Draws people, and motions in which they keep apart.

        Raises:
            ValueError: no such motions are found.
        """
        people = range(settings.people)
        self.builds = [Build.random(settings.rng(1, person)) for person in people]
        self.outfits = [Outfit.random(settings.rng(2, person)) for person in people]
        for attempt in range(_TRIES):
            self.posed = self._perform(settings, attempt)
            if all(_apart(bodies) for bodies in self.posed):
                return
        raise ValueError(f"no motion found in which {settings.people} people keep apart; use another seed or fewer")

    def _perform(self, settings: SequenceSettings, attempt: int) -> list[list[Posed]]:
        """The bodies of each frame."""
        rng = settings.rng(3, attempt)
        kind, angle = choose_kind(rng), rng.uniform(0, 2 * np.pi)
        alone = settings.people == 1
        radius_mm = rng.uniform(500, 900) if kind == "walk" or not alone else rng.uniform(0, 500)
        if not alone:
            radius_mm = max(radius_mm, 650.0)
        speed = rng.uniform(*_WALK_MM_PER_SECOND)
        motions = [
            Motion(
                settings.rng(3, attempt, person),
                kind=kind,
                seconds=settings.frames / settings.fps,
                leg_mm=build.leg,
                angle=angle + 2 * np.pi * person / settings.people,
                radius_mm=radius_mm,
            )
            for person, build in enumerate(self.builds)
        ]
        times = np.arange(settings.frames) / settings.fps
        return [
            [solve(build, motion.at(t, speed * t)) for build, motion in zip(self.builds, motions, strict=True)]
            for t in times.tolist()
        ]

    def parts(self, frame: int) -> list[Part]:
        """What is to be drawn of all people in a frame."""
        cast = zip(self.builds, self.outfits, self.posed[frame], strict=True)
        return [part for build, outfit, posed in cast for part in parts_of(build, outfit, posed)]

    def shadows(self, frame: int) -> np.ndarray:
        """(S, 4) spots for `Scene.with_shadows`."""
        spots = []
        for posed in self.posed[frame]:
            spots.append((*posed["body_center"][[0, 2]], 380.0, 0.35))
            for ankle in (posed["left_ankle"], posed["right_ankle"]):
                height = -ankle[1]
                spots.append((*ankle[[0, 2]], 90.0 + 0.5 * height, 0.55 * np.exp(-height / 300)))
        return np.array(spots)


def _apart(bodies: list[Posed]) -> bool:
    """Whether no joint of one body is too near to a joint of another."""
    for i, body in enumerate(bodies):
        for other in bodies[:i]:
            away = body.joints_mm[:, None] - other.joints_mm[None]
            if np.linalg.norm(away, axis=-1).min() < _APART_MM:
                return False
    return True
