"""Video files in the wild: times, rotated and stretched frames, damage."""

import struct
import wave
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from video_files import copy_video, packets, write_clip, write_moving_video

from demo.errors import SourceError
from demo.video.video_file import VideoFile

RED, GREEN, BLUE, WHITE = (230, 20, 20), (20, 200, 20), (20, 20, 230), (235, 235, 235)


def quarters(height=64, width=96):
    """Red and green above blue and white: every rotation and mirroring changes it."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2], picture[: height // 2, width // 2 :] = RED, GREEN
    picture[height // 2 :, : width // 2], picture[height // 2 :, width // 2 :] = BLUE, WHITE
    return picture


def greys(count, size=(48, 64)):
    return [np.full((*size, 3), 20 + 8 * k, np.uint8) for k in range(count)]


def read_all(path):
    """The frames, their times in seconds, and the file."""
    video, pictures, times_s = VideoFile(str(path)), [], []
    while (read := video.read()) is not None:
        pictures.append(read[0])
        times_s.append(read[1])
    video.release()
    return pictures, times_s, video


def corners(picture):
    """Names of the colors in the corners, from the top left clockwise."""
    height, width = picture.shape[:2]
    places = [(0.2, 0.2), (0.2, 0.8), (0.8, 0.8), (0.8, 0.2)]
    colors = {"R": RED, "G": GREEN, "B": BLUE, "W": WHITE}
    seen = [picture[int(y * height), int(x * width)].astype(int) for y, x in places]
    return "".join(min(colors, key=lambda name: np.abs(color - colors[name]).sum()) for color in seen)


@pytest.mark.parametrize(
    "name, codec, options",
    [
        ("tape.mpg", "mpeg2video", {"flags": "+ilme+ildct", "b": "4000000"}),
        ("tape.mp4", "libx264", {"flags": "+ilme+ildct", "x264-params": "tff=1"}),
        ("tape.mkv", "mpeg4", {"flags": "+ilme+ildct"}),
    ],
)
def test_interlaced_files_yield_every_frame(tmp_path, name, codec, options):
    times_s = np.arange(20) / 25
    path = write_clip(tmp_path / name, greys(20, (96, 128)), times_s, codec, **options)
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    pictures, read_s, video = read_all(path)
    np.testing.assert_allclose([picture.mean() for picture in pictures], 20 + 8 * np.arange(20), atol=4)
    assert max(picture.std() for picture in pictures) < 3
    np.testing.assert_allclose(read_s, times_s, atol=1e-3)
    assert video.notes == []


UNEVEN_S = np.cumsum([0, *([0.033] * 6), 0.2, 0.05, 0.5, 0.033, 0.1])


@pytest.mark.parametrize(
    "name, codec", [("a.mp4", "libx264"), ("a.mkv", "mpeg4"), ("a.webm", "libvpx"), ("a.mov", "mpeg4")]
)
def test_frames_keep_their_times(tmp_path, name, codec):
    path = write_clip(tmp_path / name, greys(12), UNEVEN_S, codec)
    pictures, times_s, _ = read_all(path)
    np.testing.assert_allclose(times_s, UNEVEN_S, atol=1.1e-3)
    np.testing.assert_allclose([picture.mean() for picture in pictures], 20 + 8 * np.arange(12), atol=4)


@pytest.mark.parametrize("name", ["late.mkv", "late.mp4", "late.ts"])
def test_a_stream_that_starts_late_starts_at_0(tmp_path, name):
    path = write_clip(tmp_path / name, greys(12), 100 + UNEVEN_S, "mpeg4")
    _, times_s, video = read_all(path)
    np.testing.assert_allclose(times_s, UNEVEN_S, atol=1.1e-3)
    assert video.count in (0, 12) and video.notes == []


def test_times_increase_across_a_restarted_clock(tmp_path):
    parts = [write_clip(tmp_path / f"{k}.ts", greys(10), 0.1 * np.arange(10), "mpeg2video", b="2000000") for k in "ab"]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    _, times_s, _ = read_all(joined)
    # Two seconds but for the last pause, and none that is longer than those of the parts.
    assert len(times_s) == 20 and times_s[-1] == pytest.approx(1.8, abs=0.1)
    assert 0.03 < np.diff(times_s).min() and np.diff(times_s).max() < 0.15


MATRICES = {
    "RGWB": (1, 0, 0, 1),
    "BRGW": (0, 1, -1, 0),  # a quarter of a turn clockwise
    "WBRG": (-1, 0, 0, -1),
    "GWBR": (0, -1, 1, 0),
    "GRBW": (-1, 0, 0, 1),  # mirrored
    "BWGR": (1, 0, 0, -1),
    "RBWG": (0, 1, 1, 0),
    "WGRB": (0, -1, -1, 0),
}


def set_matrix(path, a, b, c, d):
    """Puts a display matrix into the header of an MP4's only track."""
    data = bytearray(path.read_bytes())
    plain = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    place = data.index(plain, data.index(b"tkhd"))
    data[place : place + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("seen", MATRICES)
def test_frames_are_rotated_and_mirrored_as_players_show_them(tmp_path, seen):
    path = write_clip(tmp_path / "a.mp4", 3 * [quarters()], [0, 0.1, 0.2])
    pictures, _, _ = read_all(set_matrix(path, *MATRICES[seen]))
    assert [corners(picture) for picture in pictures] == 3 * [seen]
    turned = MATRICES[seen][0] == 0
    assert pictures[0].shape == ((96, 64, 3) if turned else (64, 96, 3))


@pytest.mark.parametrize("orientation, seen", [(1, "RGWB"), (3, "WBRG"), (6, "BRGW"), (8, "GWBR")])
def test_a_photo_is_rotated_by_its_exif_orientation(tmp_path, orientation, seen):
    jpeg = cv2.imencode(".jpg", quarters()[..., ::-1])[1].tobytes()
    # EXIF: big-endian TIFF with a directory of one entry, tag 0x112.
    exif = b"Exif\0\0MM\0\x2a" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    path = tmp_path / "photo %d.jpg"
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    (picture,), _, _ = read_all(path)
    assert corners(picture) == seen


@pytest.mark.parametrize(
    "shape, size", [((3, 2), (64, 144)), ((2, 3), (96, 96)), ((1, 1), (64, 96)), ((1, 100), (64, 96))]
)
def test_pixels_become_square(tmp_path, shape, size):
    path = write_clip(tmp_path / "a.mkv", 2 * [quarters()], [0, 0.1], shape=Fraction(*shape))
    pictures, _, _ = read_all(path)
    assert pictures[1].shape[:2] == size and corners(pictures[1]) == "RGWB"


def test_pixels_become_square_before_the_rotation(tmp_path):
    path = write_clip(tmp_path / "a.mp4", 2 * [quarters()], [0, 0.1], "libx264", shape=Fraction(3, 2))
    pictures, _, _ = read_all(set_matrix(path, *MATRICES["BRGW"]))
    assert pictures[0].shape[:2] == (144, 64) and corners(pictures[0]) == "BRGW"


def test_a_name_with_a_colon_is_a_file(tmp_path, monkeypatch):
    write_clip(tmp_path / "12:30 run.mp4", greys(3), [0, 0.1, 0.2])
    monkeypatch.chdir(tmp_path)
    assert len(read_all("12:30 run.mp4")[0]) == 3


def test_damaged_frames_are_skipped_and_counted(tmp_path):
    path = write_moving_video(tmp_path / "a.mp4", range(30), g="5", bf="0")
    data = bytearray(path.read_bytes())
    for place, size in (packets(path)[k] for k in (7, 21)):
        data[place : place + size] = bytes(range(1, 256)) * (size // 255) + bytes(size % 255)
    path.write_bytes(data)
    _, times_s, video = read_all(path)
    assert len(times_s) == 28
    np.testing.assert_allclose(30 * np.array(times_s), [k for k in range(30) if k not in (7, 21)], atol=0.01)
    assert video.notes == [f"{path}: 2 frames were damaged and skipped"]


def test_a_truncated_file_is_reported(tmp_path):
    whole = write_clip(
        tmp_path / "a.mkv",
        [np.random.default_rng(k).integers(0, 255, (48, 64, 3), np.uint8) for k in range(100)],
        0.1 * np.arange(100),
    )
    assert read_all(whole)[2].notes == []
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    pictures, times_s, video = read_all(whole)
    assert 20 < len(pictures) < 80
    assert video.notes == [f"{whole} ends at {times_s[-1] + 0.04:.1f} s of the 9.9 s that it announces"]


def test_frames_hidden_by_an_edit_list_are_not_counted(tmp_path):
    whole = write_moving_video(tmp_path / "a.mp4", range(30), bf="0")
    _, _, video = read_all(copy_video(whole, tmp_path / "b.mp4", skip=7, use_editlist="1"))
    assert len(read_all(tmp_path / "b.mp4")[0]) == video.count == 23


def test_a_file_without_video_raises(tmp_path):
    with wave.open(str(tmp_path / "song.wav"), "wb") as song:
        song.setnchannels(1)
        song.setsampwidth(2)
        song.setframerate(8000)
        song.writeframes(bytes(16000))
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video")
    write_clip(tmp_path / "hollow.mp4", greys(2), [0, 0.1])
    data = (tmp_path / "hollow.mp4").read_bytes()
    (tmp_path / "hollow.mp4").write_bytes(data[: data.index(b"moov")])
    for name, message in (
        ("song.wav", "song.wav' cannot be read as a video: it holds no video, only sound"),
        ("empty.mp4", "empty.mp4' cannot be read as a video"),
        ("text.mp4", "text.mp4' cannot be read as a video"),
        ("hollow.mp4", "hollow.mp4' cannot be read as a video"),
    ):
        with pytest.raises(SourceError, match=message):
            VideoFile(str(tmp_path / name))
