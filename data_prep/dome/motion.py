"""What the dome's people do: smooth random motion, independent of how they are built or drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Where a hand may go, as (outward, up, forward) from its shoulder in arm lengths, and how often.
_HAND_PLACES = {
    "down": ((0.20, -0.93, 0.10), 5),
    "overhead": ((0.12, 0.93, 0.12), 3),
    "forward": ((-0.05, 0.05, 0.92), 2),
    "sideways": ((0.90, 0.05, 0.10), 2),
    "hip": ((0.16, -0.55, 0.12), 1),
    "chest": ((-0.10, -0.20, 0.50), 2),
    "face": ((-0.18, 0.30, 0.38), 1),
    "wave": ((0.45, 0.55, 0.30), 2),
    "low": ((0.05, -0.60, 0.62), 2),
    "across": ((-0.45, -0.10, 0.55), 1),
    "behind": ((0.25, -0.80, -0.35), 1),
}
_HAND_SPREAD = 0.08
_SECONDS_A_KEY = 0.8
_KINDS = ("walk", "stand", "march")

# The walking cycle, in cycles: a foot stands from 0 to 0.6, passing under the body at 0.3; its heel
# rises from 0.5, when the other foot has come down, and it swings from 0.6 to 1.
_STANCE, _UNDER_BODY, _HEEL_OFF = 0.6, 0.3, 0.5


@dataclass(frozen=True, eq=False)
class Pose:
    """One moment of one person. In pairs, left comes first.

    Attributes:
        ground_mm: float (2,), world x and z of the point on the floor that the pelvis is above.
        facing: radians about the vertical; forward is (sin, 0, cos) in the world.
        squat: 0 upright to 1 deep.
        lean: radians forward and to the right.
        twist: radians of the chest to the left against the pelvis.
        head: radians of the head to the left and down, against the chest.
        hands: float (2, 3), (outward, up, forward) of the chest from each shoulder, in arm lengths.
        ankles_mm: float (2, 3), world x, height above where it is when standing, world z.
    """

    ground_mm: np.ndarray
    facing: float
    squat: float
    lean: tuple[float, float]
    twist: float
    head: tuple[float, float]
    hands: np.ndarray
    ankles_mm: np.ndarray


def smoothstep(x: np.ndarray | float) -> np.ndarray | float:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


@dataclass(frozen=True, eq=False)
class Keys:
    """Values (K, D) at equal times, smoothly joined."""

    values: np.ndarray

    def at(self, seconds: float) -> np.ndarray:
        """The values (D,) at a time."""
        key = min(int(seconds / _SECONDS_A_KEY), len(self.values) - 2)
        share = smoothstep(seconds / _SECONDS_A_KEY - key)
        return self.values[key] * (1 - share) + self.values[key + 1] * share


def choose_kind(rng: np.random.Generator) -> str:
    """Draws "walk", "stand" or "march", for all people of a sequence, lest they walk through one another."""
    return str(rng.choice(_KINDS, p=(0.4, 0.4, 0.2)))


class Motion:
    """A person's motion: on a circle about the dome's middle, or on the spot."""

    def __init__(
        self, rng: np.random.Generator, *, kind: str, seconds: float, leg_mm: float, angle: float, radius_mm: float
    ) -> None:
        """Draws the motion.

        Args:
            rng: where all randomness comes from.
            kind: "walk", "stand" or "march".
            seconds: how long it must last.
            leg_mm: length of the leg, which the steps go by.
            angle: where on the circle it begins, in radians.
            radius_mm: of the circle.
        """
        self.kind, self.leg_mm, self.angle, self.radius_mm = kind, leg_mm, angle, radius_mm
        self.cycle_mm = leg_mm * 1.25
        self.facing = rng.uniform(-np.pi, np.pi)
        self.phase = rng.uniform()
        self.stance = rng.uniform((0.1, -0.15), (0.2, 0.15)) * leg_mm
        self.lift = rng.uniform(0.15, 0.4) * leg_mm
        self.swings_arms = bool(rng.uniform() < 0.6)
        count = int(np.ceil(seconds / _SECONDS_A_KEY)) + 2
        self.trunk = Keys(_trunk_keys(rng, count, squats=kind == "stand"))
        self.hands = Keys(_hand_keys(rng, count).reshape(count, 6))

    def at(self, seconds: float, walked_mm: float) -> Pose:
        """The pose at a time, having walked so far round the circle (which all people of a sequence share)."""
        squat, forward, sideways, twist, turn, nod = self.trunk.at(seconds)
        hands = self.hands.at(seconds).reshape(2, 3)
        walks = self.kind == "walk"
        ground, facing = self._place(walked_mm) if walks else self._place(0.0)
        ankles = self._walking_ankles(walked_mm) if walks else self._standing_ankles(ground, facing, seconds)
        if walks and self.swings_arms:
            swing = 0.45 * np.cos(2 * np.pi * (walked_mm / self.cycle_mm + self.phase) + np.array([0.0, np.pi]))
            # A foot is foremost at cycle 0; the arm of its side is rearmost then.
            hands = np.stack([np.full(2, 0.16), -0.9 + 0.3 * np.abs(swing), 0.12 - swing], axis=1)
        return Pose(ground, facing, squat, (forward, sideways), twist, (turn, nod), hands, ankles)

    def _place(self, walked_mm: float) -> tuple[np.ndarray, float]:
        """The point of the circle after some way, and the direction of walking there."""
        angle = self.angle + walked_mm / self.radius_mm
        ground = self.radius_mm * np.array([np.sin(angle), np.cos(angle)])
        return ground, angle + np.pi / 2 if self.kind == "walk" else self.facing

    def _walking_ankles(self, walked_mm: float) -> np.ndarray:
        ankles = []
        for side, offset in ((1, 0.0), (-1, 0.5)):
            cycle = walked_mm / self.cycle_mm + self.phase + offset
            whole, part = divmod(cycle, 1.0)
            swing = max(0.0, (part - _STANCE) / (1 - _STANCE))
            planted = whole + _UNDER_BODY + smoothstep(swing) - offset - self.phase
            heel = 0.07 * smoothstep((part - _HEEL_OFF) / (_STANCE - _HEEL_OFF)) * (1 - swing)
            height = (heel + 0.12 * np.sin(np.pi * swing)) * self.leg_mm
            ground, facing = self._place(planted * self.cycle_mm)
            x, z = ground + side * 0.09 * self.leg_mm * left_of(facing)
            ankles.append((x, height, z))
        return np.array(ankles)

    def _standing_ankles(self, ground: np.ndarray, facing: float, seconds: float) -> np.ndarray:
        forward, left = np.array([np.sin(facing), np.cos(facing)]), left_of(facing)
        ankles = []
        for side in (1, -1):
            lift = 0.0
            if self.kind == "march":
                lift = self.lift * max(0.0, side * np.sin(2 * np.pi * (seconds / 1.4 + self.phase)))
            x, z = ground + side * (self.stance[0] * left + self.stance[1] * forward) + 0.5 * lift * forward
            ankles.append((x, lift, z))
        return np.array(ankles)


def left_of(facing: float) -> np.ndarray:
    """World x and z of the direction to the left of one who faces so."""
    return np.array([-np.cos(facing), np.sin(facing)])


def _trunk_keys(rng: np.random.Generator, count: int, *, squats: bool) -> np.ndarray:
    """(K, 6): squat, lean forward and right, twist, head left and down."""
    calm = np.abs(rng.normal(0, 0.06, count))
    deep = rng.uniform(0.3, 1.0, count) * (rng.uniform(size=count) < 0.4) if squats else 0.0
    squat = np.maximum(calm, deep)
    bow = rng.uniform(0.3, 0.9, count) * (rng.uniform(size=count) < 0.2) if squats else 0.0
    forward = rng.normal(0.05, 0.06, count) + 0.45 * squat + bow
    others = rng.normal(0, (0.07, 0.25, 0.4, 0.2), (count, 4))
    limits = np.array([0.2, 0.5, 1.0, 0.45])
    return np.column_stack([squat, np.clip(forward, -0.15, 1.1), np.clip(others, -limits, limits)])


def _hand_keys(rng: np.random.Generator, count: int) -> np.ndarray:
    """(K, 2, 3): where the hands go; often both to the same place."""
    places = np.array([place for place, _ in _HAND_PLACES.values()])
    weights = np.array([weight for _, weight in _HAND_PLACES.values()], np.float64)
    chosen = rng.choice(len(places), size=(count, 2), p=weights / weights.sum())
    together = rng.uniform(size=count) < 0.4
    chosen[together, 1] = chosen[together, 0]
    return places[chosen] + rng.normal(0, _HAND_SPREAD, (count, 2, 3))
