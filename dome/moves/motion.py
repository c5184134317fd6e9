"""Smooth motion from pose to pose, on the floor and above it, with anatomical limits and balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from body.human import Human
from dome.moves.anatomy import ANGLES, clip
from dome.moves.contact import hold
from dome.moves.keys import Body, Key, draw_keys
from dome.moves.stance import Feet
from pose.space.turns import turn

_GRAVITY_MM = 9810.0


@dataclass(frozen=True, eq=False)
class Motion:
    """A body's motion, in F frames.

    Attributes:
        rotations: float32 (F, 31, 3, 3), each bone against its parent, in the order of `BONES`.
        root_mm: float32 (F, 3), position of the hips' head; x left, y up and z forward, the floor at y = 0.
        fps: frames per second.
        names: the kinds of pose in it, or the recorded file.
    """

    rotations: np.ndarray
    root_mm: np.ndarray
    fps: float
    names: tuple[str, ...] = ()


def random_motion(
    rng: np.random.Generator,
    human: Human,
    seconds: float,
    fps: float,
    names: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> Motion:
    """Draws a motion: poses of everyday life and sport, gaits, jumps, people lying and upside down.

    Args:
        rng: the random generator.
        human: the body.
        seconds: the duration.
        fps: frames per second.
        names: of the first poses or gaits; the others are random.
        groups: of poses to draw from, such as "upright"; all if empty.

    Returns:
        A motion of round(seconds * fps) frames, at least one, that starts above the origin.

    Raises:
        ValueError: seconds or fps is not a positive finite number, or there is no pose of a name.
    """
    for name, value in (("seconds", seconds), ("fps", fps)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a positive finite number, got {value}; such as 4 and 30")
    body = Body.of(human)
    times = np.arange(max(round(seconds * fps), 1)) / fps
    keys, starts, ends = draw_keys(rng, body, times[-1], names, groups)
    before = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, len(keys) - 1)
    after = np.minimum(before + 1, len(keys) - 1)
    gap = np.maximum(starts[after] - ends[before], 1e-9)
    share = np.clip((times - ends[before]) / gap, 0, 1)
    share = np.where(after == before, 0.0, share)
    track = _Track(keys, times, before, after, share**3 * (share * (6 * share - 15) + 10), share)
    angles = clip(track.angles() + _tremor(rng, times))
    roots = track.roots(_headings(rng, len(keys)))
    feet = track.feet(rng)
    some = feet.planted.any(axis=1)
    if some.any():
        chosen = Feet(feet.planted[some], feet.heel[some], feet.lift_mm[some])
        angles[some] = body.stance.plant(angles[some], roots[some], chosen)
    rotations, heads, orientations = body.pose(angles, roots)
    points = body.contact.points(heads, orientations)
    lowest = points[..., 1].min(axis=1)
    flight = track.flight_mm(starts, ends)
    points[..., 1] -= lowest[:, None]
    root = np.zeros((len(times), 3))
    root[:, [0, 2]] = hold(points, flight > 1, track.bears()[:, body.contact.foot])
    root[:, 1] = flight - lowest
    return Motion(rotations.astype(np.float32), root.astype(np.float32), float(fps), tuple(key.name for key in keys))


@dataclass(frozen=True, eq=False)
class _Track:
    """Frames between keys: the key before, the key after, and the blend weight between them."""

    keys: list[Key]
    times: np.ndarray
    before: np.ndarray
    after: np.ndarray
    eased: np.ndarray
    share: np.ndarray

    def angles(self) -> np.ndarray:
        angles = np.zeros((len(self.times), len(self.keys[0].angles)))
        for number, key in enumerate(self.keys):
            weight = self._share(number)
            some = weight > 0
            angles[some] += weight[some, None] * key.at(self.times[some])
        return angles

    def roots(self, headings: np.ndarray) -> np.ndarray:
        turned = Rotation.from_matrix(turn(1, headings) @ np.stack([key.root for key in self.keys]))
        start, end = turned[self.before], turned[self.after]
        return (start * Rotation.from_rotvec((start.inv() * end).as_rotvec() * self.eased[:, None])).as_matrix()

    def feet(self, rng: np.random.Generator) -> Feet:
        planted = np.stack([key.planted for key in self.keys])
        heel = np.stack([key.heel for key in self.keys])
        both = planted[self.before] & planted[self.after]
        # Between two stances, one foot steps.
        steps = np.zeros((len(self.keys), 2))
        steps[np.arange(len(self.keys)), rng.integers(2, size=len(self.keys))] = rng.uniform(25, 80, len(self.keys))
        lift = steps[self.before] * (both.all(axis=1) * np.sin(np.pi * self.eased) ** 2)[:, None]
        eased = self.eased[:, None]
        return Feet(both, heel[self.before] * (1 - eased) + heel[self.after] * eased, lift)

    def bears(self) -> np.ndarray:
        """Float (F, 3): whether the left foot, the right foot and all else may carry the body."""
        bears = np.ones((len(self.times), 3))
        for number, key in enumerate(self.keys):
            if key.gait:
                share = self._share(number)[:, None]
                bears[:, :2] *= 1 - share * (1 - key.gait.bears(self.times))
        return bears

    def _share(self, number: int) -> np.ndarray:
        """How much of a key is in each frame, (F,)."""
        coming = (self.after == number) & (self.after != self.before)
        return (self.before == number) * (1 - self.eased) + coming * self.eased

    def flight_mm(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Height of the lowest point above the floor: a ballistic curve between take-off and landing of a jump."""
        flight = np.zeros(len(self.times))
        for number, key in enumerate(self.keys):
            if key.air:
                off = (ends[number - 1] + starts[number]) / 2 if number else starts[number] - 0.2
                down = (ends[number] + starts[number + 1]) / 2 if number + 1 < len(self.keys) else ends[number] + 0.2
                flight += 0.5 * _GRAVITY_MM * np.maximum((self.times - off) * (down - self.times), 0)
            elif key.gait:
                flight += self._share(number) * key.gait.flight_mm(self.times)
        return flight


def _headings(rng: np.random.Generator, count: int) -> np.ndarray:
    """The body's heading in radians at each key: random at first, then drifting."""
    steps = rng.normal(0, np.radians(14), count)
    return rng.uniform(-np.pi, np.pi) + np.cumsum(steps)


def _tremor(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Small slow noise (F, D) in degrees on trunk, head and arms, since nobody stands perfectly still."""
    noise = np.zeros((len(times), len(ANGLES)))
    for column, name in enumerate(ANGLES):
        if name.startswith(("spine", "neck")) or "arm" in name or "elbow" in name:
            rates, phases = rng.uniform(0.2, 0.9, 2), rng.uniform(0, 2 * np.pi, 2)
            size = 3.0 if name.startswith("neck") else 0.8
            noise[:, column] = size * np.sin(2 * np.pi * rates * times[:, None] + phases).mean(axis=1)
    return noise
