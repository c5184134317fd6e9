"""The dome's people: a skinned body with MakeHuman's shapes and bones, and Panoptic's joints.

Lengths are mm, x is the person's left, y up, z forward; the floor is y = 0. `to_world` converts to the studio's axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from body.shape import Shape, asset, blend
from body.skinning import Skin, pose_bones
from pose import PANOPTIC19

# MakeHuman's rig for the motions of the CMU graphics laboratory: name, parent, body part.
_RIG = """
Hips - pelvis
LHipJoint Hips pelvis
LeftUpLeg LHipJoint left_thigh
LeftLeg LeftUpLeg left_shank
LeftFoot LeftLeg left_foot
LeftToeBase LeftFoot left_foot
LowerBack Hips torso
Spine LowerBack torso
Spine1 Spine torso
LeftShoulder Spine1 torso
LeftArm LeftShoulder left_upper_arm
LeftForeArm LeftArm left_forearm
LeftHand LeftForeArm left_hand
LThumb LeftHand left_hand
LeftFingerBase LeftHand left_hand
LeftHandFinger1 LeftFingerBase left_hand
Neck Spine1 neck
Neck1 Neck neck
Head Neck1 head
RightShoulder Spine1 torso
RightArm RightShoulder right_upper_arm
RightForeArm RightArm right_forearm
RightHand RightForeArm right_hand
RThumb RightHand right_hand
RightFingerBase RightHand right_hand
RightHandFinger1 RightFingerBase right_hand
RHipJoint Hips pelvis
RightUpLeg RHipJoint right_thigh
RightLeg RightUpLeg right_shank
RightFoot RightLeg right_foot
RightToeBase RightFoot right_foot
"""
_ROWS = [line.split() for line in _RIG.split("\n") if line]
#: The bones, parents first.
BONES = tuple(name for name, _, _ in _ROWS)
#: The index of each bone's parent; -1 for the hips, the root.
PARENTS = tuple(BONES.index(parent) if parent != "-" else -1 for _, parent, _ in _ROWS)
#: The body parts of segmentation; their labels are 1 + index.
PARTS = (
    *("head", "neck", "torso", "pelvis"),
    *("left_upper_arm", "left_forearm", "left_hand", "left_thigh", "left_shank", "left_foot"),
    *("right_upper_arm", "right_forearm", "right_hand", "right_thigh", "right_shank", "right_foot"),
)
#: The label in `PARTS` of each bone.
PART_OF_BONE = tuple(1 + PARTS.index(part) for _, _, part in _ROWS)
#: The groups of faces. Hair and skirt are MakeHuman's helper meshes, from which garments are made.
GROUPS = ("skin", "eyes", "hair", "skirt")

# The joints at heads of bones; the others are facial, or midpoints of two of these.
_BONE_OF = {"shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand", "hip": "UpLeg", "knee": "Leg", "ankle": "Foot"}
# The studio detects joints with OpenPose, whose neck is the midpoint of the shoulders; the studio's is within 6 mm.
_MIDDLES = {"neck": ("left_shoulder", "right_shoulder"), "body_center": ("left_hip", "right_hip")}


def to_world(points_mm: np.ndarray) -> np.ndarray:
    """Points (..., 3) with y up -> the studio's world, y down: a half turn about z. It is its own inverse."""
    return points_mm * np.array([-1, -1, 1], np.asarray(points_mm).dtype)


@dataclass(frozen=True, eq=False)
class Topology:
    """What is the same in all bodies.

    Attributes:
        faces: int32 (T, 3), indices of vertices, counter-clockwise as seen from outside.
        group: uint8 (T,), index in `GROUPS` of each face.
        part: uint8 (T,), label of each face: 1 + index in `PARTS`.
        canonical_mm: float32 (V, 3), the vertices of the average grown-up at rest.
        weight_bones: int32 (V, 4), the bones that move each vertex.
        weights: float32 (V, 4), their weights, which sum to 1.
    """

    faces: np.ndarray
    group: np.ndarray
    part: np.ndarray
    canonical_mm: np.ndarray
    weight_bones: np.ndarray
    weights: np.ndarray

    @cached_property
    def vertex_group(self) -> np.ndarray:
        """uint8 (V,): index in `GROUPS` of each vertex; no vertex is in two groups."""
        group = np.zeros(len(self.weights), np.uint8)
        group[self.faces] = self.group[:, None]
        return group


@cache
def _stored() -> dict[str, np.ndarray]:
    """The body's file, with its bones and groups checked against ours."""
    stored = asset()
    for name, ours in (("bones", BONES), ("groups", GROUPS)):
        if tuple(stored[name]) != ours:
            raise ValueError(
                f"the body's file has the {name} {', '.join(stored[name])}, not {', '.join(ours)}; "
                "make it again with tools/make_body.py"
            )
    return stored


