import pickle

import numpy as np
import pytest
from made_units import left_out
from mpii_archive import LABELS, joints, make_archive, person, picture

from data_prep.conversion.convert import Conversion, convert
from data_prep.conversion.splits import SplitRule
from data_prep.mpii.reader import Mpii
from pose import MPII16, Crop
from records import BadInput, Person, dataset, encode_example
from records.features import read_features


def people_of(reader):
    return [item for item in reader.people() if isinstance(item, Person)]


def broken_of(reader):
    return [item for item in reader.people() if isinstance(item, BadInput)]


def test_a_person_is_read_as_labeled(tmp_path):
    reader = Mpii(make_archive(tmp_path, [picture("a.jpg", [person()], video=2)]))
    (first,) = people_of(reader)
    assert (reader.dataset, reader.skeleton, reader.total()) == ("mpii", MPII16, 1)
    # MATLAB's pixel 101, 51 is our 100, 50.
    np.testing.assert_array_equal(first.joints_xy_px[[0, 15]], [[100, 50], [250, 125]])
    assert first.visible.tolist() == [1] + [2] * 15
    # Scale 2: a square of 400 px, whose center is 30 px below the labeled one at 175, 88.
    np.testing.assert_allclose(first.box_px, [-25, -82, 400, 400])
    assert first.key == "mpii/secondVideo//1/1"
    assert first.load_picture().shape == (300, 400, 3)


def test_only_training_images_and_people_with_joints_are_read(tmp_path):
    unlabeled = {"scale": 2.0, "objpos": {"x": 1, "y": 1}}
    pictures = [
        picture("test.jpg", [unlabeled], train=0),
        picture("empty.jpg", []),
        picture("nameless.jpg", [unlabeled]),
        picture("two.jpg", [person([]), person()]),
    ]
    reader = Mpii(make_archive(tmp_path, pictures))
    (found,) = reader.people()
    assert (found.frame, found.person, reader.total()) == (4, 2, 4)
    assert left_out(reader) == {
        "in a picture of the test, whose joints have never been published": 1,
        "no joint is labeled": 2,
    }


def test_marks_and_joints_may_be_missing(tmp_path):
    few = joints(start=6, count=4)
    few[3]["is_visible"] = "0"
    for point in (others := joints(count=5)):
        del point["is_visible"]
    pictures = [picture("a.jpg", [person(few)]), picture("b.jpg", [person(others)])]
    reader = Mpii(make_archive(tmp_path, pictures))
    first, second = people_of(reader)
    assert first.visible.tolist() == [0] * 6 + [1, 2, 2, 1] + [0] * 6
    assert (first.joints_xy_px[first.visible == 0] == 0).all()
    assert second.visible.tolist() == [2] * 5 + [0] * 11
    assert [found.visible.sum() for found in people_of(Mpii(tmp_path, min_visible_joints=5))] == [10]
    assert left_out(Mpii(tmp_path, min_visible_joints=5)) == {"fewer than 5 joints (--min-visible-joints)": 1}


def test_a_person_without_scale_has_the_box_of_the_joints(tmp_path):
    labels = {**person(), "scale": np.zeros((0, 0)), "objpos": np.zeros((0, 0))}
    (found,) = people_of(Mpii(make_archive(tmp_path, [picture("a.jpg", [labels])])))
    np.testing.assert_allclose(found.box_px, [100, 50, 150, 75])


def test_images_without_a_video_are_one_sequence(tmp_path):
    pictures = [picture(f"{i}.jpg", [person()], video=video) for i, video in enumerate((np.zeros((0, 0)), 99, 1))]
    assert [found.sequence for found in people_of(Mpii(make_archive(tmp_path, pictures)))] == [
        "unknown",
        "unknown",
        "firstVideo0",
    ]


def test_separate_keeps_only_separate_people(tmp_path):
    pictures = [
        picture("a.jpg", [person(), person()], separate=(2,)),
        picture("b.jpg", [person()], separate=()),
        picture("c.jpg", [person(), person()], separate=(1, 2)),
    ]
    root = make_archive(tmp_path, pictures)
    assert [(p.frame, p.person) for p in people_of(Mpii(root, separate=True))] == [(1, 2), (3, 1), (3, 2)]
    assert left_out(Mpii(root, separate=True)) == {"not listed as well apart from others (--separate)": 2}
    assert len(people_of(Mpii(root))) == 5


def test_units_can_be_pickled(tmp_path):
    reader = Mpii(make_archive(tmp_path, [picture(f"{i}.jpg", [person()]) for i in range(257)], draw=False))
    units = reader.units()
    assert [unit.name for unit in units] == ["000000", "000256"]
    whys = [item.why for unit in pickle.loads(pickle.dumps(units)) for item in unit.people()]
    assert whys == ["labeled, but missing"] * 257
    assert len(pickle.dumps(units)) < 257 * 2000


