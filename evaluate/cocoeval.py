"""Runs COCO's own evaluator (pycocotools) on people in memory."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pose import Skeleton

#: The category of people in `annotations` and `detections`.
CATEGORY = 1


def run_cocoeval(
    images: Sequence[int],
    annotations: list[dict],
    detections: list[dict],
    skeleton: Skeleton,
    *,
    areas: dict[str, tuple[float, float]],
    max_detections: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluates keypoints.

    Args:
        images: their ids.
        annotations: as in COCO's files; ids start at 1, since COCOeval takes 0 for "no match".
        detections: as in COCO's results.
        skeleton: whose names and sigmas are used.
        areas: ranges of the people's areas by name, in square px.
        max_detections: the most people of an image that count, those with the highest scores.

    Returns:
        Precision (T, R, A) at T similarities of 0.50, 0.55, ..., 0.95 and R recalls, and recall (T, A), for the A
        ranges of areas; -1 where there is no one to find.
    """
    # pycocotools always prints its progress; errors are exceptions.
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": number} for number in images],
            "annotations": annotations,
            "categories": [{"id": CATEGORY, "name": "person", "keypoints": list(skeleton.joints)}],
        }
        truth.createIndex()
        evaluator = COCOeval(truth, truth.loadRes(detections) if detections else _empty(truth), "keypoints")
        evaluator.params.kpt_oks_sigmas = np.array(skeleton.sigmas)
        evaluator.params.maxDets = [max_detections]
        evaluator.params.areaRng, evaluator.params.areaRngLbl = [list(area) for area in areas.values()], list(areas)
        evaluator.evaluate()
        evaluator.accumulate()
    return evaluator.eval["precision"][:, :, 0, :, 0], evaluator.eval["recall"][:, 0, :, 0]


def _empty(truth: COCO) -> COCO:
    """Results without anyone, which `COCO.loadRes` does not take."""
    found = COCO()
    found.dataset = {**truth.dataset, "annotations": []}
    found.createIndex()
    return found


def keypoints_of(xy: np.ndarray, third: np.ndarray | int) -> list[float]:
    """Joints (J, 2) and a third value of each as COCO writes keypoints."""
    third = np.broadcast_to(np.asarray(third, np.float64), xy.shape[:1])
    return np.concatenate([xy, third[:, None]], axis=1).ravel().tolist()
