import json

import numpy as np
import pytest

from pose import BODY26, COCO17, LSP14, MPII16, PANOPTIC19, SKELETONS, Skeleton, convert_joints, joint_map


def test_orders_are_the_data_sets_own():
    assert PANOPTIC19.joints[:4] == ("neck", "nose", "body_center", "left_shoulder")
    assert PANOPTIC19.joints[14:] == ("right_ankle", "left_eye", "left_ear", "right_eye", "right_ear")
    assert COCO17.joints[5:7] == ("left_shoulder", "right_shoulder")
    assert MPII16.joints[6:10] == ("pelvis", "thorax", "upper_neck", "head_top")
    assert LSP14.joints[0] == "right_ankle" and LSP14.joints[13] == "head_top"
    assert BODY26.joints[:17] == COCO17.joints and BODY26.joints[17:20] == ("head_top", "neck", "pelvis")
    assert BODY26.joints[20:23] == ("left_big_toe", "right_big_toe", "left_small_toe")
    assert [skeleton.num_joints for skeleton in SKELETONS.values()] == [19, 17, 16, 14, 26]


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_flipping_swaps_left_and_right_and_is_its_own_inverse(skeleton):
    order = skeleton.flip_order
    assert (order[order] == np.arange(skeleton.num_joints)).all()
    for joint, flipped in zip(skeleton.joints, order, strict=True):
        swapped = {"left": "right", "right": "left"}
        side, _, stem = joint.partition("_")
        assert skeleton.joints[flipped] == (f"{swapped[side]}_{stem}" if side in swapped else joint)


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_limbs_connect_every_joint_but_cocos_loose_head(skeleton):
    reached = {skeleton.torso[0]}
    while True:
        more = reached | {b for a, b in skeleton.limbs if a in reached} | {a for a, b in skeleton.limbs if b in reached}
        if more == reached:
            break
        reached = more
    head = {"nose", "left_eye", "right_eye", "left_ear", "right_ear"} if skeleton is COCO17 else set()
    assert {skeleton.joints[j] for j in range(skeleton.num_joints)} - {skeleton.joints[j] for j in reached} == head


def test_spans():
    assert [LSP14.joints[j] for j in LSP14.torso] == ["left_shoulder", "right_hip"]
    assert [LSP14.joints[j] for j in LSP14.head] == ["neck", "head_top"]
    assert COCO17.head is None
    assert [LSP14.joints[j] for j in LSP14.main_joints][:3] == ["left_shoulder", "right_shoulder", "left_elbow"]
    assert len(set(LSP14.main_joints)) == 12


def test_coco_sigmas_are_pycocotools_own():
    from pycocotools.cocoeval import Params

    np.testing.assert_allclose(COCO17.sigmas, Params(iouType="keypoints").kpt_oks_sigmas)


def test_sigmas_of_joints_that_coco_lacks_are_crowdposes_or_the_hips():
    """CrowdPose's (arXiv 1812.00324) are 0.079 for the head and the neck."""

    def sigma(skeleton, joint):
        return skeleton.sigmas[skeleton.index(joint)]

    assert [sigma(MPII16, joint) for joint in ("upper_neck", "thorax", "head_top")] == [0.079] * 3
    assert sigma(LSP14, "neck") == sigma(PANOPTIC19, "neck") == 0.079
    assert sigma(MPII16, "pelvis") == sigma(PANOPTIC19, "body_center") == sigma(COCO17, "left_hip") == 0.107


def test_sigmas_of_feet_are_halpes():
    """Halpe's (github.com/Fang-Haoshu/Halpe-FullBody) are 0.08 for head, neck and pelvis, and 0.089 for the feet."""
    assert BODY26.sigmas[:17] == COCO17.sigmas
    assert BODY26.sigmas[17:] == (0.08,) * 3 + (0.089,) * 6


def test_body26_holds_what_others_label():
    for skeleton, lacking in ((COCO17, 6 + 1), (LSP14, 5 + 6), (MPII16, 5 + 6), (PANOPTIC19, 6 + 1)):
        numbered = np.arange(2.0 * skeleton.num_joints).reshape(-1, 2)
        xy, visible = convert_joints(numbered, np.full(skeleton.num_joints, 2), skeleton, BODY26)
        assert (visible == 0).sum() == lacking
        back, _ = convert_joints(xy, visible, BODY26, skeleton)
        same = [name for name in skeleton.joints if name in BODY26.joints]
        rows = [skeleton.index(name) for name in same]
        np.testing.assert_array_equal(back[rows], numbered[rows])


def test_sides_follow_from_the_names():
    assert LSP14.sides == ("right",) * 3 + ("left",) * 3 + ("right",) * 3 + ("left",) * 3 + ("middle",) * 2


def test_a_skeleton_is_immutable():
    with pytest.raises(AttributeError):
        COCO17.name = "coco18"
    assert {COCO17: 17, LSP14: 14}[COCO17] == 17


