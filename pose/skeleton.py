"""Skeletons: which joints a data set labels, in which order, and how they are connected."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

# COCO's published per-joint constants (cocodataset.org/#keypoints-eval). The joints that COCO does not label take
# CrowdPose's constant for the head and neck (arXiv 1812.00324) and COCO's hip constant for the middle of the hips.
_SIGMAS = {
    "nose": 0.026,
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
    "neck": 0.079,
    "upper_neck": 0.079,
    "thorax": 0.079,
    "head_top": 0.079,
    "body_center": 0.107,
    "pelvis": 0.107,
}
_LIMB_JOINTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")

# Substitutes for a target joint that the source lacks: the first of these that it has.
_ALIASES = {"thorax": ("neck",), "neck": ("thorax",), "body_center": ("pelvis",), "pelvis": ("body_center",)}
# ...and failing that, the midpoint of two joints.
_MIDPOINTS = {
    "neck": ("left_shoulder", "right_shoulder"),
    "thorax": ("left_shoulder", "right_shoulder"),
    "body_center": ("left_hip", "right_hip"),
    "pelvis": ("left_hip", "right_hip"),
}


def _side(joint: str) -> str:
    return next((side for side in ("left", "right") if joint.startswith(side + "_")), "middle")


def _stem(joint: str) -> str:
    return joint.removeprefix("left_").removeprefix("right_")


@dataclass(frozen=True)
class Skeleton:
    """A named, ordered set of joints.

    Attributes:
        name: the key in `SKELETONS`.
        joints: J joint names; left and right are the person's own.
        limbs: pairs of joint indices to draw as lines, and to score in PCP.
        torso: (left shoulder, right hip), the span that PCK divides by.
        head: the span that PCK of the head divides by (neck to head top where labeled), or None where the
            skeleton has no such span.
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    torso: tuple[int, int]
    head: tuple[int, int] | None

    @property
    def num_joints(self) -> int:
        """J, the number of joints."""
        return len(self.joints)

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(left, right) joint indices, one pair for each joint that has two sides."""
        lefts = [joint for joint in self.joints if _side(joint) == "left"]
        return tuple((self.index(left), self.index("right_" + _stem(left))) for left in lefts)

    @cached_property
    def flip_order(self) -> np.ndarray:
        """int64 (J,): the index of each joint's mirror image, itself for joints of the middle."""
        order = np.arange(self.num_joints)
        for left, right in self.pairs:
            order[left], order[right] = right, left
        return order

    @cached_property
    def sigmas(self) -> np.ndarray:
        """float64 (J,): the per-joint constants of OKS."""
        return np.array([_SIGMAS[_stem(joint)] for joint in self.joints])

    @cached_property
    def limb_joints(self) -> tuple[int, ...]:
        """The 12 joints of arms and legs: shoulders, elbows, wrists, hips, knees, ankles, left before right."""
        return tuple(self.index(f"{side}_{stem}") for stem in _LIMB_JOINTS for side in ("left", "right"))

    @cached_property
    def sides(self) -> tuple[str, ...]:
        """'left', 'right' or 'middle' for each joint."""
        return tuple(_side(joint) for joint in self.joints)

    def index(self, joint: str) -> int:
        """Returns the index of a joint.

        Raises:
            ValueError: the skeleton has no such joint.
        """
        if joint not in self.joints:
            raise ValueError(f"{self.name} has no joint {joint!r}; it has {', '.join(self.joints)}")
        return self.joints.index(joint)

    def describe(self) -> dict:
        """Returns plain lists and strings, as written into run folders and exported models."""
        return {**asdict(self), "pairs": self.pairs, "sigmas": self.sigmas.tolist()}

    @classmethod
    def from_description(cls, description: dict) -> Skeleton:
        """Rebuilds a skeleton from the output of `describe()`, also after conversion to JSON and back."""
        head = description["head"]
        return cls(
            description["name"],
            tuple(description["joints"]),
            tuple((int(a), int(b)) for a, b in description["limbs"]),
            (int(description["torso"][0]), int(description["torso"][1])),
            None if head is None else (int(head[0]), int(head[1])),
        )


def _skeleton(name: str, joints: str, limbs: str, head: tuple[str, str] | None) -> Skeleton:
    names = tuple(joints.split())
    index = names.index
    ends = [limb.split("-") for limb in limbs.split()]
    return Skeleton(
        name,
        names,
        tuple((index(a), index(b)) for a, b in ends),
        (index("left_shoulder"), index("right_hip")),
        None if head is None else (index(head[0]), index(head[1])),
    )


