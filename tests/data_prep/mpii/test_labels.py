"""MPII's labels as SciPy gives them: nested structures that may be empty, unwrapped, or something else."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io
from mpii_archive import LABELS, joints, make_archive, person, picture

from data_prep.mat_file import read_mat
from data_prep.mpii import labels
from data_prep.mpii.labels import LabeledPerson, LabeledPicture, read_labels
from data_prep.reader import LeftOut
from records import BadInput

EMPTY = np.zeros((0, 0))


@pytest.fixture(autouse=True)
def read_here(monkeypatch):
    """Reads MATLAB files without a child process, which takes half a second each."""

    def read(path, name, *, squeeze):
        return scipy.io.loadmat(path, variable_names=[name], squeeze_me=squeeze, struct_as_record=False)[name]

    monkeypatch.setattr(labels, "read_mat", read)


def struct(**fields):
    """A structure as SciPy gives it."""
    return SimpleNamespace(_fieldnames=list(fields), **fields)


def labels_of(folder, pictures, *, separate=False):
    return read_labels(make_archive(folder, pictures, draw=False) / LABELS, separate=separate)


def person_of(folder, entry):
    """The one person of the one image."""
    (found,) = labels_of(folder, [picture("a.jpg", [entry])])
    (one,) = found.people
    return one


def why_of(folder, entry):
    one = person_of(folder, entry)
    assert isinstance(one, BadInput) and one.what == f"{folder / LABELS} picture 1 person 1"
    return one.why


def release(**changes):
    """The fields of two images without people."""
    entries = [struct(image=struct(name=f"{i}.jpg"), annorect=EMPTY, vidx=1) for i in range(2)]
    listed = np.empty(2, object)
    listed[:] = entries
    return {
        "annolist": listed,
        "img_train": np.array([1, 1]),
        "single_person": np.array([1, 1]),
        "video_list": np.array(["v"], object),
        **changes,
    }


def test_numbers_of_images_and_people_count_from_one(tmp_path):
    found = labels_of(tmp_path, [picture("a.jpg", [person([]), person()]), picture("b.jpg", [person(), person()])])
    assert [(image.name, image.number, image.video) for image in found] == [
        ("a.jpg", 1, "firstVideo0"),
        ("b.jpg", 2, "firstVideo0"),
    ]
    assert [[getattr(one, "number", one) for one in image.people] for image in found] == [
        [LeftOut("no joint is labeled"), 2],
        [1, 2],
    ]


def test_a_persons_numbers(tmp_path):
    one = person_of(tmp_path, {**person(), "x1": 10, "y1": 20, "x2": 40, "y2": 60})
    # Joint j at (101 + 10 j, 51 + 5 j), counted from 1.
    np.testing.assert_array_equal(one.xy_px, np.stack([100 + 10 * np.arange(16), 50 + 5 * np.arange(16)], axis=1))
    assert (one.xy_px.dtype, one.visible.dtype, one.box_px.dtype) == (np.float32, np.int64, np.float64)
    assert one.visible.tolist() == [1] + [2] * 15
    # 200 px times the scale of 2; the center from 0, 15 px times 2 lower: (175, 88 + 30).
    assert one.box_px.tolist() == [-25, -82, 400, 400]
    assert one.head_size_px == pytest.approx(0.6 * 50)


@pytest.mark.parametrize(("mark", "visible"), [(0, 1), (1, 2), ("0", 1), ("1", 2), (EMPTY, 2), (np.array([[0, 1]]), 1)])
def test_marks_of_hidden_joints(tmp_path, mark, visible):
    points = joints(count=3)
    points[2]["is_visible"] = mark
    assert person_of(tmp_path, person(points)).visible.tolist() == [1, 2, visible] + [0] * 13


@pytest.mark.parametrize(("joint", "why"), [(0, None), (15, None), (-1, "joint -1 is"), (16, "joint 16 is")])
def test_joints_are_numbered_from_0_to_15(tmp_path, joint, why):
    entry = person([{"x": 1.0, "y": 1.0, "id": joint, "is_visible": 1}])
    if why is None:
        one = person_of(tmp_path, entry)
        # A joint at the first pixel is labeled although its coordinates are 0.
        assert np.flatnonzero(one.visible).tolist() == [joint] and not one.xy_px.any()
    else:
        assert f"ValueError: {why} none of 0 to 15, or labelled twice" in why_of(tmp_path, entry)


def changed(index, **fields):
    points = joints()
    points[index].update(fields)
    return person(points)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (changed(3, id=2), "ValueError: joint 2 is none of 0 to 15, or labelled twice"),
        (changed(3, id=np.inf), "OverflowError: "),
        (changed(3, x=np.nan), "ValueError: no joint, or one that is NaN or infinite"),
        (changed(3, y=np.inf), "ValueError: no joint, or one that is NaN or infinite"),
        (changed(3, x=EMPTY), "TypeError: "),
        (changed(3, is_visible="no"), "ValueError: "),
        ({**person(), "annopoints": {"point": EMPTY}}, "ValueError: no joint, or one that is NaN or infinite"),
        ({**person(), "annopoints": {"points": 1}}, "KeyError: 'point'"),
        ({**person(), "annopoints": 3}, "TypeError: 3 is no structure"),
        ({**person(), "scale": 0.0}, "ValueError: scale 0.0 and place "),
        ({**person(), "scale": -1.0}, "ValueError: scale -1.0 and place "),
        ({**person(), "scale": np.nan}, "ValueError: scale nan and place "),
        ({**person(), "objpos": {"x": np.inf, "y": 1.0}}, "ValueError: scale 2.0 and place "),
        ({**person(), "objpos": {"x": 1.0}}, "KeyError: 'y'"),
    ],
)
def test_a_malformed_person_is_named(tmp_path, entry, why):
    assert why_of(tmp_path, entry).startswith(f"malformed ({why}")


@pytest.mark.parametrize("name", ["scale", "objpos"])
def test_without_scale_or_place_the_box_is_that_of_the_joints(tmp_path, name):
    assert person_of(tmp_path / "a", {**person(), name: EMPTY}).box_px.tolist() == [100, 50, 150, 75]
    entry = person()
    del entry[name]
    assert person_of(tmp_path / "b", entry).box_px.tolist() == [100, 50, 150, 75]


@pytest.mark.parametrize(
    ("box", "size_px"),
    [
        ({"x1": 3, "y1": 5, "x2": 6, "y2": 9}, 3.0),
        ({"x1": 6, "y1": 9, "x2": 3, "y2": 5}, 3.0),
        ({"x1": 3, "y1": 5, "x2": 3, "y2": 10}, 3.0),
        ({"x1": 3, "y1": 5, "x2": 3, "y2": 5}, None),
        ({"x1": np.nan}, None),
        ({"y2": np.inf}, None),
        *(({name: EMPTY}, None) for name in ("x1", "y1", "x2", "y2")),
    ],
)
def test_the_size_of_a_head(tmp_path, box, size_px):
    assert person_of(tmp_path, person() | box).head_size_px == (size_px and pytest.approx(size_px))


@pytest.mark.parametrize(("video", "name"), [(1, "firstVideo0"), (2, "secondVideo"), (0, "unknown"), (3, "unknown")])
def test_videos_are_numbered_from_one(tmp_path, video, name):
    (found,) = labels_of(tmp_path, [picture("a.jpg", [person()], video=video)])
    assert found.video == name


def test_an_image_without_a_video_number_is_of_an_unknown_one(tmp_path):
    (found,) = labels_of(tmp_path, [picture("a.jpg", [person()], video=EMPTY)])
    assert found.video == "unknown"


def test_images_of_the_test_are_counted_by_their_people(tmp_path):
    pictures = [
        picture("a.jpg", [person(), person()], train=0),
        picture("b.jpg", [], train=0),
        picture("c.jpg", [person()]),
    ]
    first, second = labels_of(tmp_path, pictures)
    assert first == LeftOut("in a picture of the test, whose joints have never been published", 2)
    assert (second.name, second.number) == ("c.jpg", 3)


def test_an_image_whose_people_are_all_left_out_needs_no_name(tmp_path):
    pictures = [picture("a.jpg", [person(), person([])], separate=(2,)), picture("b.jpg", [person()])]
    assert labels_of(tmp_path, pictures, separate=True) == [
        LeftOut("not listed as well apart from others (--separate)"),
        LeftOut("no joint is labeled"),
        LeftOut("not listed as well apart from others (--separate)"),
    ]


@pytest.mark.parametrize("separate", [(), (1,), (2,), (1, 2)])
def test_the_separate_people_of_a_single_image(tmp_path, separate):
    found = labels_of(tmp_path, [picture("a.jpg", [person(), person()], separate=separate)], separate=True)
    if separate:
        (image,) = found
        assert [one.number for one in image.people if isinstance(one, LabeledPerson)] == list(separate)
    assert sum(isinstance(one, LeftOut) for one in (image.people if separate else found)) == 2 - len(separate)


def read_release(monkeypatch, fields, *, separate=False):
    """Reads labels that are given as SciPy gives them."""
    monkeypatch.setattr(labels, "read_mat", lambda path, name, squeeze: fields and struct(**fields))
    return read_labels(LABELS, separate=separate)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (3, "TypeError: 3 is no structure"),
        (struct(image=struct(name="a.jpg")), "KeyError: 'annorect'"),
        (struct(image=3, annorect=EMPTY), None),
        (struct(image=3, annorect=struct(annopoints=3)), "TypeError: 3 is no structure"),
        (struct(image=struct(name="a"), annorect=EMPTY, vidx="x"), None),
        (SimpleNamespace(_fieldnames="damaged"), "AttributeError: "),
    ],
)
def test_a_malformed_image_is_named_and_the_others_are_read(monkeypatch, entry, why):
    fields = release()
    fields["annolist"][0] = entry
    people = struct(annopoints=struct(point=struct(x=1.0, y=2.0, id=3)))
    fields["annolist"][1] = struct(image=struct(name="b.jpg"), annorect=people, vidx=1)
    *bad, image = read_release(monkeypatch, fields)
    assert isinstance(image, LabeledPicture) and (image.name, image.number) == ("b.jpg", 2)
    assert [str(item)[: len(f"{LABELS} picture 1: malformed ({why}")] for item in bad] == (
        [] if why is None else [f"{LABELS} picture 1: malformed ({why}"]
    )


def test_malformed_numbers_of_separate_people_are_named(monkeypatch):
    fields = release(single_person=np.array([struct(a=1), 1], object))
    fields["annolist"][0].annorect = struct(annopoints=EMPTY)
    (bad,) = read_release(monkeypatch, fields, separate=True)
    assert str(bad).startswith(f"{LABELS} picture 1: malformed (TypeError: ")
    # They are not looked at where they are not asked for.
    assert read_release(monkeypatch, fields) == [LeftOut("no joint is labeled")]


def test_an_empty_mark_of_training_means_test(monkeypatch):
    fields = release(img_train=np.array([EMPTY, np.array([1, 0])], object))
    fields["annolist"][0].annorect = fields["annolist"][1].annorect = struct(annopoints=EMPTY)
    test, train = read_release(monkeypatch, fields)
    assert test.reason.startswith("in a picture of the test") and train == LeftOut("no joint is labeled")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (None, "TypeError: None is no structure"),
        ({"annolist": 1}, "KeyError: 'img_train'"),
        (release(img_train=np.ones(3)), r"ValueError: lists of \[2, 3, 2\] pictures"),
        (release(single_person=np.ones(1)), r"ValueError: lists of \[2, 2, 1\] pictures"),
    ],
)
def test_unusable_labels_raise(monkeypatch, fields, why):
    with pytest.raises(ValueError, match=rf"{LABELS} cannot be read as MPII's labels \({why}"):
        read_release(monkeypatch, fields)


def test_a_missing_or_foreign_file_raises(tmp_path, monkeypatch):
    monkeypatch.setattr(labels, "read_mat", read_mat)
    with pytest.raises(ValueError, match=r"a.mat cannot be read as MPII's labels \(FileNotFoundError: "):
        read_labels(tmp_path / "a.mat", separate=False)
    scipy.io.savemat(tmp_path / "a.mat", {"other": 1})
    with pytest.raises(ValueError, match=r"cannot be read as MPII's labels \(ValueError: .*variable `RELEASE`"):
        read_labels(tmp_path / "a.mat", separate=False)
