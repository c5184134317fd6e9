"""The measures of each task: what training logs after each epoch, and how it chooses the best epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluate.pose_2d.summary import mean_of_known, summarize
from evaluate.pose_3d import bodies, depth, lifting
from pose import PANOPTIC19, Skeleton
from pose.tasks import POSE_2D, POSE_BODY, POSE_DEPTH, POSE_LIFT

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Figure:
    """One number of a measure.

    Attributes:
        name: in history.csv, after "val_".
        words: for a sentence, with {} for the value.
        title: of its curve.
        better: 1 where more is better, -1 where less is.
        factor: the displayed value is this times the value.
        unit: of the displayed value.
        needs: which labels a person needs to be measured, in words; "" if any label suffices.
        count: how many people have these labels.
    """

    name: str
    words: str
    title: str
    better: int
    factor: float = 1.0
    unit: str = ""
    needs: str = ""
    count: Callable[[Arrays], int] | None = None

    def text(self, value: float) -> str:
        """The value with its unit, for display."""
        return "n/a" if math.isnan(value) else f"{self.factor * value:.1f} {self.unit}".rstrip()


@dataclass(frozen=True)
class Measure:
    """How the answers of a task are measured.

    Attributes:
        labels: the fields of the records that are needed.
        figures: the numbers, in the order of preference. The first is the headline; a run chooses its best epoch by the
            first that can be measured on its validation split.
        compute: (answers, labels, skeleton, side of the images in px), arrays (N, ...) by name -> a value for each
            figure by name; NaN where nothing can be measured.
        baseline: (shard set, side of the images in px, labels (N, ...)) -> answers that ignore the inputs, which a
            model must beat; None if there is no baseline.
    """

    labels: tuple[str, ...]
    figures: tuple[Figure, ...]
    compute: Callable[[Arrays, Arrays, Skeleton, int], dict[str, float]]
    baseline: Callable[[Path, int, Arrays], Arrays] | None = None

    def validated(self, answers: Arrays, labels: Arrays, skeleton: Skeleton, size: int) -> dict[str, float]:
        """The figures, by their names in history.csv."""
        return {f"val_{name}": value for name, value in self.compute(answers, labels, skeleton, size).items()}

    def figure(self, name: str) -> Figure:
        """The figure of a name in history.csv."""
        return next(figure for figure in self.figures if f"val_{figure.name}" == name)

    def first_known(self, values: Mapping[str, float]) -> str:
        """The name in history.csv of the first figure that is not NaN, or of the last if all are."""
        names = [f"val_{figure.name}" for figure in self.figures]
        return next((name for name in names if not math.isnan(values[name])), names[-1])


def _pose_2d(answers: Arrays, labels: Arrays, skeleton: Skeleton, size: int) -> dict[str, float]:
    """PCK@0.2 over the main joints, and the mean error as a share of the image's side."""
    summary = summarize(answers["joints_xy_px"], labels, skeleton)
    return {"pck@0.2": summary.headline, "error": mean_of_known(summary.error_px) / size}


def _mean_pose(records: Path, size: int, labels: Arrays) -> Arrays:
    from evaluate.pose_2d.baseline import mean_pose  # Late: it imports TensorFlow.

    return {"joints_xy_px": np.broadcast_to(mean_pose(records, input_size=size), labels["joints_xy_px"].shape)}


def _poses_2d(answers: Arrays, labels: Arrays, skeleton: Skeleton, size: int) -> dict[str, float]:
    """COCO's AP, and the share of people found."""
    from evaluate.poses_2d.coco_ap import keypoint_ap  # Late: it imports pycocotools.
    from evaluate.poses_2d.frames import found_of, frames_of
    from evaluate.poses_2d.matching import match, share_found

    frames, found = frames_of(labels), found_of(answers, labels["to_frame"])
    matches = [match(*pair, skeleton) for pair in zip(frames, found, strict=True)]
    return {"ap": keypoint_ap(frames, found, skeleton).ap, "found": share_found(matches)}


def _pose_lift(answers: Arrays, labels: Arrays, skeleton: Skeleton, size: int) -> dict[str, float]:
    """MPJPE about the hips, after scaling, after a similarity; PCK3D, its AUC, and the error of velocities."""
    return lifting.summarize(answers["joints_xyz_mm"], labels, skeleton).scalars()


