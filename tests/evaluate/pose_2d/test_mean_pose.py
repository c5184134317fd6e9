"""The mean pose: hand-made labels, other sizes, and where there is no train split."""

import numpy as np
import pytest

from evaluate.pose_2d.baseline import baseline_split, mean_pose
from pose import LSP14
from records import read_manifest


def test_mean_over_labeled_joints_and_the_center_for_the_rest(tmp_path, write_records, random_people):
    first, second = np.full((14, 2), 10.0), np.full((14, 2), 30.0)
    visible = np.full(14, 2)
    half, none = visible.copy(), visible.copy()
    half[1] = half[2] = 0
    none[2] = 0
    write_records(tmp_path, {"train": [(first, none), (second, half)], "test": random_people(2, seed=0)})
    found = mean_pose(tmp_path)
    expected = np.full((14, 2), 20.0)
    expected[1] = 10  # The second person has it unlabeled.
    expected[2] = 31.5  # No one has it labeled: the middle of 64 px.
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    # Half the size: the edge at -0.5 stays where it is.
    np.testing.assert_allclose(mean_pose(tmp_path, input_size=32), (expected + 0.5) / 2 - 0.5, rtol=1e-6)


def test_the_train_split_is_used_if_there_is_one(records, tmp_path, write_records, random_people):
    assert baseline_split(read_manifest(records), "test") == "train"
    people = random_people(3, seed=5)
    write_records(tmp_path, {"test": people})
    assert baseline_split(read_manifest(tmp_path), "test") == "test"
    expected = np.mean([xy for xy, _ in people], axis=0)
    np.testing.assert_allclose(mean_pose(tmp_path, split="test"), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="no people in its train split"):
        mean_pose(tmp_path)


def test_as_many_joints_as_the_skeleton(records):
    assert mean_pose(records).shape == (LSP14.num_joints, 2)
