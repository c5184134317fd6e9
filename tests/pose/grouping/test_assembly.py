"""Grouping: exact people from the maps and fields of known people, matching worked by hand, errors."""

import os
from pathlib import Path

import numpy as np
import pytest
from field_truth import draw_truth

from pose import COCO17, LSP14, PANOPTIC19, SKELETONS, Skeleton
from pose.grouping.assembly import MAX_PEOPLE, GroupingOptions, assemble_people, group_people
from pose.grouping.limb_fields import FieldLimbs, limbs_of
from pose.grouping.limb_lines import Links, match

SIZE, CELLS = (368, 496), (46, 62)
EXACT_PX = 0.001
CHAIN = Skeleton("chain", ("a", "b", "c"), limbs=((0, 1), (1, 2)))
shared = Path(os.environ.get("PANOPOSE_SHARED", "/nowhere")) / "data/coco_labels/keypoints.npz"


def decode(xy, visible, limbs, size=SIZE, cells=CELLS, **options):
    maps, fields = draw_truth(xy, visible, limbs, size, cells)
    return group_people(maps.astype("float32"), fields.astype("float32"), limbs, size, GroupingOptions(**options))


def assert_exactly(people, xy, visible):
    """Every person of the truth is found once, with exactly the joints that are visible, and nobody else."""
    assert len(people.person_scores) == len(xy)
    left = list(range(len(xy)))
    for true, seen in zip(xy, visible > 0, strict=True):
        distances = [np.abs(people.joints_xy_px[one] - true)[seen].max() for one in left]
        found = left.pop(int(np.argmin(distances)))
        assert min(distances) < EXACT_PX
        np.testing.assert_array_equal(people.scores[found] > 0, seen)


def crowd(skeleton, count, seed):
    """People in variations of a random pose, side by side in two rows, whose limbs reach over one another."""
    random = np.random.default_rng(seed)
    places = [(75 + 115 * column, 95 + 178 * row) for row in range(2) for column in range(4)]
    places = random.permutation(places)[:count, None] + random.uniform(-20, 20, (count, 1, 2))
    pose = np.clip(random.normal(0, 25, (skeleton.num_joints, 2)), -50, 50)
    xy = places + pose + random.normal(0, 4, (count, *pose.shape))
    return xy, np.full(xy.shape[:2], 2)


@pytest.mark.parametrize("count", range(1, 8))
@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda one: one.name)
def test_one_to_seven_people(skeleton, count):
    for seed in range(4):
        xy, visible = crowd(skeleton, count, seed)
        assert_exactly(decode(xy, visible, limbs_of(skeleton)), xy, visible)


def standing(x, y, scale=1.0):
    """A person in panoptic19, seen from the front, about 170 px high; (x, y) is the neck."""
    middle = [(0, 0), (0, -22), (0, 55)]
    left = [(18, 2), (30, 26), (36, 50), (12, 56), (14, 88), (15, 122)]
    right = [(-a, b) for a, b in left]
    face = [(5, -27), (11, -24), (-5, -27), (-11, -24)]
    return np.array([x, y]) + scale * np.array([*middle, *left, *right, *face], float)


def test_the_joints_and_scores_of_one_person():
    xy = standing(200.0, 100.0)[None]
    people = decode(xy, np.full((1, 19), 2), limbs_of(PANOPTIC19))
    np.testing.assert_allclose(people.joints_xy_px, xy, atol=EXACT_PX)
    np.testing.assert_allclose(people.scores, 1, atol=1e-5)
    np.testing.assert_allclose(people.person_scores, 1, atol=1e-5)
    assert people.joints_xy_px.dtype == np.float64


def test_a_batch_has_a_fixed_number_of_people():
    people = [standing(200.0, 100.0)[None], np.stack([standing(100.0, 90.0), standing(250.0, 90.0)])]
    limbs, size = limbs_of(PANOPTIC19), 368
    drawn = [draw_truth(xy, np.full(xy.shape[:2], 2), limbs, (size, size), (46, 46)) for xy in people]
    answers = {"joint_maps": np.stack([maps for maps, _ in drawn]), "limb_fields": np.stack([one for _, one in drawn])}
    found = assemble_people(answers, PANOPTIC19, size)
    shapes = {"joints_xy_px": (2, MAX_PEOPLE, 19, 2), "scores": (2, MAX_PEOPLE, 19), "person_scores": (2, MAX_PEOPLE)}
    assert {name: value.shape for name, value in found.items()} == shapes
    np.testing.assert_array_equal((found["person_scores"] > 0).sum(axis=1), [1, 2])
    np.testing.assert_allclose(found["joints_xy_px"][0, 0], people[0][0], atol=EXACT_PX)
    assert (found["scores"][0, 1:] == 0).all()


