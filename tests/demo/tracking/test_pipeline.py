"""The thread of the model."""

import time

import numpy as np
import pytest

from benchmarks.demo.restless_camera import RestlessCamera
from demo.tracking.people import TrackedFrame
from demo.tracking.pipeline import Pipeline
from demo.video.capture import FrameSource


@pytest.fixture
def video(tmp_path, write_video):
    return str(write_video(tmp_path / "video.avi", [np.full((48, 64, 3), 8 * k, np.uint8) for k in range(25)]))


def take_all(pipeline, delay_s=0.0):
    taken = []
    while not pipeline.ended:
        seen = pipeline.read(1.0)
        if seen is not None:
            taken.append(seen)
            time.sleep(delay_s)
    return taken


@pytest.mark.parametrize("find_s, take_s", [(0.0, 0.0), (0.01, 0.0), (0.0, 0.01)])
def test_a_file_yields_every_frame_in_order(video, find_s, take_s):
    def find(frame):
        time.sleep(find_s)
        return TrackedFrame(frame, ())

    with FrameSource(video) as source, Pipeline(source, find) as pipeline:
        assert [seen.frame.index for seen in take_all(pipeline, take_s)] == list(range(25))


def test_the_model_runs_while_the_last_result_is_drawn(video):
    def find(frame):
        time.sleep(0.02)
        return TrackedFrame(frame, ())

    with FrameSource(video) as source, Pipeline(source, find) as pipeline:
        begin_s = time.perf_counter()
        take_all(pipeline, 0.02)
    # One after the other would take 25 * 40 ms.
    assert 0.5 < time.perf_counter() - begin_s < 0.8


def test_a_slow_consumer_gets_the_newest_camera_frame():
    camera = RestlessCamera([np.zeros((48, 64, 3), np.uint8)], 0, fps=100, drop_share=0, unplug_every_s=1e9)
    ages_s = []
    with FrameSource("0", camera.open) as source, Pipeline(source, lambda frame: TrackedFrame(frame, ())) as pipeline:
        for _ in range(8):
            time.sleep(0.06)
            ages_s.append(time.perf_counter() - pipeline.read(1.0).frame.time_s)
    # A queue of all frames would be 0.4 s behind at the end.
    assert np.median(ages_s) < 0.05


def test_an_error_of_the_model_is_raised_by_read(video):
    def find(frame):
        if frame.index == 3:
            raise RuntimeError("out of memory")
        return TrackedFrame(frame, ())

    with FrameSource(video) as source, Pipeline(source, find) as pipeline:
        with pytest.raises(RuntimeError, match="out of memory"):
            take_all(pipeline)


def test_leaving_stops_both_threads(video):
    with FrameSource(video) as source, Pipeline(source, lambda frame: TrackedFrame(frame, ())) as pipeline:
        pipeline.read(1.0)
        threads = source._thread, pipeline._thread
    assert not any(thread.is_alive() for thread in threads)
