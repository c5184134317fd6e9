"""How the dome's people are built, and where their joints are in a pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep.dome.motion import Pose, smoothstep
from pose import PANOPTIC19

# Straightened beyond this share of its length, a limb would snap between frames.
_LONGEST_REACH = 0.985
_SIDES = (1.0, -1.0)


@dataclass(frozen=True)
class Build:
    """A person's measures in mm; lengths run from joint to joint, after Drillis and Contini's body segments.

    Attributes:
        stature: height.
        girth: thickness of trunk and limbs, 1 on average.
        shoulders: between the shoulder joints.
        hips: between the hip joints.
        trunk: from the middle of the hips to the middle of the shoulders.
        upper_arm: shoulder to elbow.
        forearm: elbow to wrist.
        thigh: hip to knee.
        shank: knee to ankle.
        ankle: height of the ankle above the floor.
    """

    stature: float
    girth: float
    shoulders: float
    hips: float
    trunk: float
    upper_arm: float
    forearm: float
    thigh: float
    shank: float
    ankle: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Build:
        """Draws a grown-up."""
        stature = float(np.clip(rng.normal(1700, 90), 1500, 1920))
        vary = rng.normal(1, 0.03, 7)
        return cls(
            stature=stature,
            girth=float(np.clip(rng.normal(1, 0.1), 0.82, 1.25)),
            shoulders=0.205 * stature * vary[0],
            hips=0.10 * stature * vary[1],
            trunk=0.288 * stature * vary[2],
            upper_arm=0.172 * stature * vary[3],
            forearm=0.150 * stature * vary[4],
            thigh=0.243 * stature * vary[5],
            shank=0.243 * stature * vary[6],
            ankle=0.048 * stature,
        )

    @property
    def leg(self) -> float:
        """Hip to ankle, straight."""
        return self.thigh + self.shank

    @property
    def arm(self) -> float:
        """Shoulder to wrist, straight."""
        return self.upper_arm + self.forearm

    @property
    def unit(self) -> float:
        """Scale of what goes by stature alone: 1 at 1750 mm."""
        return self.stature / 1750


@dataclass(frozen=True, eq=False)
class Posed:
    """A body in a pose, in world mm (y down). Bases have the columns left, up and forward; left comes first in pairs.

    Attributes:
        joints_mm: float64 (19, 3), in the order of PANOPTIC19.
        pelvis: (3, 3), basis of the pelvis.
        chest: (3, 3), basis of the chest.
        head: (3, 3), basis of the head.
        feet: (2, 3, 3), bases of the feet.
        waist_mm: (3,), where the trunk bends.
        head_mm: (3,), middle of the head.
    """

    joints_mm: np.ndarray
    pelvis: np.ndarray
    chest: np.ndarray
    head: np.ndarray
    feet: np.ndarray
    waist_mm: np.ndarray
    head_mm: np.ndarray

    def __getitem__(self, joint: str) -> np.ndarray:
        """A joint by its name, (3,)."""
        return self.joints_mm[PANOPTIC19.index(joint)]


def solve(build: Build, pose: Pose) -> Posed:
    """Puts a body into a pose: feet and hands where they should be, knees and elbows bent as people's bend."""
    upright = facing_basis(pose.facing)
    forward, right = pose.lean
    pelvis = turned(upright, pitch=0.4 * forward, roll=0.4 * right)
    chest = turned(turned(upright, pitch=forward, roll=right), yaw=pose.twist)
    # Looking ahead when bent, as people do: the head undoes half of the lean.
    head = turned(chest, yaw=pose.head[0], pitch=pose.head[1] - 0.5 * forward)
    hips_middle = _pelvis_place(build, pose, upright)
    waist = hips_middle + 0.45 * build.trunk * pelvis[:, 1]
    neck = waist + 0.55 * build.trunk * chest[:, 1]
    unit = build.unit
    head_middle = neck + unit * (122 * chest[:, 1] + 66 * head[:, 1] + 18 * head[:, 2])
    joints = {"neck": neck, "body_center": hips_middle, "nose": head_middle + head @ (unit * np.array([0, -15, 104]))}
    feet = []
    for i, (side, sign) in enumerate(zip(("left", "right"), _SIDES, strict=True)):
        joints[f"{side}_eye"] = head_middle + head @ (unit * np.array([sign * 32, 22, 74]))
        joints[f"{side}_ear"] = head_middle + head @ (unit * np.array([sign * 74, 0, -8]))
        foot = turned(upright, yaw=sign * 0.15)
        joints.update(_leg(build, side, hips_middle + sign * build.hips / 2 * pelvis[:, 0], pose.ankles_mm[i], foot))
        joints.update(_arm(build, side, sign, neck, chest, pose.hands[i]))
        feet.append(turned(foot, pitch=_foot_pitch(pose.ankles_mm[i, 1], build)))
    table = np.stack([joints[name] for name in PANOPTIC19.joints])
    return Posed(table, pelvis, chest, head, np.stack(feet), waist, head_middle)


