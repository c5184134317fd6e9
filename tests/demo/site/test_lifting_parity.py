"""The page lifts people as the Python demo does."""

import json

import numpy as np
import pytest
from browser_parts import PADDING, RULE, SIZE, SMOOTH, opened, painted, running, told, write_mjpeg

from demo.errors import ModelError
from demo.lifting.lifter import Lifter, LiftOptions
from demo.lifting.live import LiftedTracker
from demo.site.build import lift_settings, write_site
from demo.site.server import make_server
from demo.tracking.one_euro import OneEuro
from demo.tracking.people import TrackedFrame, TrackedPerson
from demo.video.capture import Frame
from pose import LSP14, PANOPTIC19, Skeleton
from weights import run_of

_LIFT = run_of("lift") / "export"
_DESCRIPTION = json.loads((_LIFT / "pose.json").read_text())
_OPTIONS = LiftOptions(space=True, stature_mm=1820.0, focal=1.1)
_BODY = """
const { Lifter } = await import("./lifting.js");
const weights = given.weights;
// A net without weights of its own: each answer is a sum over the window.
const sum = (values, row) => values.reduce((total, value, k) => total + value * row[k % row.length], 0);
const run = async (values) => weights.map((row) => sum(values, row));
const lifter = new Lifter(run, given.settings);
const found = [];
for (const { timeS, people } of given.frames) {
  await lifter.next(people, timeS, { width: 640, height: 480 });
  found.push(people.map(({ space }) => space ?? null));
}
return found;
"""


class Summing:
    """The same net in Python."""

    def __init__(self, weights):
        self.weights = weights

    def run(self, inputs):
        values = inputs["joints"].astype(np.float64).reshape(len(inputs["joints"]), -1)
        count = values.shape[1] // self.weights.shape[1]
        return {"joints_xyz_mm": (values @ np.tile(self.weights, count).T).reshape(len(values), -1, 3)}


def walking(frames, seed=0):
    """Two people of whom joints come and go, at uneven times; the second is away for some frames."""
    random = np.random.default_rng(seed)
    bodies = random.uniform(-60, 60, (2, 14, 2)) + [[(200, 240)], [(420, 230)]]
    times = np.cumsum(random.uniform(0.02, 0.09, frames))
    for k, time_s in enumerate(times):
        people = []
        for number, body in enumerate(bodies, start=1):
            if number == 2 and 6 <= k < 10:
                continue
            xy = body + 40 * np.sin(time_s * (1 + number)) + random.normal(0, 1, body.shape)
            scores = random.uniform(0.2, 1, 14)
            people.append(TrackedPerson(number, xy, scores, random.random(14) > 0.15))
        yield float(time_s), people


def test_people_are_lifted_as_in_python(run_js):
    weights = np.random.default_rng(1).normal(0, 2, (19 * 3, 19 * 3))
    lifter = Lifter(_LIFT, LSP14, _OPTIONS.stature_mm, _OPTIONS.focal)
    lifter._model = Summing(weights)
    picture, frames = np.zeros((480, 640, 3), np.uint8), list(walking(60))
    track = LiftedTracker(lambda frame: TrackedFrame(frame, tuple(frames[frame.index][1])), lifter)
    expected = [
        [person.xyz_mm for person in track(Frame(picture, time_s, k)).people] for k, (time_s, _) in enumerate(frames)
    ]
    given = [
        {
            "timeS": time_s,
            "people": [
                {
                    "number": one.number,
                    "joints": one.xy_px.tolist(),
                    "scores": one.scores.tolist(),
                    "shown": one.shown.tolist(),
                }
                for one in people
            ],
        }
        for time_s, people in frames
    ]
    settings = lift_settings(_DESCRIPTION, LSP14, _OPTIONS)
    found = run_js(_BODY, {"weights": weights.tolist(), "settings": settings, "frames": given})
    lifted = 0
    for ours, theirs in zip(expected, found, strict=True):
        for xyz, space in zip(ours, theirs, strict=True):
            if space is None:
                assert np.isnan(xyz).any()
                continue
            lifted += 1
            np.testing.assert_allclose(space, xyz, rtol=1e-3, atol=0.5)
    assert lifted > 20


def test_joints_are_taken_from_those_that_are_there():
    settings = lift_settings(_DESCRIPTION, LSP14, _OPTIONS)
    sources = dict(zip(PANOPTIC19.joints, settings["sources"], strict=True))
    assert sources["left_knee"] == [LSP14.index("left_knee")] and sources["nose"] == []
    assert sorted(sources["body_center"]) == [LSP14.index("right_hip"), LSP14.index("left_hip")]
    assert settings["scale"] == pytest.approx(1.82 / 1.7)
    with pytest.raises(ModelError, match="which beetle lacks"):
        lift_settings(_DESCRIPTION, Skeleton("beetle", ("head",)), _OPTIONS)


def test_the_folder_has_the_lifter(export, runtime, tmp_path):
    write_site(tmp_path / "site", export, RULE, OneEuro(*SMOOTH), lift=_OPTIONS)
    settings = json.loads((tmp_path / "site" / "settings.json").read_text())
    assert settings["lift"]["frames"] == 27
    assert (tmp_path / "site" / "lift.onnx").read_bytes() == (_LIFT / "model.onnx").read_bytes()
    with pytest.raises(ModelError, match="the page runs those of pose-lift; give another --lifter"):
        write_site(
            tmp_path / "other", export, RULE, OneEuro(*SMOOTH), lift=LiftOptions(space=True, lifter=run_of("fast"))
        )


@pytest.mark.slow
def test_a_camera_is_lifted_in_the_browser(browser, export, runtime, film, tmp_path):
    assert (SIZE, PADDING) == (96, 1.4)
    write_site(tmp_path / "site", export, RULE, OneEuro(*SMOOTH), lift=_OPTIONS)
    write_mjpeg(film, [painted(np.full((480, 640, 3), 90, np.uint8), (200 + 2 * k, 120, 120, 240)) for k in range(40)])
    server, address = make_server(tmp_path / "site", port=0)
    with running(server), opened(browser, address) as page:
        page.click("#camera")
        frames = told(page, 12)
        spaces = [person["space"] for _, _, person in frames if person is not None]
        assert len(spaces) >= 10 and all(np.shape(space) == (19, 3) for space in spaces)
        assert np.isfinite(spaces).all() and 300 < np.mean(spaces, axis=(0, 1))[2] < 30_000
        drawn = page.evaluate(
            "() => [...document.getElementById('space').getContext('2d').getImageData(0, 0, 480, 480).data]"
        )
        assert len(set(zip(*[iter(drawn)] * 4, strict=True))) > 3
