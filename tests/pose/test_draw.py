import cv2
import numpy as np
import pytest

from pose import LSP14, Skeleton, captioned, draw_skeleton, draw_text, legend, picture_grid
from pose.draw import COLOR_NAMES, COLORS

FONT = cv2.FONT_HERSHEY_SIMPLEX
BLUE, ORANGE, VIOLET = (86, 180, 233), (230, 159, 0), (170, 90, 255)
BLACK, DARK, WHITE = (0, 0, 0), (20, 20, 20), (255, 255, 255)
HIPS = Skeleton("hips", ("right_hip", "left_hip", "pelvis"), ((0, 1),), (1, 0), None)


def gray(height, width):
    return np.full((height, width, 3), 128, np.uint8)


def text_width(text, scale):
    return cv2.getTextSize(text, FONT, scale, 1)[0][0]


def test_left_is_blue_right_is_orange_and_the_middle_violet():
    (left_red, _, left_blue), (red, green, blue), (_, middle_green, middle_blue) = COLORS.values()
    assert list(COLORS) == list(COLOR_NAMES) == ["left", "right", "middle"]
    assert left_blue > 2 * left_red and red > green > blue and middle_blue > 2 * middle_green


def test_blue_and_orange_are_okabe_and_itos():
    """Their palette's sky blue is #56B4E9 and its orange #E69F00."""
    assert COLORS == {"left": (0x56, 0xB4, 0xE9), "right": (0xE6, 0x9F, 0x00), "middle": VIOLET}


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


@pytest.mark.parametrize(("height_px", "scale", "baseline"), [(16, 16 / 44, 11), (22, 0.5, 17), (88, 2.0, 83)])
def test_of_a_caption_as_much_of_its_end_is_shown_as_has_room(height_px, scale, baseline):
    text = "panoptic/171204_pose1/00_03/00012345/1"
    fitting = ("..." + text[cut:] for cut in range(4, len(text)))
    shown = next(each for each in fitting if text_width(each, scale) <= 200 - 4)
    strip = np.full((height_px, 200, 3), 255, np.uint8)
    cv2.putText(strip, shown, (2, baseline), FONT, scale, DARK, 1, cv2.LINE_AA)
    np.testing.assert_array_equal(captioned(gray(30, 200), text, height_px=height_px)[30:], strip)
    if height_px == 16:
        np.testing.assert_array_equal(captioned(gray(30, 200), text)[30:], strip)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("lspet/im00001", text_width("lspet/im00001", 16 / 44) + 4, "lspet/im00001"),
        ("lspet/im00001", text_width("lspet/im00001", 16 / 44) + 3, "...t/im00001"),
        # There is room for none of these.
        ("12345", 18, "...5"),
        ("1234", 18, "1234"),
        ("123", 18, "123"),
    ],
)
def test_a_caption_is_cut_where_it_has_not_the_room_but_to_no_less_than_its_last_letter(text, width, shown):
    strip = np.full((16, width, 3), 255, np.uint8)
    cv2.putText(strip, shown, (2, 11), FONT, 16 / 44, DARK, 1, cv2.LINE_AA)
    np.testing.assert_array_equal(captioned(gray(8, width), text)[8:], strip)


def test_the_legend_shows_the_colors():
    line = legend(1200, "lspet, train")
    assert line.shape == (24, 1200, 3)
    assert all((line == color).all(axis=2).sum() > 40 for color in COLORS.values())


def test_the_legend_has_a_circle_before_each_meaning_and_none_before_further_texts():
    expected, x = np.full((24, 1300, 3), 255, np.uint8), 8
    for meaning, color, thickness in [
        ("blue: the person's left", BLUE, cv2.FILLED),
        ("orange: the person's right", ORANGE, cv2.FILLED),
        ("violet: neither", VIOLET, cv2.FILLED),
        ("filled: seen", DARK, cv2.FILLED),
        ("hollow: labelled, but hidden", DARK, 1),
    ]:
        # A circle of 5 px, a gap of as much, and after the text one of 18 px.
        cv2.circle(expected, (x + 4, 12), 5, color, thickness, cv2.LINE_AA)
        cv2.putText(expected, meaning, (x + 14, 16), FONT, 0.4, DARK, 1, cv2.LINE_AA)
        x += 14 + text_width(meaning, 0.4) + 18
    cv2.putText(expected, "lspet", (x, 16), FONT, 0.4, DARK, 1, cv2.LINE_AA)
    cv2.putText(expected, "train", (x + text_width("lspet", 0.4) + 18, 16), FONT, 0.4, DARK, 1, cv2.LINE_AA)
    np.testing.assert_array_equal(legend(1300, "lspet", "train"), expected)


