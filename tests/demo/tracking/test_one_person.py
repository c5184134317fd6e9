"""Tracking of one painted person, with the fake model."""

import numpy as np
import pytest

from demo.tracking.estimator import CropEstimator, Pose, confidence
from demo.tracking.rule import CompleteRule, FollowRule
from demo.tracking.search import Search, search_squares
from demo.tracking.tracker import Tracker
from pose import PANOPTIC19, Crop, Skeleton

SIZE = (480, 640)


@pytest.fixture
def tracker(fake_model):
    return Tracker(fake_model.predict, fake_model.skeleton, fake_model.size, fake_model.padding)


def update(tracker, picture, time_s):
    """The pose of the only person in a frame, or None."""
    poses = list(tracker.update(picture, time_s).values())
    assert len(poses) <= 1
    return poses[0] if poses else None


def crop_center(pose):
    return pose.crop.points_to_frame((pose.crop.size - 1) / 2 * np.ones(2))


def body_center(pose):
    """Middle of the rectangle, between the nose on its upper edge and the ankles on its lower one."""
    nose, left, right = (pose.xy_px[PANOPTIC19.index(name)] for name in ("nose", "left_ankle", "right_ankle"))
    return (nose + (left + right) / 2) / 2


def test_confidence_is_the_mean_of_the_better_half():
    scores = np.full(19, 0.9)  # joints of the head and middle do not count
    scores[list(PANOPTIC19.main_joints)] = [0.8, 0.6, 0.7, 0.5, 0.3, 0.1, 0, 0, 0, 0, 0, np.nan]
    assert confidence(scores, PANOPTIC19) == pytest.approx((0.8 + 0.6 + 0.7 + 0.5 + 0.3 + 0.1) / 6)


def test_search_squares_by_hand():
    expected = [
        (319.5, 239.5, 640),
        (239.5, 239.5, 480),
        (319.5, 239.5, 480),
        (399.5, 239.5, 480),
        (143.5, 239.5, 288),
        (319.5, 239.5, 288),
        (495.5, 239.5, 288),
    ]
    np.testing.assert_allclose(search_squares(480, 640), expected)
    np.testing.assert_allclose(search_squares(640, 480), [(y, x, side) for x, y, side in expected])


@pytest.mark.parametrize("person", [(320, 240, 400), (120, 240, 300), (560, 250, 150), (330, 400, 120)])
def test_a_track_starts_in_one_frame_with_a_centered_crop(tracker, paint, person):
    pose = update(tracker, paint(SIZE, person), 0.0)
    assert pose.fresh and tracker.count == 1
    np.testing.assert_allclose(body_center(pose), person[:2], atol=3)
    np.testing.assert_allclose(crop_center(pose), person[:2], atol=6)
    # The joints span the rectangle's height; the side of the crop is that times the model's padding.
    assert pose.crop.scale * pose.crop.size == pytest.approx(1.4 * person[2], rel=0.1)


def test_the_crop_follows_a_walk_across_the_frame(tracker, paint):
    for k in range(60):
        person = (100 + 7 * k, 240 + 30 * np.sin(k / 5), 240)
        pose = update(tracker, paint(SIZE, person), k / 30)
        assert pose is not None and pose.fresh == (k == 0)
        np.testing.assert_allclose(body_center(pose), person[:2], atol=4)
        # 7 px a frame: the crop comes from the frame before, and is smoothed.
        np.testing.assert_allclose(crop_center(pose), person[:2], atol=30)
    assert pose.scores.min() > 0.9


def test_the_crop_grows_with_an_approaching_person(tracker, paint):
    heights = np.linspace(100, 420, 45)
    for k, height in enumerate(heights):
        pose = update(tracker, paint(SIZE, (320, 240, height)), k / 30)
        assert pose.scores.min() > 0.9
        assert pose.crop.scale * pose.crop.size == pytest.approx(1.4 * height, rel=0.15)


def test_a_person_who_leaves_is_lost_and_found_again_elsewhere(tracker, paint):
    positions = [(600 + 15 * k, 240, 200) for k in range(14)]  # walks out to the right
    poses = [update(tracker, paint(SIZE, person), k / 30) for k, person in enumerate(positions)]
    assert poses[0] is not None and poses[-1] is None and tracker.count == 0
    for k in range(14, 20):
        assert update(tracker, paint(SIZE, None), k / 30) is None
    pose = update(tracker, paint(SIZE, (90, 200, 220)), 20 / 30)
    assert pose is not None and pose.fresh
    np.testing.assert_allclose(body_center(pose), (90, 200), atol=3)


def test_a_person_who_jumps_away_is_found_after_lost_after_frames(tracker, paint):
    update(tracker, paint(SIZE, (100, 240, 180)), 0.0)
    fresh = [update(tracker, paint(SIZE, (540, 240, 180)), k / 30).fresh for k in range(1, 8)]
    assert fresh == [False, False, False, False, True, False, False]


