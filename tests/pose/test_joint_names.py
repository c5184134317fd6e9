import json

import pytest

from pose import COCO17, Skeleton
from pose.joint_names import in_words, joint_names, own_skeleton


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["Left Hip", "RHip", "wrist_l", "r-wrist", "NOSE"], "left_hip right_hip left_wrist right_wrist nose"),
        (["paw L", "paw R", "tail tip"], "left_paw right_paw tail_tip"),
        (["linkes Knie", "rechtes Knie", "Nase"], "left_knie right_knie nase"),
        (["épaule gauche", "épaule droite", "coude G", "coude D"], "left_épaule right_épaule left_coude right_coude"),
        (["rodilla izquierda", "rodilla derecha"], "left_rodilla right_rodilla"),
        (["leftwing", "rightwing", "wing1", "Hand 3"], "left_wing right_wing wing_1 hand_3"),
        (["frontLeftPaw", "frontRightPaw"], "left_front_paw right_front_paw"),
        ([1, 2], "1 2"),
        # A short form alone says no side; a word does, also without its opposite.
        (["genou_l", "D", "right ear"], "genou_l d right_ear"),
        # Nor does the beginning of another word.
        (["leftover", "rightful"], "leftover rightful"),
    ],
)  # fmt: skip
def test_names_of_joints_in_one_spelling(given, expected):
    assert joint_names(given) == tuple(expected.split())


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["nose", ""], "keypoint 2 has no name of letters or digits, but ''"),
        (["nose", None], "keypoint 2 has no name of letters or digits, but None"),
        (["nose", True], "keypoint 2 has no name"),
        (["LHip", "left hip", "nose"], "several keypoints mean one joint: 'LHip', 'left hip'; rename all but one"),
    ],
)  # fmt: skip
def test_names_that_say_nothing_or_the_same_raise(given, why):
    with pytest.raises(ValueError, match=why):
        joint_names(given)


def test_a_skeleton_of_ones_own():
    joints = joint_names(["L wrist", "R wrist", "left shoulder", "right hip", "neck", "nose", "tail"])
    own = own_skeleton("mine", joints, [(0, 2), (4, 6)], pairs=[("neck", "tail")], sigmas={"tail": 0.03})
    assert own.joints[:2] == ("left_wrist", "right_wrist") and own.limbs == ((0, 2), (4, 6))
    assert own.torso == (2, 3) and own.head == (4, 5)
    assert own.pairs == ((0, 1), (4, 6)) and own.flip_order.tolist() == [1, 0, 2, 3, 6, 5, 4]
    assert own.sides == ("left", "right", "left", "right", "left", "middle", "right")
    assert own.lone_joints == ("left_shoulder", "right_hip")
    # COCO's wrist, shoulder, hip and nose, CrowdPose's neck, and what was given.
    assert own.sigmas == (0.062, 0.062, 0.079, 0.107, 0.079, 0.026, 0.03)
    assert not own.has_arms_and_legs and own.main_joints == tuple(range(7))
    assert Skeleton.from_description(json.loads(json.dumps(own.describe()))) == own


def test_what_is_known_by_rule():
    assert own_skeleton("x", COCO17.joints) is COCO17
    assert own_skeleton("x", COCO17.joints, pairs=[("nose", "left_eye")][:0], sigmas={"nose": 0.5}).sigmas[0] == 0.5
    two = own_skeleton("x", ["left_knee", "tail", "left_hip", "left_ankle"])
    # The limbs of the known skeletons.
    assert {frozenset(limb) for limb in two.limbs} == {frozenset((2, 0)), frozenset((0, 3))}
    assert two.torso is None and two.head is None and two.sigmas == (0.087, 0.072, 0.107, 0.089)
    for wrong in ({"pairs": [("tail", "horn")]}, {"sigmas": {"horn": 0.1}}):
        with pytest.raises(ValueError, match="there is no joint 'horn'; the joints are left_knee, tail, left_hip"):
            own_skeleton("x", two.joints, **wrong)


def test_what_was_paired_and_assumed_in_words():
    own = own_skeleton(
        "x", ["left_paw", "right_paw", "wing_a", "wing_b", "tail", "left_ear"], pairs=[("wing_a", "wing_b")]
    )
    assert in_words(own) == [
        "joints with a left and a right: paw, wing_a/wing_b",
        "joints without a side: tail",
        "joints without their mirror image: left_ear; nothing is mirrored",
        "no left shoulder and right hip, so PCK divides by a quarter of the box's longer side",
    ]
    assert in_words(COCO17) == [
        "joints with a left and a right: eye, ear, shoulder, elbow, wrist, hip, knee, ankle",
        "joints without a side: nose",
    ]
