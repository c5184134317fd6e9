"""Kinds of poses: their joint angles, the variation of these, and the support of the body.

They are listed in `assets/poses.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from dome.moves.anatomy import ANGLES, INDEX, SIDE_LIMITS, mirror

#: What supports the body: both feet, the leading foot, what it comes to rest on, its lowest point, or nothing.
SUPPORTS = ("feet", "lead", "rest", "touch", "air")
#: The angles that define an arm in the file, in this order.
_ARM = ("arm_raise", "arm_plane", "arm_rotate", "elbow_flex", "pronate", "wrist_flex", "fingers")
_FILE = Path(__file__).parent / "assets" / "poses.toml"
# Default standard deviation of an angle, in degrees.
_SPREAD, _SINGLE_SPREAD = 6.0, 3.0
_LOOSE = {"spine_side": 5, "spine_twist": 8, "neck_flex": 12, "neck_side": 8, "neck_twist": 25}


@dataclass(frozen=True)
class Archetype:
    """A kind of pose. Angles are degrees, each a mean and a standard deviation.

    Attributes:
        share: how often it is drawn, relative to others of its group.
        support: one of `SUPPORTS`.
        arms: names of arms, from which each side draws its own; a pair is for the leading and the rear side.
        pitch: forward tilt of the pelvis; 180 is upside down.
        roll: tilt of the pelvis to the leading side.
        heel: how far the leading and the rear heel are raised.
        balanced: whether a standing body's center of mass is moved above its feet.
        lies_on: parts of the names of bones that may support a resting body; any bone if empty.
        angles: joint angles that are not near 0.
    """

    share: float
    support: str
    arms: tuple[str | tuple[str, str], ...]
    pitch: tuple[float, float] = (0, 3)
    roll: tuple[float, float] = (0, 2)
    heel: tuple[float, float] = (0, 0)
    balanced: bool = True
    lies_on: tuple[str, ...] = ()
    angles: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Checks the names, so that a misspelled one is not ignored."""
        if self.support not in SUPPORTS:
            raise ValueError(f"support must be one of {', '.join(SUPPORTS)}, got {self.support!r}")
        for angle in self.angles:
            _columns(angle)


@dataclass(frozen=True)
class Archetypes:
    """The file's contents.

    Attributes:
        arms: name -> angle -> mean and standard deviation.
        groups: name -> the group's weight, and its archetypes by name.
        by_name: all archetypes.
    """

    arms: dict[str, dict[str, tuple[float, float]]]
    groups: dict[str, tuple[float, dict[str, Archetype]]]
    by_name: dict[str, Archetype]


@cache
def archetypes() -> Archetypes:
    """Reads the poses.

    Raises:
        ValueError: the file names an angle, an arm or a choice of arms that does not exist.
    """
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    arms = {name: dict(zip(_ARM, map(tuple, values), strict=True)) for name, values in table["arms"].items()}
    groups, by_name = {}, {}
    for name, group in table["groups"].items():
        kinds = {kind: _archetype(values, table["choices"]) for kind, values in group.items() if kind != "share"}
        groups[name] = (group["share"], kinds)
        by_name |= kinds
    used = {arm for kind in by_name.values() for choice in kind.arms for arm in np.atleast_1d(choice)}
    if unknown := sorted(used - set(arms)):
        raise ValueError(f"{_FILE.name} describes the arms {', '.join(arms)}; not {', '.join(unknown)}")
    return Archetypes(arms, groups, by_name)


def _archetype(values: dict, choices: dict) -> Archetype:
    plain = {name: values[name] for name in ("share", "support", "balanced") if name in values}
    pairs = {name: tuple(values[name]) for name in ("pitch", "roll", "heel", "lies_on") if name in values}
    arms = values["arms"]
    if isinstance(arms, str):
        if arms not in choices:
            raise ValueError(f"{_FILE.name} describes the choices {', '.join(choices)}; not {arms}")
        arms = choices[arms]
    angles = {
        name: tuple(value) if isinstance(value, list) else (value, _SINGLE_SPREAD)
        for name, value in values.items()
        if name not in (*plain, *pairs, "arms")
    }
    return Archetype(
        **plain, **pairs, arms=tuple(arm if isinstance(arm, str) else tuple(arm) for arm in arms), angles=angles
    )


