"""The page shows the people whom the Python demo shows, from the same answers of a model that sees everybody."""

import cv2
import numpy as np
import pytest
from browser_parts import GRAY, PAINTS, RULE, SIZE, SMOOTH, painted, says, told, write_webm

from demo.finding import crowd
from demo.finding.finder import LEAST_SCORE, Finder
from demo.finding.views import views_of
from demo.site.build import page_settings
from demo.tracking.one_euro import OneEuro
from demo.tracking.people import SmoothedTracker
from demo.tracking.rule import FollowRule
from demo.video.capture import Frame
from pose import LSP14
from pose.people import People

_SIZE, _ROWS, _SMOOTH = 64, 12, (1.3, 6.0)
_RULE = FollowRule(joint_score=0.15, found_score=0.4, lost_score=0.2).for_model({})
_SETTINGS = page_settings(
    {"task": "poses-2d-centers", "skeleton": LSP14.describe(), "size": _SIZE, "padding": 1.25},
    _RULE,
    OneEuro(*_SMOOTH),
)
_NAMES = ("joints_xy_px", "scores", "person_scores")


def made_up_answers(frames, fps, seed):
    """Answers for frames in which six people walk, with misses, noise, false people, duplicates and padding."""
    random = np.random.default_rng(seed)
    bodies = random.uniform((-2, -8), (2, 8), (6, LSP14.num_joints, 2))
    for time_s in np.arange(frames) / fps:
        joints = random.uniform(0, _SIZE, (_ROWS, LSP14.num_joints, 2))
        scores = random.uniform(0, 1, (_ROWS, LSP14.num_joints))
        person_scores = np.zeros(_ROWS)
        person_scores[:6] = random.uniform(0.1, 1, 6) * (random.random(6) > 0.05)
        for k, body in enumerate(bodies):
            place = (_SIZE / 2 * (1 + 1.1 * np.sin(time_s * (0.3 + 0.1 * k) + 2 * k)), 26 + 2 * k)
            joints[k] = body + place + random.normal(0, 0.3, body.shape)
        scores[:6] *= np.where(random.random((6, LSP14.num_joints)) < 0.1, 0.1, 1.0)
        # Two duplicates, one false person, and one below the least score.
        twins = random.integers(0, 6, 2)
        joints[6:8] = joints[twins] + random.normal(0, 0.3, (2, LSP14.num_joints, 2))
        person_scores[6:10] = [*random.uniform(0.05, 1, 2), random.uniform(0, 0.6), LEAST_SCORE / 2]
        yield {
            name: values[None].astype(np.float32)
            for name, values in zip(_NAMES, (joints, scores, person_scores), strict=True)
        }


def as_found(answers):
    """An answer as model.js passes it on."""
    rows = zip(*(answers[name][0].tolist() for name in _NAMES), strict=True)
    return [{"joints": joints, "scores": scores, "score": score} for joints, scores, score in rows]


class Answers:
    """A model that gives one prepared answer after another, and counts the people whom it has given."""

    def __init__(self, answers):
        self.answers, self.given, self.pictures = iter(answers), 0, []

    def find(self, pictures):
        self.pictures.extend(pictures)
        (people,) = People.of_each(next(self.answers))
        self.given += len(people.scores)
        return [people]


@pytest.mark.parametrize("fps", [6, 30])
def test_people_numbers_and_joints_are_those_of_python(run_js, monkeypatch, fps):
    monkeypatch.setattr(crowd, "VIDEO_LEVELS", 0)
    answers = list(made_up_answers(10 * fps, fps, seed=fps))
    # Frames of another size begin a new video.
    sizes = [(90, 160) if k < 7 * fps else (120, 100) for k in range(len(answers))]
    times_s = (np.arange(len(answers)) / fps).tolist()
    shown = run_js(
        """
        const { Everybody } = await import("./people.js");
        let k = 0;
        const everybody = new Everybody({ find: async () => given.found[k] }, given.settings);
        const shown = [];
        for (k = 0; k < given.found.length; k += 1) {
          const [height, width] = given.sizes[k];
          const picture = { width, height, data: new Uint8Array(4 * width * height) };
          shown.push((await everybody.next(picture, given.times[k])).people);
        }
        return shown;
        """,
        {"settings": _SETTINGS, "found": [as_found(one) for one in answers], "sizes": sizes, "times": times_s},
    )
    model = Answers(answers)
    tracker = crowd.CrowdTracker(Finder(model.find, LSP14, _SIZE, _RULE), _RULE, LSP14)
    read = SmoothedTracker(tracker, _RULE.joint_score, *_SMOOTH)
    numbers, count = set(), 0
    for k, (people, size, time_s) in enumerate(zip(shown, sizes, times_s, strict=True)):
        # All of one color, as the page knows no colors.
        expected = read(Frame(np.zeros((*size, 3), np.uint8), time_s, k)).people
        assert [person["number"] for person in people] == [person.number for person in expected], k
        for person, right in zip(people, expected, strict=True):
            np.testing.assert_allclose(person["joints"], right.xy_px, rtol=1e-7)
            np.testing.assert_allclose(person["scores"], right.scores)
            np.testing.assert_array_equal(person["shown"], right.shown)
        numbers |= {person.number for person in expected}
        count += len(expected)
    # People are lost and come; duplicates and doubtful people are left out.
    assert len(numbers) >= 7 and 3 * len(answers) < count < 0.8 * model.given


