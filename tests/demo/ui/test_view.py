"""Drawing of frames."""

from dataclasses import replace

import numpy as np
import pytest

from demo.tracking.people import TrackedPerson
from demo.ui.view import caption, render
from pose import PANOPTIC19
from pose.draw import COLORS

PICTURE = np.full((240, 320, 3), 60, np.uint8)


def colored(view, side):
    """x of the pixels that have exactly this side's color."""
    return np.nonzero((view == COLORS[side]).all(axis=-1))[1]


@pytest.fixture
def arms():
    """Left wrist and elbow at x = 200 and 220, right ones at x = 100 and 120."""
    xy = np.zeros((19, 2))
    shown = np.zeros(19, bool)
    for name, x in (("left_wrist", 200), ("left_elbow", 220), ("right_wrist", 100), ("right_elbow", 120)):
        xy[PANOPTIC19.index(name)] = x, 150
        shown[PANOPTIC19.index(name)] = True
    return TrackedPerson(1, xy, np.ones(19), shown)


@pytest.mark.parametrize("mirror", [False, True])
def test_mirrored_sides_keep_their_colors(arms, mirror):
    view = render(PICTURE, [arms], PANOPTIC19, mirror=mirror)
    left, right = colored(view, "left"), colored(view, "right")
    # A mirror takes x to 319 - x.
    assert left.mean() == pytest.approx(319 - 210 if mirror else 210, abs=1)
    assert right.mean() == pytest.approx(319 - 110 if mirror else 110, abs=1)


def test_hidden_joints_are_not_drawn_and_the_input_is_unchanged(arms):
    before = PICTURE.copy()
    arms.xy_px[PANOPTIC19.index("right_wrist")] = np.nan
    seen = replace(arms, shown=arms.shown & (arms.xy_px[:, 0] > 150))
    view = render(PICTURE, [seen], PANOPTIC19, mirror=False)
    assert colored(view, "left").size and not colored(view, "right").size
    caption(render(PICTURE, [], PANOPTIC19, mirror=False), "text")
    np.testing.assert_array_equal(PICTURE, before)


@pytest.mark.parametrize("mirror, x", [(False, 100), (True, 319 - 220)])
def test_a_number_stands_at_the_box_and_is_not_mirrored(arms, mirror, x):
    plain = render(PICTURE, [arms], PANOPTIC19, mirror=mirror)
    numbered = render(PICTURE, [arms], PANOPTIC19, mirror=mirror, numbers=True)
    rows, columns = np.nonzero((plain != numbered).any(axis=2))
    # The arms' box begins at y = 150, and at x = 100 or, mirrored, 319 - 220.
    assert columns.min() == pytest.approx(x, abs=1) and rows.min() == pytest.approx(150, abs=1)
    unmirrored = render(PICTURE, [arms], PANOPTIC19, mirror=False, numbers=True)
    white = (numbered == 255).all(axis=2)[:, columns.min() :], (unmirrored == 255).all(axis=2)[:, 100:]
    width = min(part.shape[1] for part in white)
    np.testing.assert_array_equal(white[0][:, :width], white[1][:, :width])


def test_two_people_are_drawn_and_a_number_at_the_edge_stays_inside(arms):
    other = replace(arms, number=2, xy_px=arms.xy_px + [95, 80])
    view = render(PICTURE, [arms, other], PANOPTIC19, mirror=False, numbers=True)
    assert set(colored(view, "right")) & set(range(195, 215)) and set(colored(view, "right")) & set(range(100, 120))
    nobody = replace(arms, shown=np.zeros(19, bool))
    np.testing.assert_array_equal(render(PICTURE, [nobody], PANOPTIC19, mirror=False, numbers=True), PICTURE)
