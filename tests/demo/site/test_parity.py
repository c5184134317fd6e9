"""The page in a real browser against the Python demo on the same frames."""

import base64
from dataclasses import replace

import cv2
import numpy as np
import pytest
from browser_parts import GRAY, PADDING, RULE, SIZE, SMOOTH, painted, says, told, write_mjpeg, write_webm

from demo.tracking.estimator import CropEstimator, Pose, confidence
from demo.tracking.one_euro import OneEuro
from demo.tracking.outliers import OutlierGate
from demo.tracking.people import SmoothedTracker
from demo.tracking.search import search_squares
from demo.tracking.tracker import Tracker
from demo.video.capture import Frame
from pose import LSP14, Crop

pytestmark = pytest.mark.slow
_UNTIL_AGAIN = """
() => new Promise((go) => setInterval(() => told.some(({ timeS }, k) => timeS < told[k - 1]?.timeS) && go(), 20))
"""


def python_people(frames, predict):
    """The people that the Python demo finds in the same frames."""
    read = SmoothedTracker(Tracker(predict, LSP14, SIZE, PADDING, RULE), RULE.joint_score, *SMOOTH)
    return [read(Frame(picture, time_s, k)).people for k, (picture, time_s, _) in enumerate(frames)]


def assert_as_python(frames, predict, atol_px):
    for (_, _, person), people in zip(frames, python_people(frames, predict), strict=True):
        assert (person is not None) == bool(people)
        if person is not None:
            np.testing.assert_array_equal(person["shown"], people[0].shown)
            np.testing.assert_allclose(person["joints"], people[0].xy_px, atol=atol_px)


def test_a_camera_clip_is_tracked_as_in_python(page, film, shared_data, predict):
    capture = cv2.VideoCapture(str(shared_data / "clips" / "pose_1.mp4"))
    pictures = [painted(capture.read()[1][..., ::-1], (150 + 3 * k, 180 - k, 90, 200)) for k in range(60)]
    write_mjpeg(film, pictures)
    page.click("#camera")
    frames = told(page, 20)
    assert sum(person is not None for _, _, person in frames) >= 19
    assert len({picture.tobytes() for picture, _, _ in frames}) > 10
    assert_as_python(frames, predict, atol_px=2)
    assert "frames/s" in page.inner_text("#speed") and page.inner_text("#message") == ""


