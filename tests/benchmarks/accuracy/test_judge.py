"""The judge of poses: its figures by hand, and what it learns of poses that are much alike."""

import numpy as np
import pytest

from benchmarks.accuracy.judge import Judge, Poses, exchanged, figures, preferred
from pose import LSP14

# From ankle to ankle, from wrist to wrist, neck and top of the head; the person's right is on the left.
_X = (0.3, 0.32, 0.4, 0.6, 0.68, 0.7, 0.1, 0.2, 0.35, 0.65, 0.8, 0.9, 0.5, 0.5)
_Y = (0.95, 0.7, 0.5, 0.5, 0.72, 0.9, 0.45, 0.4, 0.25, 0.25, 0.38, 0.5, 0.2, 0.05)


def people(count, seed):
    random = np.random.default_rng(seed)
    return np.stack([_X, _Y], axis=-1) + random.normal(0, 0.02, (count, 14, 2)), np.ones((count, 14), bool)


def test_sides_of_a_limb_are_exchanged():
    poses, _ = people(2, 0)
    swapped = exchanged(poses, LSP14, ("knee", "ankle"))
    assert (swapped[:, LSP14.index("left_knee")] == poses[:, LSP14.index("right_knee")]).all()
    moved = {LSP14.joints[joint] for joint in np.flatnonzero((swapped != poses).any(axis=(0, 2)))}
    assert moved == {f"{side}_{joint}" for side in ("left", "right") for joint in ("knee", "ankle")}


def test_the_share_of_pairs_by_hand():
    assert preferred(np.array([3.0, 1.0]), np.array([2.0, 0.0])) == 0.75
    assert preferred(np.array([1.0]), np.array([1.0])) == 0.5
    assert np.isnan(preferred(np.array([]), np.array([1.0])))


def test_errors_count_up_to_the_spread_and_labeled_joints_alone():
    true, known = people(1, 0)
    predicted = true.copy()
    predicted[0, 0] += 100
    known[0, 1] = False
    predicted[0, 1] += 100
    assert Poses(true, known, predicted, np.ones((1, 14))).errors() == pytest.approx(1 / 13)


@pytest.mark.slow
def test_a_judge_of_people_who_stand_alike_knows_confused_limbs():
    true, known = people(600, 0)
    judge = Judge(LSP14, 0)
    judge.fit(true, known, np.random.default_rng(1).normal(0, 0.3, (50, 14, 2)), epochs=12)
    val, test = people(100, 2)[0], people(100, 3)[0]
    predicted = test.copy()
    predicted[:20] = exchanged(test[:20], LSP14, ("elbow", "wrist"))
    scores = np.ones((100, 14))
    # Scores that know nothing, but for a little noise.
    scores += np.random.default_rng(4).normal(0, 1e-3, scores.shape)
    noisy = val + np.random.default_rng(5).normal(0, 0.05, val.shape)
    row = figures(judge, Poses(val, known[:100], noisy, scores), Poses(test, known[:100], predicted, scores), LSP14)
    assert row["arms confused"] == 20 and row["legs confused"] == 0
    assert row["real swaps, arms, critic"] > 0.95 and row["made swaps, legs"] > 0.95
    assert row["error, critic"] > 0.6 > 0.3 > abs(row["error, score"])
