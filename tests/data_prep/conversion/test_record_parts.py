"""Parts: their contents, that they are complete or absent, and that damage raises."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from made_units import MadeUnit, made_person

from data_prep.conversion.inputs import TracedUnit
from data_prep.conversion.record_parts import Parts
from data_prep.conversion.splits import SplitRule
from pose import COCO17, LSP14, MPII16
from records import BadInput, Person
from records.features import FIELDS, feature_spec
from records.tfrecord import read_records

# s0 trains, s1 validates, s2 tests.
SPLIT = SplitRule(val=0, test=0, val_sequences=("s1",), test_sequences=("s2",))


@pytest.fixture
def parts(tmp_path):
    parts = Parts(tmp_path / "parts", LSP14, LSP14, 32, 1.25, SPLIT)
    parts.clean()
    return parts


def files(parts):
    return {path.name: path.read_bytes() for path in parts.folder.iterdir()}


def frames(path):
    """The numbers of the people in a file."""
    examples = [tf.train.Example.FromString(record) for record in read_records(path)]
    return [example.features.feature["source/frame"].int64_list.value[0] for example in examples]


def test_a_part_has_a_file_per_split_with_people(parts, tmp_path):
    assert parts.make(7, MadeUnit("u", 3, 5, tmp_path)) == 7
    assert sorted(files(parts)) == ["000007.json", "000007.train.tfrecord", "000007.val.tfrecord"]
    assert frames(parts.records(7, "train")) == [3, 4] and frames(parts.records(7, "val")) == [5, 6, 7]
    part = parts.read(7, MadeUnit("u", 3, 5, tmp_path))
    assert (part.unit, part.counts, part.skipped) == ("u", {"train": 2, "val": 3, "test": 0}, {})
    assert part.bytes == {s: len(files(parts).get(f"000007.{s}.tfrecord", b"")) for s in ("train", "val", "test")}
    assert parts.is_whole(7, "train", part) and not parts.is_whole(7, "test", part)
    parts.records(7, "val").write_bytes(b"short")
    assert not parts.is_whole(7, "val", part)


def test_making_a_part_again_gives_the_same_bytes_also_at_once(parts, tmp_path):
    unit = MadeUnit("u", 0, 15, tmp_path)
    parts.make(0, unit)
    first = files(parts)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(parts.make, [0] * 8, [unit] * 8))
    assert files(parts) == first


def test_broken_inputs_are_recorded_wherever_they_are_found(parts):
    class Unit:
        name, made_from = "u", ""

        def people(self):
            yield made_person(0)
            yield BadInput("yielded.jpg", "truncated")
            yield replace(made_person(1), picture=self.unreadable)
            yield made_person(2)
            raise BadInput("raised.mp4", "ends here")

        def unreadable(self):
            raise BadInput("unreadable.jpg", "missing")

    parts.make(0, Unit())
    part = parts.read(0, Unit())
    assert part.skipped == {"yielded.jpg": "truncated", "unreadable.jpg": "missing", "raised.mp4": "ends here"}
    assert frames(parts.records(0, "train")) == [0, 2]


def test_a_part_that_fails_leaves_nothing(parts, tmp_path):
    unit = MadeUnit("u", 3, 5, tmp_path, does="fail")
    with pytest.raises(OSError, match="No space left"):
        parts.make(0, unit)
    assert files(parts) == {} and parts.read(0, unit) is None


def test_joints_are_converted_to_the_requested_skeleton(parts, tmp_path):
    person = made_person(0)

    class Unit:
        name, made_from = "u", ""

        def people(self) -> list[Person]:
            return [replace(person, joints_xyz_mm=person.joints_xy_px[:, [0, 1, 1]])]

    replace(parts, target=COCO17).make(0, Unit())
    (record,) = read_records(parts.records(0, "train"))
    feature = tf.train.Example.FromString(record).features.feature
    xyz = feature["joints/xyz_mm"].float_list.value[3 * COCO17.index("left_wrist") :][:3]
    assert xyz == pytest.approx(person.joints_xy_px[LSP14.index("left_wrist"), [0, 1, 1]])
    assert feature["joints/visible"].int64_list.value[COCO17.index("nose")] == 0


def test_a_3d_midpoint_uses_ends_outside_the_image(parts):
    """LSP has no pelvis: it is the middle of the hips, in 3D also where one hip is off the image."""
    left, right = LSP14.index("left_hip"), LSP14.index("right_hip")
    person = made_person(0)
    xyz_mm = np.zeros((14, 3), np.float32)
    xyz_mm[left], xyz_mm[right] = (100, 20, 3000), (-140, 40, 3200)
    person.visible[right] = 0
    known = np.isin(np.arange(14), (left, right))

    class Unit:
        name, made_from = "u", ""

        def people(self) -> list[Person]:
            return [replace(person, joints_xyz_mm=xyz_mm, xyz_known=known)]

    replace(parts, target=MPII16).make(0, Unit())
    (record,) = read_records(parts.records(0, "train"))
    not_here = {"camera_matrix", "depth_mm", "body_rotations", "body_shape"}
    features = tf.io.parse_single_example(record, feature_spec(FIELDS.keys() - not_here, 16))
    found = [MPII16.joints[j] for j in np.flatnonzero(features["joints/xyz_known"])]
    assert found == ["right_hip", "left_hip", "pelvis"]
    pelvis = MPII16.index("pelvis")
    assert features["joints/xyz_mm"][pelvis].numpy().tolist() == [-20, 30, 3100]
    assert features["joints/visible"][pelvis] == 0 and features["joints/visible"][MPII16.index("left_hip")] == 2
    # The neck stands for the thorax, which is unknown.
    assert features["joints/xyz_mm"][MPII16.index("thorax")].numpy().tolist() == [0, 0, 0]


def test_leftovers_are_cleaned_up(parts):
    (parts.folder / "000003.00ff.tmp.train").touch()
    (parts.folder / "000003.json").touch()
    parts.clean()
    assert list(files(parts)) == ["000003.json"]


def test_parts_of_another_unit_or_of_other_inputs_are_not_reused(parts, tmp_path):
    unit = TracedUnit(MadeUnit("u", 0, 3, tmp_path), "now")
    parts.make(0, unit)
    assert parts.read(0, unit).made_from == "now"
    assert parts.read(0, replace(unit, made_from="then")) is None
    assert parts.read(0, replace(unit, unit=MadeUnit("v", 0, 3, tmp_path))) is None
    assert parts.read_any(0).unit == "u" and parts.numbers() == [0]


def test_damaged_notes_raise(parts, tmp_path):
    unit = MadeUnit("u", 0, 3, tmp_path)
    parts.make(0, unit)
    note = parts.folder / "000000.json"
    whole = json.loads(note.read_text())
    for content in (
        note.read_text()[:20],
        "[]",
        "[" * 100_000,
        "\udcff",
        json.dumps({**whole, "bytes": {"train": 1}}),
        json.dumps({**whole, "counts": {"train": -1, "val": 0, "test": 0}}),
        json.dumps({**whole, "skipped": {"a": 1}}),
        json.dumps({**whole, "skipped": None}),
        json.dumps({**whole, "made_from": 1}),
        json.dumps({**whole, "colour": 1}),
    ):
        note.write_bytes(content.encode(errors="surrogateescape"))
        with pytest.raises(ValueError, match="000000.json is damaged .*; delete it and run the same command again"):
            parts.read(0, unit)
    parts.forget(0)
    assert parts.read(0, unit) is None
