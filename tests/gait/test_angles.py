"""Angles of a figure whose segments are turned by given angles, of a made-up walk, and of real ones."""

import numpy as np
import pandas as pd
import pytest
from walking import FPS, JOINTS, LEG, walker, write_trc

from benchmarks.gait.__main__ import read_walk
from gait.__main__ import main
from gait.analysis import analyze
from gait.angles import find_curves, measure_angles, side_angles
from gait.events import find_events
from gait.measures import find_strides
from gait.motion import Motion


def turned_figure(shank_deg, *, thigh_deg=30.0, foot_deg=95.0, lean_deg=10.0, aside_deg=0.0):
    """Joints (12, 3) in mm, x ahead, y up, of one who turns each segment by its angle ahead of hanging down."""

    def segment(angle_deg, length):
        angle = np.radians(angle_deg)
        return length * np.array([np.sin(angle), -np.cos(angle), 0.0])

    joints = []
    for beside in (80.0, -80.0):
        hip = np.array([0.0, 900.0, beside])
        knee = hip + segment(thigh_deg, 400)
        ankle = knee + segment(shank_deg, 400)
        heel = ankle + segment(shank_deg, 60)
        toe = heel + segment(foot_deg, 200)
        shoulder = hip - segment(-lean_deg, 500) + (0, 0, 500 * np.sin(np.radians(aside_deg)))
        joints += [hip, knee, ankle, heel, toe, shoulder]
    return np.stack(joints)


def moving(figure, turn_deg=0.0):
    """The figure's joints in 100 frames, at 1 m/s in a direction."""
    angle = np.radians(turn_deg)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return (figure + np.arange(100)[:, None, None] * (10.0, 0, 0)) @ turn.T


EXPECTED = {"hip flexion": 40, "knee flexion": 50, "ankle dorsiflexion": 25, "trunk lean": 10}


@pytest.mark.parametrize("turn_deg", [0, 77, 180])
def test_angles_by_hand_in_any_direction(turn_deg):
    motion = Motion.of(moving(turned_figure(-20), turn_deg), JOINTS, FPS)
    for side in ("left", "right"):
        found = side_angles(motion, side)
        assert list(found) == list(EXPECTED)
        for angle, expected_deg in EXPECTED.items():
            np.testing.assert_allclose(found[angle], expected_deg, atol=1e-6, err_msg=angle)


@pytest.mark.parametrize("sense", [1, -1])
def test_angles_in_an_image_whichever_way_the_person_walks(sense):
    image = moving(turned_figure(-20))[..., :2] * (0.3 * sense, -0.3)
    found = side_angles(Motion.of(image, JOINTS, FPS, unit="px"), "left")
    for angle, expected_deg in EXPECTED.items():
        np.testing.assert_allclose(found[angle], expected_deg, atol=1e-6, err_msg=angle)


def test_a_knee_bent_backward_is_below_zero():
    found = side_angles(Motion.of(moving(turned_figure(38)), JOINTS, FPS), "left")
    np.testing.assert_allclose(found["knee flexion"], -8, atol=1e-6)


def test_without_shoulders_and_feet_the_hip_is_against_the_vertical_and_the_ankle_is_not_known():
    keep = [k for k, name in enumerate(JOINTS) if not name.endswith(("shoulder", "heel", "toe"))]
    found = side_angles(Motion.of(moving(turned_figure(-20))[:, keep], [JOINTS[k] for k in keep], FPS), "left")
    np.testing.assert_allclose(found["hip flexion"], 30, atol=1e-6)
    np.testing.assert_allclose(found["knee flexion"], 50, atol=1e-6)
    assert np.isnan(found["ankle dorsiflexion"]).all() and np.isnan(found["trunk lean"]).all()