def _mean_lifted(records: Path, size: int, labels: Arrays) -> Arrays:
    from evaluate.pose_3d.baseline import mean_lifted  # Late: it imports TensorFlow.

    return {"joints_xyz_mm": np.broadcast_to(mean_lifted(records, size), labels["joints_xyz_mm"].shape)}


def _pose_depth(answers: Arrays, labels: Arrays, skeleton: Skeleton, size: int) -> dict[str, float]:
    """Errors in the camera's frame, of joints seen and hidden; mAP; errors about the hips and after a similarity."""
    return depth.summarize(answers["joints_xyz_mm"], labels, skeleton).scalars()


def _mean_depth(records: Path, size: int, labels: Arrays) -> Arrays:
    return {"joints_xyz_mm": depth.mean_before_camera(records, size, labels)}


def _mean_body(records: Path, size: int, labels: Arrays) -> Arrays:
    mean = bodies.mean_straight_ahead(records, size, PANOPTIC19)
    flat = _mean_pose(records, size, labels)
    return {**flat, "joints_xyz_mm": np.broadcast_to(mean, labels["joints_xyz_mm"].shape)}


_HIPS = "hips in space"


def _in_space(figures: Sequence[tuple[str, str, str]]) -> tuple[Figure, ...]:
    """Figures in mm, mm/s or % from their names, headings and units."""
    return tuple(
        Figure(name, f"{heading} {{}}", f"{heading}, {unit}", better=1, factor=100, unit=unit, needs=_HIPS)
        if unit == "%"
        else Figure(name, f"{heading} {{}}", f"{heading}, {unit}", better=-1, unit=unit, needs=_HIPS)
        for name, heading, unit in figures
    )


def _people(labels: Arrays) -> int:
    return int((np.asarray(labels["visible"]) > 0).any(axis=-1).sum())


#: That of the joints of all people in an image, however a net answers them.
_POSES_2D = Measure(
    labels=("joints_xy_px", "visible", "box_px", "area_px", "head_size_px", "unlabeled", "to_frame"),
    figures=(
        Figure(
            "ap",
            "AP {}",
            "COCO's AP, %",
            better=1,
            factor=100,
            unit="%",
            needs="a labeled joint",
            count=_people,
        ),
        Figure("found", "people found {}", "People found, %", better=1, factor=100, unit="%"),
    ),
    compute=_poses_2d,
)

#: By the tasks' names.
MEASURES = {
    "poses-2d-centers": _POSES_2D,
    "poses-2d-fields": _POSES_2D,
    POSE_LIFT.name: Measure(
        labels=lifting.LABELS,
        figures=_in_space(lifting.FIGURES),
        compute=_pose_lift,
        baseline=_mean_lifted,
    ),
    POSE_DEPTH.name: Measure(
        labels=depth.LABELS, figures=_in_space(depth.FIGURES), compute=_pose_depth, baseline=_mean_depth
    ),
    POSE_BODY.name: Measure(
        labels=bodies.LABELS, figures=_in_space(bodies.FIGURES), compute=bodies.summarize, baseline=_mean_body
    ),
    POSE_2D.name: Measure(
        labels=("joints_xy_px", "visible", "torso_px", "head_px", "head_size_px", "area_px"),
        figures=(
            Figure(
                "pck@0.2",
                "PCK@0.2 {}",
                "PCK@0.2, %",
                better=1,
                factor=100,
                unit="%",
                needs="left shoulder and right hip",
                count=lambda labels: int((labels["torso_px"] > 0).sum()),
            ),
            Figure(
                "error",
                "mean error {} of the picture's side",
                "Mean error, % of the picture's side",
                better=-1,
                factor=100,
                unit="%",
            ),
        ),
        compute=_pose_2d,
        baseline=_mean_pose,
    ),
}


def measure_of(task: str) -> Measure:
    """The measure of a task.

    Raises:
        ValueError: there is none.
    """
    if task not in MEASURES:
        raise ValueError(f"there is no measure for the task {task}; there are measures for {', '.join(MEASURES)}")
    return MEASURES[task]
