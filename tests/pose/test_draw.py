import numpy as np
import pytest

from pose import LSP14, captioned, draw_skeleton, legend, picture_grid
from pose.draw import COLOR_NAMES, COLORS


def test_left_is_blue_right_is_orange_and_the_middle_violet():
    (left_red, _, left_blue), (red, green, blue), (_, middle_green, middle_blue) = COLORS.values()
    assert list(COLORS) == list(COLOR_NAMES) == ["left", "right", "middle"]
    assert left_blue > 2 * left_red and red > green > blue and middle_blue > 2 * middle_green


def test_lines_have_a_dark_edge_on_any_background():
    xy = np.full((14, 2), np.nan)
    xy[LSP14.index("left_elbow")], xy[LSP14.index("left_wrist")] = (20, 50), (80, 50)
    for shade in (255, 128):
        column = draw_skeleton(np.full((100, 100, 3), shade, np.uint8), xy, np.full(14, True), LSP14)[:, 50]
        assert (
            tuple(column[50]) == COLORS["left"] and column[47:50].max(axis=1).min() < 60 and column[45].min() == shade
        )


def test_a_name_stands_below_its_picture_and_a_long_one_is_cut():
    picture = np.full((30, 100, 3), 7, np.uint8)
    for text in ("lspet/im00001//0/0", "panoptic/171204_pose1/00_03/00012345/1"):
        named = captioned(picture, text)
        assert named.shape == (46, 100, 3) and (named[:30] == 7).all()
        assert named[30:].min() < 100 and (named[30:, 98:] == 255).all()


def test_the_legend_shows_the_colors():
    line = legend(1200, "lspet, train")
    assert line.shape == (24, 1200, 3)
    assert all((line == color).all(axis=2).sum() > 40 for color in COLORS.values())


def test_sides_have_their_colors_and_the_input_is_left_alone():
    picture = np.zeros((100, 100, 3), np.uint8)
    xy = np.full((14, 2), np.nan)
    left, right = LSP14.index("left_wrist"), LSP14.index("right_wrist")
    xy[left], xy[right] = (20, 30), (70, 60)
    drawn = draw_skeleton(picture, xy, np.full(14, True), LSP14)
    assert tuple(drawn[30, 20]) == COLORS["left"]
    assert tuple(drawn[60, 70]) == COLORS["right"]
    assert not picture.any()


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
