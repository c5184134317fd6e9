"""Skeletons: which joints a data set labels, in which order, and how they are connected."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

# COCO's published per-joint constants (cocodataset.org/#keypoints-eval). The joints that COCO does not label take
# CrowdPose's constant for the head and neck (arXiv 1812.00324), COCO's hip constant for the middle of the hips, and
# Halpe's for feet (github.com/Fang-Haoshu/Halpe-FullBody).
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
    "heel": 0.089,
    "big_toe": 0.089,
    "small_toe": 0.089,
    "neck": 0.079,
    "upper_neck": 0.079,
    "thorax": 0.079,
    "head_top": 0.079,
    "body_center": 0.107,
    "pelvis": 0.107,
}
#: The OKS constant of joints of which none is published: the median of COCO's 17.
OTHER_SIGMA = 0.072
_LIMB_JOINTS = tuple(
    f"{side}_{stem}" for stem in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
)

# Substitutes for a target joint that the source lacks: the first of these that it has.
_ALIASES = {"thorax": ("neck",), "neck": ("thorax",), "body_center": ("pelvis",), "pelvis": ("body_center",)}
# ...and failing that, the midpoint of two joints.
_MIDPOINTS = {
    "neck": ("left_shoulder", "right_shoulder"),
    "thorax": ("left_shoulder", "right_shoulder"),
    "body_center": ("left_hip", "right_hip"),
    "pelvis": ("left_hip", "right_hip"),
}


def joint_side(joint: str) -> str:
    """'left', 'right' or 'middle', by the beginning of a joint's name."""
    return next((side for side in ("left", "right") if joint.startswith(side + "_")), "middle")


def joint_stem(joint: str) -> str:
    """A joint's name without its side."""
    return joint.removeprefix("left_").removeprefix("right_")


def default_sigma(joint: str) -> float:
    """COCO's, CrowdPose's or Halpe's OKS constant of a joint of that name; for other joints the median of COCO's 17."""
    return _SIGMAS.get(joint_stem(joint), OTHER_SIGMA)


