"""Whole images with all their labeled people, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from evaluate.pose_2d.metrics import BOX_FILL, oks_area_px
from pose.crop import apply_matrix
from pose.results.people import ImagePeople

#: The fields of records that `frames_of` needs.
LABELS = ("joints_xy_px", "visible", "box_px", "area_px", "head_size_px", "unlabeled", "to_frame")


@dataclass(frozen=True, eq=False)
class Ignored:
    """People in an image who are not labeled; found people there are neither right nor wrong.

    Attributes:
        boxes_px: float64 (I, 4): x_min, y_min, width, height.
        areas_px: float64 (I,), in square px.
        crowds: bool (I,), whether it is a crowd, which may be found any number of times.
    """

    boxes_px: np.ndarray
    areas_px: np.ndarray
    crowds: np.ndarray

    @classmethod
    def nobody(cls) -> Ignored:
        """No such people."""
        return cls(np.zeros((0, 4)), np.zeros(0), np.zeros(0, bool))


@dataclass(frozen=True, eq=False)
class LabeledFrame:
    """An image with its P labeled people, in px of the original image.

    Attributes:
        key: the image's name.
        joints_xy_px: float64 (P, J, 2).
        visible: int (P, J), COCO's 0, 1, 2; each person has a labeled joint.
        boxes_px: float64 (P, 4): x_min, y_min, width, height; 0 where unknown.
        areas_px: float64 (P,), the areas that OKS divides by: labeled, or estimated (`known_areas`).
        head_sizes_px: float64 (P,), what PCKh divides by; 0 where unknown.
        ignored: those who are not labeled.
        persons: int64 (P,), the people's numbers, -1 where unknown; None if the labels have none.
        video: name of the video whose frame it is, and the frame's number in it; None for an image by itself.
    """

    key: str
    joints_xy_px: np.ndarray
    visible: np.ndarray
    boxes_px: np.ndarray
    areas_px: np.ndarray
    head_sizes_px: np.ndarray
    ignored: Ignored
    persons: np.ndarray | None = None
    video: tuple[str, int] | None = None

    @property
    def num_people(self) -> int:
        """P."""
        return len(self.areas_px)

    def of_joints(self, known: np.ndarray) -> LabeledFrame:
        """The same with labels of some joints (J,) alone; people without any of them are not labeled."""
        visible = np.where(known, self.visible, 0)
        there = (visible > 0).any(axis=1)
        ignored = self.ignored
        return LabeledFrame(
            self.key,
            self.joints_xy_px[there],
            visible[there],
            self.boxes_px[there],
            self.areas_px[there],
            self.head_sizes_px[there],
            Ignored(
                np.vstack([ignored.boxes_px, self.boxes_px[~there]]),
                np.hstack([ignored.areas_px, self.areas_px[~there]]),
                np.hstack([ignored.crowds, np.zeros((~there).sum(), bool)]),
            ),
            None if self.persons is None else self.persons[there],
            self.video,
        )


def known_areas(joints: np.ndarray, visible: np.ndarray, boxes_px: np.ndarray, areas_px: np.ndarray) -> np.ndarray:
    """Areas as labeled; where unknown, `BOX_FILL` of the person's box, or else of the box around the labeled joints."""
    by_box = BOX_FILL * boxes_px[:, 2] * boxes_px[:, 3]
    return oks_area_px(joints, visible, np.where(areas_px > 0, areas_px, by_box))


def frames_of(labels: Mapping[str, np.ndarray], keys: Sequence[str] | None = None) -> list[LabeledFrame]:
    """The images of a batch of frame records.

    Args:
        labels: `LABELS`, and the people's numbers "person" if they matter, by name: arrays (N, ...) in px of the
            records' images.
        keys: the images' names; their places if not given.

    Returns:
        N images in px of the originals.
    """
    return [
        _frame(
            {name: np.asarray(labels[name][n]) for name in (*LABELS, "person") if name in labels},
            str(n) if keys is None else keys[n],
        )
        for n in range(len(labels["visible"]))
    ]


def _frame(labels: dict[str, np.ndarray], key: str) -> LabeledFrame:
    to_frame = labels["to_frame"].astype(np.float64)
    scale = float(np.sqrt(abs(np.linalg.det(to_frame[:, :2]))))
    there = np.asarray((labels["visible"] > 0).any(axis=1))
    joints, visible = apply_matrix(to_frame, labels["joints_xy_px"][there]), labels["visible"][there]
    boxes, areas = _boxes_and_areas(labels, there, to_frame, scale)
    return LabeledFrame(
        key=key,
        joints_xy_px=joints,
        visible=visible,
        boxes_px=boxes,
        areas_px=known_areas(joints, visible, boxes, areas),
        head_sizes_px=labels["head_size_px"][there].astype(np.float64) * scale,
        ignored=_ignored(labels, ~there, to_frame, scale),
        persons=np.asarray(labels["person"], np.int64)[there] if "person" in labels else None,
    )


def _boxes_and_areas(
    labels: dict[str, np.ndarray], rows: np.ndarray, to_frame: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (P, 4) and areas (P,) of some rows of a record."""
    return _moved(labels["box_px"][rows].astype(np.float64), to_frame), labels["area_px"][rows] * scale**2


def _moved(boxes: np.ndarray, to_frame: np.ndarray) -> np.ndarray:
    """Boxes (P, 4) of the records' image in px of the original; the matrix does not turn."""
    low, high = (apply_matrix(to_frame, corner) for corner in (boxes[:, :2], boxes[:, :2] + boxes[:, 2:]))
    return np.where((boxes[:, 2:] > 0).all(axis=1, keepdims=True), np.hstack([low, high - low]), 0)


def _ignored(labels: dict[str, np.ndarray], rows: np.ndarray, to_frame: np.ndarray, scale: float) -> Ignored:
    """People none of whose labeled joints is in the image, and the connected parts of the mask.

    Each part is taken for a crowd: records do not say how many people it holds.
    """
    rows = np.asarray(rows & (labels["box_px"][:, 2:] > 0).all(axis=1))
    boxes, areas = _boxes_and_areas(labels, rows, to_frame, scale)
    mask = (labels["unlabeled"] > 127).astype(np.uint8)
    parts = cv2.connectedComponentsWithStats(mask, connectivity=8)[2][1:].astype(np.float64)
    of_parts = _moved(parts[:, :4] - (0.5, 0.5, 0, 0), to_frame)
    return Ignored(
        np.vstack([boxes, of_parts]),
        np.hstack([areas, parts[:, cv2.CC_STAT_AREA] * scale**2]),
        np.arange(len(boxes) + len(parts)) >= len(boxes),
    )


def found_of(answers: Mapping[str, np.ndarray], to_frame: np.ndarray) -> list[ImagePeople]:
    """The found people of a batch, in px of the original images.

    Args:
        answers: joints_xy_px (N, P, J, 2), scores (N, P, J) and person_scores (N, P), 0 for nobody.
        to_frame: (N, 2, 3).
    """
    found = []
    for n, matrix in enumerate(np.asarray(to_frame, np.float64)):
        there = np.asarray(answers["person_scores"][n]) > 0
        xy, scores, person_scores = (np.asarray(answers[name][n], np.float64)[there] for name in ANSWERS)
        found.append(ImagePeople(None, "", apply_matrix(matrix, xy), scores, person_scores, np.full(len(xy), -1)))
    return found


#: The answers of a task for many people, after `Task.assembled`.
ANSWERS = ("joints_xy_px", "scores", "person_scores")
