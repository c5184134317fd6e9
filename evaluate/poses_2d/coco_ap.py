"""COCO's keypoint AP and AR over whole images, by its own evaluator (pycocotools)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluate.cocoeval import CATEGORY, keypoints_of, run_cocoeval
from evaluate.poses_2d.frames import LabeledFrame
from pose import Skeleton
from pose.results.people import ImagePeople

#: COCO's ranges of areas, in square px of the original image; small people are in "all" alone.
AREAS = {"all": (0.0, 1e5**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e5**2)}
#: As many people of an image count, those with the highest scores.
MAX_PEOPLE = 20
# COCO measures boxes from the image's corner, we from the center of its first pixel.
_CORNER = np.array([0.5, 0.5, 0, 0])


@dataclass(frozen=True)
class KeypointAP:
    """COCO's keypoint figures, fractions between 0 and 1; NaN if there is no one to find.

    Attributes:
        ap: mean of the average precisions at OKS thresholds 0.50, 0.55, ..., 0.95.
        ap50: average precision at OKS 0.50.
        ap75: average precision at OKS 0.75.
        ap_medium: `ap` of people of 32 x 32 to 96 x 96 px.
        ap_large: `ap` of larger people.
        ar: mean recall over the same thresholds.
        ar50: recall at OKS 0.50.
    """

    ap: float
    ap50: float
    ap75: float
    ap_medium: float
    ap_large: float
    ar: float
    ar50: float


def keypoint_ap(frames: Sequence[LabeledFrame], found: Sequence[ImagePeople], skeleton: Skeleton) -> KeypointAP:
    """Measures found people as COCO's keypoint challenge does.

    A found person without a match who lies on someone not labeled (`Ignored`) is left out, by COCO's own rule: joints
    within the box, or beyond it by no more than its size, count as right. A joint without a place counts as 0, 0, as in
    results files. Equal scores keep the order of images and people. The best 20 people of an image count, or as many as
    are labeled in any image if that is more.

    Args:
        frames: N images with their labeled people.
        found: those found in each.
        skeleton: of both.

    Raises:
        ValueError: the numbers of images or joints differ.
    """
    check_pairs(frames, found, skeleton)
    annotations: list[dict] = []
    detections: list[dict] = []
    for number, (frame, people) in enumerate(zip(frames, found, strict=True), start=1):
        annotations += _annotations(frame, number, len(annotations))
        detections += _detections(people, number)
    most = max([MAX_PEOPLE, *(frame.num_people for frame in frames)])
    images = range(1, len(frames) + 1)
    precision, recall = run_cocoeval(images, annotations, detections, skeleton, areas=AREAS, max_detections=most)
    return KeypointAP(
        ap=_mean(precision[..., 0]),
        ap50=_mean(precision[0, :, 0]),
        ap75=_mean(precision[5, :, 0]),
        ap_medium=_mean(precision[..., 1]),
        ap_large=_mean(precision[..., 2]),
        ar=_mean(recall[:, 0]),
        ar50=_mean(recall[0, 0]),
    )


def check_pairs(frames: Sequence[LabeledFrame], found: Sequence[ImagePeople], skeleton: Skeleton) -> None:
    """Checks that there are found people, of the skeleton's joints, for each image.

    Raises:
        ValueError: there are not.
    """
    if len(frames) != len(found):
        raise ValueError(
            f"each image needs its found people, got {len(frames)} images and {len(found)} of found people"
        )
    shapes = {one.joints_xy_px.shape[1:] for one in frames} | {one.xy_px.shape[1:] for one in found if len(one.xy_px)}
    if wrong := shapes - {(skeleton.num_joints, 2)}:
        raise ValueError(f"{skeleton.name} has {skeleton.num_joints} joints, got people of shape {wrong.pop()}")


def _annotations(frame: LabeledFrame, image: int, before: int) -> list[dict]:
    entries = []
    for xy, visible, area in zip(frame.joints_xy_px, frame.visible, frame.areas_px, strict=True):
        entry = {"num_keypoints": int((visible > 0).sum()), "keypoints": keypoints_of(xy, visible), "iscrowd": 0}
        # The box is needed, but used only for people without labeled joints.
        entries.append({**entry, "area": float(area), "bbox": [0, 0, 0, 0]})
    joints = frame.visible.shape[1]
    ignored = frame.ignored
    for box, area, crowd in zip(ignored.boxes_px + _CORNER, ignored.areas_px, ignored.crowds, strict=True):
        entry = {"num_keypoints": 0, "keypoints": [0] * 3 * joints, "iscrowd": int(crowd)}
        entries.append({**entry, "area": float(area), "bbox": box.tolist()})
    return [
        {"id": before + k, "image_id": image, "category_id": CATEGORY, **entry}
        for k, entry in enumerate(entries, start=1)
    ]


def _detections(people: ImagePeople, image: int) -> list[dict]:
    xy = np.where(np.isfinite(people.xy_px).all(axis=-1, keepdims=True), people.xy_px, 0)
    return [
        {"image_id": image, "category_id": CATEGORY, "keypoints": keypoints_of(joints, 1), "score": float(score)}
        for joints, score in zip(xy, np.nan_to_num(people.person_scores), strict=True)
    ]


def _mean(values: np.ndarray) -> float:
    """The mean without COCOeval's -1 for nobody."""
    known = values[values > -1]
    return float(known.mean()) if known.size else float("nan")