@dataclass(frozen=True)
class Skeleton:
    """A named, ordered set of joints.

    Attributes:
        name: the key in `SKELETONS`, or a name of the user's own.
        joints: J joint names; left and right are the person's own.
        limbs: pairs of joint indices to draw as lines, and to score in PCP.
        torso: (left shoulder, right hip), the span that PCK divides by, or None where the skeleton has no such span.
        head: the span that PCK of the head divides by (neck to head top where labeled), or None likewise.
        pairs: (left, right) joint indices of mirror images, in addition to those of the same name after "left_" and
            "right_".
        sigmas: J constants of OKS; `default_sigma` of each joint if empty.

    Raises:
        ValueError: there are no joints, two have the same name, an index is out of range, a joint is in two pairs, or
            there is not one sigma above 0 for each joint.
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...] = ()
    torso: tuple[int, int] | None = None
    head: tuple[int, int] | None = None
    pairs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.joints or len(set(self.joints)) < len(self.joints):
            raise ValueError(f"{self.name} must have one or more joints of different names, got {self.joints}")
        given = {joint for pair in self.pairs for joint in pair}
        lefts = [joint for joint in self.joints if joint_side(joint) == "left"]
        named = [(left, "right_" + joint_stem(left)) for left in lefts]
        by_name = [(self.index(a), self.index(b)) for a, b in named if b in self.joints]
        pairs = (*self.pairs, *(pair for pair in by_name if not given.intersection(pair)))
        object.__setattr__(self, "pairs", tuple(sorted(pairs)))
        object.__setattr__(self, "sigmas", tuple(self.sigmas) or tuple(map(default_sigma, self.joints)))
        ends = [*self.limbs, *self.pairs, *(span for span in (self.torso, self.head) if span is not None)]
        if not all(0 <= joint < self.num_joints for span in ends for joint in span):
            raise ValueError(f"{self.name} has {self.num_joints} joints; limbs, pairs and spans must lie in these")
        paired = [joint for pair in self.pairs for joint in pair]
        if len(set(paired)) < len(paired):
            raise ValueError(f"{self.name} has a joint in two pairs of left and right: {self.pairs}")
        if len(self.sigmas) != self.num_joints or not all(0 < sigma < math.inf for sigma in self.sigmas):
            raise ValueError(f"{self.name} needs {self.num_joints} sigmas above 0, got {self.sigmas}")

    @property
    def num_joints(self) -> int:
        """J, the number of joints."""
        return len(self.joints)

    @cached_property
    def flip_order(self) -> np.ndarray:
        """int64 (J,): the index of each joint's mirror image, itself for joints of the middle."""
        order = np.arange(self.num_joints)
        for left, right in self.pairs:
            order[left], order[right] = right, left
        return order

    @cached_property
    def lone_joints(self) -> tuple[str, ...]:
        """Joints of one side whose mirror image the skeleton lacks: mirrored pictures would mislabel them."""
        paired = {joint for pair in self.pairs for joint in pair}
        return tuple(name for j, name in enumerate(self.joints) if joint_side(name) != "middle" and j not in paired)

    @cached_property
    def has_arms_and_legs(self) -> bool:
        """Whether it has both shoulders, elbows, wrists, hips, knees and ankles."""
        return set(self.joints).issuperset(_LIMB_JOINTS)

    @cached_property
    def main_joints(self) -> tuple[int, ...]:
        """The joints that the headline figure and a person's confidence are about.

        The 12 joints of arms and legs, left before right, if the skeleton has all of them; otherwise all joints.
        """
        names = _LIMB_JOINTS if self.has_arms_and_legs else self.joints
        return tuple(self.index(name) for name in names)

    @cached_property
    def sides(self) -> tuple[str, ...]:
        """'left', 'right' or 'middle' for each joint."""
        sides = {joint: side for pair in self.pairs for joint, side in zip(pair, ("left", "right"), strict=True)}
        return tuple(sides.get(j, joint_side(name)) for j, name in enumerate(self.joints))

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
        return asdict(self)

    @classmethod
    def from_description(cls, description: dict) -> Skeleton:
        """Rebuilds a skeleton from the output of `describe()`, also after conversion to JSON and back.

        Raises:
            ValueError: it is no such output.
        """
        try:
            limbs, pairs = (tuple((int(a), int(b)) for a, b in description.get(key, ())) for key in ("limbs", "pairs"))
            spans = (description.get(key) for key in ("torso", "head"))
            torso, head = (None if span is None else (int(span[0]), int(span[1])) for span in spans)
            joints, sigmas = tuple(map(str, description["joints"])), tuple(map(float, description.get("sigmas", ())))
            return cls(str(description["name"]), joints, limbs, torso, head, pairs, sigmas)
        except (KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
            raise ValueError(f"no description of a skeleton ({type(error).__name__}: {error})") from error


def _skeleton(
    name: str, joints: str, limbs: str, head: tuple[str, str] | None, sigmas: dict[str, float] | None = None
) -> Skeleton:
    names = tuple(joints.split())
    index = names.index
    ends = [limb.split("-") for limb in limbs.split()]
    return Skeleton(
        name,
        names,
        tuple((index(a), index(b)) for a, b in ends),
        (index("left_shoulder"), index("right_hip")),
        None if head is None else (index(head[0]), index(head[1])),
        sigmas=tuple((sigmas or {}).get(joint, default_sigma(joint)) for joint in names),
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

#: The body and the feet of Halpe (Fang et al., arXiv 2211.03375), of which each of the others labels a part.
BODY26 = _skeleton(
    "body26",
    " ".join(COCO17.joints)
    + " head_top neck pelvis left_big_toe right_big_toe left_small_toe right_small_toe left_heel right_heel",
    "nose-left_eye nose-right_eye left_eye-left_ear right_eye-right_ear neck-nose neck-head_top neck-left_shoulder "
    "neck-right_shoulder neck-pelvis pelvis-left_hip pelvis-right_hip left_ankle-left_heel left_heel-left_big_toe "
    "left_heel-left_small_toe right_ankle-right_heel right_heel-right_big_toe right_heel-right_small_toe "
    + _ARMS_AND_LEGS,
    ("neck", "head_top"),
    {"head_top": 0.08, "neck": 0.08, "pelvis": 0.08},
)

SKELETONS = {skeleton.name: skeleton for skeleton in (PANOPTIC19, COCO17, MPII16, LSP14, BODY26)}


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
