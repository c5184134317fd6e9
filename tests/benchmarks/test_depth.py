"""Depth in mm from ITOP's shares, by the steps of the sensor, and figures by hand."""

import numpy as np
import pytest

from benchmarks.depth import _JOINTS, _figures, depth_in_mm
from pose import PANOPTIC19

STEPS = 570 * 0.075 * 8


def shares(farthest_m, seed=0):
    """A room and a person as the sensor gives them, divided by the maximum, in half precision."""
    random = np.random.default_rng(seed)
    depth = random.uniform(2.0, farthest_m, (40, 40))
    depth[10:30, 15:25] = random.uniform(1.8, 2.2, (20, 10))
    depth[0] = farthest_m
    measured = STEPS / np.round(STEPS / depth)
    measured[:2, :2] = 0
    return (measured / measured.max()).astype(np.float16), 1000 * measured


def test_the_maximum_is_found_by_the_steps():
    (near, near_mm), (far, far_mm) = shares(4.2), shares(4.2, seed=1)
    found = depth_in_mm(np.stack([near, far]))
    for one, true in zip(found, (near_mm, far_mm), strict=True):
        assert (one[:2, :2] == 0).all()
        np.testing.assert_allclose(one[2:], true[2:], rtol=0.03)


def test_depth_without_steps_raises():
    with pytest.raises(ValueError, match="show no steps of a sensor's disparity"):
        depth_in_mm(np.random.default_rng(0).uniform(0.5, 1, (1, 20, 20)))


def test_figures_by_hand():
    joints = np.random.default_rng(0).normal(0, 300, (2, 15, 3))
    ours = np.zeros((2, 19, 3))
    for name, place in _JOINTS.items():
        ours[:, PANOPTIC19.index(name)] = joints[:, place] + 1000
    ours[:, PANOPTIC19.index("left_wrist")] += (0, 20, 48)
    found = _figures(ours, joints, PANOPTIC19)
    assert found["MPJPE about the hips, mm"] == f"{52 / 13:.0f}" and found["within 100 mm, %"] == "100.0"
    assert (found["trunk, mm"], found["arms, mm"], found["legs, mm"]) == ("0", f"{52 / 4:.0f}", "0")
