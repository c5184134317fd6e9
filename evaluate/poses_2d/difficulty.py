"""Kinds of difficulty: how large people are, how they overlap, and how many of them there are."""

from __future__ import annotations

import math

import numpy as np

from evaluate.poses_2d.coco_ap import AREAS
from evaluate.poses_2d.frames import LabeledFrame
from pose import box_from_joints

#: Numbers of people in an image, as first and last.
PEOPLE = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, None))
#: CrowdPose's ranges of the crowd index: from, up to.
CROWDING = {"easy": (0.0, 0.1), "medium": (0.1, 0.8), "hard": (0.8, math.inf)}


def crowd_ratios(frame: LabeledFrame) -> np.ndarray:
    """How much others overlap each person: their labeled joints in the person's box, by the person's own in it.

    As CrowdPose defines it (Li et al., arXiv 1812.00324); a person without a box has that of the labeled joints.

    Returns:
        float64 (P,), at most 1.
    """
    labeled = frame.visible > 0
    boxes = np.array(
        [
            box if box[2:].all() else box_from_joints(xy, visible)
            for box, xy, visible in zip(frame.boxes_px, frame.joints_xy_px, frame.visible, strict=True)
        ]
    ).reshape(-1, 4)
    low, high = boxes[:, None, None, :2], (boxes[:, :2] + boxes[:, 2:])[:, None, None]
    inside = ((frame.joints_xy_px >= low) & (frame.joints_xy_px <= high)).all(axis=-1) & labeled
    counts = inside.sum(axis=-1)
    own = np.diagonal(counts)
    return np.minimum((counts.sum(axis=1) - own) / np.maximum(own, 1), 1)


def crowd_index(frame: LabeledFrame) -> float:
    """The mean of `crowd_ratios`, 0 to 1; NaN for an image without people."""
    return float(crowd_ratios(frame).mean()) if frame.num_people else float("nan")


def kinds_of_frames(frames: list[LabeledFrame]) -> dict[tuple[str, str], np.ndarray]:
    """The images of each kind: (what is counted, its range) -> bool (N,). Images without people are of no kind."""
    index, number = np.array([crowd_index(frame) for frame in frames]), np.array([f.num_people for f in frames])
    kinds = {}
    for name, (least, below) in CROWDING.items():
        text = f"{name}, to {below:g}" if below < math.inf else f"{name}, above {least:g}"
        kinds["crowd index", text] = (index >= least) & (index < below)
    for first, last in PEOPLE:
        text = f"{first} or more" if last is None else f"{first}" if first == last else f"{first} to {last}"
        kinds["people", text] = (number >= first) & (number <= (last or math.inf))
    return kinds


def kinds_of_people(frame: LabeledFrame) -> dict[tuple[str, str], np.ndarray]:
    """The people of each kind: (what is counted, its range) -> bool (P,)."""
    medium, large = AREAS["medium"][0], AREAS["large"][0]
    area = frame.areas_px
    return {
        ("size", "small, to 32 px"): area < medium,
        ("size", "medium, to 96 px"): (area >= medium) & (area < large),
        ("size", "large"): area >= large,
    }
