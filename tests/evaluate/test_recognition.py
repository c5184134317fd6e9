"""Rank 1 by hand."""

import numpy as np
import pytest

from evaluate.recognition import Walks, rank1


def walks(rows):
    people, kinds, views, places = zip(*rows, strict=True)
    parts = np.array(places, np.float32)[:, None, None] * np.ones((1, 2, 3), np.float32)
    return Walks(parts, np.array(people), np.array(kinds), np.array(views))


def test_rank_1_by_view_and_clothes():
    # In the gallery a is at 0 and b at 10, from both sides.
    gallery = [(who, "nm-01", view, place) for view in (0, 90) for who, place in (("a", 0.0), ("b", 10.0))]
    probes = [
        ("a", "nm-02", 0, 1.0),
        ("b", "nm-02", 0, 2.0),
        ("a", "nm-02", 90, 4.0),
        ("b", "nm-02", 90, 9.0),
        ("a", "cl-01", 90, 8.0),
    ]
    table = rank1(walks(gallery + probes)).set_index("clothes")
    assert table.loc["nm"].tolist() == [0.5, 1.0, 0.75]
    assert np.isnan(table.loc["cl", "0"]) and table.loc["cl", "90"] == 0


def test_the_gallery_from_the_probes_own_side_is_not_asked():
    # From the other side a looks like b.
    rows = [("a", "nm-01", 0, 0.0), ("b", "nm-01", 0, 10.0), ("a", "nm-01", 90, 10.0), ("b", "nm-01", 90, 0.0)]
    table = rank1(walks([*rows, ("a", "nm-02", 0, 0.0)]))
    assert table["0"].tolist() == [0.0]


@pytest.mark.parametrize("rows", [[("a", "nm-02", 0, 0.0)], [("a", "nm-01", 0, 0.0), ("a", "nm-02", 0, 0.0)]])
def test_without_a_gallery_or_another_side_it_raises(rows):
    with pytest.raises(ValueError, match="two sides or more"):
        rank1(walks(rows))