@cache
def topology() -> Topology:
    """The bodies' triangles and weights.

    Raises:
        ValueError: the body's file cannot be read, or has other bones or groups.
    """
    stored = _stored()
    return Topology(
        faces=stored["faces"].astype(np.int32),
        group=stored["group"],
        part=stored["part"],
        canonical_mm=Human(Shape()).rest_mm,
        weight_bones=stored["weight_bones"].astype(np.int32),
        weights=stored["weights"].astype(np.float32) / np.float32(65535),
    )


@dataclass(frozen=True, eq=False)
class Posed:
    """A person in F frames, in stage mm.

    Attributes:
        vertices_mm: float32 (F, V, 3).
        joints_mm: float64 (F, 19, 3), in the order of PANOPTIC19.
        heads_mm: float64 (F, 31, 3), the heads of the bones.
        orientations: float64 (F, 31, 3, 3), each bone's rotation from rest.
    """

    vertices_mm: np.ndarray
    joints_mm: np.ndarray
    heads_mm: np.ndarray
    orientations: np.ndarray


class Human:
    """A body of a given shape, which can be posed.

    Attributes:
        shape: the shape.
        rest_mm: float32 (V, 3), the vertices at rest, in MakeHuman's pose with arms held off; soles at y = 0.
        heads_mm: float64 (31, 3), the heads of the bones at rest.
        tails_mm: float64 (31, 3), their tails.
        joints_mm: float64 (19, 3), the joints at rest, in the order of PANOPTIC19.
    """

    def __init__(self, shape: Shape) -> None:
        """Builds the body.

        Raises:
            ValueError: the body's file cannot be read, or has other bones or groups.
        """
        self.shape = shape
        stored = _stored()
        vertices, points = blend(shape)
        # The skin's faces come first in the file, and so do its vertices; hair and skirt end above the soles.
        floor = np.array([0, vertices[:, 1].min(), 0])
        self.rest_mm = (vertices - floor).astype(np.float32)
        self.heads_mm = points[stored["heads"]] - floor
        self.tails_mm = points[stored["tails"]] - floor
        self.joints_mm = self._rest_joints(stored["joint_vertices"])

    @property
    def stature_mm(self) -> float:
        """From the soles to the crown, standing straight."""
        skin = topology().vertex_group == GROUPS.index("skin")
        return float(self.rest_mm[skin, 1].max())

    def _rest_joints(self, joint_vertices: np.ndarray) -> np.ndarray:
        joints = self.rest_mm[joint_vertices].mean(axis=1, dtype=np.float64)
        for joint, bone in enumerate(_JOINT_BONES):
            if not joint_vertices[joint].any():
                joints[joint] = self.heads_mm[bone]
        return _with_middles(joints)

    @cached_property
    def _skin(self) -> Skin:
        shared = topology()
        return Skin(self.rest_mm, shared.weight_bones, shared.weights, self.heads_mm)

    def pose(self, rotations: np.ndarray, root_mm: np.ndarray) -> Posed:
        """Puts the body into poses.

        Args:
            rotations: (F, 31, 3, 3), each bone's rotation relative to its parent; identities are the body at rest.
            root_mm: (F, 3), the position of the hips' head.
        """
        heads, orientations = self.pose_bones(rotations, root_mm)
        return Posed(self._skin.posed(orientations, heads), self.joints(orientations, heads), heads, orientations)

    def pose_bones(self, rotations: np.ndarray, root_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The bones' heads (F, 31, 3) and orientations (F, 31, 3, 3), float64, in the poses that `pose` describes."""
        return pose_bones(rotations, root_mm, self.heads_mm, PARENTS)

    def joints(self, orientations: np.ndarray, heads_mm: np.ndarray) -> np.ndarray:
        """The joints, float64 (F, 19, 3) in the order of PANOPTIC19, of posed bones."""
        offsets = self.joints_mm - self.heads_mm[_JOINT_BONES]
        turned = np.einsum("fjik,jk->fji", orientations[:, _JOINT_BONES], offsets)
        return _with_middles(heads_mm[:, _JOINT_BONES] + turned)


def _joint_bone(joint: str) -> int:
    """The bone that a joint moves with."""
    side, _, name = joint.partition("_")
    return BONES.index(side.title() + _BONE_OF[name] if name in _BONE_OF else "Head")


_JOINT_BONES = [_joint_bone(joint) for joint in PANOPTIC19.joints]


def _with_middles(joints: np.ndarray) -> np.ndarray:
    """Sets the neck and the body center to the midpoints of shoulders and hips."""
    for name, ends in _MIDDLES.items():
        joints[..., PANOPTIC19.index(name), :] = sum(joints[..., PANOPTIC19.index(end), :] for end in ends) / 2
    return joints
