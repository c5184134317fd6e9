"""Which joints are seen, which are hidden behind something, and which are out of the picture."""

from __future__ import annotations

import numpy as np

from body.human import PARTS
from dome.view.render import Frame
from pose import PANOPTIC19, Camera

OUTSIDE, HIDDEN, SEEN = 0, 1, 2

#: For each joint, without its side: how much of the body's own flesh and clothes may lie between it and the camera, in
#: mm, and on which parts. Joints of limbs lie in the middle of them, those of the face on it. Of dressed people of all
#: builds, seen from all sides, what lies before a joint on its own side is thinner than this, and what lies before it
#: on the far side is thicker; between the two there is a gap of 20 mm or more, but at neck, eyes and the hips' middle.
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
    """Tells of each joint whether it is seen.

    A joint is seen where the surface that is seen at its pixel is of the same person, of the joint's own or a
    neighbouring part, and not nearer to the camera than the joint's own flesh; or where all that is seen there lies
    behind it.

    Args:
        frame: as it was drawn for the same camera.
        camera: that sees.
        joints_mm: (P, 19, 3), in the world, in the order of PANOPTIC19; person i has number i + 1 in the frame.

    Returns:
        int64 (P, 19): 2 if seen, 1 if hidden, 0 if out of the picture or behind the camera.
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
    """`FLESH` by number of joint: float64 (19,), and bool (19, 1 + parts), the first column being for no part."""
    flesh_mm = np.zeros(len(PANOPTIC19.joints))
    own = np.zeros((len(PANOPTIC19.joints), 1 + len(PARTS)), bool)
    for number, joint in enumerate(PANOPTIC19.joints):
        side, _, kind = joint.partition("_") if joint.startswith(("left_", "right_")) else ("", "", joint)
        flesh_mm[number], parts = FLESH[kind]
        own[number, [1 + PARTS.index(part.format(side=side)) for part in parts]] = True
    return flesh_mm, own
