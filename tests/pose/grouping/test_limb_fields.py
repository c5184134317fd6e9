"""The limbs that have fields: a spanning tree, redundant limbs, mirror images, links between loose parts."""

import pytest

from pose import COCO17, LSP14, MPII16, PANOPTIC19, SKELETONS, Skeleton
from pose.grouping.limb_fields import FieldLimbs, limbs_of


def names(skeleton, limbs):
    return {tuple(skeleton.joints[joint] for joint in pair) for pair in limbs}


def test_cocos_head_gets_a_limb_to_each_shoulder():
    limbs = limbs_of(COCO17)
    assert limbs.pairs[: len(COCO17.limbs)] == COCO17.limbs
    added = names(COCO17, limbs.pairs[len(COCO17.limbs) :])
    assert added == {("nose", "left_shoulder"), ("nose", "right_shoulder")}
    spare = names(COCO17, [limbs.pairs[limb] for limb in limbs.redundant])
    assert spare == {("left_hip", "right_hip"), ("nose", "right_shoulder")}


def test_limbs_that_connect_everything_stay_as_they_are():
    for skeleton in (PANOPTIC19, MPII16, LSP14):
        assert limbs_of(skeleton).pairs == skeleton.limbs
    assert limbs_of(PANOPTIC19).redundant == limbs_of(MPII16).redundant == ()


def test_a_limb_of_one_side_is_mirrored():
    robin = Skeleton("robin", ("body", "left_wing", "right_wing"), limbs=((0, 1), (1, 2)))
    assert limbs_of(robin).pairs == ((0, 1), (1, 2), (0, 2))


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda one: one.name)
def test_every_limb_has_its_mirror_image(skeleton):
    limbs = {frozenset(pair) for pair in limbs_of(skeleton).pairs}
    order = skeleton.flip_order.tolist()
    assert {frozenset((order[a], order[b])) for a, b in limbs} == limbs


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda one: one.name)
def test_the_tree_walks_from_the_first_joint_to_all(skeleton):
    limbs, reached = limbs_of(skeleton), [0]
    for limb, backwards in limbs.tree:
        start, end = limbs.pairs[limb][::-1] if backwards else limbs.pairs[limb]
        assert start in reached and end not in reached
        reached.append(end)
    assert sorted(reached) == list(range(skeleton.num_joints))
    assert sorted([*(limb for limb, _ in limbs.tree), *limbs.redundant]) == list(range(len(limbs.pairs)))


def test_joints_without_limbs_hang_on_the_first_of_the_largest_part():
    beetle = Skeleton("beetle", ("tail", "head", "horn", "left_wing", "right_wing"), limbs=((1, 2),))
    assert set(limbs_of(beetle).pairs) == {(1, 2), (0, 1), (3, 0), (4, 0)}
    assert limbs_of(Skeleton("dot", ("dot",))).pairs == ()
    assert limbs_of(Skeleton("dot", ("dot",))).tree == ()


def test_wrong_limbs_raise():
    with pytest.raises(ValueError, match=r"must connect joints 0 to 2, got \(\(0, 3\),\)"):
        FieldLimbs(3, ((0, 3),))
    with pytest.raises(ValueError, match=r"must connect two joints, got \(1, 1\)"):
        FieldLimbs(3, ((0, 1), (1, 1)))
    with pytest.raises(ValueError, match="must connect all 3 joints.*add limbs"):
        FieldLimbs(3, ((0, 1),))