def test_a_text_stands_on_a_dark_plate_with_a_margin_on_each_side():
    picture, expected = gray(60, 300), gray(60, 300)
    (width, height), descent = cv2.getTextSize("right wrist", FONT, 0.75, 1)
    # The margin is 12 px of a text of scale 1, here 9.
    expected[7 : 7 + height + descent + 18, 30 : 30 + width + 18] = 20
    cv2.putText(expected, "right wrist", (39, 7 + height + 9), FONT, 0.75, WHITE, 1, cv2.LINE_AA)
    assert draw_text(picture, "right wrist", (30, 7), scale=0.75) is picture
    np.testing.assert_array_equal(picture, expected)


def test_by_default_text_is_small_and_in_the_corner():
    expected = gray(40, 120)
    (width, height), descent = cv2.getTextSize("23 fps", FONT, 0.4, 1)
    expected[: height + descent + 10, : width + 10] = 20
    cv2.putText(expected, "23 fps", (5, height + 5), FONT, 0.4, WHITE, 1, cv2.LINE_AA)
    np.testing.assert_array_equal(draw_text(gray(40, 120), "23 fps"), expected)


def test_no_text_has_no_plate():
    assert (draw_text(gray(40, 120), "") == 128).all()


def circle(picture, center_16, radius_px, color, thickness=cv2.FILLED):
    """A circle about a point in sixteenths of a px."""
    cv2.circle(picture, center_16, 16 * radius_px, color, thickness, cv2.LINE_AA, 4)


def line(picture, start_16, end_16, color, thickness):
    cv2.line(picture, start_16, end_16, color, thickness, cv2.LINE_AA, 4)


@pytest.mark.parametrize("thickness", [2, 5])
def test_a_joint_is_a_circle_1_px_larger_than_the_lines_are_thick_with_an_edge_of_1_px(thickness):
    xy = np.array([[np.nan, np.nan], [20.04, 30.5], [50, 50]])  # 20.04 is 320.64 sixteenths.
    expected = gray(60, 60)
    circle(expected, (321, 488), thickness + 2, BLACK)
    circle(expected, (321, 488), thickness + 1, BLUE)
    drawn = draw_skeleton(gray(60, 60), xy, np.array([2, 2, 0]), HIPS, thickness=thickness)
    np.testing.assert_array_equal(drawn, expected)


@pytest.mark.parametrize(("thickness", "ring"), [(1, 1), (2, 1), (5, 2)])
def test_a_hidden_joint_is_a_black_circle_2_px_larger_than_the_lines_are_thick_in_a_ring_half_as_thick(thickness, ring):
    expected = gray(60, 60)
    circle(expected, (480, 480), thickness + 3, BLACK)
    circle(expected, (480, 480), thickness + 2, BLACK)
    circle(expected, (480, 480), thickness + 2, VIOLET, ring)
    xy = np.array([[9.0, 9.0], [9.0, 9.0], [30.0, 30.0]])
    drawn = draw_skeleton(gray(60, 60), xy, np.array([0, 0, 1]), HIPS, thickness=thickness)
    np.testing.assert_array_equal(drawn, expected)


def test_the_edge_of_a_thick_limb_is_of_1_px_too():
    expected = gray(60, 80)
    line(expected, (160, 320), (960, 640), BLACK, 9)
    line(expected, (160, 320), (960, 640), VIOLET, 7)
    xy = np.array([[10.0, 20.0], [60.0, 40.0], [np.nan, 0.0]])
    drawn = draw_skeleton(gray(60, 80), xy, np.array([2, 2, 2]), HIPS, thickness=7)
    # Between the joints' circles.
    np.testing.assert_array_equal(drawn[:, 22:48], expected[:, 22:48])


def test_a_limb_has_an_edge_of_1_px_and_ends_under_its_joints_circles():
    expected = gray(60, 80)
    line(expected, (160, 320), (960, 640), BLACK, 4)
    circle(expected, (160, 320), 4, BLACK)
    circle(expected, (960, 640), 5, BLACK)
    line(expected, (160, 320), (960, 640), VIOLET, 2)
    circle(expected, (160, 320), 3, ORANGE)
    circle(expected, (960, 640), 4, BLACK)
    circle(expected, (960, 640), 4, BLUE, 1)
    xy = np.array([[10.0, 20.0], [60.0, 40.0], [np.nan, 0.0]])
    np.testing.assert_array_equal(draw_skeleton(gray(60, 80), xy, np.array([2, 1, 2]), HIPS), expected)


