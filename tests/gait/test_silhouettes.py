"""Silhouettes: what moves before a still camera, a net's matte, the files, and the command."""

import cv2
import numpy as np
import pytest
from video_files import write_clip
from walking import JOINTS, walker

import gait.__main__
from demo.errors import ModelError
from demo.offline.recording import PersonTrack, Recording
from gait.__main__ import main
from gait.actions import Action
from gait.inputs import silhouettes
from gait.inputs.silhouettes import by_background, by_net, person_crop, silhouettes_of, write_silhouettes
from pose import Skeleton
from pose.tasks import PERSON_MATTE
from train.gaitset import read_silhouettes

FPS = 25.0


@pytest.fixture
def recording():
    """Somebody who walks across, as a bright figure of lines on a dark ground."""
    walk = (walker(fps=FPS, seconds=6)[..., :2] * (0.08, -0.16) + (60, 260)).astype(np.float32)
    track = PersonTrack(0, walk, np.ones(walk.shape[:2], np.float32), np.zeros(walk.shape[:2], bool))
    skeleton = Skeleton("walker", JOINTS, limbs=((0, 1), (1, 2), (6, 7), (7, 8)), pairs=())
    return Recording(skeleton, np.arange(150) / FPS, (300, 760), 0.3, {0: track})


@pytest.fixture
def masks(recording):
    drawn = []
    for joints in recording.people[0].xy_px:
        mask = np.zeros((300, 760), np.uint8)
        for side in (joints[:6], joints[6:]):
            cv2.polylines(mask, [side[[5, 0, 1, 2, 3, 4]].round().astype(np.int32)], False, 255, 24)
        drawn.append(mask)
    return drawn


@pytest.fixture
def video(masks, tmp_path):
    ground = np.broadcast_to(np.linspace(20, 60, 760).astype(np.uint8)[None, :, None], (300, 760, 3))
    frames = [np.where(mask[..., None] > 0, np.uint8([200, 160, 120]), ground) for mask in masks]
    return write_clip(tmp_path / "walk.mp4", frames, list(np.arange(150) / FPS), "mpeg4", b="8M")


def test_what_moves_is_the_person(recording, masks, video):
    found = silhouettes_of(video, recording, 0, by_background(video))
    assert len(found) >= 149
    for number in (30, 75, 120):
        crop = person_crop(recording.people[0].xy_px[number])
        true, ours = crop.cut_nearest(masks[number]) > 0, found[number] > 0
        assert (true & ours).sum() > 0.85 * (true | ours).sum(), number


def test_only_walking_counts(recording, video):
    walks = [Action("standing", 0.0, 2.0), Action("walking", 2.0, 4.0)]
    found = silhouettes_of(video, recording, 0, lambda picture, crop: np.ones((256, 256), bool), walks)
    assert min(found) == 50 and max(found) == 100
    assert silhouettes_of(video, recording, 0, lambda picture, crop: np.zeros((256, 256), bool)) == {}


def test_few_joints_have_no_crop():
    joints = np.full((12, 2), np.nan)
    joints[:4] = (10, 20)
    assert person_crop(joints) is None


def test_files_of_an_earlier_run_go(tmp_path):
    mask = np.full((256, 256), 255, np.uint8)
    write_silhouettes({1: mask, 2: mask}, tmp_path / "001/nm-01/090")
    write_silhouettes({7: mask}, tmp_path / "001/nm-01/090")
    assert [path.name for path in (tmp_path / "001/nm-01/090").iterdir()] == ["000007.png"]
    assert [path.name for path in (tmp_path / "001/nm-01").iterdir()] == ["090"]


def test_the_command_writes_what_gaitset_reads(recording, video, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gait.__main__, "follow", lambda path, options: recording)
    out = tmp_path / "out"
    assert main([str(video), "--silhouettes", "background", "--out", str(out)]) == 0
    (walk,) = read_silhouettes(out / "silhouettes")
    assert walk == ("001", "nm-01", 90)
    assert "silhouettes in" in capsys.readouterr().out
    page = (out / "report.html").read_text()
    assert "Gait energy image" in page and page.count("data:image/png") == 1
    assert main([str(video), "--out", str(out)]) == 0
    assert "Gait energy image" not in (out / "report.html").read_text()


def test_joints_have_no_silhouettes(tmp_path, capsys):
    (tmp_path / "walk.csv").write_text("frame,time_s,person\n")
    assert main([str(tmp_path / "walk.csv"), "--silhouettes", "background", "--out", str(tmp_path / "out")]) == 2
    assert "silhouettes are those of a video" in capsys.readouterr().err


class Net:
    """A net that takes what is bright for the person."""

    description = {"size": 256, **PERSON_MATTE.describe()}

    def run(self, inputs):
        return {"matte": (inputs["pictures"].mean(axis=3) > 100).astype(np.float32)}


def test_a_net_finds_them(recording, masks, video, monkeypatch, tmp_path):
    monkeypatch.setattr(silhouettes, "check_export", lambda path: path)
    monkeypatch.setattr(silhouettes, "opened", lambda path: Net())
    found = silhouettes_of(video, recording, 0, by_net(tmp_path))
    crop = person_crop(recording.people[0].xy_px[75])
    true = crop.cut_nearest(masks[75]) > 0
    assert (true & (found[75] > 0)).sum() > 0.85 * (true | (found[75] > 0)).sum()


def test_a_net_of_another_kind():
    with pytest.raises(ModelError, match="finds no silhouettes"):
        by_net(silhouettes.Path(__file__).parents[2] / "weights/fast/export")
