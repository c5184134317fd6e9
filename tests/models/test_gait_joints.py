"""The net over joints in time: its size, walks of any length, and what a still person says."""

import numpy as np
import pytest

from models.gait_joints import build_gait_joints


def test_parameters_and_shapes():
    net = build_gait_joints()
    assert net.count_params() == 580_608
    for frames in (1, 24, 40):
        assert net(np.zeros((2, frames, 19, 2), np.float32))["parts"].shape == (2, 2, 128)
    # Joints in space, few channels.
    small = build_gait_joints((8, 8), joints=5, axes=3, embedding=4)
    assert small(np.zeros((1, 7, 5, 3), np.float32))["parts"].shape == (1, 2, 4)


def test_order_matters_where_it_does_not_to_sets():
    net = build_gait_joints((8, 8), joints=3, embedding=4)
    walk = np.random.default_rng(0).normal(size=(1, 20, 3, 2)).astype(np.float32)
    forward, backward = (np.asarray(net(frames)["parts"]) for frames in (walk, walk[:, ::-1]))
    assert np.abs(forward - backward).max() > 1e-3


def test_someone_still_is_alike_at_all_times():
    net = build_gait_joints((8, 8), joints=3, embedding=4)
    still = np.repeat(np.random.default_rng(0).normal(size=(1, 1, 3, 2)).astype(np.float32), 60, axis=1)
    mean, largest = np.asarray(net(still)["parts"])[0], np.asarray(net(still[:, :40])["parts"])[0]
    assert largest[1] == pytest.approx(mean[1], abs=1e-4)
