"""An image of the report: labeled people, found people, those who were missed and those who are not there."""

from __future__ import annotations

import cv2
import numpy as np

from evaluate.poses_2d.evaluation import ManyEvaluation
from pose import box_from_joints, draw_skeleton
from pose.crop import Crop

#: Colors of the boxes about people, and of labels.
MISSED, FALSE, LABEL = (255, 60, 60), (255, 215, 0), (255, 255, 255)
#: So many false people are drawn, those of the highest scores.
MOST_FALSE = 5
_SIDE_PX = 640
_MARGIN = 0.1
_BLACK = 8


def frame_jpeg(evaluation: ManyEvaluation, n: int) -> bytes:
    """One image as JPEG, without the black beyond the original."""
    frame, people, one = evaluation.frames[n], evaluation.found[n], evaluation.summary.matches[n]
    if evaluation.to_frame is None:
        raise ValueError("there are no pictures to draw on; evaluate on records")
    picture, skeleton = evaluation.pictures[n], evaluation.skeleton
    crop = Crop(evaluation.to_frame[n], len(picture))
    brightness = np.asarray(picture.max(axis=2))
    side = max(_SIDE_PX, crop.size)
    zoom = side / crop.size
    picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)

    def placed(xy_px: np.ndarray) -> np.ndarray:
        return (crop.points_to_crop(xy_px) + 0.5) * zoom - 0.5

    for xy, visible in zip(frame.joints_xy_px, frame.visible, strict=True):
        picture = draw_skeleton(picture, placed(xy), visible, skeleton, color=LABEL)
    false = sorted(np.flatnonzero(one.false), key=lambda q: -people.person_scores[q])[:MOST_FALSE]
    for q in (*one.partner[one.partner >= 0], *false):
        picture = draw_skeleton(picture, placed(people.xy_px[q]), np.ones(skeleton.num_joints, bool), skeleton)
    for p in np.flatnonzero(one.missed):
        _draw_box(picture, placed(frame.joints_xy_px[p]), frame.visible[p] > 0, MISSED)
    for q in false:
        _draw_box(picture, placed(people.xy_px[q]), np.isfinite(people.xy_px[q]).all(axis=1), FALSE)
    return _jpeg(_trimmed(picture, brightness))


def _draw_box(picture: np.ndarray, xy: np.ndarray, shown: np.ndarray, color: tuple[int, int, int]) -> None:
    if not shown.any():
        return
    x, y, width, height = box_from_joints(xy, shown)
    margin = _MARGIN * max(width, height) + 4
    low, high = np.round([(x - margin, y - margin), (x + width + margin, y + height + margin)]).astype(int).tolist()
    cv2.rectangle(picture, low, high, (0, 0, 0), 4, cv2.LINE_AA)
    cv2.rectangle(picture, low, high, color, 2, cv2.LINE_AA)


def _trimmed(picture: np.ndarray, brightness: np.ndarray) -> np.ndarray:
    """Without the black bars of a record, by the brightness (S, S) of its pixels."""
    # JPEG spreads an edge over its neighbors.
    rows, columns = (np.flatnonzero(brightness.mean(axis=axis) > _BLACK) for axis in (1, 0))
    if not len(rows):
        return picture
    zoom = len(picture) / len(brightness)
    top, bottom, left, right = (round(edge * zoom) for edge in (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1))
    return picture[top:bottom, left:right]


def _jpeg(picture: np.ndarray) -> bytes:
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return jpeg.tobytes()