def test_nobody():
    people = decode(np.zeros((0, 19, 2)), np.zeros((0, 19)), limbs_of(PANOPTIC19))
    assert [one.shape for one in people] == [(0, 19, 2), (0, 19), (0,)]


def test_crossing_arms():
    # The left forearms of two people cross at right angles, where their average field points along neither.
    one, other = standing(150, 100), standing(230, 100)
    elbow, wrist = PANOPTIC19.index("left_elbow"), PANOPTIC19.index("left_wrist")
    one[[elbow, wrist]] = (190, 130), (250, 190)
    other[[elbow, wrist]] = (250, 130), (190, 190)
    xy = np.stack([one, other])
    assert_exactly(decode(xy, np.full((2, 19), 2), limbs_of(PANOPTIC19)), xy, np.full((2, 19), 2))


@pytest.mark.parametrize("shift", [(25, 0), (17, 17), (-9, 25), (-30, 9)])
def test_people_who_overlap(shift):
    xy = np.stack([standing(200, 100), standing(200 + shift[0], 100 + shift[1])])
    visible = np.full((2, 19), 2)
    assert_exactly(decode(xy, visible, limbs_of(PANOPTIC19)), xy, visible)


def test_missing_joints():
    xy, visible = np.stack([standing(120, 100), standing(300, 100)]), np.full((2, 19), 2)
    visible[0, PANOPTIC19.index("left_wrist")] = 0
    visible[1, [PANOPTIC19.index(name) for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]] = 0
    people = decode(xy, visible, limbs_of(PANOPTIC19))
    assert_exactly(people, xy, visible)
    # A joint that was not found lies in the middle of the others.
    whole = int(np.argmin(people.joints_xy_px[:, 0, 0]))
    found = people.scores[whole] > 0
    middle = people.joints_xy_px[whole][found].mean(axis=0)
    np.testing.assert_allclose(people.joints_xy_px[whole, PANOPTIC19.index("left_wrist")], middle)


def test_a_joint_behind_a_missing_one_is_left_out():
    xy, visible = standing(120, 100)[None], np.full((1, 19), 2)
    visible[0, PANOPTIC19.index("left_elbow")] = 0
    expected = visible.copy()
    expected[0, PANOPTIC19.index("left_wrist")] = 0
    assert_exactly(decode(xy, visible, limbs_of(PANOPTIC19)), xy, expected)


def test_joints_out_of_the_image():
    xy = np.stack([standing(4, 100), standing(300, 330)])
    inside = ((xy >= -0.5) & (xy < np.array(SIZE[::-1]) - 0.5)).all(axis=-1)
    assert not inside[0].all() and not inside[1].all()
    people = decode(xy, np.full((2, 19), 2), limbs_of(PANOPTIC19))
    # The first person's right arm and left foot, and the second's legs, hang on joints that are outside.
    assert_exactly(people, xy, inside)


def test_joints_on_the_edge():
    for x, y in ((-0.4, 100.0), (495.4, 100.0), (200.0, -0.4), (200.0, 367.4), (-0.4, -0.4), (495.4, 367.4)):
        xy = np.array([[[x, y], [250, 180], [300, 220]]])
        assert_exactly(decode(xy, np.full((1, 3), 2), limbs_of(CHAIN)), xy, np.full((1, 3), 2))


def test_thirty_people():
    places = [(40 + 75 * column, 30 + 71 * row) for row in range(5) for column in range(6)]
    xy = np.stack([standing(x, y, scale=0.33) for x, y in places])
    visible = np.full((30, 19), 2)
    assert_exactly(decode(xy, visible, limbs_of(PANOPTIC19)), xy, visible)


def test_a_mirrored_image_gives_mirrored_people():
    xy, visible = crowd(COCO17, 5, seed=3)
    limbs, order = limbs_of(COCO17), COCO17.flip_order
    maps, fields = draw_truth(xy, visible, limbs, SIZE, CELLS)
    mirrored_xy = xy[:, order] * (-1, 1) + (SIZE[1] - 1, 0)
    mirrored_maps, mirrored = draw_truth(mirrored_xy, visible, limbs, SIZE, CELLS)
    np.testing.assert_allclose(mirrored_maps, maps[:, ::-1][..., order], atol=1e-9)
    # Limbs swap sides, and the x of their vectors changes its sign; some limbs of the middle turn round.
    vectors, mirrored = (one.reshape(*CELLS, -1, 2) for one in (fields[:, ::-1], mirrored))
    for limb, (a, b) in enumerate(limbs.pairs):
        pair = (order[a], order[b])
        turned = pair not in limbs.pairs
        of_other = vectors[:, :, limbs.pairs.index(pair[::-1] if turned else pair)]
        np.testing.assert_allclose(mirrored[:, :, limb], of_other * (-1, 1) * (-1 if turned else 1), atol=1e-9)
    people = group_people(mirrored_maps, mirrored.reshape(*CELLS, -1), limbs, SIZE)
    assert_exactly(people, mirrored_xy, visible)


