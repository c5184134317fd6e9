"""Poses as clinical joint angles: their names, their limits, and the rotations of the body's bones that make them.

The zero pose stands straight, arms hanging, thumbs forward. Angles are relative to it, with clinical signs: flexion,
abduction, internal rotation, pronation and dorsiflexion are positive on both sides of the body. Limits are the
normal ranges of the American Academy of Orthopaedic Surgeons (Greene and Heckman, The Clinical Measurement of Joint
Motion, 1994), widened where trained people go beyond them (hips, trunk) and for the loaded ankle (Konor et al., 2012).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from body.human import BONES, PARENTS, Human
from pose.space.turns import turn

#: Degrees, lowest and highest. Sides: leaning and turning to the left are positive.
TRUNK_LIMITS = {
    "spine_flex": (-35, 85),
    "spine_side": (-35, 35),
    "spine_twist": (-45, 45),
    "neck_flex": (-50, 45),
    "neck_side": (-40, 40),
    "neck_twist": (-70, 70),
}
#: Degrees, for each side. The upper arm is raised by `arm_raise` in the plane `arm_plane` (0 forward, 90 sideways,
#: below 0 across the chest, near 180 backward), after turning about itself by `arm_rotate`.
SIDE_LIMITS = {
    "hip_flex": (-35, 135),
    "hip_abduct": (-30, 65),
    "hip_rotate": (-50, 45),
    "knee_flex": (0, 150),
    "ankle_flex": (-55, 38),
    "ankle_invert": (-20, 35),
    "toe_flex": (-20, 65),
    "shrug": (-8, 20),
    "arm_raise": (0, 178),
    "arm_plane": (-45, 165),
    "arm_rotate": (-95, 80),
    "elbow_flex": (0, 150),
    "pronate": (-85, 85),
    "wrist_flex": (-75, 80),
    "wrist_tilt": (-30, 20),
    "fingers": (0, 85),
}
ANGLES = (*TRUNK_LIMITS, *(f"{side}_{name}" for side in ("left", "right") for name in SIDE_LIMITS))
INDEX = {name: number for number, name in enumerate(ANGLES)}
_RANGES = np.array([*TRUNK_LIMITS.values(), *SIDE_LIMITS.values(), *SIDE_LIMITS.values()], np.float64).T

# How high (degrees) the arm can be raised in each plane: less across the body and behind it.
_PLANES, _HIGHEST = (-45, 0, 100, 135, 165), (120, 178, 178, 110, 62)
# The clavicle's share of raising the arm (Inman et al., 1944: about 30 degrees) and of bringing it forward. When the
# arms hang, it drops a little below its place at rest, which is an A-pose.
_CLAVICLE_UP, _CLAVICLE_DROP, _CLAVICLE_FORWARD = 30.0, 6.0, 12.0
_SIDES = (("Left", "L", 1.0), ("Right", "R", -1.0))
_BONE = {name: number for number, name in enumerate(BONES)}
_LEFT = np.array([1.0, 0.0, 0.0])
_SPINE, _NECK = ("LowerBack", "Spine", "Spine1"), ("Neck", "Neck1", "Head")


def clip(angles: np.ndarray) -> np.ndarray:
    """Clips angles (N, D), degrees in the order of `ANGLES`, to their limits."""
    angles = np.clip(angles, *_RANGES)
    for side in ("left", "right"):
        raised, plane = INDEX[f"{side}_arm_raise"], angles[:, INDEX[f"{side}_arm_plane"]]
        angles[:, raised] = np.minimum(angles[:, raised], np.interp(plane, _PLANES, _HIGHEST))
    return angles


def mirror(angles: np.ndarray) -> np.ndarray:
    """The angles (N, D) of the mirror image."""
    mirrored = angles.copy()
    sides = len(SIDE_LIMITS)
    mirrored[:, 6 : 6 + sides], mirrored[:, 6 + sides :] = angles[:, 6 + sides :], angles[:, 6 : 6 + sides]
    mirrored[:, [1, 2, 4, 5]] *= -1
    return mirrored


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The rotations of a body's bones from its rest pose (A-pose, elbows bent) to the zero pose.

    Attributes:
        human: the body.
        zero: float64 (31, 3, 3), orientations of the bones in the zero pose.
        thigh_mm: hip to knee, mean of both sides.
        shank_mm: knee to ankle.
        pronation: degrees by which the forearms (left, right) are pronated at rest.
    """

    human: Human
    zero: np.ndarray
    thigh_mm: float
    shank_mm: float
    pronation: tuple[float, float]

    @classmethod
    def of(cls, human: Human) -> Anatomy:
        """Measures a body."""
        heads = dict(zip(BONES, np.asarray(human.heads_mm, np.float64), strict=True))
        zero = np.tile(np.eye(3), (len(BONES), 1, 1))
        pronation, lengths = [], []
        for side, letter, sign in _SIDES:
            arm, elbow, wrist = (heads[f"{side}{name}"] for name in ("Arm", "ForeArm", "Hand"))
            hip, knee, ankle = (heads[f"{side}{name}"] for name in ("UpLeg", "Leg", "Foot"))
            fingers = heads[f"{side}HandFinger1"] - wrist
            thumb = human.tails_mm[_BONE[f"{letter}Thumb"]] - wrist
            # The hinge axes of knee and elbow point left (x) in the zero pose; knees bend backward, elbows forward.
            # At rest, legs are too straight to define the hinge axis; the knees face forward.
            zero[_BONE[f"{side}UpLeg"]] = _onto_zero(knee - hip, _LEFT)
            zero[_BONE[f"{side}Leg"]] = _onto_zero(ankle - knee, _LEFT)
            bend = np.cross(elbow - arm, wrist - elbow)
            zero[_BONE[f"{side}Arm"]] = _onto_zero(elbow - arm, -bend)
            zero[_BONE[f"{side}ForeArm"]] = fore = _onto_zero(wrist - elbow, -bend)
            hand = _onto_zero(fingers, np.cross(thumb, fingers))
            for name in (f"{side}Hand", f"{side}FingerBase", f"{side}HandFinger1", f"{letter}Thumb"):
                zero[_BONE[name]] = hand
            # The thumb, seen along the forearm, in the frame where 0 is forward.
            x, _, z = fore @ hand.T @ np.array([0.0, 0.0, 1.0])
            pronation.append(float(np.degrees(np.arctan2(-sign * x, z))))
            lengths.append((np.linalg.norm(knee - hip), np.linalg.norm(ankle - knee)))
        thigh, shank = np.mean(lengths, axis=0)
        return cls(human, zero, float(thigh), float(shank), tuple(pronation))

    def rotations(self, angles: np.ndarray) -> np.ndarray:
        """Turns angles into rotations of the bones.

        Args:
            angles: (N, D) degrees in the order of `ANGLES`.

        Returns:
            float64 (N, 31, 3, 3), each bone against its parent, the identity for Hips.
        """
        turns = np.tile(np.eye(3), (len(angles), len(BONES), 1, 1))
        radians = np.radians(angles)
        for first, bones in ((0, _SPINE), (3, _NECK)):
            flex, side, twist = (radians[:, first + number] / len(bones) for number in range(3))
            turns[:, [_BONE[name] for name in bones]] = (turn(1, twist) @ turn(2, -side) @ turn(0, flex))[:, None]
        for number, (side, letter, sign) in enumerate(_SIDES):
            column = {name: radians[:, INDEX[f"{side.lower()}_{name}"]] for name in SIDE_LIMITS}
            for bone, matrices in (_leg(column, sign) | _arm(column, sign, np.radians(self.pronation[number]))).items():
                turns[:, _BONE[bone.format(side=side, letter=letter)]] = matrices
        parents = self.zero[list(PARENTS)]
        parents[0] = np.eye(3)
        return np.swapaxes(parents, 1, 2) @ turns @ self.zero


