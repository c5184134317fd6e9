"""The figures of lifted poses, and the kinds of views and poses that they are broken down by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluate.pose_2d.summary import mean_of_known
from evaluate.pose_3d.metrics import auc_3d, joint_errors, pck_3d, velocity_errors
from pose import Skeleton
from pose.space.lifting import about_hips, hips_of

Arrays = Mapping[str, np.ndarray]
#: The fields of the records that the figures need.
LABELS = ("joints_xyz_mm", "xyz_known", "seen", "time_s", "distance_mm", "dataset", "key")
#: Name, heading and unit of each figure; the first is the headline.
FIGURES = (
    ("mpjpe", "MPJPE", "mm"),
    ("mpjpe_hidden", "MPJPE of joints not seen", "mm"),
    ("n_mpjpe", "N-MPJPE", "mm"),
    ("pa_mpjpe", "PA-MPJPE", "mm"),
    ("pck_3d", "PCK3D at 150 mm", "%"),
    ("auc_3d", "AUC of PCK3D", "%"),
    ("mpjve", "velocity error (MPJVE)", "mm/s"),
)
# Bounds of the kinds: degrees between the line of sight and where a person faces, degrees of the trunk from upright,
# and mm to the camera.
_FACING = (("front", 0, 45), ("side", 45, 135), ("back", 135, 181))
_TRUNK = (("upright", 0, 30), ("leaning", 30, 70), ("lying or upside down", 70, 181))
_DISTANCE = (("below 2.5 m", 0, 2500), ("2.5 to 4.5 m", 2500, 4500), ("from 4.5 m", 4500, np.inf))


@dataclass(frozen=True, eq=False)
class Summary:
    """The errors of N poses of J joints in mm; NaN where a joint is not known.

    Attributes:
        errors: float (N, J), about the middle of the hips.
        scaled: float (N, J), after scaling as well.
        aligned: float (N, J), after a similarity.
        seen: bool (N, J), whether the net was shown the joint.
        velocities: float (M, J), errors of the velocity between neighboring poses of a clip, in mm/s.
    """

    errors: np.ndarray
    scaled: np.ndarray
    aligned: np.ndarray
    seen: np.ndarray
    velocities: np.ndarray

    def scalars(self) -> dict[str, float]:
        """Each of `FIGURES`; NaN for what cannot be measured."""
        return {
            "mpjpe": mean_of_known(self.errors),
            "mpjpe_hidden": mean_of_known(self.errors[~self.seen]),
            "n_mpjpe": mean_of_known(self.scaled),
            "pa_mpjpe": mean_of_known(self.aligned),
            "pck_3d": mean_of_known(pck_3d(self.errors)),
            "auc_3d": mean_of_known(auc_3d(self.errors)),
            "mpjve": mean_of_known(self.velocities),
        }


def summarize(predicted_mm: np.ndarray, labels: Arrays, skeleton: Skeleton) -> Summary:
    """Measures poses (N, J, 3) in mm.

    Args:
        predicted_mm: the answers.
        labels: arrays (N, ...) by name; "joints_xyz_mm", "xyz_known" and "seen", and for velocities "time_s" and "key".
        skeleton: of the joints.
    """
    true, known, root = labels["joints_xyz_mm"], labels["xyz_known"] > 0, hips_of(skeleton)
    velocities = [np.zeros((0, skeleton.num_joints))]
    for rows in clips_of(labels):
        ours, theirs = (about_hips(values[rows], skeleton) for values in (predicted_mm, true))
        velocities.append(velocity_errors(ours, theirs, known[rows], labels["time_s"][rows]))
    return Summary(
        errors=joint_errors(predicted_mm, true, known, "root", root),
        scaled=joint_errors(predicted_mm, true, known, "scale", root),
        aligned=joint_errors(predicted_mm, true, known, "similarity"),
        seen=labels["seen"] > 0,
        velocities=np.concatenate(velocities),
    )


def clips_of(labels: Arrays) -> list[np.ndarray]:
    """The rows of each clip, in order; none without times and keys."""
    if not {"time_s", "key"} <= labels.keys():
        return []
    names = np.array([key.rpartition(b"+")[0] for key in labels["key"]])
    starts = np.flatnonzero(names[1:] != names[:-1]) + 1
    return [rows for rows in np.split(np.arange(len(names)), starts) if len(rows) > 1]


def kinds_of(labels: Arrays, skeleton: Skeleton) -> list[tuple[str, str, np.ndarray]]:
    """What is broken down, a name, and the rows bool (N,) of each kind: facing, trunk, distance and data set."""
    xyz = labels["joints_xyz_mm"]
    place = {
        name: xyz[:, skeleton.index(name)] for name in ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
    }
    across = place["left_hip"] - place["right_hip"]
    trunk = (place["left_shoulder"] + place["right_shoulder"] - place["left_hip"] - place["right_hip"]) / 2
    # With y down, the person's left times up, which is -y, points to where the person faces.
    forward = np.cross(across, trunk)
    facing = _degrees(-forward[:, 2], forward)
    leaning = _degrees(-trunk[:, 1], trunk)
    values = (("facing", facing, _FACING), ("trunk", leaning, _TRUNK), ("distance", labels["distance_mm"], _DISTANCE))
    kinds = [
        (what, name, (low <= value) & (value < high)) for what, value, bounds in values for name, low, high in bounds
    ]
    sources = labels["dataset"]
    return kinds + [("data set", one.decode(errors="replace"), sources == one) for one in sorted(set(sources.tolist()))]


def _degrees(along: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The angle of vectors (N, 3) to an axis, from their components along it."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
    return np.degrees(np.arccos(np.clip(along / lengths, -1, 1)))