def test_joint_map_between_skeletons():
    assert joint_map(COCO17, COCO17).tolist() == list(range(17))
    # MPII's upper neck and head top have no equal in Panoptic's order; its thorax is Panoptic's neck.
    expected = [14, 13, 12, 6, 7, 8, 2, 0, -1, -1, 11, 10, 9, 3, 4, 5]
    assert joint_map(PANOPTIC19, MPII16).tolist() == expected


def test_convert_fills_the_neck_from_the_shoulders():
    xy, visible = np.zeros((17, 2), np.float32), np.zeros(17, int)
    xy[5], xy[6], xy[11] = (10, 20), (30, 40), (7, 7)
    visible[5], visible[6], visible[11] = 2, 1, 2
    out, seen = convert_joints(xy, visible, COCO17, PANOPTIC19)
    assert out[PANOPTIC19.index("neck")].tolist() == [20, 30]
    assert seen[PANOPTIC19.index("neck")] == 1
    # One hip alone makes no body centre.
    assert seen[PANOPTIC19.index("body_center")] == 0
    assert out.dtype == np.float32


def test_convert_keeps_people_apart_and_leaves_missing_joints_unlabelled():
    xy = 1.0 + np.arange(2 * 19 * 3).reshape(2, 19, 3)
    visible = np.arange(2 * 19).reshape(2, 19) % 2 + 1
    order = [14, 13, 12, 6, 7, 8, 2, 0, None, None, 11, 10, 9, 3, 4, 5]
    out, seen = convert_joints(xy, visible, PANOPTIC19, MPII16)
    assert out.shape == (2, 16, 3) and seen.shape == (2, 16)
    for j, source in enumerate(order):
        expected = 0 if source is None else xy[:, source], 0 if source is None else visible[:, source]
        assert (out[:, j] == expected[0]).all() and (seen[:, j] == expected[1]).all(), MPII16.joints[j]


def test_convert_makes_a_middle_of_joints_that_are_both_labelled_alone():
    # Hips of LSP are joints 2 and 3. It has no nose, which in Panoptic's order comes before their middle.
    xy, visible = np.full((3, 14, 2), 9.0), np.zeros((3, 14), int)
    xy[:, 2], xy[:, 3] = (10, 20), (20, 50)
    visible[:, 2], visible[:, 3] = (1, 2, 2), (2, 2, 0)
    out, seen = convert_joints(xy, visible, LSP14, PANOPTIC19)
    assert out[:, 2].tolist() == [[15, 35], [15, 35], [0, 0]] and seen[:, 2].tolist() == [1, 2, 0]
    assert not out[:, 1].any() and not seen[:, 1].any()
    assert out[0, 0].tolist() == [9, 9]


def test_convert_makes_no_middle_of_joints_that_the_source_lacks():
    hips = Skeleton("hips", ("left_hip", "right_hip", "left_shoulder"), (), (2, 1), None)
    out, seen = convert_joints(np.array([[0.0, 2.0], [4.0, 8.0], [1.0, 1.0]]), np.array([2, 2, 2]), hips, PANOPTIC19)
    assert (out[0].tolist(), seen[0], out[2].tolist(), seen[2]) == ([0, 0], 0, [2, 5], 2)


def test_a_description_survives_json():
    for skeleton in SKELETONS.values():
        assert Skeleton.from_description(json.loads(json.dumps(skeleton.describe()))) == skeleton


def test_unknown_joint_raises():
    with pytest.raises(ValueError, match="lsp14 has no joint 'nose'; it has right_ankle"):
        LSP14.index("nose")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"joints": ()}, "must have one or more joints of different names"),
        ({"joints": ("a", "a")}, "must have one or more joints of different names"),
        ({"limbs": ((0, 3),)}, "has 3 joints; limbs, pairs and spans must lie in these"),
        ({"limbs": ((-1, 0),)}, "limbs, pairs and spans must lie in these"),
        ({"torso": (0, 3)}, "limbs, pairs and spans must lie in these"),
        ({"pairs": ((0, 1), (1, 2))}, "has a joint in two pairs of left and right"),
        ({"pairs": ((0, 0),)}, "has a joint in two pairs of left and right"),
        ({"sigmas": (0.1, 0.1)}, "needs 3 sigmas above 0"),
        ({"sigmas": (0.1, 0.1, 0)}, "needs 3 sigmas above 0"),
        ({"sigmas": (0.1, 0.1, float("nan"))}, "needs 3 sigmas above 0"),
    ],
)
def test_a_skeleton_that_contradicts_itself_raises(wrong, why):
    with pytest.raises(ValueError, match=why):
        Skeleton(**{"name": "x", "joints": ("a", "b", "c"), **wrong})


@pytest.mark.parametrize(
    "damage",
    [
        {"joints": None},
        {"joints": []},
        {"limbs": [[0]]},
        {"limbs": 3},
        {"torso": [1]},
        {"sigmas": ["a"]},
        {"name": ...},
    ],
)
def test_a_damaged_description_raises(damage):
    description = {**COCO17.describe(), **damage}
    if damage.get("name") is ...:
        del description["name"]
    with pytest.raises(ValueError):
        Skeleton.from_description(description)
    with pytest.raises(ValueError, match="no description of a skeleton"):
        Skeleton.from_description([])
