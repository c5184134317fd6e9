"""Parts of frames: the same pixels, at the same places, as by converting first and shrinking after."""

import av
import cv2
import numpy as np
import pytest
from video_files import VIDEO_SIZE, write_moving_video

from data_prep.video.frame import VideoFrame
from data_prep.video.video_file import Video
from pose import Crop
from pose.crop import shrink_area

FACTORS = (1, 2, 3, 4, 5, 6, 7, 8)


class Converted:
    """An image that is RGB before it is shrunk."""

    def __init__(self, picture):
        self.picture, self.shape = picture, picture.shape

    def shrunk(self, rows, columns, factor):
        return shrink_area(self.picture[rows, columns], factor)


def frame_of(picture):
    """A frame whose color is the mean of the 2 x 2 pixels that share it."""
    red, green, blue = np.moveaxis(np.asarray(picture, np.float64), -1, 0)
    luma = 16 + 0.257 * red + 0.504 * green + 0.098 * blue
    chroma = 128 - 0.148 * red - 0.291 * green + 0.439 * blue, 128 + 0.439 * red - 0.368 * green - 0.071 * blue
    height, width = luma.shape
    halved = [plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)).ravel() for plane in chroma]
    planes = np.concatenate([luma.ravel(), *halved]).round().astype(np.uint8)
    return VideoFrame("x", av.VideoFrame.from_ndarray(planes.reshape(-1, width), format="yuv420p"))


@pytest.fixture(scope="module")
def mild_frame():
    """A frame with soft edges and no saturated colors, 150 x 210 px."""
    noise = np.random.default_rng(0).normal(0, 120, (150, 210, 3))
    return frame_of(np.clip(128 + cv2.GaussianBlur(noise, (0, 0), 2), 30, 225))


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    """A frame of a video."""
    ((_, frame),) = Video(write_moving_video(tmp_path_factory.mktemp("video") / "x.mp4", range(2)), VIDEO_SIZE).frames(
        [1]
    )
    return frame


def test_a_frame_is_what_opencv_and_ffmpeg_make_of_it(frame):
    picture = frame()
    assert picture.shape == frame.shape == (96, 160, 3) and picture.dtype == np.uint8
    assert frame() is picture
    by_ffmpeg = frame._frame.to_ndarray(format="rgb24").astype(int)
    # FFmpeg rounds down in a step of its conversion.
    assert np.abs(by_ffmpeg - picture).max() <= 4
    by_opencv = cv2.cvtColor(frame._frame.to_ndarray(format="yuv420p"), cv2.COLOR_YUV2RGB_I420)
    np.testing.assert_array_equal(picture, by_opencv)


@pytest.mark.parametrize("part", [(0, 96, 0, 160), (2, 7, 6, 13), (94, 95, 158, 159), (94, 96, 158, 160), (4, 9, 0, 9)])
def test_a_part_has_the_pixels_of_the_whole(frame, part):
    top, bottom, left, right = part
    found = frame.shrunk(slice(top, bottom), slice(left, right), 1)
    np.testing.assert_array_equal(found, frame()[top:bottom, left:right])


@pytest.mark.parametrize("start", [(0, 0), (2, 4), (100, 170), (148, 8)])
@pytest.mark.parametrize("blocks", [(1, 1), (4, 7), (99, 99)])
@pytest.mark.parametrize("factor", FACTORS)
def test_a_small_part_is_nearly_what_converting_first_gives(mild_frame, start, blocks, factor):
    ends = (min(first + factor * count, end) for first, count, end in zip(start, blocks, (150, 210), strict=True))
    rows, columns = map(slice, start, ends)
    expected = Converted(mild_frame()).shrunk(rows, columns, factor).astype(int)
    error = mild_frame.shrunk(rows, columns, factor) - expected
    # Of three the colors are sampled instead of averaged.
    assert np.abs(error).max() <= (8 if factor == 3 else 4)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("tint", [(60, 60, 60), (70, -35, -10), (-10, -15, 80)])
