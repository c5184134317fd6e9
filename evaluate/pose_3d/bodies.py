"""The errors of bodies: their joints in space, as seen from straight ahead, and in the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluate.pose_2d.summary import mean_of_known
from evaluate.pose_3d.metrics import joint_errors, pck_3d
from pose import Skeleton
from pose.space.lifting import about_hips, hips_of, turn_to
from records.pipeline import dataset

Arrays = Mapping[str, np.ndarray]

#: The fields of the records that the figures need.
LABELS = ("joints_xyz_mm", "xyz_known", "joints_xy_px", "visible")
#: Name, heading and unit of each figure; the first is the headline.
FIGURES = (
    ("mpjpe", "MPJPE about the hips", "mm"),
    ("mpjpe_hidden", "MPJPE of hidden joints", "mm"),
    ("pa_mpjpe", "PA-MPJPE", "mm"),
    ("pck_3d", "PCK3D at 150 mm", "%"),
    ("error_2d", "mean error in the image, of its side", "%"),
)


def straight_ahead(xyz_mm: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Poses (N, J, 3) of the camera's frame about their hips, turned until the line of sight to these is its axis."""
    turns = turn_to(xyz_mm[:, hips_of(skeleton)].mean(axis=1))
    return about_hips(xyz_mm, skeleton) @ np.swapaxes(turns, 1, 2)


@dataclass(frozen=True, eq=False)
class BodySummary:
    """The errors of N bodies of J joints; NaN where a joint is not known.

    Attributes:
        errors: float (N, J) in mm, about the middle of the hips.
        aligned: float (N, J) in mm, after a similarity.
        seen: bool (N, J), joints labeled as seen; others are hidden, or outside the image.
        hidden: bool (N, J), joints labeled as hidden.
        in_image: float (N, J), the errors in the image as shares of its side.
    """

    errors: np.ndarray
    aligned: np.ndarray
    seen: np.ndarray
    hidden: np.ndarray
    in_image: np.ndarray

    def scalars(self) -> dict[str, float]:
        """Each of `FIGURES`; NaN for what cannot be measured."""
        return {
            "mpjpe": mean_of_known(self.errors),
            "mpjpe_hidden": mean_of_known(np.where(self.hidden, self.errors, np.nan)),
            "pa_mpjpe": mean_of_known(self.aligned),
            "pck_3d": mean_of_known(pck_3d(self.errors)),
            "error_2d": mean_of_known(self.in_image),
        }


def measured(answers: Arrays, labels: Arrays, skeleton: Skeleton, size: int) -> BodySummary:
    """Measures N bodies.

    Args:
        answers: "joints_xyz_mm" (N, J, 3), as seen from straight ahead, and "joints_xy_px" (N, J, 2).
        labels: arrays (N, ...) by the names of `LABELS`.
        skeleton: of the joints.
        size: side of the images in px.

    Returns:
        NaN for what cannot be measured, such as people whose hips' places are unknown.
    """
    hips, predicted = hips_of(skeleton), answers["joints_xyz_mm"]
    known = labels["xyz_known"] > 0
    known &= known[:, list(hips)].all(axis=1, keepdims=True)
    true = straight_ahead(np.where(known[..., None], labels["joints_xyz_mm"], [0.0, 0.0, 1.0]), skeleton)
    away = np.linalg.norm(answers["joints_xy_px"] - labels["joints_xy_px"], axis=-1)
    return BodySummary(
        errors=joint_errors(predicted, true, known, "root", hips),
        aligned=joint_errors(predicted, true, known, "similarity"),
        seen=labels["visible"] == 2,
        hidden=labels["visible"] == 1,
        in_image=np.where(labels["visible"] > 0, away, np.nan) / size,
    )


def summarize(answers: Arrays, labels: Arrays, skeleton: Skeleton, size: int) -> dict[str, float]:
    """Each of `FIGURES`, of N bodies; see `measured`."""
    return measured(answers, labels, skeleton, size).scalars()


def mean_straight_ahead(folder: Path, size: int, skeleton: Skeleton) -> np.ndarray:
    """The mean (J, 3) in mm of the train split's poses, as seen from straight ahead, of those known whole."""
    total, number = np.zeros((skeleton.num_joints, 3)), 0
    fields = ("joints_xyz_mm", "xyz_known")
    batches = dataset(folder, "train", batch_size=256, input_size=size, fields=fields, may_lack=fields[:1])
    for _, labels in batches.as_numpy_iterator():
        whole = (labels["xyz_known"] > 0).all(axis=1)
        total += straight_ahead(labels["joints_xyz_mm"][whole].astype(np.float64), skeleton).sum(axis=0)
        number += whole.sum()
    return total / max(number, 1)
