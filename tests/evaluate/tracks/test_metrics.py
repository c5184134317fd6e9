"""MOTA, IDF1 and HOTA of small videos against values worked by hand."""

import math

import numpy as np
import pytest

from evaluate.tracks.metrics import FrameMatch, track_figures
from evaluate.tracks.similarity import oks_of_people, pckh_of_people


def exact(true, found, pairs=()):
    """A frame in which the pairs (person, found number) have similarity 1."""
    return FrameMatch(
        true, found, np.array([[float((i, k) in pairs) for k in found] for i in true]).reshape(len(true), len(found))
    )


@pytest.fixture
def trackeval():
    return pytest.importorskip("trackeval")


def test_perfect_tracks(trackeval):
    figures = track_figures([[exact([5, 9], [1, 2], [(5, 1), (9, 2)])] * 4])
    assert (figures.mota, figures.idf1, figures.hota) == (1, 1, 1)
    assert (figures.people, figures.switches, figures.misses, figures.false_people) == (8, 0, 0, 0)


def test_one_number_that_changes_halfway(trackeval):
    # One person in four frames, who is 1 in two of them and 2 in two.
    figures = track_figures([[exact([7], [1], [(7, 1)])] * 2 + [exact([7], [2], [(7, 2)])] * 2])
    assert figures.switches == 1 and figures.mota == pytest.approx(1 - 1 / 4)
    # Two right numbers, two false ones, two missed.
    assert figures.idf1 == pytest.approx(2 * 2 / (2 * 2 + 2 + 2))
    # All are detected; each match shares 2 of the 4 frames of its person and number.
    assert figures.hota == pytest.approx(math.sqrt(1 * 2 / 4))


def test_misses_and_false_people(trackeval):
    # Of four frames with one person, one is missed, and one has a false person.
    seen = exact([7], [1], [(7, 1)])
    figures = track_figures([[seen, seen, exact([7], []), exact([7], [1, 2], [(7, 1)])]])
    assert (figures.misses, figures.false_people, figures.switches) == (1, 1, 0)
    assert figures.mota == pytest.approx(1 - 2 / 4)
    assert figures.idf1 == pytest.approx(2 * 3 / (2 * 3 + 1 + 1))
    # Detected 3 of 5; the association of each is 3 of 4.
    assert figures.hota == pytest.approx(math.sqrt(3 / 5 * 3 / 4))


def test_two_who_swap_numbers(trackeval):
    before, after = [(5, 1), (9, 2)], [(5, 2), (9, 1)]
    figures = track_figures([[exact([5, 9], [1, 2], before)] * 3 + [exact([5, 9], [1, 2], after)]])
    assert figures.switches == 2 and figures.mota == pytest.approx(1 - 2 / 8)
    assert figures.idf1 == pytest.approx(6 / 8)


def test_similarity_counts_from_its_minimum(trackeval):
    frames = [FrameMatch([1], [1], [[0.5]]), FrameMatch([1], [1], [[0.49]])]
    figures = track_figures([frames])
    assert (figures.misses, figures.false_people) == (1, 1)
    assert track_figures([frames], min_similarity=0.4).mota == 1
    # Of the 19 thresholds from 0.05 on, both frames reach nine, and one reaches 0.5: there 1 of 3 is detected, and
    # the match shares 1 of the 3 frames of the person and the number.
    assert figures.hota == pytest.approx((9 * 1 + 1 * 1 / 3) / 19)


def test_videos_count_together_but_numbers_do_not_last_from_one_to_the_next(trackeval):
    first, second = [exact([5], [1], [(5, 1)])] * 3, [exact([5], [2], [(5, 2)])]
    figures = track_figures([first, [], second])
    assert (figures.switches, figures.mota, figures.idf1, figures.people) == (0, 1, 1, 4)


def test_without_labelled_people_there_is_no_figure():
    figures = track_figures([[exact([], [1, 2])]])
    assert math.isnan(figures.mota) and math.isnan(figures.idf1) and math.isnan(figures.hota)
    assert (figures.people, figures.false_people) == (0, 2)
    assert track_figures([]).people == 0


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (([1, 2], [1], [[1.0]]), r"similarities \(P, Q\)"),
        (([1], [1], [[1.2]]), r"in 0\.\.1"),
        (([1], [1], [[math.nan]]), r"in 0\.\.1"),
        (([1, 1], [1], [[1.0], [0.0]]), "may be in a frame once"),
    ],
)
def test_wrong_frames_are_refused(frame, message):
    with pytest.raises(ValueError, match=message):
        FrameMatch(*frame)


def test_oks_of_people_estimates_unknown_areas():
    true = np.array([[[0, 0], [10, 20]]], float)
    found = np.array([[[0, 0], [10, 20]], [[0, 2], [10, 20]]], float)
    areas = oks_of_people(true, np.array([[2, 2]]), np.array([0]), found, [0.1, 0.1])
    # The box's area is 200 square px, of which a person covers 0.53.
    assert areas[0] == pytest.approx([1, (1 + math.exp(-4 / (2 * 0.53 * 200 * 0.04))) / 2])
    known = oks_of_people(true, np.array([[2, 0]]), np.array([50]), found, [0.1, 0.1])
    assert known[0] == pytest.approx([1, math.exp(-4 / (2 * 50 * 0.04))])


def test_pckh_of_people_is_the_share_of_near_joints():
    true = np.array([[[0, 0], [10, 0], [0, 10]], [[0, 0], [10, 0], [0, 10]]], float)
    found = np.array([[[0, 2], [10, 2.1], [50, 50]], [[np.nan, 0], [10, 0], [0, 10]]], float)
    shares = pckh_of_people(true, np.array([[1, 2, 0], [2, 2, 2]]), np.array([4, 4]), found)
    assert shares == pytest.approx(np.array([[1 / 2, 1 / 2], [1 / 3, 2 / 3]]))
    assert pckh_of_people(true, np.full((2, 3), 2), np.array([0, 4]), true)[0].tolist() == [0, 0]
