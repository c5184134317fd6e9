"""The page's tracker gives the numbers that Python's gives."""

from dataclasses import asdict

import numpy as np
import pytest

from pose import LSP14
from pose.tracking.association import match
from pose.tracking.motion import MOTION
from pose.tracking.rule import TrackRule
from pose.tracking.tracks import PeopleTracker


def crowd(fps, seed):
    """Frames of people who cross, are missed, leave and come back, with false people and missing joints."""
    random = np.random.default_rng(seed)
    body = random.uniform((-30, -100), (30, 100), (6, 14, 2))
    frames = []
    for time_s in np.arange(0, max(12, 60 / fps), 1 / fps):
        found = []
        for k in range(6):
            place = np.array([640 + 800 * np.sin(time_s * (0.3 + 0.05 * k) + 2 * k), 300 + 20 * k])
            if random.random() < 0.05 or not 0 < place[0] < 1280:
                continue
            scores = np.where(random.random(14) < 0.15, 0.0, random.uniform(0.05, 1, 14))
            joints = body[k] * (1 + 0.05 * k) + place + random.normal(0, 3, (14, 2))
            found.append((joints, scores, random.uniform(0.05, 1)))
            if random.random() < 0.1:
                found.append((joints + random.normal(0, 2, 2), scores, random.uniform(0.05, 1)))
        if random.random() < 0.1:
            found.append((body[0] + random.uniform(0, 900, 2), np.full(14, 0.5), 0.5))
        frames.append((float(time_s), found))
    return frames


@pytest.mark.parametrize("fps", [0.8, 8, 30])
def test_numbers_and_predictions_are_those_of_python(run_js, fps):
    rule, frames = TrackRule(high_score=0.35, sure_score=0.9), crowd(fps, seed=round(fps))
    given = {
        "sigmas": LSP14.sigmas,
        "rule": asdict(rule),
        "motion": asdict(MOTION),
        "frames": [
            {
                "timeS": time_s,
                "found": [
                    {"joints": joints.tolist(), "scores": scores.tolist(), "score": score}
                    for joints, scores, score in found
                ],
            }
            for time_s, found in frames
        ],
    }
    answers = run_js(
        """
        const { PeopleTracker } = await import("./tracks.js");
        const tracker = new PeopleTracker(given.sigmas, given.rule, given.motion);
        return given.frames.map(({ timeS, found }) => ({
          numbers: tracker.update(found, timeS),
          expected: tracker.predict(timeS + 0.05),
        }));
        """,
        given,
    )
    tracker = PeopleTracker(LSP14.sigmas, rule)
    known, untracked, missed = set(), 0, 0
    for (time_s, found), answer in zip(frames, answers, strict=True):
        joints, scores, person_scores = (np.array([person[part] for person in found]) for part in range(3))
        numbers = tracker.update(joints.reshape(-1, 14, 2), scores.reshape(-1, 14), person_scores, time_s)
        assert answer["numbers"] == numbers.tolist(), time_s
        expected = tracker.predict(time_s + 0.05)
        assert [person["number"] for person in answer["expected"]] == [person.number for person in expected]
        for person, right in zip(answer["expected"], expected, strict=True):
            np.testing.assert_allclose(person["joints"], right.xy_px, rtol=1e-9)
            np.testing.assert_allclose(person["scores"], right.scores)
            assert person["length"] == pytest.approx(right.length_px)
            assert person["missedS"] == pytest.approx(right.missed_s)
        known |= set(numbers[numbers > 0].tolist())
        untracked += (numbers < 0).sum()
        missed += sum(person.missed_s > 0.06 for person in expected)
    # The clip has all kinds of people; those who are missed for longer than `lost_s` are expected no more.
    assert len(known) >= 6 and untracked > 10 and (missed > 10 or fps < 1)


def test_assignments_are_those_of_scipy(run_js):
    random = np.random.default_rng(0)
    matrices = [random.uniform(0, 1, shape) for shape in [(1, 1), (3, 7), (7, 3), (6, 6), (12, 20)] * 4]
    body = (
        'const { matchBest } = await import("./assignment.js"); return given.map((matrix) => matchBest(matrix, 0.4));'
    )
    answers = run_js(body, [one.tolist() for one in matrices])
    assert answers == [[list(pair) for pair in match(one, 0.4)] for one in matrices]
    assert run_js(body, [[], [[]], [[0.3]]]) == [[], [], []]
