"""The evaluation of joints in space in depth images, in the camera's frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluate.pose_2d.collect import Progress, answered
from evaluate.pose_2d.summary import mean_of_known
from evaluate.pose_3d.evaluation import Arrays, SpaceEvaluation, Subject, evaluated
from evaluate.pose_3d.lifting import camera_of, kinds_before_camera
from evaluate.pose_3d.metrics import AP_MM, joint_errors, mean_average_precision
from evaluate.predictor import Predictor
from machine.words import counted
from pose import Skeleton
from pose.draw import draw_skeleton
from pose.space.completing import Lift, completed
from pose.space.drawing import CELL_PX, TRUE, Drawn, depth_shown, strip
from pose.space.lifting import hips_of
from records.damage import named_damage
from records.inputs import fields_of, joined
from records.manifest import read_manifest
from records.pipeline import dataset

#: The fields of the records that the figures and the mean pose need.
LABELS = ("joints_xyz_mm", "xyz_known", "joints_xy_px", "visible", "depth_mm", "camera_matrix", "dataset", "key")
#: Name, heading and unit of each figure; the first is the headline.
FIGURES = (
    ("error", "mean error", "mm"),
    ("error_seen", "mean error of joints seen", "mm"),
    ("error_hidden", "mean error of hidden joints", "mm"),
    ("map", "mAP at 100 mm", "%"),
    ("map_seen", "mAP of joints seen", "%"),
    ("map_hidden", "mAP of hidden joints", "%"),
    ("mpjpe", "MPJPE about the hips", "mm"),
    ("pa_mpjpe", "PA-MPJPE", "mm"),
)


@dataclass(frozen=True, eq=False)
class DepthSummary:
    """The errors of N poses of J joints in mm; NaN where a joint is not known.

    Attributes:
        errors: float (N, J), in the camera's frame.
        rooted: float (N, J), about the middle of the hips.
        aligned: float (N, J), after a similarity.
        seen: bool (N, J), joints labeled as seen; others are hidden, or outside the image.
    """

    errors: np.ndarray
    rooted: np.ndarray
    aligned: np.ndarray
    seen: np.ndarray

    def scalars(self) -> dict[str, float]:
        """Each of `FIGURES`; NaN for what cannot be measured."""
        of_seen, of_hidden = np.where(self.seen, self.errors, np.nan), np.where(self.seen, np.nan, self.errors)
        return {
            "error": mean_of_known(self.errors),
            "error_seen": mean_of_known(of_seen),
            "error_hidden": mean_of_known(of_hidden),
            "map": mean_average_precision(self.errors),
            "map_seen": mean_average_precision(of_seen),
            "map_hidden": mean_average_precision(of_hidden),
            "mpjpe": mean_of_known(self.rooted),
            "pa_mpjpe": mean_of_known(self.aligned),
        }


def summarize(predicted_mm: np.ndarray, labels: Arrays, skeleton: Skeleton) -> DepthSummary:
    """Measures poses (N, J, 3) in the camera's frame.

    Args:
        predicted_mm: the answers.
        labels: arrays (N, ...) by name: "joints_xyz_mm", "xyz_known" and "visible".
        skeleton: of the joints.
    """
    true, known = labels["joints_xyz_mm"], labels["xyz_known"] > 0
    return DepthSummary(
        errors=joint_errors(predicted_mm, true, known),
        rooted=joint_errors(predicted_mm, true, known, "root", hips_of(skeleton)),
        aligned=joint_errors(predicted_mm, true, known, "similarity"),
        seen=labels["visible"] == 2,
    )


def mean_before_camera(folder: Path, size: int, labels: Arrays) -> np.ndarray:
    """The train split's mean pose about the image's middle, where a third of the depths are nearer, (N, J, 3) in mm.

    Args:
        folder: a shard set with depth.
        size: side of the images in px.
        labels: arrays (N, ...) by the names of `LABELS`.
    """
    total, number = 0.0, 0
    fields = ("joints_xyz_mm", "xyz_known", "depth_mm", "camera_matrix")
    for _, found in dataset(folder, "train", batch_size=256, input_size=size, fields=fields).as_numpy_iterator():
        known = found["xyz_known"] > 0
        total = total + np.where(known[..., None], found["joints_xyz_mm"] - _middle(found), 0).sum(axis=0)
        number = number + known.sum(axis=0)
    return _middle(labels) + total / np.maximum(number, 1)[:, None]


def _middle(labels: Arrays) -> np.ndarray:
    """The point (N, 1, 3) that the image's middle shows, at the first third of the known depths of its middle half."""
    depth = labels["depth_mm"].astype(np.float64)
    size = depth.shape[1]
    middle = depth[:, size // 4 : -(size // 4), size // 4 : -(size // 4)].reshape(len(depth), -1)
    z = np.array([np.quantile(one[one > 0], 1 / 3) if one.any() else 0.0 for one in middle])
    pixel = np.array([(size - 1) / 2, (size - 1) / 2, 1.0])
    return (np.linalg.inv(labels["camera_matrix"].astype(np.float64)) @ pixel * z[:, None])[:, None]


def _notes(evaluation: SpaceEvaluation) -> list[str]:
    outside = (evaluation.labels["visible"] == 0).mean()
    return [
        f"{counted(len(evaluation.predicted_mm), 'person', 'people')}. Joints that are not seen are hidden, or, "
        f"{100 * outside:.1f} % of all, outside the image.",
        "The mean pose stands where a third of the depths in the image's middle are nearer.",
    ]


def _draw(evaluation: SpaceEvaluation, row: int) -> np.ndarray:
    """The depth, the true pose in gray and the predicted one in color, both about the true hips."""
    labels, skeleton = evaluation.labels, evaluation.skeleton
    known = labels["xyz_known"][row] > 0
    true, found = labels["joints_xyz_mm"][row], evaluation.predicted_mm[row]
    hips = true[list(hips_of(skeleton))].mean(axis=0)
    shown = depth_shown(evaluation.shown[row], float(hips[2]))
    image = found @ labels["camera_matrix"][row].T
    xy = image[:, :2] / np.maximum(image[:, 2:], 1.0)
    xy = (xy + 0.5) * (CELL_PX / evaluation.shown.shape[1]) - 0.5
    shown = draw_skeleton(shown, xy, np.isfinite(xy).all(axis=1), skeleton)
    poses = [Drawn(true - hips, known, TRUE), Drawn(found - hips, np.ones_like(known))]
    return strip(shown, poses, skeleton)


DEPTH = Subject(
    noun=("person", "people"),
    figures=FIGURES,
    tiles=("mean error", "mean error of hidden joints", "mAP at 100 mm", "PA-MPJPE"),
    within_mm=AP_MM,
    shown="depth from near (blue) to far (red), black where unknown; the pose as seen, from the side and from above",
    meanings={
        "mean error": "The mean distance of the joints from their true places in the camera's frame.",
        "mAP": "The mean over the joints of the share of people in whom the joint is nearer than 100 mm (Haque et al., "
        "2016).",
        "MPJPE": "The mean distance about the middle of the hips.",
        "PA-MPJPE": "The same after the pose is moved, turned and scaled to fit.",
        "mean pose": "The mean of the train split's poses, before the camera.",
    },
    kinds=kinds_before_camera,
    notes=_notes,
    draw=_draw,
    summarize=lambda answers, labels, skeleton: summarize(answers["joints_xyz_mm"], labels, skeleton),
    group=camera_of,
)


def evaluate_depth(
    predictor: Predictor,
    records: Path,
    split: str,
    *,
    batch_size: int = 64,
    complete: Lift | None = None,
    gallery: int = 24,
    seed: int = 0,
    progress: Progress | None = None,
) -> SpaceEvaluation:
    """Measures a net on depth images and the mean pose on a split of people.

    Args:
        predictor: the net.
        records: a shard set with depth.
        split: "train", "val" or "test".
        batch_size: people in a batch.
        complete: a lifter, by which joints of low scores are completed (`pose.space.completing`).
        gallery: how many of the worst people to keep, and of random ones.
        seed: of the random choice.
        progress: updated with the number of people done.

    Raises:
        ValueError: the records or the split are missing, lack depth, or label other joints than the net predicts.
    """
    predictor.check_records(read_manifest(records))
    size, fields = predictor.input_size, fields_of(predictor.task, LABELS)
    with named_damage(records, split):
        batches = dataset(records, split, batch_size=batch_size, input_size=size, fields=fields)
        found = [parts[1:] for parts in answered(predictor, batches.as_numpy_iterator(), progress)]
    answers, labels = map(joined, zip(*found, strict=True))
    if complete is not None:
        answers["joints_xyz_mm"] = completed(answers["joints_xyz_mm"], answers["scores"], complete)
    return evaluated(
        DEPTH,
        predictor,
        records,
        split,
        shown=labels["depth_mm"],
        labels=labels,
        answers=answers,
        mean={"joints_xyz_mm": mean_before_camera(records, size, labels)},
        gallery=gallery,
        seed=seed,
    )