def erased(fields, limbs, *pairs):
    fields = fields.copy()
    for pair in pairs:
        limb = limbs.pairs.index(pair)
        fields[..., 2 * limb : 2 * limb + 2] = 0
    return fields


def test_a_redundant_limb_joins_what_the_tree_has_lost():
    xy, visible = standing(200, 100)[None, [*range(3), *range(3, 15)]], np.full((1, 15), 2)
    tree = [pair for pair in PANOPTIC19.limbs if max(pair) < 15]
    limbs = FieldLimbs(15, (*tree, (6, 12)))
    assert limbs.redundant == (len(tree),)
    maps, fields = draw_truth(xy, visible, limbs, SIZE, CELLS)
    # Without the limb from the middle of the body to the right hip.
    people = group_people(maps, erased(fields, limbs, (2, 12)), limbs, SIZE)
    assert_exactly(people, xy, visible)
    both = group_people(maps, erased(fields, limbs, (2, 12), (6, 12)), limbs, SIZE)
    assert sorted((one > 0).sum() for one in both.scores) == [3, 12]


def test_a_redundant_limb_alone_makes_nobody():
    ring = FieldLimbs(3, ((0, 1), (1, 2), (0, 2)))
    assert ring.redundant == (2,)
    maps, fields = draw_truth([[[100, 100], [150, 200], [200, 100]]], np.full((1, 3), 2), ring, SIZE, CELLS)
    alone = erased(fields, ring, (0, 1), (1, 2))
    assert len(group_people(maps, alone, ring, SIZE, GroupingOptions(min_joints=2)).scores) == 0
    assert len(group_people(maps, erased(fields, ring, (1, 2)), ring, SIZE).scores) == 1


def test_parts_that_share_a_joint_are_not_merged():
    # A redundant limb leads from the first person's hip to the second's.
    limbs = FieldLimbs(4, ((0, 1), (0, 2), (0, 3), (1, 2)))
    assert limbs.redundant == (3,)
    xy, visible = (
        np.array([[[80, 80], [60, 160], [100, 160], [80, 40]], [[240, 80], [220, 160], [260, 160], [240, 40]]]),
        2,
    )
    visible = np.full((2, 4), 2)
    maps, fields = draw_truth(xy, visible, limbs, SIZE, CELLS)
    wrong = np.array([[[0, 0], [60, 160], [260, 160], [0, 0]]])
    _, between = draw_truth(wrong, np.array([[0, 2, 2, 0]]), limbs, SIZE, CELLS)
    fields = erased(fields, limbs, (1, 2)) + between
    assert_exactly(group_people(maps, fields, limbs, SIZE), xy, visible)


def test_the_share_of_points_that_must_agree():
    xy, visible, limbs = np.array([[[40, 100], [220, 100], [220, 200]]]), np.full((1, 3), 2), limbs_of(CHAIN)
    maps, fields = draw_truth(xy, visible, limbs, SIZE, CELLS)
    # The ten points of the first limb are 2.5 cells apart: erases one of them, then two.
    for columns, found in ((slice(12, 14), 3), (slice(12, 17), 2)):
        broken = fields.copy()
        broken[:, columns, :2] = 0
        people = group_people(maps, broken, limbs, SIZE, GroupingOptions(min_joints=2))
        assert (people.scores > 0).sum() == found


def test_a_long_limb_loses_by_its_length():
    # 300 px are 37.5 cells, half the height is 23: the limb's score is 1 + 23 / 37.5 - 1.
    xy, visible = np.array([[[40, 100], [340, 100], [340, 200]]]), np.full((1, 3), 2)
    people = decode(xy, visible, limbs_of(CHAIN))
    np.testing.assert_allclose(people.person_scores, (3 + 1 + 23 / 37.5) / 5, atol=1e-4)


