"""Writing the output video."""

import numpy as np
import pytest

import demo.sink
from demo.errors import OutputError
from demo.sink import CODECS, VideoSink, check_output


@pytest.mark.parametrize("suffix", sorted(CODECS))
def test_every_picture_is_written_and_the_name_comes_last(tmp_path, read_video, suffix):
    path = tmp_path / f"out{suffix}"
    with VideoSink(path, 12.5, by_time=False) as sink:
        for k in range(10):
            sink.write(np.full((48, 64, 3), (20 * k, 100, 0), np.uint8), time_s=0.0)
        assert not path.exists()
    pictures, fps = read_video(path)
    assert (len(pictures), fps, pictures[0].shape) == (10, 12.5, (48, 64, 3))
    np.testing.assert_allclose([p[..., 0].mean() for p in pictures], 20 * np.arange(10), atol=8)
    assert list(tmp_path.iterdir()) == [path]


def test_a_live_video_runs_as_fast_as_the_world(tmp_path, read_video):
    path = tmp_path / "live.avi"
    times_s = [5.0, 5.1, 5.15, 5.5, 5.51]
    with VideoSink(path, 20.0, by_time=True) as sink:
        for k, time_s in enumerate(times_s):
            sink.write(np.full((48, 64, 3), 40 * k + 20, np.uint8), time_s)
    # At 20 frames/s the pictures stand last at places 0, 2, 3 and 10; the fifth comes too soon for its own.
    values = [round((picture.mean() - 20) / 40) for picture in read_video(path)[0]]
    assert values == [0, 1, 1, 2] + 7 * [3]


def test_a_machine_too_slow_for_the_pauses_cuts_them_short(tmp_path, monkeypatch):
    now_s = [100.0]
    monkeypatch.setattr(demo.sink.time, "perf_counter", lambda: now_s[0])

    class SlowWriter:
        def write(self, frame):
            now_s[0] += 0.2

        def release(self):
            pass

    def open_slowly(sink, size):
        sink._size, sink._writer = size, SlowWriter()

    monkeypatch.setattr(demo.sink.VideoSink, "_open", open_slowly)
    sink, taken_s = VideoSink(tmp_path / "slow.avi", 30.0, by_time=True), []
    for _ in range(8):
        taken_s.append(now_s[0])
        sink.write(np.zeros((48, 64, 3), np.uint8), now_s[0])
    # In 0.2 s six more pictures fall due. Unbounded, each call would take six times as long as the last.
    assert 0.2 <= np.diff(taken_s).max() <= 1.5
    # Once it keeps up again, so does the video.
    count = sink.count
    sink.write(np.zeros((48, 64, 3), np.uint8), now_s[0] + 0.1)
    assert count < sink.count <= count + 7


def test_odd_and_changing_sizes(tmp_path, read_video):
    path = tmp_path / "odd.mp4"
    with VideoSink(path, 30, by_time=False) as sink:
        for size in ((49, 63), (49, 63), (98, 126)):
            sink.write(np.full((*size, 3), 90, np.uint8), 0.0)
    pictures, _ = read_video(path)
    assert len(pictures) == 3
    np.testing.assert_allclose(pictures[2].mean(), 90, atol=3)


def test_what_was_written_is_kept_when_the_run_breaks(tmp_path, read_video):
    path = tmp_path / "broken.mp4"
    with pytest.raises(RuntimeError), VideoSink(path, 30, by_time=False) as sink:
        sink.write(np.zeros((48, 64, 3), np.uint8), 0.0)
        raise RuntimeError
    assert len(read_video(path)[0]) == 1


def test_nothing_written_leaves_nothing(tmp_path):
    with VideoSink(tmp_path / "none.mp4", 30, by_time=False):
        pass
    assert not list(tmp_path.iterdir())


def test_outputs_that_cannot_be(tmp_path):
    (tmp_path / "folder.mp4").mkdir()
    for path, message in (
        (tmp_path / "out.gif", r"must end in one of .mp4, .mov, .mkv, .avi, got .*out.gif"),
        (tmp_path / "nowhere" / "out.mp4", "there is no folder .*nowhere"),
        (tmp_path / "folder.mp4", "cannot be written"),
    ):
        with pytest.raises(OutputError, match=message) as error:
            check_output(path)
        assert error.value.exit_code == 2
