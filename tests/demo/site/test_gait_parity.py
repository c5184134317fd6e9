"""The page of gait finds and measures what Python does, on the same joints."""

import json
from importlib import import_module

import numpy as np
import pytest
from walking import JOINTS, up_and_go, walker

from demo.offline.gaps import fill
from demo.offline.low_pass import butterworth
from demo.offline.recording import PersonTrack
from demo.offline.smooth import Smoothing, smooth_track
from demo.tracking.estimator import min_joints
from gait.analysis import analyze_people
from gait.inputs.read import joint_name
from gait.inputs.tracks import Tracks, with_gaps
from gait.measures import MIN_VALUES
from gait.motion import Motion
from pose import LSP14

_MODULES = {
    "GAPS": "demo.offline.gaps",
    "LEAPS": "demo.offline.leaps",
    "LOW_PASS": "demo.offline.low_pass",
    "SWAPS": "demo.offline.swaps",
    "SMOOTH": "demo.offline.smooth",
    "TRACKS": "gait.inputs.tracks",
    "MOTION": "gait.motion",
    "EVENTS": "gait.events",
    "MEASURES": "gait.measures",
    "ACTIONS": "gait.actions",
    "ANALYSIS": "gait.analysis",
    "NOTES": "gait.outputs.notes",
}
_ANALYZE = """
const { analyzePeople } = await import("./gait/analysis.js");
const { notes } = await import("./gait/notes.js");
try {
  const { person, motion, events, actions, strides, leftOut, measures } = analyzePeople(
    given.records, given.names, given.height,
  );
  const said = strides.length ? notes({ motion, events, strides, leftOut }) : [];
  return { person, fps: motion.fps, leg: motion.leg, events, actions, strides, leftOut, measures, notes: said };
} catch (error) {
  return { error: error.message };
}
"""
# Arithmetic in another order; times in s, lengths in px.
_CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def in_image(joints, scale=0.2, noise_px=0.0, seed=0):
    """Joints (F, J, 2) in px of a camera that looks from the side; `walking`'s y points up."""
    random = np.random.default_rng(seed)
    return joints[..., :2] * (scale, -scale) + (50, 400) + random.normal(0, noise_px, (*joints.shape[:2], 2))


def without_feet(joints):
    keep = [k for k, name in enumerate(JOINTS) if not name.endswith(("heel", "toe"))]
    return joints[:, keep], tuple(JOINTS[k] for k in keep)


def with_holes(joints):
    joints = joints.copy()
    random = np.random.default_rng(3)
    joints[random.random(joints.shape[:2]) < 0.05] = np.nan
    joints[60:90, 3] = np.nan
    return joints


def to_and_fro(fps):
    there = walker(4.0, fps)
    slow = there[-1:] + np.linspace(0, 250, round(1.2 * fps))[:, None, None] * (1, 0, 0)
    back = there[::-1] * (1, 1, 1)
    return np.concatenate([there, slow, slow[::-1], back])


def both(run_js, people, times_s, names, height_m=None):
    """What Python and JavaScript find in the joints of people, by number first frame and (F, J, 2)."""
    tracks = Tracks(
        tuple(names),
        "px",
        {
            number: with_gaps(first + np.arange(len(xy)), times_s[first : first + len(xy)], xy)
            for number, (first, xy) in people.items()
        },
    )
    records = []
    for frame, time_s in enumerate(times_s):
        there = {n: xy[frame - first] for n, (first, xy) in people.items() if 0 <= frame - first < len(xy)}
        seen = [
            {"id": n, "joints_px": [[None if np.isnan(v) else v for v in point] for point in xy.tolist()]}
            for n, xy in there.items()
        ]
        records.append({"frame": frame, "time_s": float(time_s), "people": seen})
    found = run_js(_ANALYZE, {"records": records, "names": list(names), "height": height_m})
    return analyze_people(tracks, None, height_m), found