def test_fewest_joints_and_lowest_score():
    xy, visible = np.array([[[40, 100], [140, 100], [140, 200]]]), np.array([[2, 2, 0]])
    assert len(decode(xy, visible, limbs_of(CHAIN)).scores) == 0
    assert len(decode(xy, visible, limbs_of(CHAIN), min_joints=2).scores) == 1
    # Two joints and a limb, divided by two joints.
    assert len(decode(xy, visible, limbs_of(CHAIN), min_joints=2, min_score=1.49).scores) == 1
    assert len(decode(xy, visible, limbs_of(CHAIN), min_joints=2, min_score=1.51).scores) == 0
    pair = Skeleton("pair", ("a", "b"), limbs=((0, 1),))
    assert len(decode(xy[:, :2], visible[:, :2], limbs_of(pair)).scores) == 1


def test_greedy_matching_by_hand():
    # Joints 0 and 1 of limb 0 and 2 and 3: the best line first, though 0.8 + 0.7 is more than 0.9 + 0.1.
    lines = Links(
        np.array([0, 0, 0, 0, 1]),
        np.array([0, 0, 1, 1, 0]),
        np.array([2, 3, 2, 3, 2]),
        np.array([0.9, 0.8, 0.7, 0.1, 0.5]),
    )
    chosen = match(lines)
    np.testing.assert_array_equal(np.stack(chosen[:3], axis=1), [[0, 0, 2], [0, 1, 3], [1, 0, 2]])
    np.testing.assert_allclose(chosen.score, [0.9, 0.1, 0.5])


def test_the_maps_of_an_untrained_net():
    limbs, random = limbs_of(LSP14), np.random.default_rng(0)
    maps = random.normal(0, 0.5, (*CELLS, 14)).astype("float32")
    fields = random.normal(0, 0.5, (*CELLS, 2 * len(limbs.pairs))).astype("float32")
    people = group_people(maps, fields, limbs, SIZE, GroupingOptions(max_peaks=30))
    assert len(people.scores) <= 30 * 14 and np.isfinite(people.joints_xy_px).all()
    assert ((people.scores >= 0) & (people.scores <= 1)).all()


def test_wrong_arguments_raise():
    maps, fields, limbs = np.zeros((4, 4, 3)), np.zeros((4, 4, 4)), limbs_of(CHAIN)
    with pytest.raises(ValueError, match=r"maps must be \(h, w, 3\) and fields \(h, w, 4\).*got \(4, 4, 2\)"):
        group_people(maps[..., :2], fields, limbs, SIZE)
    with pytest.raises(ValueError, match=r"got \(4, 4, 3\) and \(4, 3, 4\)"):
        group_people(maps, fields[:, :3], limbs, SIZE)
    with pytest.raises(ValueError, match="samples 2 or more, got 100, 3 and 1"):
        GroupingOptions(samples=1)
    with pytest.raises(ValueError, match="min_share from 0 to below 1, got 0.1 and 1.0"):
        GroupingOptions(min_share=1.0)


@pytest.mark.skipif(not shared.is_file(), reason="PANOPOSE_SHARED has no COCO labels")
def test_real_crowds():
    # Those whose equal joints are 3 cells apart come back exactly, but for joints at the edge, which need more room.
    labels = np.load(shared)
    limbs, size, cells = limbs_of(COCO17), (368, 368), (46, 46)
    _, count = np.unique(labels["image_id"], return_counts=True)
    order = np.argsort(labels["image_id"], kind="stable")
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    chosen = np.random.default_rng(0).choice(np.flatnonzero((count >= 1) & (count <= 7)), 60, replace=False)
    clear = exact = 0
    for start, number in zip(first[chosen], count[chosen], strict=True):
        rows = order[start : start + number]
        xy, visible = labels["xy"][rows] / 65535 * 368 - 0.5, labels["v"][rows]
        people = decode(xy, visible, limbs, size, cells)
        for person, seen in zip(xy, visible > 0, strict=True):
            linked = reachable(seen, limbs)
            away = np.linalg.norm(xy - person, axis=-1) / 8
            rivals = (away > 0) & (visible > 0) & linked
            if linked.sum() < 3 or (rivals & (away < 3)).any():
                continue
            error = np.linalg.norm(people.joints_xy_px - person, axis=-1)
            alike = ((people.scores > 0) == linked).all(axis=1) & (np.where(linked, error, 0) < 0.05).all(axis=1)
            clear, exact = clear + 1, exact + alike.any()
    assert clear > 60 and exact >= 0.99 * clear


def reachable(seen, limbs):
    """The largest set of labeled joints that limbs connect."""
    part = np.where(seen, np.arange(len(seen)), -1)
    for _ in limbs.pairs:
        for a, b in limbs.pairs:
            if seen[a] and seen[b]:
                part[[a, b]] = max(part[a], part[b])
    return seen & (part == np.argmax(np.bincount(part[seen], minlength=1)))
