"""Timed tests of a made-up person whose ways are known, and recordings that do not show them."""

import json

import numpy as np
import pandas as pd
import pytest
from walking import FPS, JOINTS, SPEED, eased, risen, up_and_go, walker, write_trc

from gait.__main__ import main
from gait.actions import Action
from gait.analysis import analyze
from gait.motion import LEG_SHARE, Motion
from gait.outputs.notes import notes
from gait.timed import timed_tests


def results_of(joints, height_m=None, **unit):
    found = analyze(Motion.of(joints, JOINTS, FPS, **unit), height_m).tests
    assert [one.name for one in found] == [
        "Timed Up and Go",
        "5 chair stands",
        "chair stands in 30 s",
        "4 m walk",
        "6 m walk",
    ]
    return {one.name: one for one in found}


def chair_stands(count, rise=90, stand=40, rest=50):
    """Rises and sits down, each in `rise` frames, that begin every 2 * rise + stand + rest frames from 100 on."""
    once = [eased(rise), np.ones(stand), eased(rise)[::-1], np.zeros(rest)]
    share = np.concatenate([np.zeros(100), *count * once])
    return risen(share) + np.random.default_rng(0).normal(0, 4, (len(share), 12, 3))


@pytest.mark.parametrize("image", [False, True])
def test_up_and_go(image):
    joints, spells = up_and_go()
    if image:
        found = results_of(joints[..., :2] * (0.2, -0.2) + (300, 400), unit="px")["Timed Up and Go"]
    else:
        found = results_of(joints)["Timed Up and Go"]
    true_s = spells[6][2] - spells[1][1]
    # The first and the last 5 % of the way up and down take 0.16 s each; 5.28 m are walked, and some in standing up.
    assert found.value == pytest.approx(true_s - 0.32, abs=0.1)
    parts = {part.rsplit(" ", 2)[0]: float(part.split()[-2]) for part in found.about.split(";")[0].split(", ")}
    assert sum(parts.values()) == pytest.approx(found.value, abs=0.26)
    assert parts["turning"] == pytest.approx(1.5, abs=0.21) and parts["way there"] == pytest.approx(4.6, abs=0.4)
    if image:
        assert "how far it was is not known" in found.about and "sitting down" in parts
    else:
        assert "one way was 5.4 m" in found.about and "turning and sitting down" in parts


def action(kind, start_s, end_s, turn_deg=None):
    return Action(kind, start_s, end_s, turn_deg)


def test_up_and_go_needs_a_turn_back_between_two_walks():
    motion = Motion.of(walker(), JOINTS, FPS).filtered()
    way = [action("sitting", 0, 1), action("standing up", 1, 2), action("standing", 2, 3), action("walking", 3, 5)]
    end = [action("walking", 6, 8), action("sitting down", 8, 9), action("sitting", 9, 10)]
    turn, bend = action("turning", 5, 6, -170.0), action("turning", 5, 6, 90.0)
    assert timed_tests(motion, [*way, turn, *end])[0].value == pytest.approx(8)
    for other in (
        [*way, bend, *end],
        [*way, turn, *end[1:]],
        [*way[2:], turn, *end],
        [*way, turn, end[0]],
        [*way, *end],
    ):
        found = timed_tests(motion, other)[0]
        assert found.value is None and "nobody stands up, walks, turns back" in found.about


def test_five_chair_stands_end_with_the_fifth_stand():
    found = results_of(chair_stands(6))
    # 5 % of the height are reached after 10.5 % of the rise's time, 95 % after 70 %.
    assert found["5 chair stands"].value == pytest.approx(4 * 2.7 + 0.9 * (0.7 - 0.105), abs=0.1)
    assert found["chair stands in 30 s"].value is None
    assert "stands up 6 times in a row, for 1" in found["chair stands in 30 s"].about
    few = results_of(chair_stands(4))
    assert few["5 chair stands"].value is None and "stands up 4 times in a row" in few["5 chair stands"].about


def test_chair_stands_in_half_a_minute():
    # One every 2.8 s: the twelfth begins after 30.8 s.
    assert results_of(chair_stands(13, rest=60))["chair stands in 30 s"].value == 11
    # The tenth begins after 27 s; half of a rise that takes 3 s is done after 28.5 s.
    assert results_of(chair_stands(11, rise=120, stand=30, rest=30))["chair stands in 30 s"].value == 10


def test_a_long_rest_ends_the_chair_stands():
    joints = np.concatenate([chair_stands(3), np.repeat(chair_stands(1)[:1], 700, axis=0), chair_stands(5)])
    found = results_of(joints)
    assert found["5 chair stands"].value == pytest.approx(4 * 2.7 + 0.9, abs=0.4)
    only_five = np.concatenate([chair_stands(5), np.repeat(chair_stands(1)[:1], 2000, axis=0)])
    assert results_of(only_five)["chair stands in 30 s"].value is None


def test_walks_of_four_and_six_meters():
    found = results_of(walker(seconds=8))
    for length in (4, 6):
        assert found[f"{length} m walk"].value == pytest.approx(1000 * length / SPEED, rel=0.03)
    short = results_of(walker(seconds=4))
    assert short["6 m walk"].value is None and "the longest straight walk is 4." in short["6 m walk"].about
    assert short["4 m walk"].value is not None


def test_an_image_has_meters_with_the_persons_height():
    image = walker()[..., :2] * (0.2, -0.2) + (50, 400)
    found = results_of(image, unit="px")
    assert found["4 m walk"].value is None and "--height-m" in found["4 m walk"].about
    plain = analyze(Motion.of(image, JOINTS, FPS, unit="px"))
    leg_mm = plain.motion.leg / 0.2
    height_m = leg_mm / LEG_SHARE / 1000
    assert results_of(image, height_m, unit="px")["4 m walk"].value == pytest.approx(4000 / SPEED, rel=0.03)
    scaled = analyze(Motion.of(image, JOINTS, FPS, unit="px"), height_m)
    speeds = {one.unit: one.value for one in scaled.measures if one.name == "speed"}
    assert speeds["m/s"] == pytest.approx(SPEED / 1000, rel=0.01)
    assert any("given height" in note for note in notes(scaled)) and any("no scale" in note for note in notes(plain))


@pytest.mark.parametrize(
    ("unit", "height_m", "message"), [("mm", 1.7, "leave --height-m out"), ("px", 170, "0.5 to 2.5")]
)
def test_heights_that_do_not_do(unit, height_m, message):
    with pytest.raises(ValueError, match=message):
        analyze(Motion.of(walker(), JOINTS, FPS, unit=unit), height_m)


def test_the_command_reports_chair_stands_of_someone_who_never_walks(tmp_path, capsys):
    write_trc(tmp_path / "chair.trc", chair_stands(5), JOINTS)
    assert main([str(tmp_path / "chair.trc"), "--out", str(tmp_path / "out")]) == 0
    assert "5 chair stands: 11." in capsys.readouterr().out
    gait = json.loads((tmp_path / "out/gait.json").read_text())
    assert gait["measures"] == [] and gait["tests"][1]["value"] == pytest.approx(11.5, abs=0.3)
    for name, column in (("events", "kind"), ("strides", "side"), ("angles", "angle")):
        table = pd.read_csv(tmp_path / f"out/{name}.csv")
        assert table.empty and column in table
    page = (tmp_path / "out/report.html").read_text()
    assert "Timed tests" in page and "cannot be judged from this recording" in page and "Measures</h2>" not in page
