"""Standing: bends legs so that the feet are flat on the floor (or on their toes) below a balanced body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from body.human import BONES
from dome.moves.anatomy import ANGLES, INDEX, SIDE_LIMITS, Anatomy, clip, hip_angles
from dome.moves.contact import Contact
from pose.space.turns import turn

# The most that a leg is straightened, as a share of its length; beyond, knees would snap.
_LONGEST = 0.998
_LEG = ("hip_flex", "hip_abduct", "hip_rotate", "knee_flex", "ankle_flex", "ankle_invert")


@dataclass(frozen=True, eq=False)
class Feet:
    """The feet in N poses; left first.

    Attributes:
        planted: bool (N, 2), whether the foot is on the floor; otherwise its angles stay.
        heel: float (N, 2), degrees by which the heel is raised, the toes staying down.
        lift_mm: float (N, 2), how far above the floor a planted foot is, as in a step.
    """

    planted: np.ndarray
    heel: np.ndarray
    lift_mm: np.ndarray


@dataclass(frozen=True, eq=False)
class Stance:
    """Plants a body's feet.

    Attributes:
        anatomy: of the body.
        contact: of the body.
        ball_mm: from the ankle forward to the ball of the foot, and down to it.
    """

    anatomy: Anatomy
    contact: Contact
    ball_mm: tuple[float, float]

    @classmethod
    def of(cls, anatomy: Anatomy, contact: Contact) -> Stance:
        """Measures the feet."""
        heads, tails = anatomy.human.heads_mm, anatomy.human.tails_mm
        foot = BONES.index("LeftFoot")
        return cls(anatomy, contact, (float(tails[foot, 2] - heads[foot, 2]), float(heads[foot, 1])))

    def plant(
        self, angles: np.ndarray, roots: np.ndarray, feet: Feet, *, balanced: np.ndarray | None = None
    ) -> np.ndarray:
        """Bends the legs so that planted feet are level with the floor.

        Args:
            angles: (N, D) degrees in the order of `ANGLES`.
            roots: (N, 3, 3), orientations of the pelvis.
            feet: the feet.
            balanced: bool (N,), poses whose pelvis is shifted until the center of mass is above the planted feet.

        Returns:
            The angles (N, D) within their limits. If a target is out of reach, the foot stays where the leg ends.
        """
        heads, turned = self._pose(angles, roots)
        ankles = heads[:, [BONES.index("LeftFoot"), BONES.index("RightFoot")]]
        shift = np.zeros((len(angles), 3))
        if balanced is not None:
            bears = feet.planted / np.maximum(feet.planted.sum(axis=1, keepdims=True), 1)
            # The mass is carried by the middle of the foot, which is in front of the ankle.
            ahead = turned[:, [BONES.index("LeftFoot"), BONES.index("RightFoot")]][..., 2] * 0.45 * self.ball_mm[0]
            support = np.einsum("nf,nfi->ni", bears, ankles + ahead)
            shift = (self.contact.balance(heads, turned) - support) * (1, 0, 1) * 1.25
            shift *= (balanced & feet.planted.any(axis=1))[:, None]
        planted = angles.copy()
        hips = heads[:, [BONES.index("LeftUpLeg"), BONES.index("RightUpLeg")]]
        heel = feet.heel
        for _ in range(2):
            targets, soles = self._targets(hips, ankles + shift[:, None], turned, feet, heel)
            bent = [self._bend(roots, targets[:, n] - hips[:, n], soles[:, n], (1.0, -1.0)[n]) for n in range(2)]
            # Where the ankle bends no further, the heel comes up.
            dorsiflexed = np.stack([angles[:, _LEG.index("ankle_flex")] for angles in bent], axis=1)
            heel = heel + np.maximum(dorsiflexed - SIDE_LIMITS["ankle_flex"][1], 0)
        for number, side in enumerate(("left", "right")):
            bears = feet.planted[:, number]
            columns = [INDEX[f"{side}_{name}"] for name in (*_LEG, "toe_flex")]
            planted[bears[:, None] & np.isin(np.arange(len(ANGLES)), columns)] = 0
            planted[:, columns] += np.where(bears[:, None], np.column_stack([bent[number], heel[:, number]]), 0)
        return clip(planted)

    def _pose(self, angles: np.ndarray, roots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rotations = self.anatomy.rotations(angles)
        rotations[:, 0] = roots
        return self.anatomy.human.pose_bones(rotations, np.zeros((len(angles), 3)))

    def _targets(
        self, hips: np.ndarray, ankles: np.ndarray, turned: np.ndarray, feet: Feet, heel: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Target positions of planted ankles (N, 2, 3), and orientations of their feet (N, 2, 3, 3)."""
        forward = turned[:, [BONES.index("LeftFoot"), BONES.index("RightFoot")]][..., 2]
        # A foot that points straight up or down has no heading: it takes that of the pelvis.
        level = forward + 1e-3 * turned[:, :1, :, 2]
        soles = turn(1, np.arctan2(level[..., 0], level[..., 2])) @ turn(0, np.radians(heel))
        ahead, down = self.ball_mm
        raised = np.radians(heel)
        height = down * np.cos(raised) + ahead * np.sin(raised) + feet.lift_mm
        aside = np.linalg.norm((ankles - hips)[..., [0, 2]], axis=-1)
        reach = _LONGEST * (self.anatomy.thigh_mm + self.anatomy.shank_mm)
        lowest = hips[..., 1] - np.sqrt(np.maximum(reach**2 - aside**2, (0.3 * reach) ** 2)) - height
        floor = np.where(feet.planted, ankles[..., 1] - height, np.inf).min(axis=1)
        floor = np.maximum(floor, np.where(feet.planted, lowest, -np.inf).max(axis=1))
        targets = ankles.copy()
        targets[..., 1] = np.where(np.isfinite(floor), floor, 0.0)[:, None] + height
        return targets, soles

    def _bend(self, roots: np.ndarray, way: np.ndarray, sole: np.ndarray, sign: float) -> np.ndarray:
        """Angles (N, 6) in the order of `_LEG` that put the ankle at `way` from the hip, the knee over the toes."""
        thigh, shank = self.anatomy.thigh_mm, self.anatomy.shank_mm
        distance = np.clip(np.linalg.norm(way, axis=1), 0.35 * (thigh + shank), _LONGEST * (thigh + shank))
        knee = np.arccos(np.clip((distance**2 - thigh**2 - shank**2) / (2 * thigh * shank), -1, 1))
        lead = np.arctan2(shank * np.sin(knee), thigh + shank * np.cos(knee))
        up = -way / np.linalg.norm(way, axis=1)[:, None]
        left = np.cross(up, sole[..., 2] + 0.3 * roots[..., 2])
        left /= np.maximum(np.linalg.norm(left, axis=1), 1e-9)[:, None]
        plane = np.stack([left, up, np.cross(left, up)], axis=2)
        upper = plane @ turn(0, -lead)
        flex, abduct, rotate = hip_angles(np.swapaxes(roots, 1, 2) @ upper, sign)
        ankle = np.swapaxes(upper @ turn(0, knee), 1, 2) @ sole
        dorsiflex = np.arctan2(-ankle[:, 2, 1], ankle[:, 1, 1])
        invert = sign * np.arcsin(np.clip(ankle[:, 0, 1], -1, 1))
        return np.degrees(np.stack([flex, abduct, rotate, knee, dorsiflex, invert], axis=1))
