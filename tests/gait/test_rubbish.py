"""Recordings that do not do: each is refused, or what it lacks is said, in plain words."""

import numpy as np
import pytest
from walking import FPS, JOINTS, SPEED, eased, risen, up_and_go, walker, write_trc

from gait.__main__ import main
from gait.analysis import analyze
from gait.motion import Motion
from gait.outputs.notes import notes

FEET = ("heel", "big_toe")


def noise(shape, size):
    return np.random.default_rng(0).normal(0, size, shape)


def without(joints, *stems):
    joints = joints.copy()
    joints[:, [k for k, name in enumerate(JOINTS) if name.split("_", 1)[1] in stems]] = np.nan
    return joints


def on_a_belt(joints):
    """With knees that give, by which one sees where someone without feet faces."""
    place = SPEED * np.arange(len(joints)) / FPS
    joints = joints - place[:, None, None] * (1, 0, 0)
    joints[:, [JOINTS.index("left_knee"), JOINTS.index("right_knee")], 0] += 40
    return joints


def from_the_front(joints):
    return np.stack([0.2 * joints[..., 2] + 200, 400 - 0.2 * joints[..., 1]], axis=-1)


@pytest.mark.parametrize(
    ("joints", "code", "message"),
    [
        (np.repeat(walker()[:1], 500, axis=0) + noise((500, 12, 3), 4), 3, "nobody walks, or too few joints are known"),
        (np.repeat(risen([0.0]), 500, axis=0) + noise((500, 12, 3), 4), 3, "nobody walks"),
        (risen(np.tile(np.r_[eased(80), eased(80)[::-1]], 5)), 3, "nobody walks"),
        (walker()[:30], 3, "nobody walks"),
        (walker()[:2], 3, "nobody walks"),
        (noise((500, 12, 3), 500), 3, "no stride"),
        (walker()[:1], 2, "there is one frame of person 0; gait needs a walk"),
        (
            without(walker(), "ankle", *FEET),
            2,
            "left_ankle, right_ankle is not known in any frame; record",
        ),
        (without(walker(), "hip"), 2, "left_hip, right_hip is not known"),
    ],
)
def test_recordings_without_a_walk(tmp_path, capsys, joints, code, message):
    write_trc(tmp_path / "walk.trc", joints, JOINTS)
    assert main([str(tmp_path / "walk.trc"), "--out", str(tmp_path / "out")]) == code
    assert message in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_ten_frames_per_second_are_too_few(tmp_path, capsys):
    write_trc(tmp_path / "walk.trc", walker(fps=10.0), JOINTS, fps=10.0)
    assert main([str(tmp_path / "walk.trc"), "--out", str(tmp_path / "out")]) == 2
    assert "gait needs 15 frames per second or more, got 10" in capsys.readouterr().err


@pytest.mark.parametrize("feet", [True, False])
@pytest.mark.parametrize("turn_deg", [0, 90, 180])
def test_a_treadmill_has_no_speed(feet, turn_deg):
    joints = on_a_belt(walker())
    angle = np.radians(turn_deg)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    analysis = analyze(Motion.of((joints if feet else without(joints, *FEET)) @ turn.T, JOINTS, FPS))
    found = {one.name: one.value for one in analysis.measures}
    assert len(analysis.strides) >= 10 and found["cadence"] == pytest.approx(109, abs=2)
    assert found["step length, right"] > 0 and not {"speed", "stride length, left"} & found.keys()
    assert any("as on a treadmill" in note for note in notes(analysis))
    assert {one.kind for one in analysis.actions} == {"walking"}


@pytest.mark.parametrize("sense", [1, -1])
def test_a_treadmill_filmed_from_the_side_without_feet(sense):
    image = without(on_a_belt(walker()), *FEET)[..., :2] * (0.2 * sense, -0.2) + (300, 400)
    analysis = analyze(Motion.of(image, JOINTS, FPS, unit="px"))
    assert len(analysis.strides) >= 10
    contacts = [one.time_s for one in analysis.events if (one.side, one.kind) == ("left", "contact")]
    # At 1.4, 2.5, ... s; were ahead and back confused, contacts would be where the feet leave the ground.
    assert np.abs((np.array(contacts) - 1.4 + 0.55) % 1.1 - 0.55).max() < 0.08


def test_who_walks_toward_the_camera_is_not_measured():
    analysis = analyze(Motion.of(from_the_front(walker()), JOINTS, FPS, unit="px"))
    assert not analysis.strides and not analysis.measures
    assert any("seen from the side" in note for note in notes(analysis))


def test_a_turn_half_way_leaves_the_strides_before_and_after():
    joints, spells = up_and_go(seconds=4.4)
    begin_s, end_s = spells[3][1:]
    analysis = analyze(Motion.of(joints[300:1330], JOINTS, FPS))
    assert analysis.strides and all(
        one.end_s + 3 < begin_s + 0.2 or one.start_s + 3 > end_s - 0.2 for one in analysis.strides
    )
    assert [one.kind for one in analysis.actions] == ["walking", "turning", "walking"]


def test_a_walk_of_which_half_is_lost_is_measured_where_it_is_known():
    joints = walker()
    joints[350:] = np.nan
    analysis = analyze(Motion.of(joints, JOINTS, FPS))
    assert 3 <= len(analysis.strides) <= 6 and max(one.end_s for one in analysis.strides) < 3.5
