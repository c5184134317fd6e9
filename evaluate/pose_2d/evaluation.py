"""One evaluation: a model and the mean pose measured on the same people with the same code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evaluate.pose_2d.baseline import baseline_split, mean_pose
from evaluate.pose_2d.calibration import Calibration, calibrate
from evaluate.pose_2d.collect import Predictions, Progress, collect
from evaluate.pose_2d.oks_ap import AveragePrecision, average_precision
from evaluate.pose_2d.summary import Summary, summarize
from evaluate.predictor import Predictor
from pose import Skeleton
from records.damage import named_damage
from records.manifest import read_manifest
from records.pipeline import dataset


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The results of an evaluation, and what was evaluated.

    Attributes:
        model: the model's path.
        records: the shard set's path.
        split: the split that was measured.
        skeleton: of the J joints.
        size: height and width of the records' crops in px; every length below is in their px, whatever the
            model's input size, so that models of different sizes can be compared.
        flip_test: whether the answers for each image and its mirror image were merged.
        answers: the model's, for each person.
        summary: the model's metrics.
        ap: the model's OKS-AP.
        score_reach: a score claims that the joint lies within this share of the crop's side of its label.
        calibration: of the model's scores.
        baseline_px: float (J, 2), the mean pose.
        baseline_split: the split whose mean it is.
        baseline_summary: its metrics.
        baseline_ap: its OKS-AP.
        stages: the metrics of the net's earlier stages, by "stage1" and so on.
    """

    model: Path
    records: Path
    split: str
    skeleton: Skeleton
    size: int
    flip_test: bool
    answers: Predictions
    summary: Summary
    ap: AveragePrecision
    score_reach: float
    calibration: Calibration
    baseline_px: np.ndarray
    baseline_split: str
    baseline_summary: Summary
    baseline_ap: AveragePrecision
    stages: dict[str, Summary] = field(default_factory=dict)

    @property
    def baseline_predicted_px(self) -> np.ndarray:
        """The mean pose once for each person, float (N, J, 2)."""
        return np.broadcast_to(self.baseline_px, self.answers.predicted_px.shape)


def evaluate(
    predictor: Predictor,
    records: str | Path,
    split: str,
    *,
    batch_size: int = 64,
    gallery: int = 24,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Measures a model and the mean pose on a split.

    Args:
        predictor: the model.
        records: the shard set's folder.
        split: "train", "val" or "test".
        batch_size: number of people in a batch.
        gallery: how many images of the worst cases to keep, and of random ones.
        seed: of the random choice.
        progress: updated with the number of people done.

    Raises:
        ValueError: the records or the split are missing, or label other joints than the model predicts.
    """
    manifest = read_manifest(records, "people")
    predictor.check_records(manifest)
    size, skeleton, reach = manifest.size, predictor.skeleton, predictor.score_reach
    batches = _batches(records, split, batch_size, predictor.input_size)
    answers = collect(predictor, batches, gallery=gallery, seed=seed, progress=progress)
    answers = answers.scaled(predictor.input_size, size)
    labels, predicted = answers.labels, answers.predicted_px
    source = baseline_split(manifest, split)
    with named_damage(records, source):
        baseline = mean_pose(records, split=source)
    everyone = np.broadcast_to(baseline, predicted.shape)
    return Evaluation(
        model=predictor.path,
        records=Path(records),
        split=split,
        skeleton=skeleton,
        size=size,
        flip_test=predictor.flip_test,
        answers=answers,
        summary=summarize(predicted, labels, skeleton),
        ap=average_precision(predicted, answers.scores, labels, skeleton),
        score_reach=reach,
        calibration=calibrate(predicted, answers.scores, labels["joints_xy_px"], labels["visible"], reach * size),
        baseline_px=baseline,
        baseline_split=source,
        baseline_summary=summarize(everyone, labels, skeleton),
        # The mean pose has no scores; equal ones keep the order of people.
        baseline_ap=average_precision(everyone, np.ones_like(answers.scores), labels, skeleton),
        stages={stage: summarize(joints, labels, skeleton) for stage, joints in answers.stages.items()},
    )


def _batches(records: str | Path, split: str, batch_size: int, size: int) -> Iterator[tuple[np.ndarray, dict]]:
    """Yields the split in NumPy batches; raises ValueError for a damaged record."""
    with named_damage(records, split):
        yield from dataset(records, split, batch_size=batch_size, input_size=size).as_numpy_iterator()
