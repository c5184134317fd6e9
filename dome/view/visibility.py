"""Which joints are seen, which are hidden behind something, and which are outside the image."""

from __future__ import annotations

import numpy as np

from body.human import PARTS
from dome.view.render import Frame
from pose import PANOPTIC19, Camera

OUTSIDE, HIDDEN, SEEN = 0, 1, 2

#: For each joint, without its side: the most flesh and clothes of the body between it and a camera that sees it, in mm,
#: and on which parts. Joints of limbs are in the middle of them, those of the face on its surface. For dressed people
#: of all builds, from all directions, flesh in front of a joint is thinner than this if the joint is on the near side,
#: and thicker if it is on the far side, with a gap of at least 20 mm except at neck, eyes and body center.
FLESH = {
    "neck": (170.0, ("neck", "torso", "head")),
    "nose": (40.0, ("head",)),
    "eye": (30.0, ("head",)),
    "ear": (40.0, ("head", "neck")),
    "body_center": (230.0, ("pelvis", "torso", "left_thigh", "right_thigh")),
    "shoulder": (160.0, ("torso", "{side}_upper_arm", "neck")),
    "elbow": (105.0, ("{side}_upper_arm", "{side}_forearm")),
    "wrist": (75.0, ("{side}_forearm", "{side}_hand")),
    "hip": (215.0, ("pelvis", "torso", "{side}_thigh")),
    "knee": (130.0, ("{side}_thigh", "{side}_shank")),
    "ankle": (100.0, ("{side}_shank", "{side}_foot")),
}


def hidden_joints(frame: Frame, camera: Camera, joints_mm: np.ndarray) -> np.ndarray:
    """The visibility of each joint.

    A joint is seen if the visible surface at its pixel belongs to the same person, to the joint's part or a neighboring
    one, and is not nearer to the camera than the joint's own flesh; or if that surface is behind the joint.

    Args:
        frame: as drawn for the same camera.
        camera: the camera.
        joints_mm: (P, 19, 3), in the world, in the order of PANOPTIC19; person i has number i + 1 in the frame.

    Returns:
        int64 (P, 19): 2 if seen, 1 if hidden, 0 if outside the image or behind the camera.
    """
    xy_px = camera.project(joints_mm)
    inside = camera.in_front(joints_mm) & camera.contains(xy_px)
    column, row = np.rint(np.where(inside[..., None], xy_px, 0)).astype(int).transpose(2, 0, 1)
    before_mm = camera.to_camera(joints_mm)[..., 2] - frame.depth_mm[row, column]
    flesh_mm, own_parts = _tables()
    same_person = frame.person[row, column] == 1 + np.arange(len(joints_mm))[:, None]
    own = same_person & own_parts[np.arange(len(PANOPTIC19.joints)), frame.part[row, column]]
    seen = (before_mm <= 0) | (own & (before_mm <= flesh_mm))
    return np.where(inside, np.where(seen, SEEN, HIDDEN), OUTSIDE)


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """`FLESH` by joint number: float64 (19,), and bool (19, 1 + parts), whose first column is for no part."""
    flesh_mm = np.zeros(len(PANOPTIC19.joints))
    own = np.zeros((len(PANOPTIC19.joints), 1 + len(PARTS)), bool)
    for number, joint in enumerate(PANOPTIC19.joints):
        side, _, kind = joint.partition("_") if joint.startswith(("left_", "right_")) else ("", "", joint)
        flesh_mm[number], parts = FLESH[kind]
        own[number, [1 + PARTS.index(part.format(side=side)) for part in parts]] = True
    return flesh_mm, own
