"""Joints from BVH, JSON lines and tables of several people, at even times."""

import json

import numpy as np
import pandas as pd
import pytest
from walking import FPS, JOINTS, LEG, SPEED, walker

from demo.outputs.jsonl import frame_record, json_line
from demo.tracking.people import TrackedPerson
from gait.analysis import analyze, analyze_people
from gait.angles import side_angles
from gait.inputs.read import read_tracks
from gait.inputs.tracks import Tracks, with_gaps
from pose import COCO17, BadInput, Skeleton
from pose.space.bvh import read_bvh

IMAGE = walker(fps=50.0)[..., :2] * (0.2, -0.2) + (50, 400)


def times_of(joints, fps=50.0):
    return np.arange(len(joints)) / fps


def test_uneven_frames_are_put_at_even_times():
    uneven_s = np.sort(times_of(IMAGE) + np.random.default_rng(0).uniform(-0.007, 0.007, len(IMAGE)))
    xy_px = np.stack([np.interp(uneven_s, times_of(IMAGE), column) for column in IMAGE.reshape(400, -1).T], 1)
    motion = Tracks(JOINTS, "px", {0: (3 + uneven_s, xy_px.reshape(IMAGE.shape))}).motion(0)
    assert motion.start_s == pytest.approx(3 + uneven_s[0]) and motion.fps == pytest.approx(50, rel=0.03)
    at_s = motion.start_s - 3 + np.arange(len(motion.xyz)) / motion.fps
    place = np.interp(at_s, times_of(IMAGE), IMAGE[:, 0, 0])
    np.testing.assert_allclose(motion.xyz[1:-1, 0, 0], place[1:-1], atol=0.5)


def test_frames_without_the_person_are_gaps():
    keep = np.r_[0:100, 104:150, 220:400]
    times_s, xy_px = with_gaps(keep + 7, times_of(IMAGE)[keep], IMAGE[keep])
    np.testing.assert_allclose(times_s, times_of(IMAGE))
    assert np.isnan(xy_px[100:104]).all() and np.isnan(xy_px[150:220]).all()
    np.testing.assert_array_equal(xy_px[keep], IMAGE[keep])


@pytest.mark.parametrize("times_s", [[0.0, 1.0, 1.0], [0.0, 1.0, np.nan], [0.0, 1e-3, 2e-3, 1e9]])
def test_times_that_make_no_sense(times_s):
    with pytest.raises(ValueError, match="times of frames must increase, over 864000 frames at most"):
        Tracks(JOINTS, "px", {0: (np.array(times_s), IMAGE[: len(times_s)])}).motion(0)


def standing(frames):
    return np.repeat(IMAGE[:1], frames, axis=0) + np.random.default_rng(1).normal(0, 0.5, (frames, 12, 2))


def test_who_makes_most_strides_goes_before_who_is_seen_longer():
    people = {number: (times_of(xy), xy) for number, xy in ((3, standing(600)), (5, IMAGE), (8, IMAGE[:300]))}
    tracks = Tracks(JOINTS, "px", people)
    assert tracks.longest_first() == [3, 5, 8]
    number, analysis = analyze_people(tracks)
    assert number == 5 and len(analysis.strides) >= 10
    assert analyze_people(tracks, 8)[0] == 8
    # Someone who is seen longer and makes fewer strides.
    short = np.concatenate([IMAGE[:200], standing(500)])
    assert analyze_people(Tracks(JOINTS, "px", {1: (times_of(short), short), 5: people[5]}))[0] == 5
    number, analysis = analyze_people(Tracks(JOINTS, "px", {3: people[3]}))
    assert number == 3 and not analysis.strides
    with pytest.raises(ValueError, match="there is no person 4; the recording has 3, 5, 8"):
        analyze_people(tracks, 4)
    with pytest.raises(ValueError, match="nobody in the recording"):
        analyze_people(Tracks(JOINTS, "px", {}))


def test_people_without_legs_are_left_out_and_named_where_nobody_has_any():
    no_legs = IMAGE.copy()
    no_legs[:, [k for k, name in enumerate(JOINTS) if name.endswith("ankle")]] = np.nan
    people = {0: (times_of(no_legs), no_legs), 1: (times_of(IMAGE[:350]), IMAGE[:350])}
    assert analyze_people(Tracks(JOINTS, "px", people))[0] == 1
    with pytest.raises(ValueError, match="left_ankle, right_ankle is not known in any frame"):
        analyze_people(Tracks(JOINTS, "px", {0: people[0]}))


def test_json_lines_of_the_demos(tmp_path):
    xy_px = np.full((len(IMAGE), 17, 2), np.nan)
    for k, name in enumerate(JOINTS):
        if name in COCO17.joints:
            xy_px[:, COCO17.index(name)] = IMAGE[:, k]
    lines = []
    for frame, joints in enumerate(xy_px):
        people = [TrackedPerson(number, joints, np.ones(17), np.ones(17, bool)) for number in (2, 9) if frame >= number]
        lines.append(json_line(frame_record(frame, frame / 50, (480, 640), people, COCO17)))
    (tmp_path / "walk.jsonl").write_bytes(b"".join(lines))
    tracks = read_tracks(tmp_path / "walk.jsonl")
    assert tracks.longest_first() == [2, 9] and tracks.joints == COCO17.joints and tracks.unit == "px"
    times_s, found = tracks.people[9]
    assert times_s[0] == pytest.approx(9 / 50)
    np.testing.assert_allclose(found, xy_px[9:], atol=0.006)
    assert len(analyze_people(tracks)[1].strides) >= 10


