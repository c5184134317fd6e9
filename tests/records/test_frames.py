"""Records of frames: what is stored of a whole image, and what batches have of it."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from commands import call
from frames import NO_AUGMENTATION, make_frame, write_frames
from people import make_person, write_shard_set

from pose import LSP14
from records import (
    Augmentation,
    BadInput,
    Frame,
    Region,
    dataset,
    encode_frame,
    read_manifest,
    training_dataset,
)
from records.__main__ import main
from records.augment import OF_FRAMES
from records.example import Example
from records.features import MOST_PEOPLE, read_features
from records.inspect import check_shards
from records.manifest import shard_paths


def features(frame: Frame, size: int = 100) -> dict:
    return read_features(encode_frame(frame, size, LSP14), 14, "frames")


def test_the_longer_side_fills_the_square_and_the_rest_is_black():
    frame = make_frame(0, 1)
    frame.people[0].joints_xy_px[0] = 0, 0
    frame.people[0].area_px, frame.people[0].head_size_px = 400.0, 30.0
    frame.picture = cv2.GaussianBlur(frame.picture, (0, 0), 6)  # So that JPEG loses little.
    found = features(frame)
    # 200 px become 100: frame = 2 crop + 0.5 along x, and the image's first row is the crop's 25th.
    np.testing.assert_allclose(found["crop/to_frame"], [[2, 0, 0.5], [0, 2, -49.5]], atol=1e-5)
    np.testing.assert_allclose(found["joints/xy_px"][0, 0], [-0.25, 24.75], atol=1e-5)
    np.testing.assert_allclose(found["people/box_px"], [[9.75, 29.75, 45, 30]], atol=1e-4)
    assert found["people/area_px"].tolist() == [100] and found["people/head_size_px"].tolist() == [15]
    assert found["people/person"].tolist() == [5] and found["source/camera"] == b"c"
    picture = cv2.imdecode(np.frombuffer(found["image/jpeg"], np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture.shape == (100, 100, 3) and picture[:23].max() < 12 and picture[77:].max() < 12
    assert np.abs(picture[26:74].astype(int) - cv2.resize(frame.picture, (100, 50))[1:49]).mean() < 2
    assert "unlabeled/png" not in Example.FromString(encode_frame(frame, 100, LSP14)).features.feature


def test_joints_outside_the_image_are_not_labelled_even_where_the_square_reaches():
    frame = make_frame(0, 3)
    frame.people[0].joints_xy_px[:2] = (60, -8), (199.6, 50)
    frame.people[0].box_px = np.array([150.0, -30, 100, 80])
    # Nothing of the second person is in the image, and nothing but joints of the third.
    frame.people[1].joints_xy_px[:] = 60, 110
    frame.people[1].box_px = np.array([20.0, 100, 50, 60])
    frame.people[2].box_px = np.array([300.0, 0, 50, 60])
    found = features(frame)
    assert found["people/person"].tolist() == [5, 7]
    assert found["joints/visible"][0].tolist() == [0, 0] + [2] * 12
    assert found["joints/xy_px"][0, :2].tolist() == [[0, 0], [0, 0]]
    # The image ends at 199.5 and at -0.5.
    np.testing.assert_allclose(found["people/box_px"], [[74.75, 24.5, 24.75, 25.25], [0, 0, 0, 0]], atol=1e-4)


def runs_of(mask: np.ndarray) -> np.ndarray:
    flat = np.concatenate([[0], mask.T.ravel(), [0]]).astype(int)
    edges = np.flatnonzero(np.diff(flat))
    return np.diff(np.concatenate([[0], edges, [mask.size]]))


@pytest.mark.parametrize("form", ["box", "polygon", "runs"])
def test_where_people_are_not_labelled_is_a_mask(form, tmp_path):
    """The image's columns 40 to 79 and rows 20 to 59 are the crop's columns 20 to 39 and rows 35 to 54."""
    mask = np.zeros((100, 200), bool)
    mask[20:60, 40:80] = True
    corners = np.array([[39.5, 19.5], [79.5, 19.5], [79.5, 59.5], [39.5, 59.5]])
    region = {
        "box": Region.of_box(np.array([39.5, 19.5, 40, 40])),
        "polygon": Region((corners,)),
        "runs": Region(runs=runs_of(mask), size=(100, 200)),
    }[form]
    write_frames(tmp_path, [make_frame(0, 2, (region,)), make_frame(1, 1)], size=100)
    (batch,) = dataset(tmp_path, "train", batch_size=2, kind="frames").as_numpy_iterator()
    unlabeled = batch[1]["unlabeled"]
    assert unlabeled.shape == (2, 100, 100) and unlabeled.dtype == np.uint8 and set(np.unique(unlabeled)) == {0, 255}
    assert (unlabeled[0, 35:55, 20:40] == 255).all() and not unlabeled[1].any()
    # Polygons are drawn with their edges.
    assert np.count_nonzero(unlabeled[0]) <= 22 * 22
    assert form in ("box", "polygon") or np.count_nonzero(unlabeled[0]) == 20 * 20


def test_broken_frames_raise():
    frame = make_frame(0)
    frame.people[1].joints_xy_px[3, 1] = np.nan
    with pytest.raises(BadInput, match=r"made_up/s001//1/6: a labelled joint is NaN or infinite"):
        features(frame)
    frame = make_frame(0)
    frame.people[1].box_px = np.array([0, 0, np.inf, 3])
    with pytest.raises(BadInput, match="the box is NaN or infinite"):
        features(frame)
    for runs in (np.array([3, 4]), np.array([100 * 199])):
        with pytest.raises(BadInput, match="made_up/s000/c/0: an outline is of"):
            features(make_frame(0, 1, (Region(runs=runs, size=(100, 200)),)))
    with pytest.raises(BadInput, match=r"outline is for a picture of \(5, 5\) px, the picture has \(100, 200\)"):
        features(make_frame(0, 1, (Region(runs=np.array([25]), size=(5, 5)),)))
    frame = make_frame(0, 1)
    frame.people *= MOST_PEOPLE + 1
    with pytest.raises(BadInput, match="has 1001 people, and 1000 are the most"):
        features(frame)


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """Twelve frames of no, one, two or three people."""
    folder = tmp_path_factory.mktemp("frames")
    part = Region.of_box(np.array([20.0, 20, 60, 60]))
    write_frames(folder, [make_frame(i, i % 4, (part,) * (i % 2)) for i in range(12)])
    return folder


def test_batches_have_a_row_for_each_person_and_are_padded(frames):
    fields = ("joints_xy_px", "visible", "box_px", "person", "area_px", "head_size_px", "unlabeled", "to_frame", "key")
    (batch,) = dataset(frames, "train", batch_size=12, kind="frames", fields=fields).as_numpy_iterator()
    pictures, labels = batch
    assert pictures.shape == (12, 64, 64, 3)
    shapes = {name: (value.shape[1:], value.dtype) for name, value in labels.items() if name != "key"}
    assert shapes == {
        "joints_xy_px": ((3, 14, 2), np.float32),
        "visible": ((3, 14), np.int32),
        "box_px": ((3, 4), np.float32),
        "person": ((3,), np.int64),
        "area_px": ((3,), np.float32),
        "head_size_px": ((3,), np.float32),
        "unlabeled": ((64, 64), np.uint8),
        "to_frame": ((2, 3), np.float32),
    }
    assert labels["key"].tolist() == [f"made_up/s{i:03d}/c/{i}".encode() for i in range(12)]
    expected = [[5 + p if p < i % 4 else -1 for p in range(3)] for i in range(12)]
    assert labels["person"].tolist() == expected
    assert (labels["visible"].any(-1) == (np.array(expected) > 0)).all()
    xy = labels["joints_xy_px"][3, 1] @ labels["to_frame"][3, :, :2].T + labels["to_frame"][3, :, 2]
    np.testing.assert_allclose(xy, make_frame(3, 3).people[1].joints_xy_px, atol=1e-3)


def test_half_size_halves_everybody(frames):
    whole = next(dataset(frames, "train", batch_size=12, kind="frames").as_numpy_iterator())[1]
    half = next(dataset(frames, "train", batch_size=12, input_size=32, kind="frames").as_numpy_iterator())[1]
    labeled = whole["visible"] > 0
    assert (half["visible"] == whole["visible"]).all()
    np.testing.assert_allclose(
        half["joints_xy_px"][labeled], (whole["joints_xy_px"][labeled] + 0.5) / 2 - 0.5, atol=1e-4
    )
    there = whole["box_px"].any(-1)
    expected = np.concatenate([(whole["box_px"][..., :2] + 0.5) / 2 - 0.5, whole["box_px"][..., 2:] / 2], axis=-1)
    np.testing.assert_allclose(half["box_px"], np.where(there[..., None], expected, 0), atol=1e-4)
    assert half["unlabeled"].shape == (12, 32, 32)
    assert np.abs(half["unlabeled"].mean(axis=(1, 2)) - whole["unlabeled"].mean(axis=(1, 2))).max() < 12


def test_training_without_augmentation_gets_the_same_as_evaluation(frames):
    ((pictures, stored),) = dataset(frames, "train", batch_size=12, kind="frames").as_numpy_iterator()
    options = {"batch_size": 4, "epochs": 1, "seed": 3, "kind": "frames", "augmentation": NO_AUGMENTATION}
    order = {key: i for i, key in enumerate(stored["key"])}
    batches = list(training_dataset(frames, "train", **options).as_numpy_iterator())
    assert len(batches) == 3
    for found, labels in batches:
        rows = [order[key] for key in labels["key"]]
        assert (found == pictures[rows]).all() and not labels.pop("left").any()
        for name, value in labels.items():
            if name != "key":
                np.testing.assert_allclose(value, stored[name][rows], atol=1e-3, err_msg=name)


def test_frames_are_varied_as_whole_images_unless_asked_for_otherwise(frames):
    def first(**options):
        batches = training_dataset(frames, "train", batch_size=4, epochs=1, seed=3, kind="frames", **options)
        return next(batches.as_numpy_iterator())[0]

    np.testing.assert_array_equal(first(), first(augmentation=OF_FRAMES))
    assert (first() != first(augmentation=Augmentation())).any()


def test_everybody_and_the_mask_are_augmented_like_the_picture(tmp_path):
    """In each of the image's quarters a color, a person's joints and a box; in the left half a mask."""
    colors = np.uint8([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 0]]])
    picture = np.kron(colors, np.ones((60, 60, 1), np.uint8))
    people = []
    for x, y in ((30, 30), (90, 30), (30, 90), (90, 90)):
        xy = np.full((14, 2), (x, y), float)
        people.append(
            replace(make_person(0), joints_xy_px=xy, box_px=np.array([x - 10, y - 10, 20, 20]), person=len(people))
        )
    part = Region.of_box(np.array([-0.5, -0.5, 60, 120]))
    write_frames(tmp_path, [Frame(picture, people, [part], "a", f"{i}") for i in range(4)], size=120)
    geometry = replace(NO_AUGMENTATION, flip=0.5, rotation_deg=40, scale=1.0, shift=0.2, closeup=0.3)
    fields = ("joints_xy_px", "visible", "box_px", "person", "unlabeled", "left")
    options = {"batch_size": 4, "epochs": 10, "seed": 1, "augmentation": geometry, "kind": "frames", "fields": fields}
    seen = gone = 0
    for pictures, labels in training_dataset(tmp_path, "train", **options).as_numpy_iterator():
        for b, p in np.ndindex(4, 4):
            if labels["visible"][b, p].any():
                x, y = np.round(labels["joints_xy_px"][b, p, 0]).astype(int)
                x0, y0, width, height = labels["box_px"][b, p]
                assert x0 - 0.6 <= x <= x0 + width + 0.6 and y0 - 0.6 <= y <= y0 + height + 0.6
                assert np.abs(pictures[b, y, x].astype(int) - colors[p // 2, p % 2]).max() < 60
                assert (labels["unlabeled"][b, y, x] > 0) == (p % 2 == 0)
                seen += 1
            elif not labels["box_px"][b, p].any():
                assert labels["person"][b, p] == -1 and not labels["left"][b, p].any()
                gone += 1
    assert seen > 60 and gone > 20


def test_sets_of_the_other_kind_raise(frames, tmp_path):
    write_shard_set(tmp_path, train=4)
    for read in (dataset, lambda *a, **k: training_dataset(*a, **k, epochs=1, seed=0)):
        with pytest.raises(
            ValueError, match="holds records of frames, and records of people are needed; .*--kind people"
        ):
            read(frames, "train", batch_size=2)
        with pytest.raises(
            ValueError, match="holds records of people, and records of frames are needed; .*--kind frames"
        ):
            read(tmp_path, "train", batch_size=2, kind="frames")
    assert read_manifest(frames, "frames").max_people == 3 and read_manifest(tmp_path).kind == "people"
    with pytest.raises(ValueError, match="a batch of 13 needs at least as many frames, the train split of .* has 12"):
        training_dataset(frames, "train", batch_size=13, epochs=1, seed=0, kind="frames")
    with pytest.raises(ValueError, match="holds no frames in its val split; splits with frames: train"):
        shard_paths(frames, "val")
    with pytest.raises(
        ValueError, match="records have no field torso_px; they have picture, joints_xy_px, visible, box_px"
    ):
        dataset(frames, "train", batch_size=2, kind="frames", fields=("torso_px",))


def test_the_manifest_of_people_is_as_before_and_that_of_frames_says_so(frames, tmp_path):
    write_shard_set(tmp_path, train=4)
    assert not {"kind", "max_people"} & json.loads((tmp_path / "manifest.json").read_text()).keys()
    content = json.loads((frames / "manifest.json").read_text())
    assert (content["kind"], content["max_people"]) == ("frames", 3)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("kind", "crowds", "a kind of record is one of people, frames, sequences, got 'crowds'"),
        ("kind", ["frames"], "damaged"),
        ("max_people", 0, "max_people must lie between 1 and 1000, got 0"),
        ("max_people", 10**9, "max_people must lie between 1 and 1000"),
        ("max_people", True, "max_people must lie between 1 and 1000, got True"),
        ("size", True, "a size of 1 px or more was expected, got True"),
        ("max_people", "3", "max_people must lie between 1 and 1000, got '3'"),
    ],
)
def test_a_manifest_with_another_kind_is_damaged(tmp_path, field, value, message):
    write_frames(tmp_path, [make_frame(0)])
    content = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**content, field: value}))
    with pytest.raises(ValueError, match=f"manifest.json is damaged .*{message}" if message != "damaged" else message):
        read_manifest(tmp_path)


def test_a_record_of_more_people_than_the_manifest_says_is_damaged(tmp_path):
    manifest = write_frames(tmp_path, [make_frame(0, 3)], max_people=2)
    (problem,) = check_shards(tmp_path, manifest).values()
    assert problem == "record 0 has 3 people, more than the 2 of the manifest"


@pytest.mark.parametrize("name", ["joints/visible", "people/box_px", "people/person"])
def test_rows_of_another_number_do_not_follow_the_schema(name):
    example = Example.FromString(encode_frame(make_frame(0), 64, LSP14))
    feature = example.features.feature[name]
    values = feature.int64_list.value if feature.int64_list.value else feature.float_list.value
    del values[-1]
    with pytest.raises(ValueError, match=r"has \d+ values of .* instead of \d+"):
        read_features(example.SerializeToString(), 14, "frames")


def test_frames_are_printed_and_drawn(frames, tmp_path):
    done = call(main, frames, "--count", 6, "--sheet", tmp_path / "sheet.png")
    assert done.returncode == 0, done.stderr
    assert "lsp14, 64 x 64 px, schema 1, frames of at most 3 people" in done.stdout
    assert "train:       12 frames in 1 shard" in done.stdout
    sheet = cv2.cvtColor(cv2.imread(str(tmp_path / "sheet.png")), cv2.COLOR_BGR2RGB)
    # Six frames in rows of four, each row followed by the same frames augmented.
    assert sheet.shape == (24 + 4 * 212 + 4, 4 * 196 + 4, 3)
    # Frames 2, 6 and 10 have no part in which people are not labelled, frames 0, 4 and 8 no people: step 2 takes them.
    assert (sheet[28:220, 4:196] != (230, 40, 40)).any(axis=-1).all()
    done = call(main, frames, "--count", 12, "--sheet", tmp_path / "all.png")
    sheet = cv2.cvtColor(cv2.imread(str(tmp_path / "all.png")), cv2.COLOR_BGR2RGB)
    second = sheet[28:220, 200:392]
    hatched = (second == (230, 40, 40)).all(axis=-1)
    # The part of 60 x 60 of 200 px is 58 of 192 px wide; its edge and a quarter of its inside are red.
    assert 500 < hatched.sum() < 58 * 58 / 2
