"""A made-up walker whose contacts are known to the millisecond, annotated real walks, files, and rubbish."""

import json

import numpy as np
import pandas as pd
import pytest
from walking import BEGIN_S, FPS, JOINTS, SPEED, STANCE, STRIDE_S, walker, write_trc

from gait.__main__ import main
from gait.events import find_events, foot
from gait.inputs.read import joint_name, read_tracks
from gait.measures import find_strides, measure
from gait.motion import Motion
from pose import BadInput


def contacts(side, seconds=8.0):
    times = BEGIN_S[side] + STRIDE_S * np.arange(-1, 20)
    return times[(times > 0.25) & (times < seconds - 0.25)]


def values(motion):
    strides = find_strides(motion, find_events(motion))
    return {one.name: one.value for one in measure(motion, strides) if one.unit not in ("m", "m/s")}, strides


@pytest.mark.parametrize("fps", [30.0, 60.0, 150.0])
@pytest.mark.parametrize("turn_deg", [0, 130])
def test_events_of_a_made_up_walker(fps, turn_deg):
    motion = Motion.of(walker(fps=fps, turn_deg=turn_deg), JOINTS, fps).filtered()
    events = find_events(motion)
    for side, stance in STANCE.items():
        found = np.array([one.time_s for one in events if (one.side, one.kind) == (side, "contact")])
        truth = contacts(side)
        near = np.abs(truth[:, None] - found).min(axis=1)
        limit_s = 0.045 + 0.5 / fps
        assert near.max() < limit_s and len(found) <= len(truth) + 1
        offs = np.array([one.time_s for one in events if (one.side, one.kind) == (side, "off")])
        assert np.abs((truth[1:-1] + stance * STRIDE_S)[:, None] - offs).min(axis=1).max() < limit_s


@pytest.mark.parametrize("turn_deg", [0, 90, 200])
def test_measures_of_a_made_up_walker(turn_deg):
    found, strides = values(Motion.of(walker(turn_deg=turn_deg), JOINTS, FPS).filtered())
    assert len(strides) >= 10
    assert found["stride time, left"] == pytest.approx(STRIDE_S, abs=0.005)
    assert found["cadence"] == pytest.approx(120 / STRIDE_S, rel=0.02)
    # The right foot touches the ground 0.55 of a stride after the left one.
    assert found["step time, right"] == pytest.approx(0.55 * STRIDE_S, abs=0.01)
    assert found["step time, left"] == pytest.approx(0.45 * STRIDE_S, abs=0.01)
    # The methods' errors depend on the swing, which is shorter on the left.
    assert found["left to right, step time"] == pytest.approx(-20, abs=3)
    assert found["stance, left"] - found["stance, right"] == pytest.approx(4, abs=1.2)
    assert found["variability of the stride time"] < 1
    leg = Motion.of(walker(), JOINTS, FPS).filtered().leg
    assert found["speed"] == pytest.approx(SPEED / leg, rel=0.01)
    assert found["stride length, left"] == pytest.approx(SPEED * STRIDE_S / leg, rel=0.02)
    assert found["step width"] == pytest.approx(120 / leg, rel=0.05)


def test_intervals_hold_the_mean_and_need_three_strides():
    motion = Motion.of(walker() + np.random.default_rng(0).normal(0, 8, (800, 12, 3)), JOINTS, FPS).filtered()
    for one in measure(motion, find_strides(motion, find_events(motion))):
        assert one.low <= one.value <= one.high and one.count >= 5, one.name
    short = Motion.of(walker()[:250], JOINTS, FPS).filtered()
    strides = find_strides(short, find_events(short))
    assert 1 <= len(strides) < 6
    for one in measure(short, strides):
        if one.count < 3:
            assert np.isnan(one.low) and np.isnan(one.high)


def test_an_image_from_the_side_gives_the_same_times():
    space, _ = values(Motion.of(walker(), JOINTS, FPS).filtered())
    image, _ = values(Motion.of(walker()[..., :2] * (0.2, -0.2) + (50, 400), JOINTS, FPS, unit="px").filtered())
    for name in ("cadence", "step time, left", "stance, right", "double support", "speed"):
        assert image[name] == pytest.approx(space[name], rel=0.01), name
    assert "step width" not in image


def test_someone_who_comes_nearer_makes_steps_of_one_length():
    def step_lengths(grows):
        xy = walker()[..., :2] * (0.2, -0.2)
        pelvis = xy[:, [0, 6]].mean(axis=1, keepdims=True)
        larger = np.linspace(1, grows, len(xy))[:, None, None]
        motion = Motion.of(pelvis + larger * (xy - pelvis), JOINTS, FPS, unit="px").filtered()
        strides = find_strides(motion, find_events(motion))
        return np.array([stride.step_length / motion.leg for stride in strides if stride.side == "left"])

    before, after = step_lengths(1.0), step_lengths(1.8)
    np.testing.assert_allclose(after, before, rtol=0.06)
    assert np.ptp(after) < 0.07 * after.mean()