@pytest.mark.parametrize("joints", [("right_hip", "left_hip"), ("left_hip", "right_hip"), ("pelvis", "thorax")])
def test_a_limb_between_the_sides_or_beside_them_is_violet(joints):
    two = Skeleton("two", joints, ((0, 1),), (0, 1), None)
    drawn = draw_skeleton(gray(60, 80), np.array([[10.0, 30.0], [70.0, 30.0]]), np.array([2, 2]), two)
    assert tuple(drawn[30, 40]) == VIOLET


@pytest.mark.parametrize(("stem", "color"), [("left", BLUE), ("right", ORANGE)])
def test_a_limb_of_one_side_has_its_color(stem, color):
    two = Skeleton("two", (f"{stem}_knee", f"{stem}_ankle"), ((0, 1),), (0, 1), None)
    drawn = draw_skeleton(gray(60, 80), np.array([[10.0, 30.0], [70.0, 30.0]]), np.array([2, 2]), two)
    assert tuple(drawn[30, 40]) == color


def test_one_color_for_all_is_that_of_limbs_and_joints():
    xy = np.array([[10.0, 30.0], [70.0, 30.0], [40.0, 50.0]])
    drawn = draw_skeleton(gray(60, 80), xy, np.array([2, 1, 2]), HIPS, color=WHITE)
    assert {tuple(drawn[y, x]) for x, y in [(10, 30), (40, 30), (40, 50)]} == {WHITE}
    assert (drawn == drawn[..., :1]).all() and (drawn[30, 72:76] > 128).any()


def test_limbs_lead_where_joints_of_up_to_65536_px_away_are_and_further_ones_are_taken_to_be_there():
    def found(far_x, far_y, x, y):
        xy = np.array([[0.0, 0.0], [far_x, far_y], [np.nan, 0.0]])
        return tuple(draw_skeleton(gray(300, 300), xy, np.array([2, 2, 2]), HIPS)[y, x])

    assert found(60000, 30000, 200, 100) == found(30000, 60000, 100, 200) == VIOLET
    # 32768 / 65536 and the other way round.
    assert found(1e12, 32768, 200, 100) == found(32768, 1e12, 100, 200) == VIOLET
    xy = np.array([[299.0, 299.0], [-1e12, 299.0 - 32768], [np.nan, 0.0]])
    # Down by 32768 px over 65536 + 299: of 200 px 99.55.
    assert tuple(draw_skeleton(gray(300, 300), xy, np.array([2, 2, 2]), HIPS)[199, 99]) == VIOLET


def test_sides_have_their_colors_and_the_input_is_not_changed():
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


def test_far_away_joints_are_clipped():
    xy = np.full((14, 2), 1e12)
    draw_skeleton(np.zeros((10, 10, 3), np.uint8), xy, np.ones(14, bool), LSP14)


def test_grid_lays_out_rows_first():
    tiles = [np.full((10, 20, 3), shade, np.uint8) for shade in (10, 20, 30)]
    grid = picture_grid(tiles, columns=2)
    assert grid.shape == (2 * 14 + 4, 2 * 24 + 4, 3)
    assert [grid[9, 9, 0], grid[9, 33, 0], grid[23, 9, 0], grid[23, 33, 0]] == [10, 20, 30, 255]
    with pytest.raises(ValueError, match="one or more pictures of one size"):
        picture_grid([], columns=2)


def test_the_grid_keeps_its_gap_around_and_between_pictures():
    tiles = [np.full((5, 8, 3), shade, np.uint8) for shade in (10, 20, 30, 40)]
    sheet = np.full((3 + 5 + 3 + 5 + 3, 3 + 8 + 3 + 8 + 3 + 8 + 3, 3), 255, np.uint8)
    sheet[3:8, 3:11], sheet[3:8, 14:22], sheet[3:8, 25:33], sheet[11:16, 3:11] = 10, 20, 30, 40
    np.testing.assert_array_equal(picture_grid(tiles, 3, gap_px=3), sheet)


def test_a_full_row_adds_none_below():
    assert picture_grid([np.zeros((5, 8, 3), np.uint8)] * 4, 2).shape == (4 + 5 + 4 + 5 + 4, 4 + 8 + 4 + 8 + 4, 3)


def test_pictures_of_two_sizes_raise():
    with pytest.raises(ValueError, match=r"got sizes \[\(5, 8, 3\), \(5, 9, 3\)\]"):
        picture_grid([np.zeros((5, 9, 3), np.uint8), np.zeros((5, 8, 3), np.uint8)], 2)
