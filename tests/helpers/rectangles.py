"""Magenta rectangles, which the fake model of `browser_parts` takes for people."""

import numpy as np
import pytest

#: x, y, width, height of a rectangle on `GRAY`, 640 x 480, and of one at its right.
PERSON, OTHER = (120, 160, 90, 180), (420, 200, 80, 160)


def assert_is_at(person, rectangle, atol=4.0):
    """The fake model puts LSP's last joint, the head top, in the middle of the upper edge."""
    x, y, width, height = rectangle
    head = person["head_top"]
    np.testing.assert_allclose([head.x, head.y], [x + (width - 1) / 2, y + height - 1], atol=atol)


@pytest.fixture(autouse=True)
def squares_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has squares searched by default, as for animals: `crowd` sees no person in a rectangle."""
    monkeypatch.setattr("demo.runtimes.exports.LEAST_SHARED", 1000)
