import numpy as np
import pytest

from train.loop.box_rule import box_rule


def labels(centers, sides, *, shown=1.0):
    """People of four joints at the corners of squares."""
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]])
    xy_px = np.array([center + side * corners for center, side in zip(centers, sides, strict=True)])
    visible = np.full(xy_px.shape[:2], 2)
    visible[:, round(4 * shown) :] = 0
    return {"joints_xy_px": np.where(visible[..., None] > 0, xy_px, 0), "visible": visible}


def test_boxes_twice_as_large_as_the_joints_and_lower():
    # A crop of 100 px with padding 1.25 is of a box of 80 px about (49.5, 49.5). The joints' boxes: 40 px, 10 px above.
    found = box_rule(labels([(49.5, 39.5)] * 5 + [(9.5, 99.5)], [40] * 5 + [5]), 100, 1.25)
    assert found == {"box_scale": 2.0, "box_shift": 0.25}


def test_boxes_of_the_joints_themselves():
    assert box_rule(labels([(49.5, 49.5)] * 6, [80] * 6), 100, 1.25) == {"box_scale": 1.0, "box_shift": 0.0}


@pytest.mark.parametrize(
    "few",
    [
        {},
        labels([(50, 50)] * 4, [40] * 4),
        labels([(50, 50)] * 9, [40] * 9, shown=0.75),
        labels([(50, 50)] * 9, [0] * 9),
    ],
)
def test_too_few_people_give_no_rule(few):
    assert box_rule(few, 100, 1.25) == {}