def facing_basis(facing: float) -> np.ndarray:
    """Columns left, up and forward of one who stands upright; the world's y points down."""
    sin, cos = np.sin(facing), np.cos(facing)
    return np.array([[-cos, 0, sin], [0, -1, 0], [sin, 0, cos]])


def turned(basis: np.ndarray, *, pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Turns a basis about its own axes: pitch bows forward, yaw turns left, roll leans to the right."""
    (sp, cp), (sy, cy), (sr, cr) = ((np.sin(a), np.cos(a)) for a in (pitch, yaw, roll))
    about_left = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_up = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_forward = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return basis @ about_up @ about_left @ about_forward


def _pelvis_place(build: Build, pose: Pose, upright: np.ndarray) -> np.ndarray:
    """The middle of the hips: as high as both legs allow, and back as far as balance asks."""
    back = 0.12 * build.leg * pose.squat + 0.25 * build.trunk * np.sin(max(pose.lean[0], 0.0))
    x, z = pose.ground_mm - back * upright[[0, 2], 2]
    height = build.ankle + build.leg * (0.97 - 0.5 * pose.squat)
    for ankle_x, lift, ankle_z in pose.ankles_mm:
        away = max(np.hypot(x - ankle_x, z - ankle_z) - 0.4 * build.hips, 0.0)
        reach = _LONGEST_REACH * build.leg
        height = min(height, build.ankle + lift + np.sqrt(max(reach**2 - away**2, (0.4 * reach) ** 2)))
    return np.array([x, -height, z])


def _leg(build: Build, side: str, hip: np.ndarray, ankle_mm: np.ndarray, foot: np.ndarray) -> dict:
    target = np.array([ankle_mm[0], -build.ankle - ankle_mm[1], ankle_mm[2]])
    knee, ankle = two_bones(hip, target, build.thigh, build.shank, foot[:, 2])
    return {f"{side}_hip": hip, f"{side}_knee": knee, f"{side}_ankle": ankle}


def _foot_pitch(lift_mm: float, build: Build) -> float:
    """Toes hang when the foot is off the floor."""
    return 0.6 * float(smoothstep(lift_mm / (0.12 * build.leg)))


def _arm(build: Build, side: str, sign: float, neck: np.ndarray, chest: np.ndarray, hand: np.ndarray) -> dict:
    outward = np.array([sign, 1.0, 1.0])
    raised = smoothstep((hand[1] - 0.2) / 0.7)
    shoulder_local = np.array([build.shoulders / 2 * (1 - 0.12 * raised), -12 + 45 * raised, 0.0])
    hand_local = _clear_of_trunk(shoulder_local + hand * build.arm, build)
    # Elbows point back and down when the hand is low, outward when it is high.
    pole = np.array([0.5, -0.5, -0.8]) * (1 - raised) + np.array([1.0, -0.1, 0.3]) * raised
    shoulder = neck + chest @ (outward * shoulder_local)
    target = neck + chest @ (outward * hand_local)
    elbow, wrist = two_bones(shoulder, target, build.upper_arm, build.forearm, chest @ (outward * pole))
    return {f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_wrist": wrist}


def _clear_of_trunk(hand_mm: np.ndarray, build: Build) -> np.ndarray:
    """Moves a hand (outward, up, forward from the neck) out of the trunk and the head."""
    x, y, z = hand_mm
    for middle_y, half in (
        (-0.5 * build.trunk, (210 * build.girth, 0.75 * build.trunk, 170 * build.girth)),
        (200 * build.unit, (130, 170, 160)),
    ):
        inside = (x / half[0]) ** 2 + ((y - middle_y) / half[1]) ** 2 + (z / half[2]) ** 2
        if inside < 1:
            away = np.array([x / half[0], z / half[2]])
            away = away / max(np.linalg.norm(away), 1e-6) * np.sqrt(1 - min(((y - middle_y) / half[1]) ** 2, 0.99))
            x, z = away[0] * half[0], away[1] * half[2]
    return np.array([x, y, z])


def two_bones(
    start: np.ndarray, target: np.ndarray, first: float, second: float, pole: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bends two bones so that they end at a target, or as near as they reach.

    Args:
        start: (3,), where the first bone begins.
        target: (3,).
        first: length of the first bone.
        second: length of the second.
        pole: (3,), the direction in which the joint between them points.

    Returns:
        The joint between the bones (3,), and the end (3,).
    """
    way = target - start
    distance = float(np.linalg.norm(way))
    along = way / max(distance, 1e-9)
    reach = np.clip(distance, abs(first - second) * 1.1 + 0.25 * min(first, second), _LONGEST_REACH * (first + second))
    aside = pole - (pole @ along) * along
    aside = aside / max(np.linalg.norm(aside), 1e-9)
    share = (first**2 - second**2 + reach**2) / (2 * reach)
    middle = start + share * along + np.sqrt(max(first**2 - share**2, 0.0)) * aside
    return middle, start + reach * along
