"""People in the images or video frames of `python -m demo.batch`: found by a search, or in given boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from demo.batch.inputs import Boxes, Item
from demo.outputs.table import TableRow
from demo.runtimes.pose_model import PoseModel
from demo.tracking.estimator import Pose, Predict, confidence
from demo.tracking.rule import CompleteRule, FollowRule
from demo.tracking.tracker import Tracker
from pose import Crop, box_from_joints

#: An image and its people, None if it could not be read.
Found = tuple[Item, list[TableRow] | None]
#: Box (4,) and crop of each person in an image.
FindCrops = Callable[[np.ndarray, str | int], list[tuple[np.ndarray, Crop]]]
#: An image with box (4,), crop and the crop's pixels uint8 RGB (size, size, 3) of each person in it.
CroppedItem = tuple[Item, list[tuple[np.ndarray, Crop, np.ndarray]]]


def rule_of(model: PoseModel, min_score: float | None) -> CompleteRule:
    """The model's own rule, with a given minimum confidence of a person."""
    own = FollowRule().for_model(model.follow)
    if min_score is None:
        return own
    return replace(own, found_score=min_score, lost_score=min(own.lost_score, min_score))


def in_batches(predict: Predict, max_batch: int) -> Predict:
    """A model for any number of crops, which are passed on at most `max_batch` at once."""

    def run(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [predict(pictures[k : k + max_batch]) for k in range(0, len(pictures), max_batch)]
        return np.concatenate([xy for xy, _ in parts]), np.concatenate([scores for _, scores in parts])

    return run


def search(
    items: Iterable[Item], model: PoseModel, rule: CompleteRule, *, people: int, batch: int, min_score: float | None
) -> Iterator[Found]:
    """Searches each image of a folder; tracks people through a video.

    Args:
        items: the images or frames.
        model: estimates one person in a crop.
        rule: when tracks start and end.
        people: maximum number of people in an image.
        batch: maximum number of crops in one call of the model.
        min_score: minimum confidence (`demo.tracking.estimator.confidence`) of a person; None is the rule's
            `lost_score`.
    """
    predict = in_batches(model.predict, batch)
    least = rule.lost_score if min_score is None else min_score

    def new_tracker() -> Tracker:
        return Tracker(predict, model.skeleton, model.size, model.padding, rule, people=people)

    tracker = new_tracker()
    for item in items:
        if item.picture is None:
            yield item, None
            continue
        if item.time_s is None:
            tracker = new_tracker()
        poses = sorted(tracker.update(item.picture, item.time_s or 0.0).items())
        rows = [
            TableRow(item.key, item.time_s, number - 1, _box(pose, rule.joint_score), pose.xy_px, pose.scores)
            for number, pose in poses
            if confidence(pose.scores, model.skeleton) >= least
        ]
        yield item, rows


def _box(pose: Pose, joint_score: float) -> np.ndarray:
    """Box around the joints of sufficient score; the crop's square where there are none."""
    trusted = (pose.scores >= joint_score) & np.isfinite(pose.xy_px).all(axis=1)
    if trusted.any():
        return box_from_joints(pose.xy_px, trusted)
    side = pose.crop.scale * pose.crop.size
    return np.array([*pose.crop.points_to_frame(np.full(2, -0.5)), side, side])


def whole_image_crops(model: PoseModel) -> FindCrops:
    """Takes each image as one person's crop; see `iter_crops`."""

    def find(picture: np.ndarray, _: str | int) -> list[tuple[np.ndarray, Crop]]:
        height, width = picture.shape[:2]
        crop = Crop.centered(((width - 1) / 2, (height - 1) / 2), max(height, width), model.size)
        return [(np.array([-0.5, -0.5, width, height]), crop)]

    return find


def box_crops(boxes: Boxes, model: PoseModel) -> FindCrops:
    """The crops of given boxes; see `iter_crops`."""
    return lambda _, key: [(box_px, Crop.from_box(box_px, model.size, model.padding)) for box_px in boxes.get(key, ())]


def iter_crops(items: Iterable[Item], find: FindCrops) -> Iterator[CroppedItem]:
    """Yields each image with the crops of its people."""
    for item in items:
        picture = item.picture
        if picture is None:
            yield item, []
        else:
            yield item, [(box_px, crop, crop.cut(picture)) for box_px, crop in find(picture, item.key)]


def estimate_crops(
    cropped: Iterator[CroppedItem], model: PoseModel, *, batch: int, min_score: float
) -> Iterator[Found]:
    """Estimates one person in each crop, with the crops of several images at once.

    Args:
        cropped: from `iter_crops`.
        model: estimates one person in a crop.
        batch: number of images, and maximum number of crops, at once.
        min_score: minimum confidence (`demo.tracking.estimator.confidence`) of a person.
    """
    predict = in_batches(model.predict, batch)
    while chunk := list(islice(cropped, batch)):
        pixels = [cut for _, crops in chunk for _, _, cut in crops]
        predictions = iter(list(zip(*predict(np.stack(pixels)), strict=True)) if pixels else [])
        for item, crops in chunk:
            rows = []
            for number, (box_px, crop, _) in enumerate(crops):
                xy_px, scores = next(predictions)
                if confidence(scores, model.skeleton) >= min_score:
                    rows.append(TableRow(item.key, item.time_s, number, box_px, crop.points_to_frame(xy_px), scores))
            yield item, None if item.picture is None else rows
