"""Gait against drawn walks: errors by hand, and truth of a recorded walk that its own joints reproduce."""

from types import SimpleNamespace

import numpy as np
import pytest
from walking import FPS, JOINTS, walker

from benchmarks.gait.silhouettes import iou, true_silhouette
from benchmarks.gait.views import compared, main, read_walks, row_of, summary
from benchmarks.gait.walks import SIZE, camera_at, film, read_walk, seen_from
from demo.video.video_file import VideoFile
from gait.analysis import analyze
from gait.events import Event, find_events
from gait.inputs.silhouettes import person_crop
from gait.motion import Motion


def event(side, kind, time_s):
    return Event(side, kind, time_s, time_s, time_s)


@pytest.fixture
def walk():
    """What `compared` needs of a walk: the made-up walker's joints and events."""
    motion = Motion.of(walker(), JOINTS, FPS)
    return SimpleNamespace(motion=motion, events=find_events(motion.filtered()))


def test_the_truth_compared_with_itself(walk):
    filtered = walk.motion.filtered()
    outcome = compared(walk, filtered, walk.events, summary(filtered, walk.events))
    assert outcome.missed == outcome.false == 0 and outcome.found > 20
    assert max(map(abs, outcome.errors_ms)) == outcome.cadence == outcome.stance == outcome.step_length == 0


def test_late_false_and_missed_events(walk):
    inner = [one for one in walk.events if 1 < one.time_s < 7]
    late = [event(one.side, one.kind, one.time_s + (0.15 if one is inner[0] else 0.02)) for one in inner[:-1]]
    nobody = compared(walk, walk.motion, (), {})
    outcome = compared(walk, walk.motion, [*late, event("left", "off", 0.1), event("left", "contact", 4.95)], {})
    assert nobody.found == 0 and nobody.missed == outcome.found + outcome.missed
    assert outcome.found == len(inner) - 2 and np.isnan(outcome.cadence)
    # One is found too late, one is made up; what lies in the first quarter of a second does not count.
    assert outcome.false == 2
    assert sorted(np.round(outcome.errors_ms)) == [*[20] * outcome.found, 150]
    # Of 20 ms each and once 150, the median is 20; F1 is 2 found / (2 found + false + missed).
    row = row_of("mine", "90", [outcome, nobody])
    f1 = 2 * outcome.found / (2 * outcome.found + 2 + outcome.missed + nobody.missed)
    assert (row["walks"], row["median, ms"], row["F1 at 100 ms, %"]) == ("1 of 2", "20", f"{100 * f1:.0f}")
    assert row["cadence, %"] == ""


def test_the_camera_goes_about_the_person():
    # In the world y points down, and a person who faces +z has their left at -x.
    ahead, left = np.array([[0, -900.0, 500]]), np.array([[-500, -900.0, 0]])
    middle = (SIZE[1] - 1) / 2
    assert camera_at(90).project(left)[0, 0] == pytest.approx(middle)
    assert camera_at(90).project(ahead)[0, 0] < middle - 50
    assert camera_at(0).project(ahead)[0, 0] == pytest.approx(middle)
    assert camera_at(0).project(left)[0, 0] > middle + 50
    assert camera_at(180).project(left)[0, 0] < middle - 50


def test_a_folder_without_walks(tmp_path, capsys):
    assert main(["--motion", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no .bvh file of somebody who walks straight ahead" in capsys.readouterr().err


def test_iou_by_hand():
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    one[:2], other[1:3] = True, True
    assert iou(one, other) == pytest.approx(1 / 3) and iou(one, one) == 1


def test_soles_and_joints_of_a_recorded_walk_agree(shared_data, tmp_path):
    (tmp_path / "35_02.bvh").symlink_to(shared_data / "mocap/35_02.bvh")
    (tmp_path / "35_08.bvh").symlink_to(shared_data / "mocap/35_08.bvh")
    (walk,) = read_walks(tmp_path)
    assert walk.name == "35_02"
    # Two methods without anything in common: heights and speeds of the soles, and the paths of heels and toes.
    for motion in (walk.motion, seen_from(walk, 90)):
        analysis = analyze(motion)
        outcome = compared(walk, analysis.motion, analysis.events, summary(analysis.motion, analysis.events))
        assert outcome.missed <= 1 and outcome.false <= 1
        assert np.median(np.abs(outcome.errors_ms)) < 25 and abs(outcome.cadence) < 2 and abs(outcome.step_length) < 5


def test_films_show_the_person_where_the_silhouette_is(shared_data, tmp_path):
    walk = read_walk(shared_data / "mocap/16_21.bvh")
    film(walk, 90, tmp_path / "walk.mp4")
    source = VideoFile(str(tmp_path / "walk.mp4"))
    frames = [source.read()[0] for _ in range(41)]
    crop = person_crop(seen_from(walk, 90).xyz[40])
    true = true_silhouette(walk, 90, 40, crop)
    assert 0.05 < true.mean() < 0.4
    # Since then the person has come there.
    changed = np.abs(crop.cut(frames[40]).astype(int) - crop.cut(frames[0])).sum(axis=2) > 60
    assert changed[true].mean() > 0.5 > 0.1 > changed[~true].mean()