@dataclass(frozen=True, eq=False)
class Sample:
    """N poses drawn from archetypes.

    Attributes:
        angles: (N, D) degrees in the order of `ANGLES`.
        pitch: (N,) degrees.
        roll: (N,) degrees, to the left.
        heel: (N, 2) degrees, left and right.
        planted: bool (N, 2), the feet that carry weight.
    """

    angles: np.ndarray
    pitch: np.ndarray
    roll: np.ndarray
    heel: np.ndarray
    planted: np.ndarray


def draw_name(rng: np.random.Generator, groups: Sequence[str] = ()) -> str:
    """Draws the name of an archetype from some groups or all, weighted by the shares of groups and archetypes."""
    chosen = [archetypes().groups[name] for name in groups or archetypes().groups]
    weights = np.array([share for share, _ in chosen])
    _, group = chosen[rng.choice(len(chosen), p=weights / weights.sum())]
    shares = np.array([archetype.share for archetype in group.values()])
    return tuple(group)[rng.choice(len(group), p=shares / shares.sum())]


def sample(rng: np.random.Generator, name: str, count: int) -> Sample:
    """Draws poses of one archetype; all lead with the same side, also random."""
    kind, arms = archetypes().by_name[name], archetypes().arms
    means, spreads = np.zeros((count, len(ANGLES))), np.full((count, len(ANGLES)), _SPREAD)
    for angle, spread in _LOOSE.items():
        spreads[:, INDEX[angle]] = spread
    # One side's own angles come after those of both.
    for angle, value in sorted(kind.angles.items(), key=lambda item: item[0].startswith(("lead_", "rear_"))):
        columns = _columns(angle)
        means[:, columns], spreads[:, columns] = value
    for number in range(count):
        chosen = kind.arms[rng.integers(len(kind.arms))]
        pair = chosen if isinstance(chosen, tuple) else (chosen, _other_arm(rng, kind, chosen))
        for side, arm in zip(("left", "right"), pair, strict=True):
            for angle, (mean, spread) in arms[arm].items():
                column = INDEX[f"{side}_{angle}"]
                means[number, column], spreads[number, column] = mean, spread
    noise = np.clip(rng.normal(size=means.shape), -2, 2)
    angles = means + spreads * _alike(rng, kind, noise)
    pitch, roll = (mean + spread * np.clip(rng.normal(size=count), -2, 2) for mean, spread in (kind.pitch, kind.roll))
    if kind.support in ("feet", "lead"):
        angles[:, [INDEX["left_hip_flex"], INDEX["right_hip_flex"]]] += pitch[:, None]
    heel = np.tile(kind.heel, (count, 1)) * rng.uniform(0.5, 1.3, (count, 1))
    planted = np.tile([kind.support in ("feet", "lead"), kind.support == "feet"], (count, 1))
    if rng.uniform() < 0.5:
        return Sample(angles, pitch, roll, heel, planted)
    return Sample(mirror(angles), pitch, -roll, heel[:, ::-1], planted[:, ::-1])


def _other_arm(rng: np.random.Generator, kind: Archetype, chosen: str) -> str:
    singles = [arm for arm in kind.arms if isinstance(arm, str)]
    return chosen if rng.uniform() < 0.3 else singles[rng.integers(len(singles))]


def _columns(angle: str) -> list[int]:
    """The columns in `ANGLES` of an angle of the file; the leading side is the left, before the pose is mirrored."""
    if angle in INDEX:
        return [INDEX[angle]]
    lead, _, name = angle.partition("_")
    if lead in ("lead", "rear") and name in SIDE_LIMITS:
        return [INDEX[("left_" if lead == "lead" else "right_") + name]]
    if angle in SIDE_LIMITS:
        return [INDEX[f"left_{angle}"], INDEX[f"right_{angle}"]]
    raise ValueError(
        f"angles are {', '.join((*ANGLES[:6], *SIDE_LIMITS))}, with lead_ or rear_ for one side; got {angle}"
    )


def _alike(rng: np.random.Generator, kind: Archetype, noise: np.ndarray) -> np.ndarray:
    """Correlates the variation of arms and legs between both sides, as in people who squat or stand."""
    sides = len(SIDE_LIMITS)
    left, right = noise[:, 6 : 6 + sides], noise[:, 6 + sides :]
    common = left + right
    share = rng.uniform(0.2, 0.7, (len(noise), 1)) if kind.support != "rest" else np.full((len(noise), 1), 0.8)
    mixed = noise.copy()
    for half, values in ((slice(6, 6 + sides), left), (slice(6 + sides, None), right)):
        mixed[:, half] = (1 - share) * values + share * common / 2**0.5
    return mixed
