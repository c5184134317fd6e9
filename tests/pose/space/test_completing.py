"""Joints that were not seen, from a lifted pose that is moved onto the others."""

import numpy as np
from waving import SKELETON, moving

from pose.space.completing import Lift, completed, similarity
from pose.space.lifting import about_hips


def test_a_similarity_is_found_again():
    random = np.random.default_rng(0)
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    points = random.normal(size=(6, 3))
    found = similarity(points, 2.5 * points @ turn + (1, 2, 3))
    np.testing.assert_allclose(found(points), 2.5 * points @ turn + (1, 2, 3), atol=1e-9)
    assert np.linalg.det(found.turn) > 0
    # Of a mirrored shape, the best one without mirroring.
    assert np.linalg.det(similarity(points, points * (-1, 1, 1)).turn) > 0


def test_hidden_joints_are_where_the_lifted_pose_has_them():
    true = moving(5).astype(np.float64) + (100, 50, 2500)
    scores = np.ones((5, 19))
    hidden = [SKELETON.index(name) for name in ("left_wrist", "left_elbow", "right_ankle")]
    scores[:, hidden] = 0.2
    found = true.copy()
    found[:, hidden] = (9e3, 9e3, 9e3)
    windows = []

    def forward(shown):
        # A lifter answers in the frame of the camera turned to the person, here by little, and for another height.
        windows.append(shown)
        return 1.1 * about_hips(true, SKELETON)

    whole = completed(found, scores, Lift(forward, 9))
    assert np.abs(whole - true).max() < 1.0
    assert windows[0].shape == (5, 9, 19, 3) and not windows[0][:, [*range(4), *range(5, 9)]].any()
    assert not windows[0][:, 4, hidden].any() and (windows[0][:, 4, 0, 2] == 1).all()


def test_a_pose_of_which_too_little_was_seen_stays():
    true = moving(1).astype(np.float64) + (0, 0, 2500)
    scores = np.zeros((1, 19))
    scores[0, :3] = 1
    same = completed(true, scores, Lift(lambda shown: np.zeros((1, 19, 3)), 3))
    np.testing.assert_array_equal(same, true)
