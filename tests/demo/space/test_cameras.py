"""People in space from videos of several cameras: the command, from recordings to files."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
from studio import cameras, seen, walking
from video_files import write_clip

from data_prep.panoptic.reader import Panoptic
from demo import cameras as command
from demo.offline.recording import PersonTrack, Recording
from demo.space.files import to_frame, write_c3d
from demo.space.picture import up_of
from demo.space.scene import SpaceOptions, locate_people
from demo.space.sync import find_offsets
from pose import COCO17, PANOPTIC19, convert_joints
from pose.panoptic_cameras import camera_entry

FPS, FRAMES = 30.0, 45
RAW = SpaceOptions(bones=False, smooth=None)


def people():
    return [walking(FRAMES, start=(0, -500)), walking(FRAMES, start=(900, 500), turn_deg=160)]


def recordings_of(rig, everybody, noise_px=0.0, delay_frames=0):
    """What a model that makes no mistakes would see; in all but the first camera `delay_frames` later."""
    found = []
    for view, camera in enumerate(rig):
        first = delay_frames if view else 0
        tracks = {}
        for number, xyz in enumerate(everybody):
            xy, scores = seen([camera], xyz[first:], noise_px=noise_px, seed=10 * view + number)
            tracks[number] = PersonTrack(0, xy[0].astype(np.float32), scores[0].astype(np.float32), scores[0] < 0)
        times_s = np.arange(FRAMES - first) / FPS
        found.append(Recording(COCO17, times_s, camera.size, 0.2, tracks))
    return found


def person_like(scene, xyz):
    """The one of the scene who is nearest to somebody."""
    return min(scene.people, key=lambda one: np.nanmean(np.abs(one.xyz_mm - xyz)))


def test_everybody_is_where_they_are():
    rig, everybody = cameras(4), people()
    scene = locate_people(rig, recordings_of(rig, everybody), (0.0,) * 4, RAW)
    assert len(scene.people) == 2 and scene.alone == 0
    for xyz in everybody:
        found = person_like(scene, xyz)
        np.testing.assert_allclose(found.xyz_mm, xyz, atol=0.1)  # float32 px
        assert (found.cameras == 4).all() and (found.scores == 1).all() and np.nanmax(found.errors_px) < 0.01


def test_smoothing_and_constant_bones_bring_noisy_joints_nearer():
    rig, everybody = cameras(4), people()[:1]
    recordings = recordings_of(rig, everybody, noise_px=5.0)
    errors = []
    for options in (RAW, SpaceOptions()):
        (found,) = locate_people(rig, recordings, (0.0,) * 4, options).people
        errors.append(np.linalg.norm(found.xyz_mm - everybody[0], axis=-1)[5:-5].mean())
    assert errors[1] < 0.7 * errors[0]


def test_videos_that_begin_later_are_moved():
    """By 3 frames and a half: joints are taken between two frames."""
    rig, everybody = cameras(3), people()[:1]
    recordings = recordings_of(rig, everybody, delay_frames=3)
    (found,) = locate_people(rig, recordings, (0.0, 3 / FPS, 3 / FPS), RAW).people
    np.testing.assert_allclose(found.xyz_mm[3:], everybody[0][3:], atol=0.1)
    assert (found.cameras[:3] == 0).all() and np.isnan(found.xyz_mm[:3]).all()
    halfway = [recordings[0], *(replace(one, times_s=one.times_s + 0.5 / FPS) for one in recordings[1:])]
    (between,) = locate_people(rig, halfway, (0.0, 2.5 / FPS, 2.5 / FPS), RAW).people
    np.testing.assert_allclose(between.xyz_mm[4:-1], everybody[0][4:-1], atol=3)


def test_when_videos_begin_is_found_by_the_motion():
    """The second begins 3 frames late, the third 2.5, and there is noise."""
    rig, everybody = cameras(3), people()
    recordings = recordings_of(rig, everybody, noise_px=2.0, delay_frames=3)
    recordings[2] = replace(recordings[2], times_s=recordings[2].times_s + 0.5 / FPS)
    found = find_offsets(rig, recordings, reach_s=0.6)
    np.testing.assert_allclose(found, [0, 3 / FPS, 2.5 / FPS], atol=0.3 / FPS)


def test_people_who_stand_still_do_not_say_when_videos_begin():
    rig = cameras(2)
    standing_still = [np.repeat(people()[0][:1], FRAMES, 0)]
    assert find_offsets(rig, recordings_of(rig, standing_still, noise_px=2.0), reach_s=0.6) == [0, None]
    nobody = [replace(one, people={}) for one in recordings_of(rig, standing_still)]
    assert find_offsets(rig, nobody, reach_s=0.6) == [0, None]


def test_short_gaps_are_interpolated_and_long_ones_are_not():
    rig, everybody = cameras(3), people()[:1]
    recordings = recordings_of(rig, everybody)
    for recording in recordings:
        scores = recording.people[0].scores
        scores[10:14, 9], scores[20:40, 10] = 0, 0
    (found,) = locate_people(rig, recordings, (0.0,) * 3, replace(RAW, max_gap_s=0.2)).people
    assert np.isnan(found.xyz_mm[20:40, 10]).all() and np.isfinite(found.xyz_mm[:, 9]).all()
    assert (found.cameras[10:14, 9] == 0).all() and (found.scores[10:14, 9] == 0).all()
    np.testing.assert_allclose(found.xyz_mm[10:14, 9], everybody[0][10:14, 9], atol=20)


def test_a_camera_that_was_moved_is_corrected_on_request():
    rig, everybody = cameras(4), people()
    turn = cv2.Rodrigues(np.array([0.004, -0.006, 0.003]))[0]
    wrong = [*rig[:3], replace(rig[3], rotation=turn @ rig[3].rotation, translation_mm=turn @ rig[3].translation_mm)]
    recordings = recordings_of(rig, everybody, noise_px=1.0)
    errors = {}
    for refine in (False, True):
        scene = locate_people(wrong, recordings, (0.0,) * 4, replace(RAW, refine=refine))
        errors[refine] = np.nanmedian(np.concatenate([one.errors_px.ravel() for one in scene.people]))
    assert errors[True] < errors[False] / 2
    assert scene.cameras[3] is not wrong[3]


def test_the_world_may_stand_on_any_axis():
    rig, everybody = cameras(3), people()[:1]
    scene = locate_people(rig, recordings_of(rig, everybody), (0.0,) * 3, RAW)
    assert up_of(scene).tolist() == [0, 0, 1]
    (found,) = scene.people
    turned = replace(found, xyz_mm=found.xyz_mm[..., [0, 2, 1]] * (1, -1, 1))
    assert up_of(replace(scene, people=[turned])).tolist() == [0, -1, 0]


def test_a_table_has_a_row_for_each_person_in_a_frame():
    rig, everybody = cameras(3), people()
    scene = locate_people(rig, recordings_of(rig, everybody), (0.0,) * 3, RAW)
    table = to_frame(scene)
    assert len(table) == 2 * FRAMES and table["frame"].is_monotonic_increasing
    row = table.iloc[21]
    person = scene.people[int(row["person"])]
    frame, knee = int(row["frame"]), COCO17.index("left_knee")
    assert [row[f"left_knee_{axis}_mm"] for axis in "xyz"] == person.xyz_mm[frame, knee].tolist()
    assert row["left_knee_cameras"] == 3 and row["time_s"] == pytest.approx(frame / FPS)


def test_c3d_holds_points_and_residuals(tmp_path):
    ezc3d = pytest.importorskip("ezc3d")
    rig, everybody = cameras(3), people()[:1]
    scene = locate_people(rig, recordings_of(rig, everybody, noise_px=2.0), (0.0,) * 3, RAW)
    scene.people[0].xyz_mm[7, 3] = np.nan
    # Two of three cameras, 1 and 3 px off.
    scene.people[0].errors_px[:, 4, 2], scene.people[0].cameras[4, 2] = (1, np.nan, 3), 2
    write_c3d(scene, scene.people[0], tmp_path / "a.c3d")
    found = ezc3d.c3d(str(tmp_path / "a.c3d"))
    points, residuals = found["data"]["points"][:3], found["data"]["meta_points"]["residuals"][0]
    np.testing.assert_allclose(points.transpose(2, 1, 0), scene.people[0].xyz_mm, rtol=1e-5, atol=0.01)
    assert found["parameters"]["POINT"]["LABELS"]["value"] == list(COCO17.joints)
    assert found["parameters"]["POINT"]["UNITS"]["value"] == ["mm"]
    assert found["parameters"]["POINT"]["RATE"]["value"][0] == pytest.approx(30)
    assert residuals[2, 4] == pytest.approx(2, abs=0.01)
    assert residuals[3, 7] == -1 and (np.delete(residuals.ravel(), 3 * FRAMES + 7) >= 0).all()


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """Three small videos with their calibration; the model sees two people in them."""
    rig = [replace(camera, name=f"00_{k:02}") for k, camera in enumerate(cameras(3))]
    small = [replace(one, matrix=np.diag([0.1, 0.1, 1]) @ one.matrix, size=(108, 192)) for one in rig]
    videos = []
    for camera in small:
        pictures = [np.full((108, 192, 3), 5 * frame, np.uint8) for frame in range(FRAMES)]
        videos.append(write_clip(tmp_path / f"{camera.name}.mp4", pictures, [k / FPS for k in range(FRAMES)]))
    calibration = tmp_path / "calibration_x.json"
    calibration.write_text(json.dumps({"cameras": list(map(camera_entry, small))}))
    made = dict(zip(map(str, videos), recordings_of(small, people(), noise_px=0.2), strict=True))
    monkeypatch.setattr(command, "track_video", lambda source, *_, **__: made[source.source])
    return [*map(str, videos), "--calibration", str(calibration), "--model", "fast", "--runtime", "onnx"]


def test_the_command_writes_all_files(studio, tmp_path, capsys):
    assert command.main([*studio, "--out", str(tmp_path / "out")]) == 0
    out = tmp_path / "out"
    told = capsys.readouterr().out
    assert "2 people in space, 45 frames" in told and "person 1: 0.00 to 1.47 s, bone lengths vary by" in told
    table = pd.read_csv(out / "joints.csv")
    truth = people()
    for number in (0, 1):
        rows = table[table["person"] == number]
        xyz = np.stack([[rows[f"{name}_{axis}_mm"] for axis in "xyz"] for name in COCO17.joints]).transpose(2, 0, 1)
        assert min(np.linalg.norm(xyz - one, axis=-1)[5:-5].mean() for one in truth) < 15
    trc = (out / "person_0.trc").read_text().splitlines()
    assert trc[2].split("\t")[:5] == ["30", "30", "45", "17", "mm"]
    assert trc[3].split("\t")[2::3][:17] == list(COCO17.joints)
    values = np.array([line.split("\t") for line in trc[6:]], float)
    assert values.shape == (FRAMES, 2 + 3 * 17) and values[:, 0].tolist() == list(range(1, FRAMES + 1))
    np.testing.assert_allclose(values[:, 2:5], table[table["person"] == 0][[f"nose_{a}_mm" for a in "xyz"]], atol=0.002)
    picture = cv2.imread(str(out / "overview.jpg"))
    assert picture.shape[1] > 3 * 390 and (picture < 250).any()


def test_the_command_says_when_videos_begin(studio, tmp_path, capsys):
    assert command.main([*studio, "--sync", "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    begins = [float(line.split("begins ")[1].split(" s")[0]) for line in told.splitlines() if "begins" in line]
    assert len(begins) == 3 and np.abs(begins).max() < 0.5 / FPS


def test_what_is_filmed_becomes_a_data_set(studio, tmp_path):
    assert command.main([*studio, "--out", str(tmp_path / "my walk"), "--no-bones", "--smooth", "none"]) == 0
    reader = Panoptic(tmp_path / "my walk/studio", min_confidence=0.1, min_box_px=1)
    found = list(reader.people())
    assert len(found) == 2 * 3 * FRAMES and {one.sequence for one in found} == {"my_walk"}
    truth, _ = convert_joints(people()[0], np.full((FRAMES, 17), 2), COCO17, PANOPTIC19)
    first = [one for one in found if one.frame == 10 and one.camera == "00_01"]
    camera = reader_camera(tmp_path / "calibration_x.json")
    expected = camera.project(truth[10])
    assert min(np.abs(one.joints_xy_px - expected).max() for one in first) < 2


def reader_camera(path):
    from pose.space.calibration import read_calibration

    return read_calibration(path)["00_01"]


def test_cameras_are_found_by_the_videos_names_by_names_or_in_order(studio, tmp_path):
    def names(videos, *more):
        given = command.Options(
            videos=tuple(tmp_path / one for one in videos),
            calibration=tmp_path / "calibration_x.json",
            out=tmp_path / "out",
            **dict(more),
        )
        return [camera.name for camera in command.cameras_of(given)]

    assert names(["00_02.mp4", "00_00.mp4"]) == ["00_02", "00_00"]
    assert names(["a.mp4", "b.mp4", "c.mp4"]) == ["00_00", "00_01", "00_02"]
    assert names(["a.mp4", "b.mp4"], ("names", ("00_01", "00_00"))) == ["00_01", "00_00"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--offsets-s", "1"], 2, "--offsets-s must be one for each of the 3 videos, got 1"),
        (["--names", "00_00", "00_00", "00_01"], 2, "each video needs a camera of its own"),
        (["--names", "00_00", "00_01", "x"], 2, "the calibration has no camera 'x', but 00_00, 00_01, 00_02"),
        (["--sync", "--offsets-s", "0", "1", "1"], 2, "--sync finds the offsets; leave --offsets-s out"),
        (["--cutoff-hz", "0"], 2, "--cutoff-hz must be above 0"),
        (["--calibration", "gone.toml"], 2, "there is no calibration gone.toml"),
        (["--out", "gone/walk"], 2, "make the folder that it lies in"),
        (["--out", "."], 2, "must be a new folder or an empty one"),
        (["--offsets-s", "0", "100", "200"], 3, "nobody is seen by two cameras in the same place"),
    ],
)
def test_wrong_arguments_are_one_line(studio, tmp_path, words, code, message, capsys):
    words = words if "--out" in words else [*words, "--out", str(tmp_path / "out")]
    assert command.main([*studio, *words]) == code
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_one_video_is_not_enough(studio, tmp_path, capsys):
    assert command.main([studio[0], *studio[3:], "--out", str(tmp_path / "out")]) == 2
    assert "two or more videos are needed, got 1" in capsys.readouterr().err


def test_a_video_that_is_not_there_is_named(studio, tmp_path, capsys):
    assert (
        command.main(["gone.mp4", *studio[1:], "--names", "00_00", "00_01", "00_02", "--out", str(tmp_path / "o")]) == 3
    )
    assert "'gone.mp4' does not exist" in capsys.readouterr().err
