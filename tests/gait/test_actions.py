"""What a made-up person does whose ways up, down and around are known, and what people of motion capture do."""

import numpy as np
import pandas as pd
import pytest
from walking import FPS, JOINTS, eased, risen, up_and_go, walker, write_trc

from body.human import Human, to_world
from body.shape import Shape
from dome.moves.motion import random_motion
from gait.__main__ import main
from gait.actions import find_actions, hip_height
from gait.analysis import analyze
from gait.inputs.read import read_tracks
from gait.motion import Motion
from gait.outputs.notes import notes
from pose import PANOPTIC19


def actions_of(joints, names=JOINTS, fps=FPS, **unit):
    return analyze(Motion.of(joints, names, fps, **unit)).actions


@pytest.mark.parametrize("noise_mm", [0, 10])
@pytest.mark.parametrize("swapped", [False, True])
def test_who_gets_up_walks_turns_and_sits_down_in_space(noise_mm, swapped):
    joints, spells = up_and_go()
    joints = joints + np.random.default_rng(0).normal(0, noise_mm, joints.shape)
    if swapped:
        # A world with z up.
        joints = joints[..., [2, 0, 1]]
    # Before someone's hips have sunk by 5 %, they stand.
    found = [one for one in actions_of(joints) if one.kind != "standing"]
    assert [one.kind for one in found] == [kind for kind, _, _ in spells]
    # Of the way up and down, 5 % of the height at either end are left out, which take longest, and the feet go on with
    # the stride when the turn begins.
    for one, (kind, _, end_s) in zip(found, spells, strict=True):
        assert abs(one.end_s - end_s) < (0.1 if (kind, end_s) == spells[3][::2] else 0.45), one
    assert abs(found[3].start_s - spells[3][1]) < 0.1
    assert [one.turn_deg for one in found if one.kind == "turning"] == [pytest.approx(180, abs=6)] * 2
    assert all(one.turn_deg is None for one in found if one.kind != "turning")


def test_a_turn_to_the_right_is_below_zero():
    joints, _ = up_and_go()
    found = actions_of(joints[:1400] * (1, 1, -1), JOINTS[6:] + JOINTS[:6])
    assert [round(one.turn_deg / 10) for one in found if one.kind == "turning"] == [-18]


def test_in_an_image_a_turn_is_where_the_person_walks_back():
    joints, spells = up_and_go()
    found = actions_of(joints[..., :2] * (0.2, -0.2) + (300, 400), unit="px")
    kinds = [one.kind for one in found]
    assert kinds[:5] == ["sitting", "standing up", "walking", "turning", "walking"] and kinds[-2:] == [
        "sitting down",
        "sitting",
    ]
    assert found[3].turn_deg is None
    assert abs(found[3].start_s - spells[3][1]) < 0.2 and abs(found[3].end_s - spells[3][2]) < 0.2


def test_five_times_up_and_down():
    share = np.concatenate([np.zeros(60), *5 * [eased(80), np.ones(40), eased(80)[::-1], np.zeros(30)]])
    joints = risen(share) + np.random.default_rng(0).normal(0, 5, (len(share), 12, 3))
    found = actions_of(joints)
    assert [one.kind for one in found] == ["sitting", *5 * ["standing up", "standing", "sitting down", "sitting"]]
    for number, one in enumerate([one for one in found if one.kind == "standing up"]):
        begin_s = 0.6 + number * 2.3
        assert begin_s - 0.02 < one.start_s < begin_s + 0.25 and begin_s + 0.5 < one.end_s < begin_s + 0.82


def test_hips_are_one_leg_high_of_someone_upright_and_half_of_someone_seated():
    height = hip_height(Motion.of(risen(np.array([0.0, 1.0])), JOINTS, FPS))
    assert height == pytest.approx([0.5, 1.0], abs=1e-9)


def test_without_hips_there_is_nothing():
    joints = walker()
    joints[300:500, [JOINTS.index("left_hip"), JOINTS.index("right_hip")]] = np.nan
    found = actions_of(joints)
    assert [one.kind for one in found] == ["walking", "walking"]
    assert found[0].end_s == pytest.approx(3, abs=0.02) and found[1].start_s == pytest.approx(5, abs=0.02)


def test_hips_that_fall_at_once_are_lost_and_not_seated():
    joints = walker()
    joints[300:400, [JOINTS.index("left_hip"), JOINTS.index("right_hip")], 1] -= 600
    found = actions_of(joints)
    assert [one.kind for one in found] == ["walking", "walking"] and found[0].end_s == pytest.approx(3, abs=0.05)


def test_strides_in_turns_are_left_out_and_that_is_said():
    joints, spells = up_and_go(seconds=6.0)
    analysis = analyze(Motion.of(joints, JOINTS, FPS))
    assert analysis.left_out >= 1 and len(analysis.strides) >= 12
    walks = [(one.start_s, one.end_s) for one in analysis.actions if one.kind == "walking"]
    for stride in analysis.strides:
        assert any(start_s - 0.11 < stride.start_s and stride.end_s < end_s + 0.11 for start_s, end_s in walks)
    assert any("left out of the measures" in note for note in notes(analysis))
    assert analyze(Motion.of(walker(), JOINTS, FPS)).left_out == 0


def test_the_command_writes_what_the_person_does(tmp_path):
    joints, spells = up_and_go()
    write_trc(tmp_path / "walk.trc", joints, JOINTS)
    assert main([str(tmp_path / "walk.trc"), "--out", str(tmp_path / "out")]) == 0
    table = pd.read_csv(tmp_path / "out/actions.csv")
    assert list(table) == ["kind", "start_s", "end_s", "turn_deg"]
    assert [kind for kind in table["kind"] if kind != "standing"] == [kind for kind, _, _ in spells]
    page = (tmp_path / "out/report.html").read_text()
    assert "° left" in page and "Sitting down" in page


# The poses of the dome are another's; its bodies have many shapes.
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_people_of_the_dome_sit_on_chairs(seed):
    random = np.random.default_rng(seed)
    human = Human(Shape.random(random))
    motion = random_motion(random, human, 3.5, 50.0, names=("stand", "chair", "stand", "chair"))
    joints = to_world(human.pose(motion.rotations, motion.root_mm).joints_mm)
    found = find_actions(Motion.of(joints, PANOPTIC19.joints, 50.0).filtered(), [])
    kinds = [one.kind for one in found if one.kind not in ("walking", "standing", "turning")]
    down_and_up = ["sitting down", "sitting", "standing up"]
    assert kinds in (down_and_up, down_and_up + down_and_up, down_and_up + down_and_up[:2])


def test_turns_of_motion_capture(shared_data):
    turns = {}
    for path in sorted((shared_data / "mocap").glob("*.bvh")):
        found = analyze(read_tracks(path).motion(0)).actions
        assert {one.kind for one in found} <= {"walking", "standing", "turning"}, path
        if turned := [one.turn_deg for one in found if one.kind == "turning"]:
            turns[path.stem] = sum(turned)
    assert turns == {"141_25": pytest.approx(177, abs=5), "26_01": pytest.approx(183, abs=5)}