def test_a_treadmill_is_walking_on_the_spot():
    belt = walker()
    belt[..., 0] -= SPEED * (np.arange(len(belt)) / FPS)[:, None]
    found, strides = values(Motion.of(belt, JOINTS, FPS).filtered())
    assert len(strides) >= 10 and found["cadence"] == pytest.approx(120 / STRIDE_S, rel=0.02)
    assert found["step length, left"] == pytest.approx(
        values(Motion.of(walker(), JOINTS, FPS).filtered())[0]["step length, left"], rel=0.02
    )
    # Over ground nobody gets anywhere, which is no measure.
    assert not {"speed", "stride length, left"} & found.keys()


def test_someone_who_stands_has_no_events():
    still = np.repeat(walker()[:1], 500, axis=0) + np.random.default_rng(0).normal(0, 4, (500, 12, 3))
    assert find_events(Motion.of(still, JOINTS, FPS).filtered()) == []


def test_someone_who_jumps_makes_no_stride():
    joints = walker()
    half = joints.shape[1] // 2
    # Both feet do what the left one does.
    joints[:, half:] = joints[:, :half] - (0, 0, 120)
    motion = Motion.of(joints, JOINTS, FPS).filtered()
    events = find_events(motion)
    assert len(events) > 20 and find_strides(motion, events) == []


def test_short_gaps_are_filled_and_long_ones_are_not():
    joints = walker()
    heel = JOINTS.index("left_heel")
    joints[300:310, heel], joints[500:600, heel] = np.nan, np.nan
    motion = Motion.of(joints, JOINTS, FPS).filtered()
    known = np.isfinite(motion.joint("left_heel")).all(axis=1)
    assert known[:500].all() and not known[501:599].any() and known[600:].all()
    np.testing.assert_allclose(motion.joint("left_heel")[:500], walker()[:500, heel], atol=12)
    found, _ = values(motion)
    assert found["stride time, left"] == pytest.approx(STRIDE_S, abs=0.01)


def test_the_ankle_stands_for_a_foot_without_heel_and_toe():
    keep = [k for k, name in enumerate(JOINTS) if not name.endswith(("heel", "toe"))]
    motion = Motion.of(walker()[:, keep], [JOINTS[k] for k in keep], FPS).filtered()
    heel, toe = foot(motion, "left")
    assert heel is not None and np.array_equal(heel, toe)
    found, _ = values(motion)
    assert found["cadence"] == pytest.approx(120 / STRIDE_S, rel=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: Motion.of(x, JOINTS, 10.0), "gait needs 15 frames per second or more, got 10"),
        (lambda x: Motion.of(x[:, :5], JOINTS[:5], FPS), "needs hips and ankles, and right_hip, right_ankle"),
        (lambda x: Motion.of(x[:, :5], JOINTS, FPS), r"shape \(F, 12, 2 or 3\), got \(800, 5, 3\)"),
        (lambda x: Motion.of(np.full_like(x, np.nan), JOINTS, FPS), "left_hip, left_ankle, right_hip, right_ankle"),
    ],
)
def test_joints_that_do_not_do(change, message):
    with pytest.raises(ValueError, match=message):
        change(walker())


def test_the_command_reads_trc_and_writes_its_tables(tmp_path, capsys):
    labels = ["LHip", "LKnee", "LAnkle", "LHeel", "LBigToe", "LShoulder"]
    labels += [label.replace("L", "R", 1) for label in labels]
    joints = walker()
    joints[100:104, 3] = np.nan
    write_trc(tmp_path / "walk.trc", joints / 1000, labels, unit="m")
    assert main([str(tmp_path / "walk.trc"), "--out", str(tmp_path / "out")]) == 0
    assert " strides of the person\nwritten to " in capsys.readouterr().out
    gait = json.loads((tmp_path / "out/gait.json").read_text())
    found = {one["name"]: one for one in gait["measures"]}
    assert found["cadence"]["value"] == pytest.approx(120 / STRIDE_S, rel=0.02) and found["cadence"]["low"] is not None
    assert len(pd.read_csv(tmp_path / "out/events.csv")) > 20 and len(pd.read_csv(tmp_path / "out/strides.csv")) >= 10