def test_a_few_misses_do_not_move_the_crop(tracker, paint):
    seen, empty = paint(SIZE, (200, 240, 200)), paint(SIZE, None)
    update(tracker, seen, 0.0)
    before = update(tracker, seen, 1 / 30)
    for k in range(2, 6):
        missed = update(tracker, empty, k / 30)
        assert missed is not None and confidence(missed.scores, PANOPTIC19) < 0.1
    after = update(tracker, seen, 6 / 30)
    assert not after.fresh
    np.testing.assert_allclose(crop_center(after), crop_center(before), atol=1.0)
    np.testing.assert_allclose(after.xy_px, before.xy_px, atol=8)
    # Four misses, each of which widened the crop by a quarter.
    assert after.crop.scale == pytest.approx(before.crop.scale * 1.25**4, rel=0.02)


def test_the_crop_shrinks_slowly(tracker, paint):
    for k in range(31):
        pose = update(tracker, paint(SIZE, (320, 240, 320 if k == 0 else 200)), k / 30)
        if k == 1:
            before = pose.crop.scale
    assert pose.crop.scale == pytest.approx(before * np.exp(-0.3 * 29 / 30), rel=0.01)


class Squeezing:
    """A model that squeezes the body into any crop, and returns the given confidences one after another."""

    def __init__(self, *confidences):
        self.confidences = list(confidences)

    def __call__(self, pictures):
        joints = np.tile(np.linspace(30, 66, 19)[:, None], (len(pictures), 1, 2))
        return joints, np.full((len(pictures), 19), self.confidences.pop(0))


@pytest.mark.parametrize(
    "confidences, side, score",
    [
        # Around the joints of the last estimate the crop has 36 / 96 x 1.4 = 0.525 of its side.
        ((0.9, 0.6, 0.7), 640 * 0.525**2, 0.7),
        ((0.9, 0.7, 0.6), 640 * 0.525, 0.7),
    ],
)
def test_a_search_square_is_always_refined_and_again_while_confidence_rises(paint, confidences, side, score):
    tracker = Tracker(Squeezing(*confidences), PANOPTIC19, 96, 1.4)
    pose = update(tracker, paint(SIZE, None), 0.0)
    assert pose.crop.scale * pose.crop.size == pytest.approx(side) and pose.scores[0] == score


def test_a_person_seen_in_a_search_square_only_is_rejected(paint):
    tracker = Tracker(Squeezing(0.9, 0.1, 0.05), PANOPTIC19, 96, 1.4)
    assert update(tracker, paint(SIZE, None), 0.0) is None


@pytest.mark.parametrize("height", [12, 26, 48])
def test_the_crop_is_as_small_as_a_distant_person(paint, height):
    """Down to 0.05 of the frame's shorter side."""

    def sharp(pictures):
        # Sure of the magenta rectangle, however few pixels it has.
        mask = (pictures[..., 0] > 128) & (pictures[..., 1] < 100)
        joints = np.zeros((len(pictures), 19, 2))
        for k, found in enumerate(mask):
            v, u = np.nonzero(found)
            if len(u):
                low, high = np.array([u.min(), v.min()]), np.array([u.max(), v.max()])
                joints[k] = low + np.linspace(0, 1, 19)[:, None] * (high - low)
        return joints, np.tile(np.where(mask.any(axis=(1, 2)), 0.9, 0)[:, None], 19)

    tracker = Tracker(sharp, PANOPTIC19, 96, 1.4)
    for k in range(90):
        pose = update(tracker, paint(SIZE, (320, 240, height)), k / 30)
    assert pose.crop.scale * pose.crop.size == pytest.approx(1.4 * max(height, 0.05 * 480), rel=0.15)


def test_a_frame_without_a_person_or_smaller_than_the_crop(tracker, paint):
    assert update(tracker, paint(SIZE, None), 0.0) is None
    assert update(tracker, paint((48, 64), None), 1.0) is None
    assert update(tracker, paint((1, 1), None), 2.0) is None


def test_nan_from_the_model_is_nobody(paint):
    def broken(pictures):
        return np.full((len(pictures), 19, 2), np.nan), np.full((len(pictures), 19), np.nan)

    assert update(Tracker(broken, PANOPTIC19, 96, 1.25), paint(SIZE, (320, 240, 200)), 0.0) is None


def test_joints_outside_the_frame_do_not_drag_the_crop(paint):
    def sure_of_legs_below_the_frame(pictures):
        joints = np.tile([[48.0, 48.0]], (len(pictures), 19, 1))
        joints[:, :9] += np.linspace(-30, 30, 9)[:, None] * [1, 0.5]
        joints[:, 9:] += [0, 2000]
        return joints, np.full((len(pictures), 19), 0.9)

    tracker = Tracker(sure_of_legs_below_the_frame, PANOPTIC19, 96, 1.4)
    for k in range(5):
        pose = update(tracker, paint(SIZE, None), k / 30)
    assert pose.crop.scale * pose.crop.size < 640


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"lost_score": 0.5}, "lost_score must not exceed found_score, got .*lost_score=0.5"),
        ({"joint_score": 1.5}, r"scores must lie in 0..1 .*joint_score=1.5"),
        ({"lost_after": 0}, "lost_after must be 1 or more"),
        ({"smallest_share": 0.0}, "smallest_share must be above 0 and at most 1, got 0.0"),
        ({"box_scale": 0.0}, "box_scale must be above 0, got 0.0"),
        ({"box_scale": float("nan")}, "box_scale must be above 0, got nan"),
        ({"box_shift": 10.0}, "box_shift must lie between -10 and 10, got 10.0"),
    ],
)
def test_an_invalid_rule_raises(arguments, message):
    with pytest.raises(ValueError, match=message):
        FollowRule(**arguments).for_model({})