def assert_same(expected, found):
    person, analysis = expected
    assert found["person"] == person and found["leftOut"] == analysis.left_out
    np.testing.assert_allclose([found["fps"], found["leg"]], [analysis.motion.fps, analysis.motion.leg], **_CLOSE)
    assert [(one["side"], one["kind"]) for one in found["events"]] == [(e.side, e.kind) for e in analysis.events]
    for name, attribute in (("timeS", "time_s"), ("coordinatesS", "coordinates_s"), ("velocitiesS", "velocities_s")):
        ours = np.array([getattr(one, attribute) for one in analysis.events], float)
        np.testing.assert_allclose(np.array([one[name] for one in found["events"]], float), ours, **_CLOSE)
    assert [one["kind"] for one in found["actions"]] == [one.kind for one in analysis.actions]
    for name, attribute in (("startS", "start_s"), ("endS", "end_s")):
        ours = [getattr(one, attribute) for one in analysis.actions]
        np.testing.assert_allclose([one[name] for one in found["actions"]], ours, **_CLOSE)
    assert [(one["name"], one["unit"], one["count"]) for one in found["measures"]] == [
        (one.name, one.unit, one.count) for one in analysis.measures if one.unit != "deg"
    ]
    for name in ("value", "low", "high"):
        ours = np.array([getattr(one, name) for one in analysis.measures if one.unit != "deg"])
        np.testing.assert_allclose(
            np.array([one[name] for one in found["measures"]], float), ours, err_msg=name, rtol=1e-7, atol=1e-9
        )


@pytest.mark.parametrize("rules", _MODULES)
def test_constants_are_those_of_python(run_js, rules):
    given = run_js(f'return (await import("./gait/rules.js")).{rules};', {})
    module = import_module(_MODULES[rules])
    assert given == {name: _plain(getattr(module, name)) for name in given}


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


def test_every_set_of_constants_is_compared(run_js):
    assert set(run_js('return Object.keys(await import("./gait/rules.js"));', {})) == _MODULES.keys()


@pytest.mark.parametrize("fps", [25.0, 30.0, 60.0, 240.0])
@pytest.mark.parametrize("feet", [True, False])
def test_a_walk_across_the_image(run_js, fps, feet):
    joints, names = in_image(walker(9.0, fps), noise_px=1.5), JOINTS
    if not feet:
        joints, names = without_feet(joints)
    expected, found = both(run_js, {0: (0, joints)}, np.arange(len(joints)) / fps, names, 1.7)
    assert_same(expected, found)
    intervals = [one for one in found["measures"] if one["low"] is not None]
    assert len(found["strides"]) >= 10 and len(intervals) > 20 and all(one["count"] >= MIN_VALUES for one in intervals)


def test_holes_uneven_times_and_a_second_person(run_js):
    joints = with_holes(in_image(walker(9.0, 30.0), noise_px=1.0))
    times_s = np.cumsum(np.random.default_rng(1).uniform(0.025, 0.045, len(joints) + 40))
    still = np.repeat(joints[:1], len(joints) + 40, axis=0) + np.random.default_rng(2).normal(0, 1, (1, 12, 2))
    expected, found = both(run_js, {7: (0, still), 3: (20, joints)}, times_s, JOINTS)
    assert_same(expected, found)
    assert found["person"] == 3 and len(found["strides"]) > 6


def test_someone_who_walks_to_and_fro(run_js):
    joints = in_image(to_and_fro(30.0), noise_px=0.5)
    expected, found = both(run_js, {0: (0, joints)}, np.arange(len(joints)) / 30, JOINTS)
    assert_same(expected, found)
    assert [one["kind"] for one in found["actions"]] == ["walking", "turning", "walking"]


def test_someone_who_sits_down(run_js):
    joints = in_image(up_and_go(fps=60.0)[0], noise_px=0.3)
    expected, found = both(run_js, {0: (0, joints)}, np.arange(len(joints)) / 60, JOINTS)
    assert_same(expected, found)
    assert {"sitting", "standing up", "sitting down", "walking"} <= {one["kind"] for one in found["actions"]}
    assert found["leftOut"] > 0


