"""The evaluation of lifters: the net and the mean pose measured on the same windows with the same code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evaluate.pose_2d.baseline import baseline_split
from evaluate.pose_2d.collect import Progress, answered
from evaluate.pose_2d.summary import mean_of_known
from evaluate.pose_3d.baseline import mean_lifted
from evaluate.pose_3d.evaluation import Arrays, SpaceEvaluation, Subject, evaluated
from evaluate.pose_3d.metrics import PCK_MM, auc_3d, joint_errors, pck_3d, velocity_errors
from evaluate.predictor import Predictor
from machine.words import counted
from pose import Skeleton
from pose.space.drawing import TRUE, Drawn, joints_shown, strip
from pose.space.lifting import about_hips, hips_of
from records.damage import named_damage
from records.inputs import fields_of, joined
from records.manifest import read_manifest
from records.sequences.pipeline import measured_windows
from records.sequences.views import MEASURED

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
class LiftSummary:
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


def summarize(predicted_mm: np.ndarray, labels: Arrays, skeleton: Skeleton) -> LiftSummary:
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
    return LiftSummary(
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


def kinds_before_camera(labels: Arrays, skeleton: Skeleton) -> list[tuple[str, str, np.ndarray]]:
    """`kinds_of` for poses in a camera's frame, whose distance is that of their hips."""
    hips = labels["joints_xyz_mm"][:, list(hips_of(skeleton))].mean(axis=1)
    return kinds_of({**labels, "distance_mm": np.linalg.norm(hips, axis=1)}, skeleton)


def camera_of(key: bytes) -> bytes:
    """What precedes the frame and the person's number in it in a person's key."""
    return key.rpartition(b"/")[0].rpartition(b"/")[0]


def _degrees(along: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The angle of vectors (N, 3) to an axis, from their components along it."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
    return np.degrees(np.arccos(np.clip(along / lengths, -1, 1)))


def _notes(evaluation: SpaceEvaluation) -> list[str]:
    windows, clips = counted(len(evaluation.predicted_mm), "window"), counted(len(clips_of(evaluation.labels)), "clip")
    places = "in their true places" if evaluation.exact else "where 2D models put them, with their measured errors"
    return [
        f"{windows} of {evaluation.shown.shape[1]} frames in {clips}. Each clip is seen by one virtual camera, and "
        f"joints are {places}.",
        "Everybody is scaled to 1.70 m, as if the person's height were known. What the net answers does not depend on "
        "the camera's place: it is about the middle of the hips, along the line of sight to the person.",
    ]


def _draw(evaluation: SpaceEvaluation, row: int) -> np.ndarray:
    """The middle frame as the net saw it, the true pose in gray and the lifted one in color."""
    window = evaluation.shown[row]
    middle = window[len(window) // 2]
    shown = joints_shown(middle[:, :2], middle[:, 2] > 0, evaluation.skeleton)
    known = evaluation.labels["xyz_known"][row] > 0
    poses = [
        Drawn(evaluation.labels["joints_xyz_mm"][row], known, TRUE),
        Drawn(evaluation.predicted_mm[row], np.ones_like(known)),
    ]
    return strip(shown, poses, evaluation.skeleton)


LIFTING = Subject(
    noun=("window", "windows"),
    figures=FIGURES,
    tiles=("MPJPE", "PA-MPJPE", "PCK3D at 150 mm", "velocity error (MPJVE)"),
    within_mm=PCK_MM,
    shown="the joints that the net was shown, and the pose as seen, from the side and from above",
    meanings={
        "MPJPE": "The mean distance of the joints from their true places, about the middle of the hips, for a person "
        "scaled to 1.70 m.",
        "N-MPJPE": "The same after the pose is scaled to fit (Rhodin et al., 2018).",
        "PA-MPJPE": "The same after the pose is moved, turned and scaled to fit.",
        "PCK3D": "The share of joints within 150 mm, and its mean over thresholds from 0 to 150 mm (Mehta et al., "
        "2017).",
        "velocity": "The mean error of the joints' velocities between windows of a clip (Pavllo et al., 2019, there in "
        "mm for each frame).",
        "mean pose": "The mean of the train split's poses, which looks at nothing.",
    },
    kinds=kinds_of,
    notes=_notes,
    draw=_draw,
    summarize=lambda answers, labels, skeleton: summarize(answers["joints_xyz_mm"], labels, skeleton),
    # Windows of a clip have its name and a number.
    group=lambda key: key.rpartition(b"+")[0],
)


def evaluate_lifter(
    predictor: Predictor,
    records: Path,
    split: str,
    *,
    batch_size: int = 256,
    exact: bool = False,
    gallery: int = 24,
    seed: int = 0,
    progress: Progress | None = None,
) -> SpaceEvaluation:
    """Measures a lifter and the mean pose on a split of sequences, as virtual cameras see them.

    Args:
        predictor: the lifter.
        records: a shard set of sequences.
        split: "train", "val" or "test".
        batch_size: windows in a batch.
        exact: show the true places, without the errors of 2D models.
        gallery: how many of the worst windows to keep, and of random ones.
        seed: of the random choice.
        progress: updated with the number of windows done.

    Raises:
        ValueError: the records or the split are missing, or label other joints than the model predicts.
    """
    manifest = read_manifest(records, "sequences")
    predictor.check_records(manifest)
    length, fields = predictor.input_size, fields_of(predictor.task, LABELS)
    with named_damage(records, split):
        viewing = replace(MEASURED, errors=0.0) if exact else MEASURED
        batches = measured_windows(
            records, split, manifest, batch_size=batch_size, length=length, fields=fields, viewing=viewing
        )
        shown, answers, labels = zip(*answered(predictor, batches.as_numpy_iterator(), progress), strict=True)
        mean = mean_lifted(records, length, baseline_split(manifest, split))
    found = joined(answers)
    return evaluated(
        LIFTING,
        predictor,
        records,
        split,
        shown=np.concatenate(shown),
        labels=joined(labels),
        answers=found,
        mean={"joints_xyz_mm": np.broadcast_to(mean, found["joints_xyz_mm"].shape)},
        gallery=gallery,
        seed=seed,
        exact=exact,
    )
