import numpy as np
import pytest

from pose import LSP14, draw_skeleton, picture_grid
from pose.draw import COLORS


def test_sides_have_their_colors_and_the_input_is_left_alone():
    picture = np.zeros((100, 100, 3), np.uint8)
    xy = np.full((14, 2), np.nan)
    left, right = LSP14.index("left_wrist"), LSP14.index("right_wrist")
    xy[left], xy[right] = (20, 30), (70, 60)
    drawn = draw_skeleton(picture, xy, np.full(14, True), LSP14)
    assert tuple(drawn[30, 20]) == COLORS["left"]
    assert tuple(drawn[60, 70]) == COLORS["right"]
    assert not picture.any()


def test_left_is_blue_right_orange_and_the_middle_yellow():
    xy = np.full((14, 2), np.nan)
    for name, place in (("left_knee", (20, 30)), ("right_knee", (70, 60)), ("neck", (50, 80))):
        xy[LSP14.index(name)] = place
    drawn = draw_skeleton(np.zeros((100, 100, 3), np.uint8), xy, np.full(14, True), LSP14)
    # Red, green and blue.
    assert drawn[30, 20].tolist() == [86, 180, 233]
    assert drawn[60, 70].tolist() == [230, 159, 0]
    assert drawn[80, 50].tolist() == [240, 228, 66]


def test_hidden_joints_are_open_and_unlabelled_ones_missing():
    xy = np.full((14, 2), 50.0)
    xy[0], xy[1] = (20, 20), (80, 80)
    visible = np.zeros(14, int)
    visible[0] = 1
    drawn = draw_skeleton(np.zeros((100, 100, 3), np.uint8), xy, visible, LSP14, thickness=3)
    assert not drawn[20, 20].any() and drawn[20, 15:25].any()
    assert not drawn[75:85, 75:85].any()


def test_far_away_joints_do_not_upset_the_drawing():
    xy = np.full((14, 2), 1e12)
    draw_skeleton(np.zeros((10, 10, 3), np.uint8), xy, np.ones(14, bool), LSP14)


def test_grid_lays_out_rows_first():
    tiles = [np.full((10, 20, 3), shade, np.uint8) for shade in (10, 20, 30)]
    grid = picture_grid(tiles, columns=2)
    assert grid.shape == (2 * 14 + 4, 2 * 24 + 4, 3)
    assert [grid[9, 9, 0], grid[9, 33, 0], grid[23, 9, 0], grid[23, 33, 0]] == [10, 20, 30, 255]
    with pytest.raises(ValueError, match="one or more pictures of one size"):
        picture_grid([], columns=2)
