"""Frames of files and cameras."""

import time

import cv2
import numpy as np
import pytest

import demo.video.capture
from benchmarks.demo.restless_camera import RestlessCamera
from demo.errors import SourceError
from demo.video.capture import FrameSource


def read_to_the_end(source, delay_s=0.0):
    frames = []
    while not source.ended:
        frame = source.read(1.0)
        if frame is not None:
            frames.append(frame)
            time.sleep(delay_s)
    return frames


@pytest.fixture
def counting_video(tmp_path, write_video):
    """Frame k is grey of value 8 k."""
    pictures = [np.full((48, 64, 3), 8 * k, np.uint8) for k in range(25)]
    return write_video(tmp_path / "count.avi", pictures, fps=12.5)


@pytest.mark.parametrize("delay_s", [0.0, 0.01])
def test_a_file_yields_every_frame_in_order(counting_video, delay_s):
    with FrameSource(str(counting_video)) as source:
        frames = read_to_the_end(source, delay_s)
    assert (source.live, source.size, source.count, source.fps) == (False, (48, 64), 25, 12.5)
    assert [frame.index for frame in frames] == list(range(25))
    np.testing.assert_allclose([frame.picture.mean() for frame in frames], 8 * np.arange(25), atol=2)
    assert frames[10].time_s == pytest.approx(10 / 12.5)


def test_pictures_are_rgb(tmp_path, write_video):
    path = write_video(tmp_path / "red.avi", [np.full((48, 64, 3), (200, 20, 20), np.uint8)])
    with FrameSource(str(path)) as source:
        red, green, blue = source.read(1.0).picture.mean(axis=(0, 1))
    assert red > 150 and green < 60 and blue < 60


class FakeCamera:
    """Yields a frame every 5 ms, whose value is its number, and nothing after `count`."""

    count = 60

    def __init__(self, *_):
        self.number = -1

    def isOpened(self):  # noqa: N802
        return True

    def get(self, prop):
        return {cv2.CAP_PROP_FPS: 0.0, cv2.CAP_PROP_FRAME_COUNT: -1.0}[prop]

    def read(self):
        time.sleep(0.005)
        self.number += 1
        good = self.number < self.count
        return good, np.full((4, 6, 3), self.number, np.uint8) if good else None

    def release(self):
        self.number = None


@pytest.fixture
def fake_camera(monkeypatch):
    monkeypatch.setattr(demo.video.capture.cv2, "VideoCapture", FakeCamera)
    monkeypatch.setattr(demo.video.capture, "_SILENCE_S", 0.1)


def test_a_camera_yields_its_newest_frame_and_drops_the_others(fake_camera):
    with FrameSource("0") as source:
        frames = []
        for _ in range(4):
            time.sleep(0.05)
            frames.append(source.read(1.0))
    assert source.live and source.fps == 30
    indices = [frame.index for frame in frames]
    # About ten frames come in each 50 ms.
    assert indices[0] >= 2 and (np.diff(indices) >= 3).all()
    assert [frame.picture[0, 0, 0] for frame in frames] == indices
    assert (np.diff([frame.time_s for frame in frames]) > 0).all()


def test_a_silent_stream_ends_after_a_while(fake_camera, monkeypatch):
    monkeypatch.setattr(demo.video.capture, "_ABSENCE_S", 0.0)
    with FrameSource("http://127.0.0.1:9/stream") as source:
        frames = read_to_the_end(source)
    assert source.live and frames[-1].index == FakeCamera.count - 1


@pytest.fixture
def quick_to_look_again(monkeypatch):
    monkeypatch.setattr(demo.video.capture, "_SILENCE_S", 0.1)
    monkeypatch.setattr(demo.video.capture, "_RETRY_S", 0.05)
    monkeypatch.setattr(demo.video.capture, "_ABSENCE_S", 1.0)


def grey_camera(**settings):
    return RestlessCamera([np.full((48, 64, 3), 90, np.uint8)], seed=0, fps=100.0, **settings)


