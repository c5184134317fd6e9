"""Frames by number: the same as by plain decoding, wherever reading starts; damage is reported and skipped."""

from pathlib import Path

import numpy as np
import pytest
from video_files import VIDEO_SIZE, brightness, copy_video, decode_all, packets, write_moving_video

from data_prep.video import decoding
from data_prep.video.frame import VideoFrame
from data_prep.video.video_file import Video
from records import BadInput

B_FRAMES = {"bf": "3", "g": "20", "x264-params": "b-pyramid=normal:scenecut=0"}
OPEN_GOP = {"bf": "3", "g": "20", "x264-params": "open-gop=1:scenecut=0"}
LONG_GROUPS = {"bf": "16", "g": "40", "x264-params": "open-gop=1:b-adapt=0:b-pyramid=strict:scenecut=0"}
INTRA_REFRESH = {"g": "20", "x264-params": "intra-refresh=1:bframes=0"}
HEVC = {"preset": "ultrafast", "x265-params": "keyint=20:bframes=4:open-gop=1:log-level=none"}
WANTED = ([0], [59], [1, 2, 3], [19, 20, 21], [18, 40, 41, 59], [37], [24, 25, 26], [39, 40], list(range(60)))


def read(path, wanted):
    """The numbers and the brightness of the frames that there are, and what is broken."""
    items = list(Video(path, VIDEO_SIZE).frames(wanted))
    bad = [str(item).removeprefix(str(path)) for item in items if isinstance(item, BadInput)]
    found = [item for item in items if not isinstance(item, BadInput)]
    return [number for number, _ in found], [brightness(frame._frame) for _, frame in found], bad


def assert_same(numbers, pictures, plain) -> None:
    for number, picture in zip(numbers, pictures, strict=True):
        np.testing.assert_array_equal(picture, plain[number])


def assert_exact(path, plain, lists=WANTED) -> None:
    for wanted in lists:
        numbers, pictures, bad = read(path, wanted)
        assert (numbers, bad) == (wanted, [])
        assert_same(numbers, pictures, plain)


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "options"),
    [
        ("b.mp4", "libx264", "yuv420p", B_FRAMES),
        ("open.mp4", "libx264", "yuv420p", OPEN_GOP),
        ("long.mp4", "libx264", "yuv420p", LONG_GROUPS),
        ("refresh.mp4", "libx264", "yuv420p", INTRA_REFRESH),
        ("b.mkv", "libx264", "yuv420p", B_FRAMES),
        ("hevc.mp4", "libx265", "yuv420p", HEVC),
        ("b.avi", "mpeg4", "yuv420p", {"bf": "2", "g": "20"}),
        ("jpegs.avi", "mjpeg", "yuvj420p", {}),
    ],
)
def test_frames_equal_plain_decoding_wherever_reading_starts(tmp_path, name, codec, pixels, options):
    path = write_moving_video(tmp_path / name, range(60), codec=codec, pixels=pixels, **options)
    plain = decode_all(path)
    assert len(plain) == 60
    assert_exact(path, plain)


def test_a_relative_name_with_a_colon_is_a_file(tmp_path, monkeypatch):
    write_moving_video(tmp_path / "12:30.mp4", range(5))
    monkeypatch.chdir(tmp_path)
    assert read(Path("12:30.mp4"), [0, 4])[0] == [0, 4]


def test_frames_are_counted_where_timestamps_do_not_number_them(tmp_path):
    gap = write_moving_video(tmp_path / "gap.mp4", [*range(30), *range(31, 61)], **B_FRAMES)
    assert_exact(gap, decode_all(gap))
    whole = write_moving_video(tmp_path / "whole.mp4", range(60), **B_FRAMES)
    plain = decode_all(whole)
    assert_exact(copy_video(whole, tmp_path / "fragments.mp4", movflags="frag_keyframe+empty_moov"), plain)
    # An edit list that begins with frame 7, which needs the frames before it.
    later = copy_video(whole, tmp_path / "later.mp4", skip=7)
    assert len(decode_all(later)) == 53
    assert_exact(later, plain[7:], ([0], [12, 13, 14], [30, 52]))


