"""The order of joints and limbs in reports."""

import pytest

from evaluate.pose_2d.sides import joint_rows, limb_rows, side_by_side
from pose import LSP14, PANOPTIC19, SKELETONS


def test_joints_from_head_to_foot_left_before_right():
    rows = joint_rows(LSP14)
    assert [name for name, _ in rows] == ["head top", "neck", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"]
    # LSP lists the right side of the legs first, and the right wrist before the left.
    assert dict(rows)["ankle"] == (LSP14.index("left_ankle"), LSP14.index("right_ankle")) == (5, 0)
    assert dict(rows)["neck"] == (12,)
    assert side_by_side([str(i) for i in range(14)], (5, 0)) == "5 | 0"
    assert [name for name, _ in joint_rows(PANOPTIC19)][:4] == ["nose", "eye", "ear", "neck"]


def test_limbs_with_their_mirror_images():
    rows = dict(limb_rows(LSP14))
    left, right = rows["hip \u2013 knee"]
    assert [LSP14.joints[j] for j in LSP14.limbs[left]] == ["left_hip", "left_knee"]
    assert [LSP14.joints[j] for j in LSP14.limbs[right]] == ["right_hip", "right_knee"]
    assert len(rows["left hip \u2013 right hip"]) == len(rows["head top \u2013 neck"]) == 1


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
def test_every_joint_and_limb_stands_in_one_row(skeleton):
    assert sorted(i for _, indices in joint_rows(skeleton) for i in indices) == list(range(skeleton.num_joints))
    assert sorted(i for _, indices in limb_rows(skeleton) for i in indices) == list(range(len(skeleton.limbs)))
