"""Landmarks of the average body at rest: positions along limbs, and of neck, waist and face.

Clothes and paints are defined by these measures. Points are (N, 3) in mm: x to the left, y up from the floor, z
forward.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from body.human import BONES, GROUPS, Human, topology
from body.shape import Shape


@cache
def _heads_mm() -> np.ndarray:
    return Human(Shape()).heads_mm.astype(np.float32)


def head_of(bone: str) -> np.ndarray:
    """Where a bone begins, (3,)."""
    return _heads_mm()[BONES.index(bone)]


def within_arms(points_mm: np.ndarray) -> np.ndarray:
    """Distance (N,) of points from the arms toward the middle: below 0 on arms and hands, above 0 elsewhere."""
    shoulder = head_of("LeftArm")
    # The line between arm and trunk in front view: over the shoulder, through the armpit, between arm and hip.
    up = np.float32([-620, -320, -160, -80, 0, 120])
    out = np.float32([230, 100, 20, -18, -28, -35])
    return np.interp(points_mm[:, 1] - shoulder[1], up, out) + shoulder[0] - np.abs(points_mm[:, 0])


def arm_share(points_mm: np.ndarray) -> np.ndarray:
    """How far down the arm (N,) points are: 0 at the shoulder, 1 at the elbow, 2 at the wrist; -1 off the arms."""
    shoulder, elbow, wrist = (head_of(bone) for bone in ("LeftArm", "LeftForeArm", "LeftHand"))
    folded = points_mm.copy()
    folded[:, 0] = np.abs(folded[:, 0])
    upper, lower = elbow - shoulder, wrist - elbow
    first = (folded - shoulder) @ (upper / (upper @ upper))
    second = (folded - elbow) @ (lower / (lower @ lower))
    share = np.where(second > 0, 1 + second, np.minimum(first, 1))
    return np.where(within_arms(points_mm) > 0, -1, np.maximum(share, 0)).astype(np.float32)


def leg_share(points_mm: np.ndarray) -> np.ndarray:
    """How far down the leg (N,) points are: 0 at the hip, 1 at the knee, 2 at the ankle; also points off the legs."""
    hip, knee, ankle = (head_of(bone) for bone in ("LeftUpLeg", "LeftLeg", "LeftFoot"))
    folded = points_mm[:, :2].copy()
    folded[:, 0] = np.abs(folded[:, 0])
    upper, lower = (knee - hip)[:2], (ankle - knee)[:2]
    first = (folded - hip[:2]) @ (upper / (upper @ upper))
    second = (folded - knee[:2]) @ (lower / (lower @ lower))
    return np.where(second > 0, 1 + second, np.minimum(first, 1)).astype(np.float32)


@cache
def eyes_middle() -> np.ndarray:
    """The middle between the eyes, (3,)."""
    body = topology()
    eyes = np.unique(body.faces[body.group == GROUPS.index("eyes")])
    return body.canonical_mm[eyes].mean(axis=0) * np.float32((0, 1, 1))


def above_hairline(points_mm: np.ndarray, *, back_mm: float = 0.0) -> np.ndarray:
    """Approximate distance (N,) of points above the hairline, in mm along the scalp.

    Args:
        points_mm: points on the head.
        back_mm: how far the hairline recedes.
    """
    x, y, z = (points_mm - (eyes_middle() + np.float32((0, 15, -64)))).T
    across = np.hypot(x, z)
    azimuth = np.degrees(np.arctan2(np.abs(x), z))
    # Forehead, temple, sideburn before the ear, behind the ear, nape.
    at = (0, 25, 45, 60, 74, 82, 88, 104, 112, 140, 180)
    edge = np.float32((40, 41, 38, 26, 10, -14, -14, -6, -20, -33, -44))
    edge = edge + np.float32(back_mm) * np.clip(1.2 - np.float32(at) / 75, 0, 1)
    return ((np.degrees(np.arctan2(y, across)) - np.interp(azimuth, at, edge)) * 1.6).astype(np.float32)


def off_ears(points_mm: np.ndarray) -> np.ndarray:
    """Distance (N,) of points from the ears, in mm; below 0 on them."""
    x, y, z = (points_mm - eyes_middle()).T
    ear = np.sqrt(((np.abs(x) - 78) / 0.7) ** 2 + (y + 19) ** 2 + ((z + 78) / 0.8) ** 2)
    return (ear - 34).astype(np.float32)


def crotch_y() -> float:
    """Height where the legs part, in mm."""
    return float(head_of("LeftUpLeg")[1]) - 90


def waist_y() -> float:
    """Height of the waist of trousers, above the hip bones, in mm."""
    return float(head_of("LeftUpLeg")[1]) + 125


def above_neckline(
    points_mm: np.ndarray, *, deeper_mm: float = 0.0, wider_mm: float = 0.0, vee: float = 0.0
) -> np.ndarray:
    """Distance (N,) of points above the plane of a collar, which is lower in front than at the back.

    Args:
        points_mm: the points.
        deeper_mm: how much lower than a round collar the neckline is in front.
        wider_mm: how much lower it is at the sides.
        vee: slope of a V-shaped neckline in front; 0 is round.
    """
    neck = head_of("Neck")
    ahead = np.clip((points_mm[:, 2] - neck[2] + 10) / 70, -0.4, 1.5)
    across = np.abs(points_mm[:, 0])
    front = np.clip(ahead, 0, 1)
    near = np.clip(1 - across / (75 + wider_mm), 0, 1)
    drop = 50 * ahead + deeper_mm * front * np.sqrt(near) + wider_mm * 0.5 * (1 - 0.4 * front)
    drop = drop + vee * front * np.maximum(90 - across, 0)
    return points_mm[:, 1] - (neck[1] + 12 - drop)
