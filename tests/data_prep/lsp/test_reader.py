import pickle

import numpy as np
import pytest
import scipy.io
from lsp_archive import extended_joints, make_archive
from made_units import left_out

from data_prep.lsp.reader import Lsp
from records import BadInput, Person


def test_extended_archive(tmp_path):
    joints = extended_joints()
    joints[4, :, 1] = (-77, 1e5, 0)
    reader = Lsp(make_archive(tmp_path / "a", joints))
    people = list(reader.people())
    assert (reader.dataset, reader.total(), len(people)) == ("lspet", 3, 3)
    second = people[1]
    assert second.sequence == "im00002" and second.key == "lspet/im00002//0/0"
    assert second.visible.tolist() == [2, 2, 2, 2, 0] + [2] * 9
    np.testing.assert_allclose(second.joints_xy_px[0], joints[0, :2, 1])
    labeled = np.delete(joints[:, :2, 1], 4, axis=0)
    np.testing.assert_allclose(second.box_px[:2], labeled.min(axis=0))
    np.testing.assert_allclose(second.box_px[2:], np.ptp(labeled, axis=0))
    assert (second.load_picture() == 20).all()


def test_the_first_archive_has_other_axes_and_marks_hidden_joints(tmp_path):
    joints = extended_joints().transpose(1, 0, 2).copy()
    joints[2, 5, 0], joints[2, 6:, 0] = 0, 0
    reader = Lsp(make_archive(tmp_path / "a", joints))
    first = next(reader.people())
    assert reader.dataset == "lsp" and first.sequence == "im0001"
    assert first.visible.tolist() == [1] * 5 + [2] * 9
    np.testing.assert_allclose(first.joints_xy_px[5], joints[:2, 5, 0])


def test_broken_people_are_named_or_left_out(tmp_path):
    joints = extended_joints(5)
    joints[3, 0, 0] = np.nan
    joints[:, 2, 1] = 0  # no joint labeled
    joints[:, :2, 2] = 50.0
    root = make_archive(tmp_path / "a", joints, pictures=(0, 1, 2, 4))
    items = list(Lsp(root).people())
    assert left_out(Lsp(root)) == {"fewer than 4 joints (--min-visible-joints)": 1}
    whys = [item.why for item in items if isinstance(item, BadInput)]
    assert whys == [
        "a labeled joint is NaN or infinite",
        "all labeled joints are at one point",
        "labeled in joints.mat, but the image is missing",
    ]
    assert [item.sequence for item in items if isinstance(item, Person)] == ["im00005"]


def test_units_are_stretches_of_the_archive(tmp_path, monkeypatch):
    monkeypatch.setattr("data_prep.lsp.reader.PICTURES_A_UNIT", 2)
    reader = Lsp(make_archive(tmp_path / "a", extended_joints(5)))
    units = pickle.loads(pickle.dumps(reader.units()))
    assert [unit.name for unit in units] == ["im00001", "im00003", "im00005"]
    assert [[person.sequence for person in unit.people()] for unit in units] == [
        ["im00001", "im00002"],
        ["im00003", "im00004"],
        ["im00005"],
    ]


def test_unusable_archives_raise(tmp_path):
    with pytest.raises(ValueError, match="is no LSP archive: it has no joints.mat"):
        Lsp(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "joints.mat").write_bytes(b"no matrix")
    with pytest.raises(ValueError, match="cannot be read as a MATLAB file"):
        Lsp(tmp_path).total()
    scipy.io.savemat(tmp_path / "joints.mat", {"joints": np.zeros((3, 4))})
    with pytest.raises(ValueError, match=r"must be \(3, 14, N\) or \(14, 3, N\), got \(3, 4\)"):
        Lsp(tmp_path).total()
    scipy.io.savemat(tmp_path / "joints.mat", {"joints": extended_joints()})
    with pytest.raises(ValueError, match="holds no im"):
        next(Lsp(tmp_path).people())
    with pytest.raises(ValueError, match="min_visible_joints must lie between 1 and 14, got 0"):
        Lsp(tmp_path, min_visible_joints=0)


def test_real_archive(shared_data):
    reader = Lsp(shared_data / "lspet")
    assert (reader.dataset, reader.total()) == ("lspet", 9000)
    people = list(reader.people())
    assert len(people) == 9000 and all(isinstance(person, Person) for person in people)
    # What joints.mat holds for the first person, whose right ankle is not labeled.
    assert people[0].visible.tolist() == [0] + [2] * 13
    np.testing.assert_allclose(people[0].joints_xy_px[1], [26.03094352, 86.41022512])


def test_one_person_of_an_image_is_no_frame(tmp_path):
    with pytest.raises(ValueError, match="label one person of each image and not where others are; make records of"):
        Lsp(make_archive(tmp_path / "a", extended_joints())).for_frames()