def test_the_heads_size_is_mpiis(tmp_path):
    """0.6 of the diagonal of the head's box, as the official evaluation has it; unknown where it has none."""
    boxes = [{"x1": 10, "y1": 20, "x2": 40, "y2": 60}, {"x1": 7, "x2": 7, "y1": 9, "y2": 9}, {"y2": np.zeros((0, 0))}]
    root = make_archive(tmp_path / "m", [picture("a.jpg", [person() | box for box in boxes])])
    people = [item for unit in Mpii(root).units() for item in unit.people()]
    assert [item.head_size_px for item in people] == [pytest.approx(0.6 * 50), None, None]
    crop = Crop.from_box(people[0].box_px, 224)
    encoded = encode_example(people[0], crop, MPII16)
    assert read_features(encoded, 16)["person/head_size_px"] == pytest.approx(30 / crop.scale)


def test_broken_people_and_images_are_named(tmp_path):
    twice = joints()
    twice[3]["id"] = 2
    nan = joints()
    nan[5]["x"] = np.nan
    pictures = [
        picture("a.jpg", [person(twice), person(nan), person(), person(scale=-1.0)]),
        picture("../a.jpg", [person()]),
        picture("b.jpg", [person([{"id": 1, "x": 2.0}])]),
    ]
    root = make_archive(tmp_path / "m", pictures)
    (root / "images" / "b.jpg").write_bytes(b"\xff\xd8 cut")
    broken = broken_of(Mpii(root))
    labels = root / LABELS
    assert [item.what for item in broken] == [
        *(f"{labels} picture 1 person {number}" for number in (1, 2, 4)),
        "../a.jpg",
        f"{labels} picture 3 person 1",
    ]
    assert "joint 2 is none of 0 to 15, or labelled twice" in broken[0].why
    assert "NaN" in broken[1].why and "give no box" in broken[2].why and "lies outside" in broken[3].why
    assert "KeyError: 'y'" in broken[4].why


def test_unusable_archives_raise(tmp_path):
    with pytest.raises(ValueError, match="there is no folder .*images"):
        Mpii(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(ValueError, match="unpack mpii_human_pose_v1_u12_2.zip"):
        Mpii(tmp_path)
    deeper = tmp_path / "mpii_human_pose_v1_u12_2" / LABELS
    deeper.parent.mkdir()
    deeper.write_bytes(b"no matrix")
    with pytest.raises(ValueError, match="cannot be read as MPII's labels"):
        Mpii(tmp_path).units()
    with pytest.raises(ValueError, match="must lie between 1 and 16, got 17"):
        Mpii(tmp_path, min_visible_joints=17)
    root = make_archive(tmp_path / "other", [picture("a.jpg", [person()], train=0)])
    with pytest.raises(ValueError, match="labels no person in a training picture"):
        Mpii(root).total()


def test_frames_hold_all_people_of_an_image_and_mask_the_others(tmp_path):
    few = [point for point in joints() if point["id"] in (6, 7, 8)]
    pictures = [
        picture("a.jpg", [person(), person(few, x=301.0, y=71.0, scale=0.5), person()]),
        picture("b.jpg", [person([], x=101.0, y=81.0, scale=0.25)]),
    ]
    reader = Mpii(make_archive(tmp_path / "mpii", pictures))
    options = Conversion(kind="frames", size=400, workers=1, split=SplitRule(val=0, test=0))
    manifest = convert(reader, tmp_path / "out", options)
    assert manifest.counts["train"] == 2 and manifest.max_people == 2
    assert manifest.left_out == {"fewer than 4 joints (--min-visible-joints)": 1, "no joint is labeled": 1}
    fields = ("person", "frame", "unlabeled")
    (batch,) = dataset(tmp_path / "out", "train", batch_size=2, kind="frames", fields=fields).as_numpy_iterator()
    labels = batch[1]
    assert labels["person"].tolist() == [[1, 3], [-1, -1]] and labels["frame"].tolist() == [1, 2]
    # Squares of 100 px about (300, 77.5) and of 50 px about (100, 83.75), 50 px lower in the square of the image.
    for mask, expected in zip(labels["unlabeled"], [(250, 77.5, 350, 177.5), (75, 108.75, 125, 158.75)], strict=True):
        y, x = np.nonzero(mask)
        np.testing.assert_allclose([x.min(), y.min(), x.max(), y.max()], expected, atol=1)


def test_separate_people_are_no_frames(tmp_path):
    reader = Mpii(make_archive(tmp_path, [picture("a.jpg", [person()])]), separate=True)
    with pytest.raises(ValueError, match="separate chooses people, and frames have all of theirs"):
        reader.for_frames()
