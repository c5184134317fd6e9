"""Colors at joints of painted people."""

import numpy as np
import pytest

from pose.tracking.appearance import JointColors, color_distance


def test_colors_are_those_of_the_person_in_lab():
    picture = np.full((240, 320, 3), 128, np.uint8)
    picture[95:205, 90:150] = (255, 0, 0)
    joints = np.array([[102, 102], [137, 102], [102, 197], [137, 197], [-30, 150], [120, 150]], float)
    colors = JointColors(picture).at(joints, np.array([1, 1, 1, 1, 1, 0], bool))
    # OpenCV's Lab of red in 8 bits is 136, 208, 195.
    np.testing.assert_allclose(colors[:4], np.tile([68, 208, 195], (4, 1)), atol=1)
    assert np.isnan(colors[4:]).all()


def test_distance_is_the_mean_over_common_joints():
    a, b = np.zeros((1, 4, 3)), np.zeros((2, 4, 3))
    b[0, 0], b[0, 1], b[0, 3] = (3, 4, 0), (0, 0, 1), np.nan
    b[1, :2] = np.nan
    assert color_distance(a, b) == pytest.approx(np.array([[2, 0]]))
