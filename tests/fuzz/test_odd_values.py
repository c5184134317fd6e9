"""Well-formed files with invalid values."""

import json
import re

import numpy as np
import pytest
from people import make_person, write_shard_set

from data_prep.coco.reader import Coco
from data_prep.conversion.inputs import TracedUnit
from data_prep.conversion.record_parts import Parts
from data_prep.conversion.splits import SplitRule
from data_prep.panoptic.poses import parse_bodies
from pose import COCO17, LSP14, Crop
from pose.panoptic_cameras import read_cameras
from records import BadInput, encode_example, read_manifest
from records.inspect import drop_damaged
from tools.fuzz import seeds_pictures, seeds_studio


@pytest.mark.parametrize("text", ["[" * 100_000, '{"bodies":' + "[" * 100_000, '{"bodies": [' + '{"id":' * 9000])
def test_deeply_nested_json(tmp_path, text):
    with pytest.raises(BadInput, match="frame: malformed or cut short"):
        parse_bodies(text.encode(), "frame", None)
    (tmp_path / "calibration.json").write_text(text)
    cameras, broken = read_cameras(tmp_path / "calibration.json")
    assert not cameras
    assert "not a calibration file" in str(broken[""])


@pytest.mark.parametrize("number", ["1e999", "9" * 400, "9223372036854775808", "-1e999", "NaN"])
def test_an_id_that_is_no_64_bit_integer(number):
    reports = []
    joints = json.dumps([0.0] * 76)
    text = f'{{"bodies": [{{"id": {number}, "joints19": {joints}}}, {{"id": 1, "joints19": {joints}}}]}}'
    assert list(parse_bodies(text.encode(), "frame", reports.append)) == [1]
    assert str(reports[0]).startswith("frame body 0: malformed (")


@pytest.mark.parametrize("far", ["1e5", "3.4e38", "-1e300", "9" * 400, "NaN"])
def test_a_joint_too_far_away(far):
    reports = []
    text = f'{{"bodies": [{{"id": 0, "joints19": [{far}{", 0" * 75}]}}]}}'
    assert parse_bodies(text.encode(), "frame", reports.append) == {}
    assert len(reports) == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("resolution", [0, 64], r"resolution must be from 1 to 65536 px, got \(0, 64\)"),
        ("resolution", [10**9, 64], "resolution must be"),
        ("resolution", [float("inf"), 64], "malformed"),
        ("R", [[1, 0, 0], [0, 1, 0], [0, 0, 2]], "R must be a rotation"),
        ("R", [[1e300, 0, 0], [0, 1, 0], [0, 0, 1]], "R and t must be smaller than 1e"),
        ("K", [[-100, 0, 48], [0, 100, 32], [0, 0, 1]], "K must have focal lengths above 0"),
        ("K", [[100, 0, 48], [0, 100, 32], [0, 0, 2]], "end in 0, 0, 1"),
        ("K", [[10**400, 0, 48], [0, 100, 32], [0, 0, 1]], "malformed"),
        ("distCoef", [0, 0, 0, 0, 1.7e308], "R and t must be smaller than 1e"),
        ("t", [[0], [0], [1e200]], "R and t must be smaller than 1e"),
    ],
)
def test_an_impossible_camera(tmp_path, field, value, message):
    camera = {**seeds_studio.camera("00_00"), field: value}
    (tmp_path / "calibration.json").write_text(json.dumps({"cameras": [camera, seeds_studio.camera("00_01")]}))
    cameras, broken = read_cameras(tmp_path / "calibration.json")
    assert list(cameras) == ["00_01"]
    with pytest.raises(BadInput, match=message):
        raise broken["00_00"]


def test_a_message_does_not_quote_a_whole_file():
    bad = BadInput("x" * 10_000, "y" * 10_000)
    assert len(str(bad)) < 2000
    assert str(BadInput("\ud800", "n")) == "\\ud800: n"