def test_a_picture_is_estimated_as_in_python(page, tmp_path, predict, shared_data):
    background = cv2.imread(str(shared_data / "clips" / "pose.jpg"))[..., ::-1]
    height, width = background.shape[:2]
    picture = painted(background, (width // 3, height // 4, width // 5, height // 2))
    cv2.imwrite(str(tmp_path / "picture.png"), picture[..., ::-1])
    page.set_input_files("#file", tmp_path / "picture.png")
    frames = told(page, 1)
    np.testing.assert_array_equal(frames[0][0], picture)
    assert frames[0][2] is not None
    assert_as_python(frames, predict, atol_px=0.1)
    cv2.imwrite(str(tmp_path / "empty.png"), background[..., ::-1])
    page.set_input_files("#file", tmp_path / "empty.png")
    says(page, "No person was found in this picture.")


def test_a_video_loops(page, tmp_path, predict):
    pictures = [painted(GRAY[:240, :320], (50 + 6 * k, 50, 60, 120)) for k in range(24)]
    page.set_input_files("#file", write_webm(tmp_path / "film.webm", pictures))
    page.evaluate(_UNTIL_AGAIN)
    frames = told(page, page.evaluate("() => told.length"))
    again = next(k for k in range(1, len(frames)) if frames[k][1] < frames[k - 1][1])
    assert again > 3 and all(0 <= time_s < 1.2 for _, time_s, _ in frames)
    assert_as_python(frames[:again], predict, atol_px=2)
    page.click("#pause")
    assert page.inner_text("#pause") == "Go on"


def test_tracking_decides_as_in_python(page, predict):
    steps = []
    for k in range(90):
        people = [(40 + 8 * k, 100, 110, 240 - 6 * k)] if k < 30 else []  # walks, shrinks, and is gone
        people += [(460, 220, 16, 110)] if k >= 40 else []
        people += [(60, 60, 170, 360)] if k >= 50 else []  # someone nearer
        steps.append({"timeS": k / 10, "people": people, "width": 640 if k < 75 else 500})
    answers = page.evaluate(
        """async (steps) => {
          const { Tracker } = await import("./tracker.js");
          const { Model } = await import("./model.js");
          const settings = await (await fetch("settings.json")).json();
          const model = await Model.load(settings.pose, () => {});
          const tracker = new Tracker(model.predict, settings);
          const answers = [];
          for (const { timeS, people, width } of steps) {
            const context = new OffscreenCanvas(width, 480).getContext("2d");
            context.fillStyle = "rgb(90 90 90)";
            context.fillRect(0, 0, width, 480);
            context.fillStyle = "rgb(255 0 255)";
            people.forEach((box) => context.fillRect(...box));
            const pose = await tracker.update(context.getImageData(0, 0, width, 480), timeS);
            answers.push(pose && { ...pose, side: pose.crop.side, center: pose.crop.center });
          }
          return answers;
        }""",
        steps,
    )
    tracker = Tracker(predict, LSP14, SIZE, PADDING, RULE)
    fresh = []
    for k, (step, answer) in enumerate(zip(steps, answers, strict=True)):
        picture = GRAY[:, : step["width"]]
        for person in step["people"]:
            picture = painted(picture, person)
        pose = next(iter(tracker.update(picture, step["timeS"]).values()), None)
        assert (answer is None) == (pose is None), k
        if pose is not None:
            assert answer["fresh"] == pose.fresh, k
            assert answer["side"] == pytest.approx(pose.crop.scale * SIZE, rel=2e-3)
            np.testing.assert_allclose(answer["joints"], pose.xy_px, atol=0.5)
            np.testing.assert_allclose(answer["scores"], pose.scores, atol=0.01)
        fresh += [k] if pose is not None and pose.fresh else []
    # Tracks start: at first; with the second person; with the nearer one; and with another size of the frame.
    assert len(fresh) >= 4 and fresh[0] == 0 and None in answers


def test_crops_have_the_pixels_of_python(page):
    random = np.random.default_rng(3)
    picture = cv2.resize(random.integers(0, 256, (30, 40, 3), np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC)
    squares = [((150, 120), 100), ((150.3, 110.2), 71.7), ((160, 120), 240), ((10, 230), 500), ((0, 0), 40)]
    squares += [((900, 0), 90)]  # beside the picture
    answers = page.evaluate(
        """async ({ pixels, squares }) => {
          const { Crop } = await import("./crop.js");
          const picture = { data: Uint8Array.from(atob(pixels), (c) => c.charCodeAt(0)), width: 320, height: 240 };
          return squares.map(([center, side]) => Array.from(Crop.centered(center, side, 96).cut(picture)));
        }""",
        {"pixels": base64.b64encode(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)).decode(), "squares": squares},
    )
    for (center, side), answer in zip(squares, answers, strict=True):
        expected = Crop.centered(center, side, 96).cut(picture)
        assert np.abs(np.reshape(answer, (96, 96, 3)) - expected.astype(int)).max() <= 1, (center, side)


def test_the_smaller_parts_agree_with_python(page, predict):
    random = np.random.default_rng(4)
    values = random.normal(300, 20, (20, 5))
    values[5:9, 2] = np.nan
    times_s = np.cumsum(random.uniform(0.01, 0.2, 20))
    scores, joints = random.uniform(0, 1, LSP14.num_joints), random.uniform(100, 300, (LSP14.num_joints, 2))
    answers = page.evaluate(
        """async ({ values, times, scores, joints }) => {
          const settings = await (await fetch("settings.json")).json();
          const { OneEuro } = await import("./one_euro.js");
          const { OutlierGate } = await import("./outliers.js");
          const { searchSquares } = await import("./search.js");
          const { confidence, CropEstimator } = await import("./estimator.js");
          const follow = { ...settings.follow, box_scale: 1.5, box_shift: 0.2 };
          const estimator = new CropEstimator(null, { ...settings, follow });
          const filter = new OneEuro({ cutoff_hz: 1.5, beta: 5 }, settings.tracking.speed_cutoff_hz);
          const gate = new OutlierGate(settings.outliers);
          const pairs = (row) => [0, 2].map((k) => [row[k] ?? NaN, row[k + 1] ?? NaN]);
          return {
            smooth: values.map((row, k) => filter.next(row.map((value) => value ?? NaN), times[k], 80)),
            held: values.map((row, k) => gate.next(pairs(row), times[k], 80)),
            squares: [[480, 640], [640, 480]].map(([height, width]) =>
              searchSquares(height, width, settings.search).map(({ center, side }) => [...center, side])),
            confidence: confidence(scores, settings.main_joints),
            square: estimator.square({ joints, scores }, { width: 640, height: 480 }),
          };
        }""",
        {
            "values": [[None if np.isnan(value) else value for value in row] for row in values.tolist()],
            "times": times_s.tolist(),
            "scores": scores.tolist(),
            "joints": joints.tolist(),
        },
    )
    smooth = OneEuro(1.5, 5)
    expected = [smooth(row, time_s, unit=80) for row, time_s in zip(values, times_s, strict=True)]
    np.testing.assert_allclose(np.array(answers["smooth"], float), expected, rtol=1e-9)
    gate = OutlierGate()
    held = [gate(row[:4].reshape(2, 2), time_s, unit=80) for row, time_s in zip(values, times_s, strict=True)]
    np.testing.assert_allclose(np.array(answers["held"], float), held, rtol=1e-9)
    assert 3 < (np.array(held)[:, 0] != values[:, :2]).any(axis=1).sum() < 15
    np.testing.assert_allclose(answers["squares"], [search_squares(480, 640), search_squares(640, 480)])
    assert answers["confidence"] == pytest.approx(confidence(scores, LSP14))
    estimator = CropEstimator(predict, LSP14, SIZE, PADDING, replace(RULE, box_scale=1.5, box_shift=0.2))
    square = estimator.square(Pose(joints, scores, Crop.centered((0, 0), 1, SIZE)), (480, 640))
    assert [*answers["square"]["center"], answers["square"]["side"]] == pytest.approx(square)
