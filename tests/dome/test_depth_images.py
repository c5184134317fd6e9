"""Depth images of the dome: read, damaged, and as a sensor measures them."""

import cv2
import numpy as np
import pytest

from dome.depth_images import DEPTH, read_depth
from pose import BadInput
from pose.depth_sensor import measured

FOCAL_PX = 575.0


def sensed(depth, seed=0):
    return measured(depth, FOCAL_PX, np.random.default_rng(seed)).astype(np.int64)


@pytest.mark.parametrize("z_mm", [1000, 3000, 6000])
def test_errors_and_steps_grow_with_the_square_of_depth(z_mm):
    found = sensed(np.full((200, 300), z_mm, np.uint16))
    # Khoshelham and Elberink: steps of 2.85e-5 z^2 and half as much random error, in cm.
    step = 10 * 2.85e-5 * (z_mm / 10) ** 2
    values = np.unique(found[found > 0])
    middle = values[np.abs(values - z_mm) < 4 * step]
    assert np.median(np.diff(middle)) == pytest.approx(step, rel=0.1, abs=1)
    errors = found[found > 0] - z_mm
    assert errors.std() == pytest.approx(np.hypot(0.5, 12**-0.5) * step, rel=0.1)
    assert abs(errors.mean()) < 0.05 * step + 1


def test_what_the_projector_does_not_reach_is_unknown():
    depth = np.full((100, 200), 4000, np.uint16)
    depth[:, 100:150] = 2000
    found = sensed(depth)
    # The disparities of 4 and 2 m differ by 575 * 75 * (1 / 2000 - 1 / 4000) = 10.8 px: so wide is the shadow on the
    # left, away from the projector.
    assert (found[:, 91:99] == 0).mean() > 0.9
    assert (found[:, :87] > 0).all() and (found[:, 102:148] > 0).all() and (found[:, 153:] > 0).all()


def test_what_is_out_of_range_is_unknown():
    depth = np.full((20, 30), 60000, np.uint16)
    depth[:10] = 300
    assert not sensed(depth).any()


def test_the_same_seed_gives_the_same_image():
    depth = np.random.default_rng(1).integers(1000, 4000, (40, 60)).astype(np.uint16)
    assert (sensed(depth, 3) == sensed(depth, 3)).all() and (sensed(depth, 3) != sensed(depth, 4)).any()


def test_missing_and_damaged_images_raise(tmp_path):
    with pytest.raises(BadInput, match="is missing; the dome writes depth with --maps"):
        read_depth(tmp_path, "00_00", 3)
    path = tmp_path / DEPTH.format("00_00", 3)
    path.parent.mkdir(parents=True)
    for content in (b"", b"\x89PNG", cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes()):
        path.write_bytes(content)
        with pytest.raises(BadInput, match="is no depth image of 16 bits"):
            read_depth(tmp_path, "00_00", 3)
    image = np.full((4, 6), 700, np.uint16)
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    assert (read_depth(tmp_path, "00_00", 3) == image).all()
