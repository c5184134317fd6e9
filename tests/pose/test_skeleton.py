import json

import numpy as np
import pytest

from pose import COCO17, LSP14, MPII16, PANOPTIC19, SKELETONS, Skeleton, convert_joints, joint_map


def test_orders_are_the_data_sets_own():
    assert PANOPTIC19.joints[:4] == ("neck", "nose", "body_center", "left_shoulder")
    assert PANOPTIC19.joints[14:] == ("right_ankle", "left_eye", "left_ear", "right_eye", "right_ear")
    assert COCO17.joints[5:7] == ("left_shoulder", "right_shoulder")
    assert MPII16.joints[6:10] == ("pelvis", "thorax", "upper_neck", "head_top")
    assert LSP14.joints[0] == "right_ankle" and LSP14.joints[13] == "head_top"
    assert [skeleton.num_joints for skeleton in SKELETONS.values()] == [19, 17, 16, 14]


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
    assert [LSP14.joints[j] for j in LSP14.limb_joints][:3] == ["left_shoulder", "right_shoulder", "left_elbow"]
    assert len(set(LSP14.limb_joints)) == 12


def test_coco_sigmas_are_pycocotools_own():
    from pycocotools.cocoeval import Params

    np.testing.assert_allclose(COCO17.sigmas, Params(iouType="keypoints").kpt_oks_sigmas)


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


def test_a_description_survives_json():
    for skeleton in SKELETONS.values():
        assert Skeleton.from_description(json.loads(json.dumps(skeleton.describe()))) == skeleton


def test_unknown_joint_is_told():
    with pytest.raises(ValueError, match="lsp14 has no joint 'nose'; it has right_ankle"):
        LSP14.index("nose")
