"""OKS-AP and AR as COCO's keypoint challenge counts them, by its own evaluator (pycocotools)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluate.cocoeval import keypoints_of, run_cocoeval
from evaluate.pose_2d.metrics import oks_area_px
from pose import Skeleton

# Far outside any image. COCOeval would take NaN for a match; at this distance the joint's similarity is exactly 0.
_FAR_PX = 1e9


@dataclass(frozen=True)
class AveragePrecision:
    """COCO's keypoint figures, fractions between 0 and 1; NaN if no one could be counted.

    Attributes:
        ap: mean of the average precisions at OKS thresholds 0.50, 0.55, ..., 0.95.
        ap50: average precision at OKS 0.50.
        ap75: average precision at OKS 0.75.
        ar: mean recall over the same thresholds.
        people: how many people were counted: those with labelled joints and an area.
    """

    ap: float
    ap50: float
    ap75: float
    ar: float
    people: int


def average_precision(
    predicted_px: np.ndarray, scores: np.ndarray, labels: Mapping[str, np.ndarray], skeleton: Skeleton
) -> AveragePrecision:
    """Runs COCOeval with one image, one annotation and one detection for each person.

    The crops are given, so no one is missed or found twice: what is measured is how close the joints are, and whether
    the scores rank good predictions before bad ones. A person's score is the mean of the joints'; equal scores keep the
    people's order. Areas unknown to the records are estimated by `oks_area_px`, and people of all sizes are counted.

    Args:
        predicted_px: float (N, J, 2).
        scores: float (N, J); one that is not a number counts as 0.
        labels: "joints_xy_px" (N, J, 2), "visible" (N, J) and "area_px" (N,) in px of the same image.
        skeleton: whose sigmas are used.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    true, visible = np.asarray(labels["joints_xy_px"], np.float64), np.asarray(labels["visible"])
    predicted, scores = np.asarray(predicted_px, np.float64), np.asarray(scores, np.float64)
    if predicted.shape != true.shape or scores.shape != visible.shape or visible.shape != true.shape[:2]:
        raise ValueError(
            "OKS-AP needs predictions and labels (N, J, 2), scores and visibility (N, J); got predictions "
            f"{predicted.shape}, labels {true.shape}, scores {scores.shape}, visibility {visible.shape}"
        )
    area = oks_area_px(true, visible, labels["area_px"])
    counted = np.flatnonzero((area > 0) & (visible > 0).any(axis=1))
    if not len(counted):
        return AveragePrecision(np.nan, np.nan, np.nan, np.nan, 0)
    predicted = np.where(np.isfinite(predicted).all(axis=-1, keepdims=True), predicted, _FAR_PX)
    person_scores = np.where(np.isfinite(scores), scores, 0).mean(axis=1)
    # COCOeval takes the id 0 for "no match", so ids start at 1.
    annotations = [_annotation(i, true[i], visible[i], area[i]) for i in counted.tolist()]
    detections = [
        {
            "image_id": i + 1,
            "category_id": 1,
            "keypoints": keypoints_of(predicted[i], 1),
            "score": float(person_scores[i]),
        }
        for i in counted.tolist()
    ]
    return _run(annotations, detections, skeleton)


def _annotation(i: int, true: np.ndarray, visible: np.ndarray, area: float) -> dict:
    return {
        "id": i + 1,
        "image_id": i + 1,
        "category_id": 1,
        "iscrowd": 0,
        "area": float(area),
        # Required by COCOeval, but used only for people without labelled joints.
        "bbox": [0, 0, 0, 0],
        "num_keypoints": int((visible > 0).sum()),
        "keypoints": keypoints_of(true, visible),
    }


def _run(annotations: list[dict], detections: list[dict], skeleton: Skeleton) -> AveragePrecision:
    images = [annotation["image_id"] for annotation in annotations]
    # No upper limit: joints moved far away make a huge detection.
    areas = {"all": (0.0, np.inf)}
    precision, recall = run_cocoeval(images, annotations, detections, skeleton, areas=areas, max_detections=1)
    by_threshold = precision[..., 0].mean(axis=1)
    return AveragePrecision(
        ap=float(by_threshold.mean()),
        ap50=float(by_threshold[0]),
        ap75=float(by_threshold[5]),
        ar=float(recall[:, 0].mean()),
        people=len(annotations),
    )
