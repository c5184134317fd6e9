"""What the joints of an LSP archive may be, and the bounds of its options."""

import numpy as np
import pytest
from lsp_archive import extended_joints
from made_units import left_out

from data_prep.lsp import reader
from data_prep.lsp.reader import Lsp
from data_prep.reader import LeftOut
from pose import LSP14
from records import BadInput, Person


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Makes a reader of given joints; its images are empty files, as people are read without them."""

    def make(joints, *, digits=5, images=None, **options):
        (tmp_path / "images").mkdir()
        (tmp_path / "joints.mat").touch()
        for number in range(1, np.shape(joints)[-1] + 1) if images is None else images:
            (tmp_path / f"images/im{number:0{digits}d}.jpg").touch()
        monkeypatch.setattr(reader, "read_mat", lambda path, name: joints)
        return Lsp(tmp_path, **options)

    return make


def test_defaults(archive):
    lsp = archive(extended_joints())
    assert (lsp.min_visible_joints, lsp.skeleton, lsp.dataset, lsp.total()) == (4, LSP14, "lspet", 3)


@pytest.mark.parametrize("fewest", [0, -1, 15])
def test_numbers_of_joints_out_of_bounds_raise(tmp_path, fewest):
    with pytest.raises(ValueError, match=f"min_visible_joints must lie between 1 and 14, got {fewest}"):
        Lsp(tmp_path, min_visible_joints=fewest)


@pytest.mark.parametrize(("fewest", "taken"), [(1, 3), (2, 3), (3, 2), (4, 2), (14, 1)])
def test_people_with_fewer_joints_than_asked_are_left_out(archive, fewest, taken):
    joints = extended_joints()
    joints[2:, 2, 0] = 0
    joints[4:, 2, 1] = 0
    lsp = archive(joints, min_visible_joints=fewest)
    assert [person.sequence for person in lsp.people()] == ["im00001", "im00002", "im00003"][3 - taken :]
    reason = f"fewer than {fewest} joints (--min-visible-joints)"
    assert left_out(lsp) == ({reason: 3 - taken} if taken < 3 else {})


def test_the_third_number_marks_labeled_joints_in_the_extension(archive):
    joints = extended_joints(1)
    joints[:, 2, 0] = [0, 1, -1, 2] + [1] * 10
    (person,) = archive(joints).people()
    assert person.visible.tolist() == [0, 2, 0, 2] + [2] * 10
    np.testing.assert_array_equal(person.joints_xy_px, joints[:, :2, 0])
    labeled = joints[person.visible > 0, :2, 0]
    np.testing.assert_allclose(person.box_px, [*labeled.min(0), *np.ptp(labeled, axis=0)])


def test_the_third_number_marks_hidden_joints_in_the_first_archive(archive):
    joints = extended_joints(2).transpose(1, 0, 2).copy()
    joints[2] = 0
    joints[2, 3:5, 1] = 1
    joints[2, 5, 1] = -1
    lsp = archive(joints, digits=4)
    first, second = lsp.people()
    assert (lsp.dataset, first.sequence, second.sequence, lsp.total()) == ("lsp", "im0001", "im0002", 2)
    assert first.visible.tolist() == [2] * 14 and second.visible.tolist() == [2] * 3 + [1] * 2 + [2] * 9
    np.testing.assert_array_equal(second.joints_xy_px, joints[:2, :, 1].T)
    assert lsp.sequence_names() == {"im0001", "im0002"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((slice(None), slice(0, 2), 50.0), "all labeled joints are at one point"),
        ((slice(None), 0, 50.0), None),
        ((slice(None), 1, 50.0), None),
        ((0, 0, np.nan), "a labeled joint is NaN or infinite"),
        ((13, 1, np.inf), "a labeled joint is NaN or infinite"),
    ],
)
def test_impossible_joints_are_broken(archive, change, why):
    joints = extended_joints(2)
    rows, columns, value = change
    joints[rows, columns, 0] = value
    first, second = archive(joints).people()
    assert isinstance(second, Person)
    if why is None:
        assert isinstance(first, Person) and sorted(first.box_px[2:] > 0) == [False, True]
    else:
        assert isinstance(first, BadInput) and first.why == why and first.what.endswith("/images/im00001.jpg")


def test_coordinates_of_unlabeled_joints_may_be_anything(archive):
    joints = extended_joints(1)
    joints[0, :, 0] = np.nan, np.inf, 0
    (person,) = archive(joints).people()
    assert person.visible[0] == 0 and np.isfinite(person.box_px).all()


def test_a_missing_image_is_named_and_units_hold_the_files(archive, monkeypatch):
    monkeypatch.setattr(reader, "PICTURES_A_UNIT", 2)
    lsp = archive(extended_joints(4), images=(1, 2, 4))
    first, second = lsp.units()
    images = lsp.root / "images"
    assert [(unit.name, list(unit.files())) for unit in (first, second)] == [
        ("im00001", [images / "im00001.jpg", images / "im00002.jpg"]),
        ("im00003", [images / "im00003.jpg", images / "im00004.jpg"]),
    ]
    bad, person = second.people()
    assert str(bad) == f"{images}/im00003.jpg: labeled in joints.mat, but the image is missing"
    assert person.sequence == "im00004"
    # The names of people are of those that can be read.
    assert lsp.sequence_names() == {"im00001", "im00002", "im00004"}


@pytest.mark.parametrize(
    ("joints", "why"),
    [
        (np.zeros((14, 3)), r"`joints` must be \(3, 14, N\) or \(14, 3, N\), got \(14, 3\)"),
        (np.zeros((14, 4, 2)), r"`joints` must be \(3, 14, N\) or \(14, 3, N\), got \(14, 4, 2\)"),
        (np.zeros((14, 3, 2, 1)), r"`joints` must be \(3, 14, N\) or \(14, 3, N\), got \(14, 3, 2, 1\)"),
        ("joints", r"joints.mat cannot be read as a MATLAB file with a matrix `joints`: 'str'"),
        (np.array([{}], object), r"joints.mat cannot be read as a MATLAB file with a matrix `joints`: "),
        (np.array(["a"], object), r"joints.mat cannot be read as a MATLAB file with a matrix `joints`: "),
    ],
)
def test_other_shapes_and_types_raise(archive, joints, why):
    with pytest.raises(ValueError, match=why):
        archive(joints, images=(1,)).units()


def test_complex_numbers_count_by_their_real_part(archive):
    joints = extended_joints(1)
    (person,) = archive(joints + 5j).people()
    np.testing.assert_array_equal(person.joints_xy_px, joints[:, :2, 0])


def test_an_unreadable_file_raises(archive, monkeypatch):
    lsp = archive(extended_joints(1))

    def fails(path, name):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reader, "read_mat", fails)
    with pytest.raises(
        ValueError, match=r"joints.mat cannot be read as a MATLAB file .*: .Errno 13. Permission denied"
    ):
        lsp.total()


def test_an_empty_archive_has_no_people(archive):
    lsp = archive(np.zeros((14, 3, 0)), images=(1,))
    assert lsp.total() == 0 and lsp.units() == []


def test_left_out_people_are_counted_one_by_one(archive):
    joints = extended_joints(3)
    joints[:, 2] = 0
    (unit,) = archive(joints).units()
    assert list(unit.people()) == [LeftOut("fewer than 4 joints (--min-visible-joints)")] * 3