def test_reading_starts_at_the_last_key_frame_and_skips_unneeded_frames(tmp_path, monkeypatch):
    path = write_moving_video(tmp_path / "b.mp4", range(60), **B_FRAMES)
    video = Video(path, VIDEO_SIZE)
    seen = []

    def watched(*arguments):
        for number, frame in decoding.decoded(*arguments):
            seen.append(number)
            yield number, frame

    monkeypatch.setattr("data_prep.video.video_file.decoded", watched)
    assert [number for number, _ in video.frames([45, 50])] == [45, 50]
    assert seen[0] == 40 and 50 <= seen[-1] <= 53
    assert seen == sorted(set(seen))
    # Every fourth frame is a P picture; of the three between, one is a B picture that the other two refer to.
    assert 4 <= len(seen) <= 9


def spoil(path, place, kind):
    """Damages the bytes of the frame at a position in decoding order."""
    data = bytearray(path.read_bytes())
    start, length = packets(path)[place]
    if kind == "flipped":
        middle = slice(start + length // 2, start + length // 2 + 8)
        data[middle] = np.random.default_rng(place).integers(0, 256, 8, np.uint8).tobytes()
    else:
        data[start + 5 : start + length] = bytes(length - 5)
    path.write_bytes(data)


@pytest.mark.parametrize("kind", ["flipped", "emptied"])
def test_damage_is_reported_and_no_damaged_frame_is_returned(tmp_path, kind):
    # Simple enough that a few wrong bytes are always noticed: every frame is coded with much detail.
    path = write_moving_video(tmp_path / "b.mp4", range(60), crf="5", **B_FRAMES)
    plain, whole = decode_all(path), path.read_bytes()
    for place in (0, 7, 21, 22, 40, 55):
        path.write_bytes(whole)
        spoil(path, place, kind)
        numbers, pictures, bad = read(path, list(range(60)))
        assert_same(numbers, pictures, plain)
        assert len(bad) == 1 and "the video is damaged" in bad[0]
        lost = sorted(set(range(60)) - set(numbers))
        assert bad[0] == (
            f" frames {lost[0]} to {lost[-1]}: the video is damaged; {len(lost)} frames with poses are skipped"
        )
        # It ends with the next key frame.
        assert lost[-1] == 19 + place // 20 * 20
        assert place - 4 <= lost[0] <= place + 4


def test_damage_between_the_requested_frames_is_not_reported(tmp_path):
    path = write_moving_video(tmp_path / "b.mp4", range(60), crf="5", **B_FRAMES)
    plain = decode_all(path)
    spoil(path, 21, "emptied")
    assert_exact(path, plain, ([3, 10], [45], [10, 45]))
    assert read(path, [10, 30, 45])[::2] == ([10, 45], read(path, [30])[2])


def test_a_truncated_video_gives_its_whole_frames(tmp_path):
    whole = write_moving_video(tmp_path / "b.mp4", range(60), **B_FRAMES)
    plain = decode_all(whole)
    path = copy_video(whole, tmp_path / "first.mp4", movflags="faststart")
    path.write_bytes(path.read_bytes()[: packets(path)[30][0] + 10])
    numbers, pictures, bad = read(path, list(range(60)))
    assert_same(numbers, pictures, plain)
    assert numbers[:26] == list(range(26)) and numbers[-1] < 34
    assert "frames with poses lie beyond" in bad[-1]
    numbers, _, (bad,) = read(path, [50, 51])
    assert numbers == [] and "2 frames with poses lie beyond" in bad


def test_other_files_and_videos_of_another_size_raise(tmp_path):
    path = tmp_path / "x.mp4"
    path.write_bytes(b"no video" * 100)
    with pytest.raises(BadInput, match=r"x\.mp4: not a video that FFmpeg can open"):
        Video(path, VIDEO_SIZE)
    with pytest.raises(BadInput, match="y.mp4: not a video"):
        Video(tmp_path / "y.mp4", VIDEO_SIZE)
    write_moving_video(path, range(3))
    with pytest.raises(BadInput, match="is 160 x 96 px, but its labels are for 1920 x 1080 px"):
        Video(path, (1080, 1920))


def test_a_frame_outlives_its_video(tmp_path):
    path = write_moving_video(tmp_path / "x.mp4", range(40))
    plain = decode_all(path)
    frames = [frame for _, frame in Video(path, VIDEO_SIZE).frames([3, 30])]
    path.unlink()
    assert all(isinstance(frame, VideoFrame) for frame in frames)
    assert_same([3, 30], [brightness(frame._frame) for frame in frames], plain)