@pytest.mark.parametrize("source", ["0", "rtsp://host/stream", "http://host/video.mjpg", "https://host/live.m3u8"])
def test_a_reconnected_camera_goes_on(quick_to_look_again, source):
    camera = grey_camera(unplug_every_s=0.6, away_s=0.3)
    silences = []
    with FrameSource(source, camera.open) as frames:
        taken = []
        while camera.unplugged < 3:
            taken.append(frames.read(0.02))
            silences.append(frames.silent_s)
    taken = [frame for frame in taken if frame is not None]
    gaps_s = np.diff([frame.time_s for frame in taken])
    assert (gaps_s > 0).all() and np.count_nonzero(gaps_s > 0.29) == 2
    assert 0.25 < max(silences) < 0.6
    assert camera.handles <= 0 and {frame.picture.shape[2] for frame in taken} == {3}


def test_a_camera_that_yields_nothing_at_first(quick_to_look_again):
    camera = grey_camera()
    answers = iter(3 * [(False, None)])
    camera.read = lambda: next(answers, (True, np.zeros((48, 64, 3), np.uint8)))
    assert FrameSource("0", camera.open).size == (48, 64)
    camera.read = lambda: (False, None)
    with pytest.raises(SourceError, match="camera 0 cannot be opened"):
        FrameSource("0", camera.open)


def test_a_camera_that_stays_disconnected_has_ended(quick_to_look_again):
    camera = grey_camera(unplug_every_s=0.2, away_s=1e3)
    with FrameSource("0", camera.open) as source:
        begin_s = time.perf_counter()
        read_to_the_end(source)
    assert 1.0 < time.perf_counter() - begin_s < 3.0


def test_leaving_does_not_wait_for_a_disconnected_camera(monkeypatch, quick_to_look_again):
    monkeypatch.setattr(demo.video.capture, "_RETRY_S", 30.0)
    camera = grey_camera(unplug_every_s=0.1, away_s=1e3)
    with FrameSource("0", camera.open) as source:
        time.sleep(0.4)
        begin_s, thread = time.perf_counter(), source._thread
    assert time.perf_counter() - begin_s < 1.0 and not thread.is_alive()


def test_an_error_of_the_reader_raises(quick_to_look_again):
    camera = grey_camera()
    with FrameSource("0", camera.open) as source:
        camera.read = lambda: (True, np.zeros((2, 2), np.float64))
        with pytest.raises(SourceError, match="0 cannot be read any further"):
            read_to_the_end(source)


def test_leaving_stops_a_thread_that_waits_for_room(counting_video):
    with FrameSource(str(counting_video)) as source:
        source.read(1.0)
        thread = source._thread
    assert not thread.is_alive()


def test_a_truncated_file_yields_what_it_holds(tmp_path, write_video):
    whole = write_video(tmp_path / "whole.mkv", [np.full((48, 64, 3), 8 * k, np.uint8) for k in range(25)])
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with FrameSource(str(cut)) as source:
        frames = read_to_the_end(source)
    assert 5 <= len(frames) < 25


def test_unreadable_sources_raise(tmp_path, capfd):
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    (tmp_path / "empty.mp4").touch()
    for source, message in (
        (str(tmp_path / "missing.mp4"), "missing.mp4' does not exist"),
        (str(text), "text.mp4' cannot be read as a video"),
        (str(tmp_path / "empty.mp4"), "empty.mp4' cannot be read as a video"),
        (str(tmp_path), "is a folder"),
        ("99", "camera 99 cannot be opened"),
        ("http://127.0.0.1:9/stream", "no video comes from http://127.0.0.1:9/stream"),
    ):
        with pytest.raises(SourceError, match=message) as error:
            FrameSource(source)
        assert error.value.exit_code == 3
    # One message is enough: OpenCV and FFmpeg add nothing of their own.
    assert capfd.readouterr().err == ""
