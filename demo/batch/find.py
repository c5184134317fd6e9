"""Who is in the pictures that `python -m demo.batch` reads: people whom a search finds, or those of given boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np

from demo.batch.inputs import Boxes, Item
from demo.batch.table import Person
from demo.runtimes.pose_model import PoseModel
from demo.tracking.estimator import Pose, Predict, confidence
from demo.tracking.rule import FollowRule
from demo.tracking.tracker import Crowd
from pose import Crop, box_from_joints

#: A picture and the people in it, None in place of those of one that could not be read.
Found = tuple[Item, list[Person] | None]


def in_parts(predict: Predict, most: int) -> Predict:
    """The model, for any number of crops, of which it gets no more than `most` at once."""

    def run(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [predict(pictures[k : k + most]) for k in range(0, len(pictures), most)]
        return np.concatenate([xy for xy, _ in parts]), np.concatenate([scores for _, scores in parts])

    return run


def search(
    items: Iterable[Item], model: PoseModel, rule: FollowRule, *, people: int, batch: int, min_score: float
) -> Iterator[Found]:
    """Looks for people: in each picture of a folder anew; through a video it follows them.

    Args:
        items: the pictures.
        model: sees one person at a time.
        rule: when a person counts as found and as lost; with all its scores.
        people: the most people in a picture.
        batch: the most crops that the model gets at once.
        min_score: the least confidence (see `demo.tracking.estimator.confidence`) of a person.
    """
    predict = in_parts(model.predict, batch)

    def begin() -> Crowd:
        return Crowd(predict, model.skeleton, model.size, model.padding, rule, people=people)

    crowd = begin()
    for item in items:
        if item.picture is None:
            yield item, None
            continue
        if item.time_s is None:
            crowd = begin()
        found = sorted(crowd.update(item.picture, item.time_s or 0.0).items())
        sure = [(number, pose) for number, pose in found if confidence(pose.scores, model.skeleton) >= min_score]
        yield (
            item,
            [
                Person(item.key, item.time_s, number - 1, _box(pose, rule.joint_score), pose.xy_px, pose.scores)
                for number, pose in sure
            ],
        )


def _box(pose: Pose, joint_score: float) -> np.ndarray:
    trusted = (pose.scores >= joint_score) & np.isfinite(pose.xy_px).all(axis=1)
    if trusted.any():
        return box_from_joints(pose.xy_px, trusted)
    side = pose.crop.scale * pose.crop.size
    return np.array([*pose.crop.points_to_frame(np.full(2, -0.5)), side, side])


def whole_picture(model: PoseModel) -> Callable[[Item], list[tuple[np.ndarray, Crop]]]:
    """Takes each picture as one person's; see `in_crops`."""

    def crops(item: Item) -> list[tuple[np.ndarray, Crop]]:
        height, width = item.picture.shape[:2]
        crop = Crop.centered(((width - 1) / 2, (height - 1) / 2), max(height, width), model.size)
        return [(np.array([-0.5, -0.5, width, height]), crop)]

    return crops


def within(boxes: Boxes, model: PoseModel) -> Callable[[Item], list[tuple[np.ndarray, Crop]]]:
    """The people of given boxes; see `in_crops`."""
    return lambda item: [
        (box_px, Crop.from_box(box_px, model.size, model.padding)) for box_px in boxes.get(item.key, ())
    ]


def cut(
    items: Iterable[Item], crops: Callable[[Item], list[tuple[np.ndarray, Crop]]]
) -> Iterator[tuple[Item, list[tuple[np.ndarray, Crop, np.ndarray]]]]:
    """Cuts the crops of each picture: the boxes with the crops and their pixels."""
    for item in items:
        views = [] if item.picture is None else crops(item)
        yield item, [(box_px, crop, crop.cut(item.picture)) for box_px, crop in views]


def in_crops(
    views: Iterator[tuple[Item, list[tuple[np.ndarray, Crop, np.ndarray]]]],
    model: PoseModel,
    *,
    batch: int,
    min_score: float,
) -> Iterator[Found]:
    """Estimates one person in each crop, with the crops of several pictures at once.

    Args:
        views: of `cut`.
        model: sees one person at a time.
        batch: the number of pictures, and the most crops, at once.
        min_score: the least confidence (see `demo.tracking.estimator.confidence`) of a person.
    """
    predict = in_parts(model.predict, batch)
    while chunk := list(islice(views, batch)):
        pixels = [part for _, parts in chunk for _, _, part in parts]
        answers = iter(list(zip(*predict(np.stack(pixels)), strict=True)) if pixels else [])
        for item, parts in chunk:
            people = []
            for number, (box_px, crop, _) in enumerate(parts):
                xy_px, scores = next(answers)
                if confidence(scores, model.skeleton) >= min_score:
                    person_xy_px = crop.points_to_frame(xy_px)
                    people.append(Person(item.key, item.time_s, number, box_px, person_xy_px, scores))
            yield item, None if item.picture is None else people