@pytest.mark.parametrize("unit", ["mm", "px"])
def test_tables_of_cameras_and_of_video(tmp_path, unit):
    joints, axes = (walker(), "xyz") if unit == "mm" else (walker()[..., :2] * (0.2, -0.2), "xy")
    rows = []
    for person, shift in ((4, 0.0), (7, 99.0)):
        for frame in range(0, 800 if person == 4 else 300):
            row = {"frame": frame + 10, "time_s": frame / FPS, "person": person}
            for k, name in enumerate(JOINTS):
                row |= {f"{name}_{axis}_{unit}": joints[frame, k, a] + shift for a, axis in enumerate(axes)}
            rows.append(row)
    pd.DataFrame(rows).to_csv(tmp_path / "joints.csv", index=False)
    tracks = read_tracks(tmp_path / "joints.csv")
    longest, other = tracks.motion(4), tracks.motion(7)
    assert tracks.longest_first() == [4, 7]
    assert longest.xyz.shape == (800, 12, len(axes)) and other.xyz.shape[0] == 300
    assert longest.unit == unit and longest.fps == pytest.approx(FPS)
    np.testing.assert_allclose(longest.xyz, joints, atol=1e-6)
    with pytest.raises(ValueError, match="there is no person 5; the recording has 4, 7"):
        tracks.motion(5)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        *[(label, "left_heel") for label in ("LHeel", "L_HEE", "LHEE", "left_heel", "LeftHeel")],
        ("RBigToe", "right_big_toe"),
        ("right_foot_index", "right_big_toe"),
        ("Neck", "Neck"),
        ("Larynx", "Larynx"),
    ],
)
def test_names_of_joints(label, name):
    assert joint_name(label) == name


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("walk.trc", "", "cannot be read"),
        (
            "walk.trc",
            "a\nDataRate\tUnits\nfast\tmm\nFrame#\tTime\tLHip\t\t\n\n\n1\t0\t1\t2\t3\n",
            "a number was expected",
        ),
        (
            "walk.trc",
            "a\nDataRate\tUnits\n60\tfurlong\nFrame#\tTime\tLHip\t\t\n\n\n1\t0\t1\t2\t3\n",
            "its unit is 'furlong'",
        ),
        ("walk.csv", "frame,time_s,person\n1,0,1\nx,1,1\n", "its frames, times and people must be numbers"),
        ("walk.csv", "frame,time_s,person\n1,0,1\n99999999999,1,1\n", "over 864000 frames at most"),
        ("walk.csv", "a,b\n1,2\n", "lacks the columns frame, time_s and person"),
        ("walk.txt", "", "gait reads .trc, .c3d, .bvh, .csv, .jsonl and videos"),
    ],
)
def test_files_that_are_no_motion(tmp_path, capsys, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises((BadInput, ValueError), match=message):
        read_tracks(tmp_path / name)
    assert main([str(tmp_path / name), "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_nobody_walks(tmp_path, capsys):
    write_trc(tmp_path / "still.trc", np.repeat(walker()[:1], 300, axis=0), JOINTS)
    assert main([str(tmp_path / "still.trc"), "--out", str(tmp_path / "out")]) == 3
    assert "no stride was found" in capsys.readouterr().err and not (tmp_path / "out").exists()


# Annotated by the laboratories; strikes closer than 0.3 s are one. `off_ms` is None where the labels are no use: three
# of the healthy person's offs lie in the middle of the stance that the heights of heel and toe show.
@pytest.mark.parametrize(
    ("name", "found_of", "contact_ms", "off_ms"), [("healthy", (4, 5), 40, None), ("parkinson", (6, 6), 20, 10)]
)
def test_annotated_walks(shared_data, name, found_of, contact_ms, off_ms):
    walk = json.loads((shared_data / f"gait_events/example_{name}.json").read_text())
    frames = [frame["landmark_positions"] for frame in walk["angle_frames"]]
    joints = [joint_name(label) for label in frames[0]]
    xyz_mm = np.array([list(frame.values()) for frame in frames], float)
    # 0 is not known.
    xyz_mm[(xyz_mm == 0).all(axis=2)] = np.nan
    motion = Motion.of(xyz_mm, joints, walk["fps"]).filtered()
    events = find_events(motion)
    for kind, key, limit_ms in (("contact", "hs_frames", contact_ms), ("off", "to_frames", off_ms)):
        errors_s, labeled = [], 0
        for side in ("left", "right"):
            labels = np.array(walk["ground_truth"][key][side]) / walk["fps"]
            groups = np.split(labels, np.flatnonzero(np.diff(labels) > 0.3) + 1)
            found = np.array([one.time_s for one in events if (one.side, one.kind) == (side, kind)])
            labeled += len(groups)
            errors_s += [away for group in groups if (away := np.abs(found - group.mean()).min()) < 0.15]
        if limit_ms is not None:
            assert 1000 * np.mean(errors_s) < limit_ms
        if kind == "contact":
            assert (len(errors_s), labeled) == found_of