def test_curves_of_a_made_up_walk():
    analysis = analyze(Motion.of(walker(), JOINTS, FPS))
    curves = {(curve.side, curve.angle): curve for curve in analysis.curves}
    assert len(curves) == 8
    # At its contact the ankle lies 390 mm ahead of the hip and 850 mm below it; the leg is straight.
    hip = curves["left", "hip flexion"]
    assert hip.mean_deg[[0, 100]] == pytest.approx(np.degrees(np.arctan2(390, LEG)), abs=1.5)
    assert len(hip.strides_deg) == sum(stride.side == "left" for stride in analysis.strides)
    np.testing.assert_allclose(curves["left", "knee flexion"].mean_deg, 0, atol=1e-6)
    assert hip.sd_deg.max() < 1
    found = {one.name: one for one in analysis.measures}
    assert found["hip flexion, range, left"].value == pytest.approx(np.ptp(hip.mean_deg), abs=1)
    assert found["trunk sway, forward and back"].value < 0.1 and found["trunk sway, side to side"].value < 0.1
    assert not any(name.startswith("arm swing") for name in found)


def test_sway_and_swing_by_hand():
    joints = walker()
    times = np.arange(len(joints)) / FPS
    names = (*JOINTS, "left_wrist", "right_wrist")
    shoulders = [k for k, name in enumerate(JOINTS) if name.endswith("shoulder")]
    # Shoulders 500 mm above the hips go 50 mm aside and back, twice a stride; the wrists hang from still arms.
    joints[:, shoulders, 2] += 50 * np.sin(2 * np.pi * times * 2 / 1.1)[:, None]
    wrists = joints[:, shoulders] - (0, 600, 0)
    wrists[:, 0, 0] += 300 * np.sin(2 * np.pi * times / 1.1)
    analysis = analyze(Motion.of(np.concatenate([joints, wrists], 1), names, FPS))
    found = {one.name: one.value for one in analysis.measures}
    assert found["trunk sway, side to side"] == pytest.approx(2 * np.degrees(np.arctan(50 / 500)), rel=0.03)
    assert found["arm swing, range, left"] == pytest.approx(2 * np.degrees(np.arctan(300 / 600)), rel=0.03)
    assert found["arm swing, range, right"] < 1


def test_a_stride_with_unknown_frames_has_no_curve():
    joints = walker()
    joints[300:340, JOINTS.index("left_knee")] = np.nan
    analysis = analyze(Motion.of(joints, JOINTS, FPS))
    whole, part = (
        next(curve for curve in analysis.curves if (curve.side, curve.angle) == ("left", angle)).strides_deg
        for angle in ("trunk lean", "knee flexion")
    )
    assert 1 <= len(whole) - len(part) <= 2


def test_the_command_writes_the_curves(tmp_path):
    write_trc(tmp_path / "walk.trc", walker(), JOINTS)
    assert main([str(tmp_path / "walk.trc"), "--out", str(tmp_path / "out")]) == 0
    table = pd.read_csv(tmp_path / "out/angles.csv")
    assert list(table) == ["side", "angle", "percent", "mean_deg", "sd_deg", "strides"]
    assert len(table) == 2 * 4 * 101 and (table["strides"] >= 5).all()


# Of walking as usual: a knee that gives by 10 to 20 degrees in loading and bends by 60 or somewhat more in swing, at
# about 73 % of the stride, and a hip that moves by 40.
def test_angles_of_a_healthy_and_a_parkinsonian_walk(shared_data):
    peaks = {}
    for name in ("healthy", "parkinson"):
        motion, _ = read_walk(shared_data / f"gait_events/example_{name}.json")
        strides = find_strides(motion, find_events(motion))
        found = find_curves(motion, strides)
        curves = {(curve.side, curve.angle): curve.mean_deg for curve in found}
        peaks[name] = {one.name: one.value for one in measure_angles(motion, strides, found)}
        if name == "healthy":
            for side in ("left", "right"):
                hip, knee, ankle = (curves[side, angle] for angle in list(EXPECTED)[:3])
                assert 60 < knee.max() < 70 and 68 < knee.argmax() < 78
                assert 10 < knee[5:20].max() < 22 and 8 <= 5 + knee[5:20].argmax() <= 18
                assert 35 < np.ptp(hip) < 45 and 48 < hip.argmin() < 58
                # The foot pushes off at 60 %, after which the toe points down most.
                assert 55 < ankle.argmin() < 70
    for side in ("left", "right"):
        for measure in (f"hip flexion, range, {side}", f"knee flexion, highest in swing, {side}"):
            assert peaks["parkinson"][measure] < peaks["healthy"][measure] - 5
