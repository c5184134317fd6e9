"""People in the images or video frames of `python -m demo.batch`: found by a search, or in given boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from demo.batch.inputs import Boxes, Item
from demo.finding.choose import in_batches, tracker_for
from demo.finding.crowd import CrowdTracker
from demo.outputs.table import TableRow
from demo.runtimes.pose_model import PoseModel
from demo.tracking.estimator import Pose, confidence
from demo.tracking.rule import CompleteRule, FollowRule
from pose import Crop, box_from_joints
from pose.people import People

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


def search(
    items: Iterable[Item],
    model: PoseModel,
    rule: CompleteRule,
    *,
    people: int | None,
    batch: int,
    min_score: float | None,
) -> Iterator[Found]:
    """Searches each image of a folder; tracks people through a video.

    Args:
        items: the images or frames.
        model: with its finder, if any.
        rule: when tracks start and end.
        people: maximum number of people in an image; None is as many as possible.
        batch: maximum number of crops in one call of the model.
        min_score: minimum confidence (`demo.tracking.estimator.confidence`) of a person; None is the rule's
            `lost_score`.
    """
    least = rule.lost_score if min_score is None else min_score
    tracker = tracker_for(model, rule, people, batch)
    for item in items:
        if item.picture is None:
            yield item, None
            continue
        if item.time_s is None and isinstance(tracker, CrowdTracker):
            found = tracker.find(item.picture)
            yield item, _rows(item, found.some(found.person_scores >= least), rule.joint_score)
            continue
        if item.time_s is None:
            tracker = tracker_for(model, rule, people, batch)
        poses = sorted(tracker.update(item.picture, item.time_s or 0.0).items())
        rows = [
            TableRow(item.key, item.time_s, number - 1, _box(pose, rule.joint_score), pose.xy_px, pose.scores)
            for number, pose in poses
            if confidence(pose.scores, model.skeleton) >= least
        ]
        yield item, rows


def _rows(item: Item, people: People, joint_score: float) -> list[TableRow]:
    boxes = people.boxes_px(joint_score)
    return [
        TableRow(item.key, None, number, box, xy_px, scores, float(score))
        for number, (box, xy_px, scores, score) in enumerate(zip(boxes, *people, strict=True))
    ]


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