def test_brightness_and_color_lie_where_the_crop_says(factor, tint):
    """A spot that is bright, red or blue is found in the crop within 0.05 px, wherever the crop begins."""
    rng = np.random.default_rng(factor)
    y, x = np.mgrid[0:480, 0:640]
    for _ in range(4):
        place, size = rng.uniform(215, 265, 2), 48
        spot = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * (4.0 * factor) ** 2))
        frame = frame_of(100 + spot[..., None] * tint)
        crop = Crop.centered(place + rng.uniform(-3, 3, 2), size * rng.uniform(factor - 0.4, factor + 0.4), size)
        weight = np.abs((crop.cut(frame) - 100.0) @ tint)
        weight = np.maximum(weight - 0.1 * weight.max(), 0)
        v, u = np.mgrid[0:size, 0:size]
        found = np.array([(weight * u).sum(), (weight * v).sum()]) / weight.sum()
        assert np.abs(found - crop.points_to_crop(place)).max() < 0.05


def converted_first(crop, frame):
    return crop.cut(Converted(frame())).astype(int)


@pytest.mark.parametrize("side_px", [9, 30, 47, 48, 64, 100, 130, 400])
@pytest.mark.parametrize("center_px", [(80.3, 48.6), (3.0, 140.0), (207.2, 1.5), (-300.0, 20.0)])
def test_a_crop_of_a_frame_is_nearly_that_of_its_image(mild_frame, side_px, center_px):
    crop = Crop.centered(center_px, side_px, 32)
    assert np.abs(crop.cut(mild_frame) - converted_first(crop, mild_frame)).max() <= 8


def real_frames(shared_data):
    """The studio's two views at the size of its frames, and a clip."""
    for name in ("hd_00_03", "hd_00_12"):
        view = cv2.imread(str(shared_data / f"panoptic/dome_views/{name}.jpg"))[:, 25:935]
        picture = cv2.cvtColor(cv2.resize(view, (1920, 1080), interpolation=cv2.INTER_CUBIC), cv2.COLOR_BGR2RGB)
        yield VideoFrame(name, av.VideoFrame.from_ndarray(picture).reformat(format="yuv420p"))
    with av.open(str(shared_data / "clips/pose_1.mp4")) as container:
        yield VideoFrame("pose_1", next(container.decode(video=0)))


def test_crops_of_real_frames_are_nearly_those_of_their_images(shared_data):
    rng = np.random.default_rng(0)
    errors = []
    for frame in real_frames(shared_data):
        for side_px in (260, 440, 570, 660, 880, 1100):
            crop = Crop.centered(rng.uniform(0.2, 0.8, 2) * frame.shape[1::-1], side_px, 224)
            errors.append(np.abs(crop.cut(frame) - converted_first(crop, frame)))
    assert max(error.max() for error in errors) <= 8
    assert max(error.mean() for error in errors) <= 0.7


def test_a_crop_does_not_depend_on_who_else_is_in_the_frame(mild_frame):
    crops = [Crop.centered((90.0, 70.0), side_px, 32) for side_px in (30, 70, 90, 130)]
    alone = []
    for crop in crops:
        alone.append(crop.cut(VideoFrame("x", mild_frame._frame)))
    together = VideoFrame("x", mild_frame._frame)
    for crop, cut in list(zip(crops, alone, strict=True))[::-1]:
        np.testing.assert_array_equal(crop.cut(together), cut)
    together()
    for crop, cut in zip(crops, alone, strict=True):
        np.testing.assert_array_equal(crop.cut(together), cut)


@pytest.mark.parametrize("options", [{"pixels": "yuv444p"}, {"pixels": "yuvj420p"}, {"colorspace": "bt709"}])
def test_other_color_formats_are_converted_by_ffmpeg(tmp_path, options):
    path = write_moving_video(tmp_path / "x.mp4", range(2), **options)
    ((_, frame),) = Video(path, VIDEO_SIZE).frames([1])
    np.testing.assert_array_equal(frame(), frame._frame.to_ndarray(format="rgb24"))
    ((_, again),) = Video(path, VIDEO_SIZE).frames([1])
    for factor in (1, 3):
        found = again.shrunk(slice(4, 9), slice(2, 60), factor)
        np.testing.assert_array_equal(found, shrink_area(frame()[4:9, 2:60], factor))
