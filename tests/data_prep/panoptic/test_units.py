"""The units of a sequence: what each reads, reports and leaves out."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from panoptic_sequence import (
    body,
    camera_entry,
    write_calibration,
    write_frame,
    write_jpeg,
    write_sequence,
    write_video,
)

from data_prep.panoptic import reader
from data_prep.panoptic.labels import labels_state, read_labels
from data_prep.panoptic.layout import HD
from data_prep.panoptic.poses import PoseFiles
from data_prep.panoptic.reader import Panoptic
from data_prep.panoptic.units import CameraUnit, LabelsUnit, LeftOutUnit
from data_prep.reader import LeftOut
from records import BadInput, Person


def units_of(root, **options):
    return Panoptic(root, min_box_px=4, **options).units()


def items_of(root, **options):
    return [item for unit in units_of(root, **options) for item in unit.people()]


def write_truth(sequence, frames, camera="00_00"):
    (sequence / "truth").mkdir(exist_ok=True)
    (sequence / f"truth/visible_{camera}.json").write_text(json.dumps({"frames": frames}))


def test_a_units_files_are_the_video_or_none_and_the_truth(tmp_path):
    sequence = write_sequence(tmp_path / "a", frames=(0,), cameras=("00_00",))
    labels, camera = units_of(sequence)
    assert isinstance(labels, LabelsUnit) and labels.files() == () and labels.name == "a/labels"
    truth = sequence / "truth/visible_00_00.json"
    assert (camera.name, camera.files()) == ("a/00_00/00000000", (truth,))
    assert (camera.source, camera.first, camera.last) == (sequence / "hdImgs/00_00", 0, 0)
    video = write_video(sequence, "00_00", 1)
    (sequence / "hdImgs/00_00/00_00_00000000.jpg").unlink()
    _, camera = units_of(sequence)
    assert camera.files() == (video, truth) and camera.source == video
    assert CameraUnit.wanted(sequence, "00_00", [3, 5]) == [3, 5]


def test_a_sequence_left_out_is_one_broken_input(tmp_path):
    write_sequence(tmp_path / "a", frames=(0,))
    write_calibration(tmp_path / "b", [camera_entry("00_00")])
    unit, *others = units_of(tmp_path)
    assert isinstance(unit, LeftOutUnit) and (unit.name, unit.files()) == ("b/left-out", ())
    (bad,) = unit.people()
    assert (bad.what, bad.why) == (str(tmp_path / "b"), unit.why)
    assert unit.why.startswith("has no pictures; download ")
    assert unit.why.endswith(", or name the others with --sequences")
    assert [other.name for other in others] == ["a/labels", "a/00_00/00000000"]
    assert pickle.loads(pickle.dumps([unit, *others])) == [unit, *others]


def test_joints_that_the_dome_knows_as_hidden_are_hidden(tmp_path):
    sequence = write_sequence(tmp_path / "s", frames=(0, 1))
    write_frame(sequence, 1, [body(1), body(0)])
    truth = np.full((2, 2, 19), 2)
    truth[0, 0, 4] = truth[1, 1, 5] = 1
    truth[1, 0, 6] = 0
    write_truth(sequence, truth.tolist())
    people = items_of(sequence)
    assert [(person.frame, person.person) for person in people] == [(0, 0), (1, 1), (1, 0)]
    # The dome's 0 is for what is outside the image; a joint that the poses have in it counts as seen.
    assert [np.flatnonzero(person.visible == 1).tolist() for person in people] == [[4], [5], []]
    assert all((person.visible > 0).all() for person in people)


def test_a_joint_outside_the_image_is_not_labeled_even_if_hidden(tmp_path):
    sequence = write_sequence(tmp_path / "s", frames=(0,))
    write_frame(sequence, 0, [body(0, x_cm=130.0)])
    write_truth(sequence, np.ones((1, 1, 19), int).tolist())
    (person,) = items_of(sequence)
    # Joints 0 to 13 are in the image.
    assert person.visible.tolist() == [1] * 14 + [0] * 5


@pytest.mark.parametrize(
    ("shape", "ids"), [((1, 2, 19), (0, 1)), ((2, 1, 19), (0, 1)), ((2, 2, 19), (0, -1)), ((2, 2, 19), (0, 2))]
)
def test_a_truth_that_lacks_frames_or_people_is_broken(tmp_path, shape, ids):
    sequence = write_sequence(tmp_path / "s", frames=(0, 1))
    write_frame(sequence, 1, [body(number) for number in ids])
    write_truth(sequence, np.ones(shape, int).tolist())
    bad, *people = items_of(sequence)
    assert str(bad) == f"{sequence}/truth/visible_00_00.json: lacks frames or people that have poses"
    assert len(people) == 3 and all((person.visible == 2).all() for person in people)


def test_people_left_out_are_counted_in_each_unit(tmp_path, monkeypatch):
    """Moved by 130 cm, joints 0 to 13 are in the image: 13 px wide. Moved by 145 cm, joints 0 to 8."""
    sequence = write_sequence(tmp_path / "s", frames=(0, 1, 2, 3))
    for frame in (0, 1, 2, 3):
        write_frame(sequence, frame, [body(0), body(1, x_cm=130.0), body(2, x_cm=145.0), body(3, x_cm=1e4)])
    monkeypatch.setattr(reader, "_PICTURES_A_UNIT", 2)
    options = Panoptic(sequence, min_box_px=13.5, min_visible_joints=10)
    _, first, second = options.units()
    assert (first.first, first.last, second.first, second.last) == (0, 1, 2, 3)
    for unit in (first, second):
        reports = [item for item in unit.people() if isinstance(item, LeftOut)]
        assert [(item.reason, item.count) for item in reports] == [
            ("no joint in view", 2),
            ("fewer than 10 joints in view (--min-visible-joints)", 2),
            ("box smaller than 13.5 px (--min-box-px)", 2),
        ]
    # Exactly as many joints as are needed; 14 joints of 13 px.
    options = replace(options, min_visible_joints=14, min_box_px=13.0)
    assert [item.person for item in options.people()] == [0, 1] * 4


def test_reasons_of_the_selection_are_joined(tmp_path):
    sequence = write_sequence(tmp_path / "s", frames=tuple(range(6)))
    for frame in range(6):
        moved = body(0)
        moved["joints19"][4 * 5] += 90.0 * (frame // 2)
        write_frame(sequence, frame, [moved])
    changed, budget = "a pose like one before it (--min-pose-change-mm)", "more than are wanted (--max-people)"

    def reports(**options):
        return [(item.reason, item.count) for item in items_of(sequence, **options) if isinstance(item, LeftOut)]

    assert reports() == []
    assert reports(min_pose_change_mm=1.0) == [(changed, 3)]
    assert reports(max_people=5) == [(budget, 1)]
    assert reports(max_people=6) == []
    assert reports(min_pose_change_mm=1.0, max_people=1) == [(f"{changed} or {budget}", 5)]


def test_a_budget_counts_the_cameras_that_can_be_read_alone(tmp_path):
    """Of four cameras one has no calibration and one only an empty folder."""
    names = ("00_00", "00_01", "00_02", "00_03")
    sequence = write_sequence(tmp_path / "s", frames=tuple(range(8)), cameras=names)
    write_calibration(sequence, [camera_entry(name) for name in ("00_00", "00_01", "00_03")])
    for path in (sequence / "hdImgs/00_03").iterdir():
        path.unlink()
    people = [item for item in items_of(sequence, max_people=6) if isinstance(item, Person)]
    assert len(people) == 6 and {person.camera for person in people} == {"00_00", "00_01"}
    bad = [str(item) for item in items_of(sequence, max_people=6) if isinstance(item, BadInput)]
    assert bad == [
        f"{sequence} camera 00_02: has pictures, but no calibration",
        f"{sequence} camera 00_03: has neither frames in hdImgs/00_03 nor a video",
    ]
    # Without any usable camera nothing is chosen.
    selection = Panoptic(sequence, min_box_px=4, max_people=6)._selection
    labels = read_labels(selection, sequence, "")
    assert labels.chosen.keys() == {"00_00", "00_01"} and sum(map(np.sum, labels.chosen.values())) == 6
    assert selection.choose(sequence, {}, labels.bodies) == {}


def test_a_camera_that_is_malformed_is_reported_once(tmp_path):
    sequence = write_sequence(tmp_path / "s", frames=(0,), cameras=("00_00", "00_01"))
    broken = camera_entry("00_01")
    del broken["K"]
    write_calibration(sequence, [camera_entry("00_00"), broken])
    (bad,) = (item for item in items_of(sequence) if isinstance(item, BadInput))
    assert str(bad) == f"{sequence}/calibration_s.json camera 00_01: malformed (KeyError: 'K')"
    # Requested, it is no wrong argument.
    (bad,) = items_of(sequence, cameras=("1",))
    assert "camera 00_01: malformed" in str(bad)


def test_a_state_changes_with_calibration_tables_and_poses(tmp_path):
    sequence = write_sequence(tmp_path / "s", frames=(0, 1))
    layout = replace(HD, tables=("table_{}.json",))
    states = []

    def state():
        return labels_state(layout, sequence, PoseFiles.of_sequence(sequence))

    for change in (
        lambda: None,
        lambda: write_calibration(sequence, [camera_entry("00_00", distance_cm=301)]),
        lambda: (sequence / "table_s.json").write_text("a"),
        lambda: (sequence / "table_s.json").write_text("b"),
        lambda: write_frame(sequence, 1, [body(), body(1)]),
        lambda: write_frame(sequence, 2, [body()]),
        lambda: (sequence / "hdPose3d_stage1_coco19/body3DScene_00000002.json").unlink(),
    ):
        change()
        states.append(state())
        assert states[-1] == state()
    # The last change takes back the one before it.
    assert len(set(states)) == 6 and states[-1] == states[-3]


def test_a_units_digest_is_of_the_frames_it_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "_PICTURES_A_UNIT", 2)
    sequence = write_sequence(tmp_path / "s", frames=(0, 1, 2, 3))
    write_jpeg(sequence, "00_00", 9)
    _, *before = units_of(sequence)
    for changed, differ in ((1, [True, False]), (2, [False, True]), (3, [False, True]), (9, [False, False])):
        path = sequence / f"hdImgs/00_00/00_00_{changed:08d}.jpg"
        path.write_bytes(path.read_bytes() + b" ")
        _, *now = units_of(sequence)
        assert [unit.name for unit in now] == ["s/00_00/00000000", "s/00_00/00000002"]
        assert [one.frames != other.frames for one, other in zip(before, now, strict=True)] == differ
        before = now
