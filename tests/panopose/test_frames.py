"""Folders, videos and streams of images."""

import cv2
import numpy as np
import pytest
from browser_parts import GRAY, painted
from rectangles import PERSON, assert_is_at

import panopose
from demo.outputs.video_sink import VideoSink


def moved(number):
    x, y, width, height = PERSON
    return x + 4 * number, y, width, height


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """12 frames, in which a person walks to the right; the last two show nobody."""
    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    with VideoSink(path, 10.0) as sink:
        for number in range(12):
            sink.write(painted(GRAY, moved(number) if number < 10 else None), number / 10)
    return path


def test_a_video_is_tracked_frame_by_frame(model, clip):
    frames = list(model.track(clip))
    assert [frame.number for frame in frames] == list(range(12))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(12) / 10, atol=1e-3)
    for frame in frames[:10]:
        (person,) = frame.people
        # The smoothed joints lag.
        assert_is_at(person, moved(frame.number), atol=12)
        assert person.number == 0 and frame.image.shape == (480, 640, 3)
    assert [frame.people for frame in frames[10:]] == [[], []]


def test_a_whole_video_is_smoothed_without_lag(model, clip):
    recording = model.video(clip, cutoff_hz=2)
    assert isinstance(recording, panopose.Recording) and list(recording.people) == [0]
    np.testing.assert_allclose(recording.times_s, np.arange(12) / 10, atol=1e-3)
    xy_px, scores, filled = recording.joints(0)
    head = model.skeleton.joints.index("head_top")
    x, y, width, height = np.array([moved(number) for number in range(10)]).T
    np.testing.assert_allclose(xy_px[:10, head], np.stack([x + (width - 1) / 2, y + height - 1], axis=1), atol=4)
    assert np.isnan(xy_px[10:]).all() and (scores[:10] > 0.5).all() and not filled.any()
    raw = model.video(clip, cutoff_hz=None)
    assert raw.repairs is None and np.abs(raw.joints(0)[0][:10] - xy_px[:10]).max() < 3
    assert not np.array_equal(raw.joints(0)[0][:10], xy_px[:10])


def test_a_video_that_cannot_be_read_as_a_whole_raises(model, clip, tmp_path):
    for source, options, message in (
        (0, {}, "no video file '0'; of a camera, use model.track"),
        (tmp_path / "none.mp4", {}, r"no video file '.*none\.mp4'"),
        (__file__, {}, "cannot be read as a video|it is none"),
        (clip, {"cutoff_hz": 0}, "needs a cutoff above 0 Hz"),
        (clip, {"min_score": -1}, "min_score must be 0 to 1, got -1"),
        (clip, {"people": 5}, "people must be 1 to 4, got 5"),
    ):
        with pytest.raises(ValueError, match=message):
            model.video(source, **options)


def test_images_are_tracked_with_their_rate_or_as_they_arrive(model):
    images = [painted(GRAY, moved(number)) for number in range(3)]
    timed = list(model.track(images, fps=20))
    assert [frame.time_s for frame in timed] == [0.0, 0.05, 0.1]
    assert [len(frame.people) for frame in timed] == [1, 1, 1]
    live = list(model.track(iter(images)))
    assert live[0].time_s < live[1].time_s < live[2].time_s


def test_what_cannot_be_tracked_raises_before_the_first_frame(model, clip, tmp_path):
    for source, options, kind, message in (
        (tmp_path / "none.mp4", {}, ValueError, "none.mp4' does not exist; give a camera's number, a video file"),
        (tmp_path, {}, ValueError, "is a folder"),
        (clip, {"people": 9}, ValueError, "people must be 1 to 4, got 9"),
        (clip, {"min_score": 2}, ValueError, "min_score must be 0 to 1, got 2"),
        ([GRAY], {"fps": 0}, ValueError, "fps must be above 0, got 0"),
        (clip, {"fps": 10}, ValueError, "fps is of images; a video has its own"),
    ):
        with pytest.raises(kind, match=message):
            model.track(source, **options)
    with pytest.raises(ValueError, match="image must be uint8"):
        next(model.track([GRAY / 255]))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deeper").mkdir()
    for name, person in {"a.png": PERSON, "deeper/b.png": moved(9), "empty.png": None}.items():
        cv2.imwrite(str(tmp_path / name), painted(GRAY, person)[..., ::-1])
    return tmp_path


def test_a_folder_of_images(model, folder):
    frames = list(model.images(folder))
    assert [(frame.name, frame.number, len(frame.people)) for frame in frames] == [
        ("a.png", 0, 1),
        ("deeper/b.png", 1, 1),
        ("empty.png", 2, 0),
    ]
    assert_is_at(frames[0].people[0], PERSON)
    assert_is_at(frames[1].people[0], moved(9))
    assert all(frame.time_s is None for frame in frames)


def test_paths_are_taken_in_their_order_and_broken_files_skipped(model, folder):
    (folder / "broken.jpg").write_bytes(b"no image")
    paths = [folder / "deeper/b.png", folder / "broken.jpg", folder / "none.png", str(folder / "a.png")]
    with pytest.warns(UserWarning) as warned:
        frames = list(model.images(paths))
    assert [frame.name for frame in frames] == [str(paths[0]), str(paths[3])]
    assert [frame.number for frame in frames] == [0, 1]
    assert [str(one.message) for one in warned] == [
        f"{paths[1]} cannot be read as an image; it is skipped",
        f"{paths[2]} cannot be read as an image; it is skipped",
    ]


def test_a_source_of_images_that_is_none_raises(model, folder, tmp_path):
    for source, message in (
        (folder / "a.png", r"a\.png' is no folder; pass a folder, or a list of paths"),
        (folder / "none", "is no folder"),
        (folder / "deeper", None),
    ):
        if message is not None:
            with pytest.raises(ValueError, match=message):
                model.images(source)
    (tmp_path / "without").mkdir()
    with pytest.raises(ValueError, match="holds no pictures"):
        model.images(tmp_path / "without")


def test_a_frame_draws_itself(model, image):
    people = model(image)
    frame = panopose.Frame(image, people, model.skeleton)
    np.testing.assert_array_equal(frame.draw(), model.draw(image, people))
    png = frame._repr_png_()
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR_RGB), frame.draw())