@pytest.mark.parametrize("size", [(120, 90), (90, 121), (30, 31)])
def test_the_view_and_the_people_in_it_are_those_of_python(run_js, size):
    random = np.random.default_rng(1)
    small = random.integers(0, 256, (12, 12, 3), np.uint8)
    picture = cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC)
    answers = next(made_up_answers(1, 30, seed=2))
    # A person whose joints fall on one point has no area, and no duplicates.
    answers["joints_xy_px"][0, 8] = answers["joints_xy_px"][0, 9] = 20
    answers["person_scores"][0, 8:10] = 0.9, 0.8
    # Where fewer than three joints have the score, the box is around the best three.
    answers["scores"][0, :6] = np.linspace(0.01, 0.1, LSP14.num_joints)
    result = run_js(
        """
        const { Finder } = await import("./crowd.js");
        let pixels;
        const finder = new Finder(async (seen) => { pixels = Array.from(seen); return given.found; }, given.settings);
        const [height, width] = given.size;
        const people = await finder.find({ width, height, data: given.data });
        return { pixels, people, boxes: people.map((person) => finder.box(person)) };
        """,
        {
            "settings": _SETTINGS,
            "found": as_found(answers),
            "size": size,
            "data": cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA).ravel().tolist(),
        },
    )
    model = Answers([answers])
    expected = Finder(model.find, LSP14, _SIZE, _RULE).find(picture, views_of(*size, _SIZE, 0))
    assert np.abs(np.reshape(result["pixels"], (_SIZE, _SIZE, 3)) - model.pictures[0].astype(int)).max() <= 1
    assert 4 <= len(expected.scores) < model.given
    np.testing.assert_allclose([person["joints"] for person in result["people"]], expected.joints_xy_px, rtol=1e-9)
    np.testing.assert_allclose([person["scores"] for person in result["people"]], expected.scores)
    np.testing.assert_allclose([person["score"] for person in result["people"]], expected.person_scores)
    np.testing.assert_allclose(result["boxes"], expected.boxes_px(_RULE.joint_score))


@pytest.mark.slow
def test_a_video_of_three_in_a_browser(crowd_page, crowd_export, monkeypatch, tmp_path):
    monkeypatch.setattr(crowd, "VIDEO_LEVELS", 0)
    pictures = []
    for k in range(60):
        picture = painted(GRAY, (8 * k, 60, 90, 240))
        picture = painted(picture, (500 - 8 * k, 120, 80, 200), PAINTS[1])  # crosses the first
        pictures.append(painted(picture, (560, 20, 60, 180), PAINTS[2]) if k >= 30 else picture)
    crowd_page.set_input_files("#file", write_webm(tmp_path / "film.webm", pictures, fps=10))
    frames = told(crowd_page, 20, "people")
    session = pytest.importorskip("onnxruntime").InferenceSession(crowd_export / "model.onnx")

    def find(seen):
        return People.of_each(dict(zip(_NAMES, session.run(list(_NAMES), {"pictures": seen}), strict=True)))

    tracker = crowd.CrowdTracker(Finder(find, LSP14, SIZE, RULE), RULE, LSP14)
    read = SmoothedTracker(tracker, RULE.joint_score, *SMOOTH)
    times_s = [time_s for _, time_s, _ in frames]
    end = next((k for k in range(1, len(frames)) if times_s[k] < times_s[k - 1]), len(frames))
    for k, (picture, time_s, people) in enumerate(frames[:end]):
        expected = read(Frame(picture, time_s, k)).people
        assert [person["number"] for person in people] == [person.number for person in expected], k
        for person, right in zip(people, expected, strict=True):
            np.testing.assert_allclose(person["joints"], right.xy_px, atol=2)
    assert {len(people) for _, _, people in frames} >= {2}
    assert crowd_page.inner_text("#message") == "" and " ms a frame" in crowd_page.inner_text("#speed")
    cv2.imwrite(str(tmp_path / "empty.png"), GRAY)
    crowd_page.set_input_files("#file", tmp_path / "empty.png")
    says(crowd_page, "Nobody was found in this picture.")