@pytest.mark.parametrize(
    "name", ["../outside.tfrecord", "/tmp/outside.tfrecord", "a/b.tfrecord", "a\\b.tfrecord", "x", ""]
)
def test_a_manifest_with_shards_outside_its_folder(tmp_path, name):
    outside = tmp_path / "outside.tfrecord"
    outside.write_bytes(b"not ours")
    folder = tmp_path / "set"
    manifest = write_shard_set(folder, train=2, val=0, test=0, size=32)
    content = json.loads((folder / "manifest.json").read_text())
    content["shards"]["train"][0]["name"] = name
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="manifest.json is damaged .a shard's name is that of a .tfrecord file"):
        read_manifest(folder)
    assert outside.read_bytes() == b"not ours"
    assert drop_damaged(folder, manifest, {}).counts["train"] == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shards", {"train": []}),
        ("shards", {"train": [], "val": [], "test": [{"name": "a.tfrecord", "count": "3", "bytes": 1, "sha256": ""}]}),
        ("shards", {"train": [], "val": [], "test": [{"name": "a.tfrecord", "count": -3, "bytes": 1, "sha256": ""}]}),
        ("size", "224"),
        ("size", 0),
        ("skeleton_name", ["lsp14"]),
        ("source", 5),
        ("split_rule", None),
        ("skipped", [{"what": "a"}]),
        ("skipped", 7),
    ],
)
def test_a_manifest_with_wrong_types(tmp_path, field, value):
    write_shard_set(tmp_path, train=2, val=0, test=0, size=32)
    content = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**content, field: value}))
    with pytest.raises(ValueError, match="manifest.json is damaged"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("id", 2**63, None),
        ("area", float("nan"), None),
        ("area", 10**400, None),
        ("bbox", [0, 0, 1e9, 1e9], None),
        ("keypoints", [1e300, 0, 2] * 17, "annotation 0: a labeled keypoint is NaN, infinite or a million"),
        ("keypoints", [[1, 2]] * 17, "annotation 0: malformed .ValueError"),
        ("keypoints", {"nose": 1}, "annotation 0: malformed .TypeError"),
        ("image_id", [1], "annotation 0: malformed .TypeError"),
    ],
)
def test_an_annotation_of_odd_values(tmp_path, field, value, message):
    content, write = coco(tmp_path)
    content["annotations"][0][field] = value
    write(content)
    units = Coco(tmp_path).units()
    parts = Parts(tmp_path / "parts", COCO17, COCO17, 32, 1.25, SplitRule())
    parts.clean()
    made = []
    for number, unit in enumerate(units):
        traced = TracedUnit(unit, "")
        parts.make(number, traced)
        made.append(parts.read(number, traced))
    assert sum(sum(part.counts.values()) for part in made) == (2 if message else 3)
    skipped = [f"{what}: {why}" for part in made for what, why in part.skipped.items()]
    assert len(skipped) == bool(message)
    assert all(re.search(message, line) for line in skipped)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("height", "high", None),
        ("height", float("inf"), None),
        ("file_name", "x" * 5000, "xxx: labeled, but missing|xxx ...: labeled, but missing"),
        ("file_name", "../1.jpg", "1.jpg: lies outside"),
        ("file_name", 7, "image 1: has no file_name, but 7"),
    ],
)
def test_an_image_entry_of_odd_values(tmp_path, field, value, message):
    content, write = coco(tmp_path)
    content["images"][0][field] = value
    write(content)
    items = list(Coco(tmp_path).people())
    broken = [str(item) for item in items if isinstance(item, BadInput)]
    assert len(items) - len(broken) == (1 if message else 3)
    assert len(broken) == bool(message)
    assert all(re.search(message, line) for line in broken)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"images": [{"id": 1e999}]}'])
def test_a_keypoints_file_of_another_form(tmp_path, text):
    path, _ = seeds_pictures.coco(tmp_path)
    path.write_text(text)
    with pytest.raises(ValueError, match="person_keypoints_train2017.json is no COCO keypoints file"):
        Coco(tmp_path).units()


def coco(folder):
    path, (valid,) = seeds_pictures.coco(folder)
    return json.loads(valid), lambda content: path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("area_px", np.inf, "person/area_px is NaN or infinite"),
        ("joints_xyz_mm", np.full((14, 3), np.nan), "joints/xyz_mm is NaN or infinite"),
        ("joints_xyz_mm", np.full((14, 3), 1e39), "joints/xyz_mm is NaN or infinite"),
        ("joints_xy_px", np.full((14, 2), 1e39), "a labelled joint is NaN or infinite"),
    ],
)
def test_a_record_holds_finite_numbers(field, value, message):
    person = make_person(0)
    setattr(person, field, value)
    with pytest.raises(BadInput, match=f"made_up/s000//0/1: {message}"):
        encode_example(person, Crop.from_box(person.box_px, 32), LSP14)
