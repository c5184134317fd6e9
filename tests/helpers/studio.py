"""Cameras around a room, and people who move in it."""

import cv2
import numpy as np

from pose import BODY26, COCO17, Camera


def cameras(count=4, *, distance_mm=4000.0, distortion=(-0.1, 0.02, 0.001, -0.0005, 0.0), size=(1080, 1920)):
    """Cameras in a circle, at different heights, that look at the middle of the room; z points up."""
    made = []
    for k in range(count):
        angle = 2 * np.pi * k / count + 0.2
        center = np.array([distance_mm * np.cos(angle), distance_mm * np.sin(angle), 1500.0 + 300 * (k % 3)])
        ahead = np.array([0, 0, 900.0]) - center
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, (0, 0, 1.0))
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(ahead, right), ahead])
        matrix = np.array([[1400.0, 0, 955], [0, 1405, 545], [0, 0, 1]])
        made.append(Camera(f"cam{k + 1}", size, matrix, np.array(distortion), rotation, -rotation @ center))
    return made


_STANDING = {
    "nose": (0, 120, 1620),
    "eye": (35, 100, 1660),
    "ear": (75, 0, 1640),
    "shoulder": (190, 0, 1430),
    "elbow": (270, -30, 1150),
    "wrist": (290, 60, 900),
    "hip": (110, 0, 950),
    "knee": (120, 30, 510),
    "ankle": (120, 0, 90),
    "head_top": (0, 0, 1780),
    "neck": (0, 0, 1480),
    "pelvis": (0, 0, 950),
    "big_toe": (130, 180, 20),
    "small_toe": (180, 150, 20),
    "heel": (115, -60, 30),
}


def standing(skeleton=COCO17):
    """Joints (J, 3) in mm of someone who stands in the middle of the room and looks along y; the left side is at -x."""
    points = []
    for joint in skeleton.joints:
        side, _, stem = joint.rpartition("_") if joint not in _STANDING else ("", "", joint)
        stem, side = (joint, "") if joint in _STANDING else (joint.split("_", 1)[1], joint.split("_", 1)[0])
        x, y, z = _STANDING[stem]
        points.append((-x if side == "left" else x, y, z))
    return np.array(points, np.float64)


def walking(frames=60, *, skeleton=COCO17, fps=30.0, start=(0.0, 0.0), turn_deg=0.0, speed_mm_s=600.0):
    """Joints (T, J, 3) of someone who walks, limbs of constant length: the arms and legs swing about their roots."""
    at_rest, index = standing(skeleton), {name: k for k, name in enumerate(skeleton.joints)}
    swung = np.repeat(at_rest[None], frames, 0)
    times = np.arange(frames) / fps
    for side, sign in (("left", 1), ("right", -1)):
        chains = {"shoulder": ("elbow", "wrist"), "hip": ("knee", "ankle", "heel", "big_toe", "small_toe")}
        for root, stems in chains.items():
            swing = 0.45 * np.sin(2 * np.pi * times) * (sign if root == "hip" else -sign)
            turns = np.stack([cv2.Rodrigues(np.array([angle, 0, 0]))[0] for angle in swing])
            origin = at_rest[index[f"{side}_{root}"]]
            for stem in stems:
                if f"{side}_{stem}" in index:
                    joint = index[f"{side}_{stem}"]
                    swung[:, joint] = origin + np.einsum("tij,j->ti", turns, at_rest[joint] - origin)
    swung[..., 1] += (speed_mm_s * times)[:, None]
    about = cv2.Rodrigues(np.array([0, 0, np.radians(turn_deg)]))[0]
    return swung @ about.T + (*start, 0.0)


def seen(rig, xyz_mm, noise_px=0.0, seed=0):
    """Where each camera sees joints (..., 3), with noise: xy_px (V, ..., 2), and scores (V, ...)."""
    random = np.random.default_rng(seed)
    xy = np.stack([camera.project(xyz_mm) for camera in rig])
    scores = np.stack([camera.contains(one) & camera.in_front(xyz_mm) for camera, one in zip(rig, xy, strict=True)])
    return xy + random.normal(0, noise_px, xy.shape) * (noise_px > 0), scores.astype(float)


__all__ = ["BODY26", "cameras", "seen", "standing", "walking"]