def test_json_lines_of_joints_of_ones_own_name_them(tmp_path):
    skeleton = Skeleton("mine", JOINTS)
    lines = []
    for frame, joints in enumerate(IMAGE):
        person = TrackedPerson(1, joints, np.ones(len(JOINTS)), np.ones(len(JOINTS), bool))
        lines.append(json_line(frame_record(frame, frame / 50, (480, 640), [person], skeleton) | {"joints": JOINTS}))
    (tmp_path / "walk.jsonl").write_bytes(b"".join(lines))
    tracks = read_tracks(tmp_path / "walk.jsonl")
    assert tracks.joints == JOINTS and len(analyze_people(tracks)[1].strides) >= 10


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("hello", "line 2 is no frame"),
        ('{"frame": 1, "people": []}', "line 2 is no frame"),
        ('{"frame": 1, "time_s": 1, "skeleton": "mine", "people": []}', "not known by the skeleton .*mine"),
        (
            '{"frame": 1, "time_s": 1, "skeleton": "coco17", "people": [{"id": 1, "joints_px": [[1, 2]]}]}',
            "other than 17 joints",
        ),
    ],
)
def test_lines_that_are_no_frames(tmp_path, line, message):
    first = json.dumps({"frame": 0, "time_s": 0, "skeleton": "coco17", "people": []})
    (tmp_path / "walk.jsonl").write_text(f"{first}\n{line}\n")
    with pytest.raises(BadInput, match=message):
        read_tracks(tmp_path / "walk.jsonl")


def test_a_table_that_lacks_an_axis(tmp_path):
    pd.DataFrame({"frame": [0, 1], "time_s": [0, 1], "person": 0, "left_hip_x_px": 1}).to_csv(
        tmp_path / "joints.csv", index=False
    )
    with pytest.raises(BadInput, match="lacks the column left_hip_y_px"):
        read_tracks(tmp_path / "joints.csv")


NAMINGS = {
    "joints": {"hip": "Hip", "knee": "Knee", "ankle": "Ankle", "big_toe": "Toe", "shoulder": "Shoulder"},
    "bones": {"hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "big_toe": "ToeBase", "shoulder": "Arm"},
}


def write_bvh(path, joints, naming, fps=FPS):
    """A flat hierarchy, whose joints all have positions alone."""
    lines = ["HIERARCHY", "ROOT Hips", "{", "OFFSET 0 0 0", "CHANNELS 3 Xposition Yposition Zposition"]
    columns = []
    for side in ("left", "right"):
        for stem, name in NAMINGS[naming].items():
            prefix = "mixamorig:" if naming == "bones" else ""
            lines += [f"JOINT {prefix}{side.capitalize()}{name}", "{", "OFFSET 0 0 0"]
            lines += ["CHANNELS 3 Xposition Yposition Zposition", "}"]
            columns.append(JOINTS.index(f"{side}_{stem}"))
        if naming == "bones":
            # The collar bone, at the neck.
            lines += [f"JOINT {side.capitalize()}Shoulder", "{", "OFFSET 0 9 0", "CHANNELS 1 Xrotation", "}"]
            columns.append(None)
    lines += ["}", "MOTION", f"Frames: {len(joints)}", f"Frame Time: {1 / fps}"]
    for frame in joints:
        values = ["0 0 0", *("0" if k is None else " ".join(f"{v:.4f}" for v in frame[k]) for k in columns)]
        lines.append(" ".join(values))
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("naming", NAMINGS)
def test_bvh_with_the_names_of_joints_or_of_bones(tmp_path, naming):
    write_bvh(tmp_path / "walk.bvh", walker() / 25.4, naming)
    motion = read_tracks(tmp_path / "walk.bvh").motion(0)
    assert motion.fps == pytest.approx(FPS) and motion.unit == ""
    for stem in ("hip", "knee", "ankle", "big_toe", "shoulder"):
        expected = walker()[:, JOINTS.index(f"left_{stem}")] / 25.4
        np.testing.assert_allclose(motion.joint(f"left_{stem}"), expected, atol=1e-3)
    found = {one.name: one for one in analyze(motion).measures}
    # BVH has no unit, so that lengths are in legs.
    assert {one.unit for one in found.values()} & {"m", "m/s"} == set()
    assert found["speed"].value == pytest.approx(SPEED / LEG, rel=0.12)


def test_knees_of_motion_capture_are_bent_as_the_recording_says(shared_data):
    for name in ("35_02", "12_01"):
        path = shared_data / f"mocap/{name}.bvh"
        bvh, motion = read_bvh(path), read_tracks(path).motion(0)
        rotations, _ = bvh.local(np.arange(len(bvh.values)))
        for side in ("left", "right"):
            knee = rotations[:, bvh.names.index(f"{side.capitalize()}Knee")]
            own_deg = np.degrees(np.arccos(np.clip((np.trace(knee, axis1=1, axis2=2) - 1) / 2, -1, 1)))
            found_deg = side_angles(motion, side)["knee flexion"]
            assert own_deg.max() > 65 and np.abs(found_deg - own_deg).mean() < 1.5
