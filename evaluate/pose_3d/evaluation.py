"""One evaluation of a lifter: the net and the mean pose measured on the same windows with the same code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evaluate.pose_2d.baseline import baseline_split
from evaluate.pose_2d.collect import Progress
from evaluate.pose_3d.baseline import mean_lifted
from evaluate.pose_3d.summary import LABELS, Summary, summarize
from evaluate.predictor import Predictor
from pose import Skeleton
from records.damage import named_damage
from records.inputs import fields_of, inputs_of, joined
from records.manifest import read_manifest
from records.sequences.pipeline import measured_windows
from records.sequences.views import MEASURED


@dataclass(frozen=True, eq=False)
class LiftEvaluation:
    """The results of an evaluation, and what was evaluated.

    Attributes:
        model: the model's path.
        records: the shard set's path.
        split: the split that was measured.
        skeleton: of the J joints.
        windows: float32 (N, T, J, 3), what the net was shown.
        labels: arrays (N, ...) by the names of `LABELS`.
        predicted_mm: float (N, J, 3).
        summary: the net's figures.
        baseline: those of the mean pose.
        worst: rows of the windows with the greatest errors, of different clips.
        chosen: rows of random windows.
        exact: whether the net was shown the true places.
    """

    model: Path
    records: Path
    split: str
    skeleton: Skeleton
    windows: np.ndarray
    labels: dict[str, np.ndarray]
    predicted_mm: np.ndarray
    summary: Summary
    baseline: Summary
    worst: list[int]
    chosen: list[int]
    exact: bool = False


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
) -> LiftEvaluation:
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
    length, skeleton, fields = predictor.input_size, predictor.skeleton, fields_of(predictor.task, LABELS)
    shown, labels, answers = [], [], []
    with named_damage(records, split):
        viewing = replace(MEASURED, errors=0.0) if exact else MEASURED
        batches = measured_windows(
            records, split, manifest, batch_size=batch_size, length=length, fields=fields, viewing=viewing
        )
        for windows, found in batches.as_numpy_iterator():
            answers.append(predictor.predict(inputs_of(predictor.task, windows, found)))
            shown.append(windows)
            labels.append(found)
            if progress is not None:
                progress.update(len(windows))
        mean = mean_lifted(records, length, baseline_split(manifest, split))
    of_all = joined(labels)
    predicted = joined(answers)["joints_xyz_mm"]
    summary = summarize(predicted, of_all, skeleton)
    rows = np.random.default_rng(seed).permutation(len(predicted))[:gallery]
    return LiftEvaluation(
        model=predictor.path,
        records=records,
        split=split,
        skeleton=skeleton,
        windows=np.concatenate(shown),
        labels=of_all,
        predicted_mm=predicted,
        summary=summary,
        baseline=summarize(np.broadcast_to(mean, predicted.shape), of_all, skeleton),
        worst=_worst(summary, of_all["key"], gallery),
        chosen=sorted(rows.tolist()),
        exact=exact,
    )


def _worst(summary: Summary, keys: np.ndarray, count: int) -> list[int]:
    """The windows with the greatest mean error, one of each clip."""
    clips: set[bytes] = set()
    rows: list[int] = []
    for row in np.argsort(-np.nanmean(summary.errors, axis=1)).tolist():
        clip = keys[row].rpartition(b"+")[0]
        if clip not in clips and len(rows) < count:
            clips.add(clip)
            rows.append(row)
    return rows
