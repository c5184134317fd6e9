"""What is drawn."""

import numpy as np
import pytest

from demo.view import RateMeter, render
from pose import PANOPTIC19
from pose.draw import COLORS

PICTURE = np.full((240, 320, 3), 60, np.uint8)


def colored(view, side):
    """x of the pixels that have exactly this side's colour."""
    return np.nonzero((view == COLORS[side]).all(axis=-1))[1]


@pytest.fixture
def arms():
    """Left wrist and elbow at x = 200 and 220, right ones at x = 100 and 120."""
    xy = np.zeros((19, 2))
    shown = np.zeros(19, bool)
    for name, x in (("left_wrist", 200), ("left_elbow", 220), ("right_wrist", 100), ("right_elbow", 120)):
        xy[PANOPTIC19.index(name)] = x, 150
        shown[PANOPTIC19.index(name)] = True
    return xy, shown


@pytest.mark.parametrize("mirror", [False, True])
def test_sides_keep_their_colours_in_the_mirror(arms, mirror):
    view = render(PICTURE, *arms, PANOPTIC19, text="", mirror=mirror)
    left, right = colored(view, "left"), colored(view, "right")
    # A mirror takes x to 319 - x.
    assert left.mean() == pytest.approx(319 - 210 if mirror else 210, abs=1)
    assert right.mean() == pytest.approx(319 - 110 if mirror else 110, abs=1)


def test_the_text_is_not_mirrored():
    plain = render(PICTURE, None, None, PANOPTIC19, text="30 frames/s", mirror=False)
    mirrored = render(PICTURE, None, None, PANOPTIC19, text="30 frames/s", mirror=True)
    assert (plain != PICTURE).any()
    np.testing.assert_array_equal(plain, mirrored)


def test_joints_that_are_not_shown_and_the_frame_itself_stay_untouched(arms):
    xy, shown = arms
    before = PICTURE.copy()
    xy[PANOPTIC19.index("right_wrist")] = np.nan
    view = render(PICTURE, xy, shown & (xy[:, 0] > 150), PANOPTIC19, text="", mirror=False)
    assert colored(view, "left").size and not colored(view, "right").size
    np.testing.assert_array_equal(PICTURE, before)


def test_rate_by_hand():
    meter = RateMeter()
    assert meter.tick(3.0) == 0.0
    assert meter.tick(3.1) == pytest.approx(10.0)
    assert meter.tick(3.3) == pytest.approx(2 / 0.3)
    # Only what is at most a second old counts: the frames at 3.1, 3.3 and 4.05.
    assert meter.tick(4.05) == pytest.approx(2 / 0.95)
    # After a long pause the frame before it still gives a rate.
    assert meter.tick(14.05) == pytest.approx(0.1)
