"""The options of the MPII reader, and what its units hold."""

import pytest
from made_units import left_out
from mpii_archive import LABELS, joints, make_archive, person, picture

from data_prep.mpii import reader
from data_prep.mpii.labels import LabeledPicture
from data_prep.mpii.reader import Mpii
from data_prep.reader import LeftOut, Unlabeled
from pose import MPII16
from records import BadInput, Person


@pytest.fixture
def root(tmp_path):
    """Two images of two and one people, one without joints."""
    pictures = [picture("a.jpg", [person(joints(count=4)), person([])]), picture("b.jpg", [person(joints(count=3))])]
    return make_archive(tmp_path / "mpii", pictures)


@pytest.mark.parametrize("fewest", [0, 17, -1])
def test_numbers_of_joints_out_of_bounds_raise(root, fewest):
    with pytest.raises(ValueError, match=f"min_visible_joints must lie between 1 and 16, got {fewest}"):
        Mpii(root, min_visible_joints=fewest)


def test_people_with_fewer_joints_than_asked_are_left_out(root):
    found = {fewest: [p.frame for p in Mpii(root, min_visible_joints=fewest).people()] for fewest in (1, 3, 4, 5, 16)}
    assert found == {1: [1, 2], 3: [1, 2], 4: [1], 5: [], 16: []}
    reason = "fewer than 4 joints (--min-visible-joints)"
    assert (Mpii(root).min_visible_joints, Mpii(root).separate) == (4, False)
    assert left_out(Mpii(root)) == {"no joint is labeled": 1, reason: 1}


def test_totals_names_and_files(root):
    mpii = Mpii(root)
    assert (mpii.dataset, mpii.skeleton) == ("mpii", MPII16)
    # Three people, with joints or without.
    assert mpii.total() == 3 and mpii.sequence_names() == {"firstVideo0"}
    (unit,) = mpii.units()
    assert list(unit.files()) == [root / "images/a.jpg", root / "images/b.jpg"]


def test_a_total_counts_what_was_left_out_with_the_people(root, monkeypatch):
    listed = [LeftOut("in the test", 7), BadInput("a", "broken"), LabeledPicture("a.jpg", 1, "v", [None, None])]
    monkeypatch.setattr(reader, "read_labels", lambda path, **options: listed)
    assert Mpii(root).total() == 7 + 1 + 2
    (unit,) = Mpii(root).units()
    assert list(unit.files()) == [root / "images/a.jpg"]


@pytest.mark.parametrize("listed", [[], [LeftOut("in the test", 7), BadInput("a", "broken")]])
def test_labels_without_a_usable_image_raise(root, monkeypatch, listed):
    monkeypatch.setattr(reader, "read_labels", lambda path, **options: listed)
    with pytest.raises(ValueError, match=f"{LABELS} labels no person in a training picture"):
        Mpii(root).units()


def test_units_are_spans_of_the_images(root, monkeypatch):
    monkeypatch.setattr(reader, "PICTURES_A_UNIT", 1)
    first, second = Mpii(root).units()
    assert (first.name, second.name) == ("000000", "000001")
    assert [(p.frame, p.person) for p in first.people() if isinstance(p, Person)] == [(1, 1)]
    left_out, unlabeled = second.people()
    assert left_out == LeftOut("fewer than 4 joints (--min-visible-joints)") and isinstance(unlabeled, Unlabeled)


def test_labels_may_lie_one_folder_deeper(root):
    deeper = root / "mpii_human_pose_v1_u12_2"
    deeper.mkdir()
    assert Mpii(root).labels == root / LABELS
    (root / LABELS).rename(deeper / LABELS)
    assert Mpii(root).labels == deeper / LABELS and Mpii(root).total() == 3


def test_people_of_an_image_share_it(tmp_path):
    first, second = Mpii(make_archive(tmp_path, [picture("a.jpg", [person(), person()])])).people()
    assert first.picture is second.picture
    assert (first.dataset, first.person, second.person) == ("mpii", 1, 2)


def test_images_elsewhere_and_missing_ones_are_named(tmp_path):
    pictures = [picture(name, [person()]) for name in ("../a.jpg", "b/a.jpg", "c.jpg")]
    root = make_archive(tmp_path / "m", pictures, draw=False)
    assert [str(bad) for bad in Mpii(root).people()] == [
        f"../a.jpg: lies outside {root}/images",
        f"b/a.jpg: lies outside {root}/images",
        f"{root}/images/c.jpg: labeled, but missing",
    ]
