"""The tracker that suits the models at hand."""

from __future__ import annotations

import numpy as np

from demo.finding.crowd import CrowdTracker
from demo.finding.finder import Finder
from demo.runtimes.exports import MOST_SEARCHED
from demo.runtimes.pose_model import PoseModel
from demo.tracking.estimator import CropEstimator, Predict
from demo.tracking.rule import CompleteRule, FollowRule
from demo.tracking.tracker import Tracker


def max_people(model: PoseModel, people: int | None) -> int | None:
    """The maximum number of people: as given, or else what the model and its finder can do; None is no limit.

    Raises:
        ValueError: more people are asked for than can be found, or none.
    """
    if model.finds_everybody or model.finder is not None:
        if people is not None and people < 1:
            raise ValueError(f"people must be 1 or more, got {people}")
        return people
    if people is not None and not 1 <= people <= MOST_SEARCHED:
        raise ValueError(
            f"people must be 1 to {MOST_SEARCHED}, got {people}; a finder, a model that sees everybody, finds more"
        )
    return people or MOST_SEARCHED


def tracker_for(model: PoseModel, rule: CompleteRule, people: int | None, batch: int = 1) -> Tracker | CrowdTracker:
    """Returns a new tracker.

    Args:
        model: with its finder, if any.
        rule: when tracks start and end, for the model.
        people: maximum number of people; None is as many as possible.
        batch: maximum number of images in one call of a model.

    Raises:
        ValueError: see `max_people`.
    """
    people = max_people(model, people)
    if model.finds_everybody:
        return CrowdTracker(finder_of(model, rule, batch), rule, model.skeleton, people=people)
    predict = in_batches(model.predict, batch)
    if model.finder is None:
        return Tracker(predict, model.skeleton, model.size, model.padding, rule, people=people or MOST_SEARCHED)
    finder = finder_of(model.finder, FollowRule().for_model(model.finder.follow), batch)
    estimator = CropEstimator(predict, model.skeleton, model.size, model.padding, rule)
    return CrowdTracker(finder, rule, model.skeleton, estimator=estimator, people=people)


def finder_of(model: PoseModel, rule: CompleteRule, batch: int) -> Finder:
    """The finder of a model that sees everybody."""
    return Finder(model.find, model.skeleton, model.size, rule, batch)


def in_batches(predict: Predict, max_batch: int) -> Predict:
    """A model for any number of crops, which are passed on at most `max_batch` at once."""

    def run(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [predict(pictures[k : k + max_batch]) for k in range(0, len(pictures), max_batch)]
        return np.concatenate([xy for xy, _ in parts]), np.concatenate([scores for _, scores in parts])

    return run
