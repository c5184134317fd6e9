"""Videos: who is followed becomes tracks, contacts become pictures, and the command writes them into the report."""

import cv2
import numpy as np
import pandas as pd
import pytest
from video_files import write_clip
from walking import JOINTS, walker

import gait.__main__
from demo.offline.recording import PersonTrack, Recording
from demo.video.video_file import VideoFile
from gait.__main__ import main
from gait.analysis import analyze_people
from gait.inputs.video import SHOWN, contact_pictures, tracks_of
from pose import Skeleton

FPS = 25.0
SKELETON = Skeleton("walker", JOINTS, limbs=((0, 1), (1, 2), (6, 7), (7, 8)), pairs=())


@pytest.fixture
def recording():
    """Someone who stands all the time, and someone who comes later, and walks."""
    walk = (walker(fps=FPS, seconds=7)[..., :2] * (0.04, -0.08) + (20, 110)).astype(np.float32)
    still = np.repeat(walk[:1] + 3, 200, axis=0)
    known = np.ones(walk.shape[:2], np.float32)
    people = {
        0: PersonTrack(0, still, np.ones(still.shape[:2], np.float32), np.zeros(still.shape[:2], bool)),
        4: PersonTrack(25, walk, known, np.zeros(known.shape, bool)),
    }
    return Recording(SKELETON, np.arange(200) / FPS, (120, 400), 0.3, people)


@pytest.fixture
def video(tmp_path):
    frames = [np.full((120, 400, 3), 40 + k, np.uint8) for k in range(200)]
    return write_clip(tmp_path / "walk.mkv", frames, list(np.arange(200) / FPS))


def test_joints_of_low_scores_are_not_known(recording):
    recording.people[4].scores[10, 3] = 0.1
    tracks = tracks_of(recording)
    times_s, xy_px = tracks.people[4]
    assert times_s[0] == pytest.approx(1.0) and np.isnan(xy_px[10, 3]).all() and np.isfinite(xy_px[10, 2]).all()


def test_pictures_of_contacts_show_the_frames_of_their_times(recording, video):
    person, analysis = analyze_people(tracks_of(recording))
    assert person == 4
    pictures = contact_pictures(video, recording, person, analysis.events, analysis.motion.start_s)
    assert len(pictures) == SHOWN
    contacts = [one for one in analysis.events if one.kind == "contact"]
    for picture in pictures:
        side, shown_s = picture.text.split()[0], float(picture.text.split()[-2])
        event = min(contacts, key=lambda one: abs(1 + one.time_s - shown_s))
        assert event.side == side and abs(1 + event.time_s - shown_s) < 0.006
        # The frame's number is its gray level, less 40.
        image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
        gray = np.median(image[:40].reshape(-1, 3))
        assert abs(gray - 40 - shown_s * FPS) < 3
        # The skeleton is drawn into it.
        assert (np.ptp(image.astype(int), axis=2) > 60).sum() > 100


def test_the_command_follows_people_and_shows_contacts(recording, video, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gait.__main__, "follow", lambda path, options: recording)
    assert main([str(video), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "strides of person 4, one of 2" in printed and "joints.csv, events.csv" in printed
    page = (tmp_path / "out/report.html").read_text()
    assert page.count("data:image/jpeg") == SHOWN and "person 4, one of 2" in page
    events = pd.read_csv(tmp_path / "out/events.csv")
    assert events["time_s"].min() > 1
    # The table of everybody gives the same.
    assert main([str(tmp_path / "out/joints.csv"), "--out", str(tmp_path / "again")]) == 0
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "again/events.csv"), events, atol=2e-3)
    assert main([str(video), "--person", "0", "--out", str(tmp_path / "still")]) == 3
    assert "no stride was found" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["none.mp4", "text.mp4"])
def test_what_is_no_video(tmp_path, capsys, name):
    (tmp_path / "text.mp4").write_text("hello")
    assert main([str(tmp_path / name), "--out", str(tmp_path / "out")]) == 2
    assert "gait reads .trc, .c3d, .bvh, .csv, .jsonl and videos" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# Contacts by eye, in frames, of the woman who walks past; the heels come down within a frame or two.
def test_a_real_walk_in_profile(shared_data, tmp_path):
    source, frames = VideoFile(str(shared_data / "clips/sports2d_demo.mp4")), []
    while len(frames) < 165 and (read := source.read()):
        frames.append(read[0])
    cut = write_clip(tmp_path / "cut.mp4", frames[66:], list(np.arange(99) / 30), "mpeg4", b="8M")
    assert main([str(cut), "--out", str(tmp_path / "out")]) == 0
    events = pd.read_csv(tmp_path / "out/events.csv")
    contacts = events[events["kind"] == "contact"]
    for side, numbers in (("left", (80, 117, 153)), ("right", (98, 135))):
        found = 66 + 30 * contacts.loc[contacts["side"] == side, "time_s"].to_numpy()
        assert np.abs(np.array(numbers)[:, None] - found).min(axis=1).max() < 2.5, (side, found)
