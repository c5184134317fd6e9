"""The output video."""

from pathlib import Path

import av
import numpy as np
import pytest

from demo.errors import OutputError
from demo.outputs.video_sink import CODECS, VideoSink, check_ending
from demo.video.video_file import VideoFile


def read_all(path):
    """Red of the frames, their times in seconds, and the file's nominal duration."""
    video, reds, times_s = VideoFile(str(path)), [], []
    while (read := video.read()) is not None:
        reds.append(read[0][..., 0].mean())
        times_s.append(read[1])
    video.release()
    with av.open(str(path)) as container:
        return reds, times_s, container.duration / av.time_base


@pytest.mark.parametrize("suffix", sorted(CODECS))
def test_every_frame_is_written_and_the_file_renamed_at_the_end(tmp_path, read_video, suffix):
    path = tmp_path / f"out{suffix}"
    with VideoSink(path, 12.5) as sink:
        for k in range(10):
            sink.write(np.full((48, 64, 3), (20 * k, 100, 0), np.uint8), time_s=7 + 0.08 * k)
        assert not path.exists()
    pictures, fps = read_video(path)
    assert (len(pictures), fps, pictures[0].shape) == (10, 12.5, (48, 64, 3))
    np.testing.assert_allclose([p[..., 0].mean() for p in pictures], 20 * np.arange(10), atol=8)
    assert list(tmp_path.iterdir()) == [path]
    assert read_all(path)[2] == pytest.approx(0.8, rel=0.02)


@pytest.mark.parametrize("suffix, accuracy_s", [(".mp4", 1e-4), (".mov", 1e-4), (".mkv", 1e-3), (".avi", 0.026)])
def test_every_frame_keeps_its_time(tmp_path, suffix, accuracy_s):
    path, times_s = tmp_path / f"live{suffix}", np.array([5.0, 5.1, 5.15, 5.5, 6.0, 65.0])
    with VideoSink(path, 20.0) as sink:
        for k, time_s in enumerate(times_s):
            sink.write(np.full((48, 64, 3), 40 * k + 20, np.uint8), time_s, duration_s=0.3)
    reds, read_s, length_s = read_all(path)
    np.testing.assert_allclose(read_s, times_s - 5, atol=accuracy_s)
    np.testing.assert_allclose(reds, 40 * np.arange(6) + 20, atol=8)
    assert length_s == pytest.approx(60.3, abs=0.03)


def test_an_avi_drops_frames_above_its_frame_rate(tmp_path):
    path = tmp_path / "fast.avi"
    with VideoSink(path, 10.0) as sink:
        for k in range(61):
            sink.write(np.full((48, 64, 3), 4 * k, np.uint8), k / 30)
    reds, times_s, length_s = read_all(path)
    assert length_s == pytest.approx(2.1, abs=0.15)
    np.testing.assert_allclose(np.array(reds) / 4, 30 * np.array(times_s), atol=6)


def test_names_with_a_colon(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with VideoSink(Path("12:30 run.mp4"), 30) as sink:
        sink.write(np.zeros((48, 64, 3), np.uint8), 0.0)
    assert len(read_all(tmp_path / "12:30 run.mp4")[0]) == 1


@pytest.mark.parametrize("suffix", sorted(CODECS))
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_full_disk_raises_and_leaves_nothing(tmp_path, room, suffix, share):
    pictures = np.random.default_rng(0).integers(0, 255, (12, 96, 128, 3), np.uint8)

    def write(path):
        with VideoSink(path, 30) as sink:
            for k, picture in enumerate(pictures):
                sink.write(picture, k / 30)

    whole = tmp_path / f"whole{suffix}"
    write(whole)
    size = round(share * whole.stat().st_size)
    with room(size), pytest.raises(OutputError, match=r"--output .*full.* cannot be written: ") as error:
        write(tmp_path / f"full{suffix}")
    assert error.value.exit_code == 2 and list(tmp_path.iterdir()) == [whole]


def test_odd_and_changing_sizes(tmp_path, read_video):
    path = tmp_path / "odd.mp4"
    with VideoSink(path, 30) as sink:
        for k, size in enumerate(((49, 63), (49, 63), (98, 126))):
            sink.write(np.full((*size, 3), 90, np.uint8), k / 30)
    pictures, _ = read_video(path)
    assert [picture.shape for picture in pictures] == 3 * [(49, 63, 3)]
    np.testing.assert_allclose(pictures[2].mean(), 90, atol=3)


def test_an_interrupted_run_keeps_what_was_written(tmp_path, read_video):
    path = tmp_path / "broken.mp4"
    with pytest.raises(RuntimeError), VideoSink(path, 30) as sink:
        sink.write(np.zeros((48, 64, 3), np.uint8), 0.0)
        raise RuntimeError
    assert len(read_video(path)[0]) == 1


def test_without_a_frame_there_is_no_file(tmp_path):
    with VideoSink(tmp_path / "none.mp4", 30):
        pass
    assert not list(tmp_path.iterdir())


def test_an_unknown_ending_raises(tmp_path):
    with pytest.raises(OutputError, match=r"must end in one of .mp4, .mov, .mkv, .avi, got .*out.gif"):
        check_ending(tmp_path / "out.gif")