def test_a_treadmill(run_js):
    joints = walker(9.0, 30.0)
    joints[..., 0] -= 1200.0 * (np.arange(len(joints)) / 30)[:, None]
    joints, names = without_feet(in_image(joints, noise_px=1.0))
    expected, found = both(run_js, {0: (0, joints)}, np.arange(len(joints)) / 30, names)
    assert_same(expected, found)
    assert "speed" not in [one["name"] for one in found["measures"]]
    assert any("as on a treadmill" in note for note in found["notes"])


@pytest.mark.parametrize("name", ["healthy", "parkinson", "stroke"])
def test_real_walks_seen_from_the_side(run_js, shared_data, name):
    walk = json.loads((shared_data / f"gait_events/example_{name}.json").read_text())
    frames = [frame["landmark_positions"] for frame in walk["angle_frames"]]
    names = [joint_name(label) for label in frames[0]]
    xyz_mm = np.array([list(frame.values()) for frame in frames], float)
    xyz_mm[(xyz_mm == 0).all(axis=2)] = np.nan
    up, pelvis = Motion.of(xyz_mm, names, walk["fps"]).up, xyz_mm[:, names.index("left_hip")]
    ahead = np.eye(3)[np.argmax(np.nanmax(pelvis, axis=0) - np.nanmin(pelvis, axis=0))]
    joints = np.stack([xyz_mm @ ahead, -xyz_mm @ up], axis=-1) / 5
    expected, found = both(run_js, {0: (0, joints)}, np.arange(len(joints)) / walk["fps"], names)
    assert_same(expected, found)
    assert found["strides"]


def test_few_strides_have_no_interval(run_js):
    joints = in_image(walker(3.0, 30.0))
    expected, found = both(run_js, {0: (0, joints)}, np.arange(len(joints)) / 30, JOINTS)
    assert_same(expected, found)
    assert 1 <= len(found["strides"]) < 6
    assert any(one["low"] is None for one in found["measures"])
    assert any("give no interval" in note for note in found["notes"])


def refusal(run_js, people, times_s, names):
    with pytest.raises(ValueError) as raised:
        both(run_js, people, times_s, names)
    found = {}
    try:
        both(lambda body, given: found.update(run_js(body, given)), people, times_s, names)
    except ValueError:
        pass
    return str(raised.value), found["error"]


@pytest.mark.parametrize("case", ["slow", "no hips", "nobody", "one frame"])
def test_what_python_refuses_is_refused_in_the_same_words(run_js, case):
    joints, names, fps = in_image(walker(5.0, 30.0)), JOINTS, 30.0
    if case == "slow":
        joints, fps = joints[::3], 10.0
    if case == "no hips":
        joints = joints.copy()
        joints[:, [JOINTS.index("left_hip"), JOINTS.index("right_hip")]] = np.nan
    people = {} if case == "nobody" else {0: (0, joints[:1] if case == "one frame" else joints)}
    ours, theirs = refusal(run_js, people, np.arange(len(joints)) / fps, names)
    if case == "one frame":
        ours = ours.replace("person 0", "the person")
    assert theirs.lower() == f"{ours.lower()}."


def test_someone_who_jumps(run_js):
    joints = walker(6.0, 30.0)
    half = joints.shape[1] // 2
    joints[:, half:] = joints[:, :half]
    joints = in_image(joints, noise_px=0.3)
    expected, found = both(run_js, {0: (0, joints)}, np.arange(len(joints)) / 30, JOINTS)
    assert_same(expected, found)
    assert len(found["events"]) > 10 and found["strides"] == []


def test_nobody_walks(run_js):
    joints = np.repeat(in_image(walker(1.0, 30.0))[:1], 200, axis=0)
    joints = joints + np.random.default_rng(0).normal(0, 0.5, joints.shape)
    expected, found = both(run_js, {0: (0, joints)}, np.arange(200) / 30, JOINTS)
    assert_same(expected, found)
    assert found["strides"] == [] and found["measures"] == []