def _onto_zero(down: np.ndarray, left: np.ndarray) -> np.ndarray:
    """The rotation that takes a bone's direction to straight down and (nearly) another direction to the left (x)."""
    y = -down / np.linalg.norm(down)
    x = left - (left @ y) * y
    x /= np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)])


def _leg(angle: dict, sign: float) -> dict:
    return {
        "{side}UpLeg": hip_turn(angle["hip_flex"], angle["hip_abduct"], angle["hip_rotate"], sign),
        "{side}Leg": turn(0, angle["knee_flex"]),
        "{side}Foot": turn(0, -angle["ankle_flex"]) @ turn(2, -sign * angle["ankle_invert"]),
        "{side}ToeBase": turn(0, -angle["toe_flex"]),
    }


def hip_turn(flex: np.ndarray, abduct: np.ndarray, rotate: np.ndarray, sign: float) -> np.ndarray:
    """Rotations (N, 3, 3) of the thigh against the pelvis, from radians; sign is 1 on the left and -1 on the right."""
    return turn(0, -flex) @ turn(2, sign * abduct) @ turn(1, -sign * rotate)


def _arm(angle: dict, sign: float, pronated: float) -> dict:
    raised, plane = angle["arm_raise"], angle["arm_plane"]
    share = np.clip(np.abs(raised) / np.pi, 0, 1)
    up = angle["shrug"] + np.radians((_CLAVICLE_UP + _CLAVICLE_DROP) * share * share * (3 - 2 * share) - _CLAVICLE_DROP)
    forward = np.radians(_CLAVICLE_FORWARD) * np.sin(raised) * np.cos(plane)
    clavicle = turn(1, -sign * forward) @ turn(2, sign * up)
    arm = turn(1, sign * plane) @ turn(0, -raised) @ turn(1, -sign * (plane + angle["arm_rotate"]))
    # The forearm has one bone, so wrist and elbow share its twist; otherwise the skin of one of them would collapse.
    twist = turn(1, -sign * (angle["pronate"] - pronated) / 2)
    wrist = turn(2, -sign * angle["wrist_flex"]) @ turn(0, -angle["wrist_tilt"])
    curl = turn(2, -sign * angle["fingers"] / 2)
    return {
        "{side}Shoulder": clavicle,
        "{side}Arm": np.swapaxes(clavicle, 1, 2) @ arm,
        "{side}ForeArm": turn(0, -angle["elbow_flex"]) @ twist,
        "{side}Hand": twist @ turn(1, np.full(len(raised), -sign * pronated)) @ wrist,
        "{side}FingerBase": curl,
        "{side}HandFinger1": curl,
        "{letter}Thumb": turn(2, -sign * angle["fingers"] / 4),
    }


def hip_angles(turns: np.ndarray, sign: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flexion, abduction and internal rotation in radians, each (N,): undoes `hip_turn`."""
    flex = np.arctan2(-turns[:, 2, 1], turns[:, 1, 1])
    abduct = -sign * np.arcsin(np.clip(turns[:, 0, 1], -1, 1))
    return flex, abduct, -sign * np.arctan2(turns[:, 0, 2], turns[:, 0, 0])