def test_the_square_is_that_of_the_people_whom_the_model_was_trained_on(fake_model):
    """Joints in a box of 40 x 20 px about (120, 90), of a model whose people's boxes are twice as large and lower."""
    rule = FollowRule().for_model({"box_scale": 2.0, "box_shift": 0.25})
    estimator = CropEstimator(fake_model.predict, PANOPTIC19, 96, 1.25, rule)
    joints = np.tile([120.0, 90.0], (19, 1))
    joints[0], joints[1] = (100, 80), (140, 100)
    pose = Pose(joints, np.ones(19), Crop.centered((120, 90), 100, 96))
    assert estimator.square(pose, (480, 640)).tolist() == [120, 100, 80]
    assert FollowRule(box_scale=1.0, box_shift=0.0).for_model({"box_scale": 2.0, "box_shift": 0.25}).box_scale == 1.0
    # Two joints are a person's box where there are no more.
    pair = Skeleton("pair", ("head", "tail"))
    estimator = CropEstimator(fake_model.predict, pair, 96, 1.25, rule)
    pose = Pose(joints[:2], np.ones(2), pose.crop)
    assert estimator.square(pose, (480, 640)).tolist() == [120, 100, 80]
    assert estimator.confidence(Pose(joints[:2], np.array([0.4, 0.8]), pose.crop)) == pytest.approx(0.8)


def test_a_person_replaces_a_decoy_of_lower_confidence(fake_model, paint):
    """The model takes a green rectangle for a person too, with lower confidence."""

    def predict(batch):
        xy_px, scores = fake_model.predict(batch)
        green_xy_px, green_scores = fake_model.predict(batch[..., [1, 0, 1]])
        nobody = scores.max(axis=1) < 0.1
        xy_px[nobody], scores[nobody] = green_xy_px[nobody], 0.35 * green_scores[nobody]
        return xy_px, scores

    empty = paint(SIZE, None)
    green = empty.copy()
    green[150:330, 60:150] = (0, 255, 0)
    tracker = Tracker(predict, fake_model.skeleton, fake_model.size, fake_model.padding)
    decoy = update(tracker, green, 0.0)
    assert decoy is not None and crop_center(decoy)[0] < 200
    both = green.copy()
    person = paint(SIZE, (450, 240, 200))
    both[:, 320:] = person[:, 320:]
    # The round of the search begins after a second, and ends with its seventh square.
    times_s = [0.9, *(1.1 + np.arange(7) / 30)]
    poses = [update(tracker, both, time_s) for time_s in times_s]
    assert [pose.fresh for pose in poses] == 7 * [False] + [True]
    assert crop_center(poses[-2])[0] < 200
    found = poses[-1]
    np.testing.assert_allclose(body_center(found), (450, 240), atol=4)


def test_an_invalid_search_interval_raises():
    with pytest.raises(ValueError, match="search_every_s must be above 0 and better_by 0 or more"):
        FollowRule(search_every_s=0)


def test_missing_scores_are_the_models_own():
    rule = FollowRule(found_score=0.6, lost_after=9).for_model({"joint_score": 0.3, "found_score": 0.4})
    assert rule == CompleteRule(joint_score=0.3, found_score=0.6, lost_score=0.2, lost_after=9)
    with pytest.raises(ValueError, match="lost_score must not exceed found_score, got .* lost_score=0.5, found_score"):
        FollowRule(found_score=0.3).for_model({"lost_score": 0.5})


def test_a_round_whose_best_is_below_lost_score_is_not_refined(paint):
    rule = FollowRule(found_score=0.4, lost_score=0.3, search_every_s=1.0).for_model({})
    calls = []

    def unsure(pictures):
        calls.append(len(pictures))
        return np.tile(np.linspace(30, 66, 19)[:, None], (len(pictures), 1, 2)), np.full((len(pictures), 19), 0.29)

    search = Search(CropEstimator(unsure, PANOPTIC19, 96, 1.4, rule), rule)
    picture = paint(SIZE, None)
    for k in range(7):
        crop = search.next_crop(picture, k / 30)
        (pose,) = CropEstimator(unsure, PANOPTIC19, 96, 1.4, rule).estimate([(picture, crop)])
        assert search.add(picture, pose) is None
    assert calls == 7 * [1]
