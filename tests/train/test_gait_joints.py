"""Training on joints in time: what is read, what is drawn, and that it learns who walks."""

import numpy as np
import pandas as pd
import pytest

from train.gait_joints import GaitJointsConfig, frames_in_a_row, read_joints, train_gait_joints


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight people who swing their wrists by another width each, in two walks from two sides."""
    place, times = tmp_path_factory.mktemp("walkers"), np.arange(30) / 25
    for who in range(8):
        for kind in ("nm-01", "nm-02"):
            for view in (0, 90):
                joints = np.random.default_rng(0).uniform(0, 100, (19, 2)) + np.zeros((30, 1, 1))
                joints[:, 5, 0] += (2 + 5 * ((5 * who) % 8)) * np.sin(6 * times) + view / 30
                of_walk = place / f"{who:03d}" / kind / f"{view:03d}"
                of_walk.mkdir(parents=True)
                np.save(of_walk / "joints.npy", joints.astype(np.float32))
    return place


def test_joints_lie_about_the_hips_in_heights(folder, tmp_path):
    found = read_joints(folder)
    walk = found["003", "nm-02", 90]
    assert len(found) == 8 * 2 * 2 and walk.shape == (30, 19, 2) and walk.dtype == np.float32
    np.testing.assert_allclose(walk[:, [6, 12]].mean(axis=1), 0, atol=1e-6)
    assert np.ptp(walk[0, :, 1]) == pytest.approx(1)
    blurred = read_joints(folder, 0.1)["003", "nm-02", 90]
    assert (blurred - walk).std() == pytest.approx(0.1, rel=0.1)
    np.testing.assert_array_equal(blurred, read_joints(folder, 0.1)["003", "nm-02", 90])
    with pytest.raises(ValueError, match="must lie in PERSON/CLOTHES-WALK/VIEW/joints.npy"):
        read_joints(tmp_path)


def test_frames_follow_one_another():
    frames, rng = np.arange(10)[:, None], np.random.default_rng(0)
    assert (np.diff(frames_in_a_row(6)(frames, rng)[:, 0]) == 1).all()
    there_and_back = frames_in_a_row(14)(frames, rng)[:, 0]
    assert len(there_and_back) == 14 and (np.abs(np.diff(there_and_back)) == 1).all()
    assert len(frames_in_a_row(5)(frames[:1], rng)) == 5


@pytest.mark.slow
def test_it_learns_who_walks(folder, tmp_path):
    options = {"people": 3, "walks": 3, "frames": 12, "test_people": 3, "channels": (16, 16)}
    run = train_gait_joints(GaitJointsConfig(folder, tmp_path / "run", **options, steps=100))
    rows = pd.read_csv(run / "history.csv")
    assert rows["loss"].iloc[1] < rows["loss"].iloc[0]
    table = pd.read_csv(run / "rank1.csv")
    assert table["recognizer"].tolist() == ["gait_joints", "mean and deviation"] and table["mean"].iloc[0] > 60


@pytest.mark.parametrize("blur", [-0.1, 1.0])
def test_a_blur_that_cannot_be(blur):
    with pytest.raises(ValueError, match="blur must be from 0 to 1"):
        GaitJointsConfig("walkers", blur=blur)
