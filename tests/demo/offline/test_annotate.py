"""Annotated videos of recordings."""

import numpy as np
import pytest

from demo.errors import OutputError
from demo.offline.annotate import annotate
from demo.video.capture import Frame

TIMES_S = [0.0, 0.033, 0.066, 0.5, 1.0]


@pytest.fixture
def frames():
    return [Frame(np.full((240, 320, 3), 90, np.uint8), time_s, k, 0.1) for k, time_s in enumerate(TIMES_S)]


@pytest.fixture
def recording(make_recording):
    """Someone around (60, 120) in frames 1 to 3."""
    xy = np.random.default_rng(0).uniform((30, 60), (90, 180), (3, 14, 2))
    return make_recording({0: (1, xy, None)}, 5)


def test_people_are_drawn_in_their_frames_alone(frames, recording, tmp_path, read_video):
    annotate(frames, recording, tmp_path / "out.mp4", 30.0)
    pictures, _ = read_video(tmp_path / "out.mp4")
    drawn = [np.abs(picture.astype(int) - 90).max(axis=-1) > 40 for picture in pictures]
    assert [there.any() for there in drawn] == [False, True, True, True, False]
    assert not any(there[:, 110:].any() for there in drawn)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_numbers_are_drawn_for_several_people(frames, recording, tmp_path, make_recording, read_video):
    xy = np.full((5, 14, 2), 250.0)
    both = make_recording({0: (0, xy / (1, 2), None), 1: (0, xy / (5, 2), None)}, 5)
    annotate(frames, both, tmp_path / "out.mp4", 30.0)
    (first, *_), _ = read_video(tmp_path / "out.mp4")
    # On a dark plate right of and below the joints' box, which is a point.
    assert (first[125:145, 250:262].max(axis=-1) < 60).any() and (first[125:145, 50:62].max(axis=-1) < 60).any()


def test_what_stops_it_leaves_no_video(frames, recording, tmp_path):
    def stopped():
        yield from frames[:3]
        raise KeyboardInterrupt

    (tmp_path / "out.mp4").write_text("yesterday's")
    with pytest.raises(KeyboardInterrupt):
        annotate(stopped(), recording, tmp_path / "out.mp4", 30.0)
    assert (tmp_path / "out.mp4").read_text() == "yesterday's" and len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_raises_and_leaves_nothing(frames, recording, tmp_path, room):
    with room(1000), pytest.raises(OutputError, match="--output .* cannot be written"):
        annotate(frames, recording, tmp_path / "out.mp4", 30.0)
    assert not list(tmp_path.iterdir())