def test_a_track_is_repaired_as_in_python(run_js):
    random = np.random.default_rng(5)
    xy_px = in_image(without_feet(walker(6.0, 30.0))[0], noise_px=1.0)
    pairs = {name: k for k, name in enumerate(LSP14.joints)}
    full = np.zeros((len(xy_px), LSP14.num_joints, 2))
    for k, name in enumerate(without_feet(walker(0.1, 30.0))[1]):
        full[:, pairs[name]] = xy_px[:, k]
    for side in ("left", "right"):
        shoulder = full[:, pairs[f"{side}_shoulder"]]
        full[:, pairs[f"{side}_elbow"]], full[:, pairs[f"{side}_wrist"]] = shoulder + (2, 50), shoulder + (4, 100)
    full[:, pairs["neck"]] = full[:, pairs["left_shoulder"]] - (0, 20)
    full[:, pairs["head_top"]] = full[:, pairs["left_shoulder"]] - (0, 60)
    full += random.normal(0, 0.5, full.shape)
    for first, last in ((30, 36), (80, 90), (120, 123)):
        full[first:last] = full[first:last, LSP14.flip_order]
    full[50:54, [pairs["left_ankle"], pairs["right_ankle"]]] = full[50:54, [pairs["right_ankle"], pairs["left_ankle"]]]
    full[100, pairs["left_knee"]] += 120
    full[140:150] += 900  # someone else
    scores = random.uniform(0.3, 1, full.shape[:2])
    scores[random.random(scores.shape) < 0.08] = 0.05
    scores[110:130, pairs["right_wrist"]] = 0.1
    times_s = np.cumsum(random.uniform(0.03, 0.036, len(full)))
    track = PersonTrack(0, full, scores, np.zeros(scores.shape, bool))
    # Without a filter, as gait follows videos.
    repaired, counts = smooth_track(track, scores >= 0.2, times_s, LSP14, Smoothing(cutoff_hz=1e4))
    found = run_js(
        """
        const { repair } = await import("./gait/repair.js");
        return repair(given.track, given.times, given.skeleton, 0.2, given.minJoints);
        """,
        {
            "track": [{"joints": xy.tolist(), "scores": s.tolist()} for xy, s in zip(full, scores, strict=True)],
            "times": times_s.tolist(),
            "skeleton": LSP14.describe(),
            "minJoints": min_joints(LSP14.num_joints),
        },
    )
    assert counts.swapped > 60 and counts.leaps >= 1 and counts.filled > 50
    joints = np.array([frame["joints"] for frame in found], float)
    np.testing.assert_allclose(joints, repaired.xy_px, rtol=1e-5)
    np.testing.assert_allclose([frame["scores"] for frame in found], repaired.scores, rtol=1e-6)


def test_filters_are_those_of_scipy(run_js):
    random = np.random.default_rng(7)
    series = np.cumsum(random.normal(0, 1, 150))
    run = np.array([0, 1, 2, 5, 6, 9, 13, 14, 20])
    times_s, values = np.cumsum(random.uniform(0.02, 0.05, 21)), random.normal(0, 1, 21)
    filled = np.stack([values, values], axis=1)
    fill(filled, times_s, run)
    found = run_js(
        """
        const { butterworth } = await import("./gait/low_pass.js");
        const { fill } = await import("./gait/gaps.js");
        fill(given.values, given.times, given.run);
        return { smooth: butterworth(given.series, 6, 30), filled: given.values };
        """,
        {"series": series.tolist(), "values": values.tolist(), "times": times_s.tolist(), "run": run.tolist()},
    )
    np.testing.assert_allclose(found["smooth"], butterworth(series[:, None], 6.0, 30.0)[:, 0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found["filled"], filled[:, 0], rtol=1e-9, atol=1e-9)