_ARMS_AND_LEGS = " ".join(
    f"{side}_{a}-{side}_{b}"
    for side in ("left", "right")
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
)

#: The coco19 order of CMU Panoptic Studio (Joo et al., arXiv 1612.03153).
PANOPTIC19 = _skeleton(
    "panoptic19",
    "neck nose body_center left_shoulder left_elbow left_wrist left_hip left_knee left_ankle "
    "right_shoulder right_elbow right_wrist right_hip right_knee right_ankle left_eye left_ear right_eye right_ear",
    "neck-nose neck-body_center neck-left_shoulder neck-right_shoulder body_center-left_hip body_center-right_hip "
    "nose-left_eye left_eye-left_ear nose-right_eye right_eye-right_ear " + _ARMS_AND_LEGS,
    ("neck", "nose"),
)

#: COCO person keypoints (Lin et al., arXiv 1405.0312). It labels neither neck nor head top: no head span.
COCO17 = _skeleton(
    "coco17",
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
    "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle",
    "nose-left_eye nose-right_eye left_eye-left_ear right_eye-right_ear left_shoulder-right_shoulder "
    "left_shoulder-left_hip right_shoulder-right_hip left_hip-right_hip " + _ARMS_AND_LEGS,
    None,
)

#: MPII Human Pose (Andriluka et al., CVPR 2014).
MPII16 = _skeleton(
    "mpii16",
    "right_ankle right_knee right_hip left_hip left_knee left_ankle pelvis thorax upper_neck head_top "
    "right_wrist right_elbow right_shoulder left_shoulder left_elbow left_wrist",
    "head_top-upper_neck upper_neck-thorax thorax-pelvis thorax-left_shoulder thorax-right_shoulder "
    "pelvis-left_hip pelvis-right_hip " + _ARMS_AND_LEGS,
    ("upper_neck", "head_top"),
)

#: Leeds Sports Pose and its extension (Johnson and Everingham, BMVC 2010 and CVPR 2011).
LSP14 = _skeleton(
    "lsp14",
    "right_ankle right_knee right_hip left_hip left_knee left_ankle right_wrist right_elbow right_shoulder "
    "left_shoulder left_elbow left_wrist neck head_top",
    "head_top-neck neck-left_shoulder neck-right_shoulder left_shoulder-left_hip right_shoulder-right_hip "
    "left_hip-right_hip " + _ARMS_AND_LEGS,
    ("neck", "head_top"),
)

SKELETONS = {skeleton.name: skeleton for skeleton in (PANOPTIC19, COCO17, MPII16, LSP14)}


def joint_map(source: Skeleton, target: Skeleton) -> np.ndarray:
    """Finds each joint of one skeleton in another.

    Joints are matched by name; the neck of Panoptic and LSP stands for MPII's thorax (the neck's base), and the
    middle of the hips for its pelvis. MPII's upper neck has no equal elsewhere.

    Returns:
        int64 (J_target,): the index in `source` of each joint of `target`, -1 where it has none.
    """
    order = []
    for joint in target.joints:
        names = (joint, *_ALIASES.get(joint, ()))
        order.append(next((source.index(name) for name in names if name in source.joints), -1))
    return np.array(order, dtype=np.int64)


def convert_joints(
    xy: np.ndarray, visible: np.ndarray, source: Skeleton, target: Skeleton
) -> tuple[np.ndarray, np.ndarray]:
    """Converts joints from one skeleton to another.

    A neck, thorax, pelvis or body center that the source does not label becomes the middle of the two shoulders
    or hips where both are labeled; it counts as seen only where both are.

    Args:
        xy: float (..., J_source, D), any unit and any number D of coordinates.
        visible: int (..., J_source), COCO's 0, 1, 2.
        source: the skeleton that `xy` is in.
        target: the skeleton wanted.

    Returns:
        xy (..., J_target, D) and visible (..., J_target); joints that the source lacks are 0 and not labeled.
    """
    order = joint_map(source, target)
    xy_out = np.where((order >= 0)[:, None], np.take(xy, order, axis=-2), 0).astype(np.asarray(xy).dtype)
    visible_out = np.where(order >= 0, np.take(visible, order, axis=-1), 0)
    for j in np.flatnonzero(order < 0):
        ends = _MIDPOINTS.get(target.joints[j])
        if ends is None or any(end not in source.joints for end in ends):
            continue
        a, b = (source.index(end) for end in ends)
        visible_out[..., j] = np.minimum(visible[..., a], visible[..., b])
        middle = (xy[..., a, :] + xy[..., b, :]) / 2
        xy_out[..., j, :] = np.where(visible_out[..., j, None] > 0, middle, 0)
    return xy_out, visible_out
