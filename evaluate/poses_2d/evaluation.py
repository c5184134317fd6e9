"""One evaluation of found people: by a model on frame records, or of a results file on records or annotations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evaluate.page import show
from evaluate.poses_2d.annotations import read_annotations
from evaluate.poses_2d.frames import LabeledFrame
from evaluate.poses_2d.matching import Match
from evaluate.poses_2d.predictions import Fitted, fit, named, names_of_records
from evaluate.poses_2d.records import FrameRecords, read_frame_records
from evaluate.poses_2d.summary import ManySummary, summarize_many
from evaluate.tracks.videos import VideoTracks, measure_tracks
from pose import Skeleton
from pose.results.people import ImagePeople
from pose.results.read import read_results

if TYPE_CHECKING:
    from evaluate.pose_2d.collect import Progress
    from evaluate.predictor import Predictor


@dataclass(frozen=True, eq=False)
class ManyEvaluation:
    """The results of an evaluation, and what was evaluated.

    Attributes:
        what: path of the model or the results file.
        labels: path of the records or the annotation file.
        split: of the records; None for an annotation file.
        skeleton: of the J joints.
        frames: the labeled images.
        found: the people found in each.
        summary: the figures.
        tracks: the figures of numbers that last in videos.
        notes: what a reader of the figures needs to know.
        worst: places of the worst images, worst first.
        chosen: places of images drawn at random.
        pictures: place -> uint8 (S, S, 3), for those in `worst` and `chosen`.
        to_frame: float64 (N, 2, 3), px of `pictures` -> px of the originals.
    """

    what: Path
    labels: Path
    split: str | None
    skeleton: Skeleton
    frames: list[LabeledFrame]
    found: list[ImagePeople]
    summary: ManySummary
    tracks: VideoTracks = field(default_factory=VideoTracks)
    notes: list[str] = field(default_factory=list)
    worst: list[int] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)
    pictures: dict[int, np.ndarray] = field(default_factory=dict)
    to_frame: np.ndarray | None = None


def evaluate_annotations(
    predictions: Path, annotations: Path, *, joints: str | None = None, common: bool = False
) -> ManyEvaluation:
    """Measures a results file on an annotation file of COCO's form; there are no pictures.

    Args:
        predictions: COCO results, OpenPose's folder or PoseTrack's JSON.
        annotations: the annotation file.
        joints: names of the predictions' joints, see `evaluate.poses_2d.predictions.named`.
        common: whether to measure on the joints that both have.

    Raises:
        ValueError: a file cannot be read, or they do not fit each other.
    """
    truth = read_annotations(annotations)
    fitted = fit(named(read_results(predictions), joints), truth.names, truth.skeleton)
    frames, notes = _of_joints(truth.frames, fitted, truth.skeleton, common)
    summary = summarize_many(frames, fitted.found, truth.skeleton, fitted.known)
    tracks = measure_tracks(frames, fitted.found, summary.matches, truth.skeleton, fitted.known)
    return ManyEvaluation(predictions, annotations, None, truth.skeleton, frames, fitted.found, summary, tracks, notes)


def _of_joints(
    frames: list[LabeledFrame], fitted: Fitted, skeleton: Skeleton, common: bool
) -> tuple[list[LabeledFrame], list[str]]:
    """The images with the joints that are measured, and what is to be said of them."""
    if not common or fitted.known.all():
        return frames, fitted.notes
    names = ", ".join(joint for joint, there in zip(skeleton.joints, fitted.known, strict=True) if there)
    return [one.of_joints(fitted.known) for one in frames], [*fitted.notes[:-1], f"Measured on {names} alone."]


def evaluate_predictions(
    predictions: Path,
    records: Path,
    split: str,
    *,
    joints: str | None = None,
    common: bool = False,
    gallery: int = 24,
    seed: int = 0,
) -> ManyEvaluation:
    """Measures a results file on frame records.

    Args:
        predictions: COCO results, OpenPose's folder or PoseTrack's JSON.
        records: the shard set.
        split: of the set.
        joints: names of the predictions' joints, see `evaluate.poses_2d.predictions.named`.
        common: whether to measure on the joints that both have.
        gallery: how many images of the worst to keep, and of random ones.
        seed: of the random choice.

    Raises:
        ValueError: a file cannot be read, or they do not fit each other.
    """
    results, truth = named(read_results(predictions), joints), read_frame_records(records, split)
    skeleton = truth.manifest.skeleton
    fitted = fit(results, names_of_records([frame.key for frame in truth.frames]), skeleton)
    frames, notes = _of_joints(truth.frames, fitted, skeleton, common)
    summary = summarize_many(frames, fitted.found, skeleton, fitted.known)
    tracks = measure_tracks(frames, fitted.found, summary.matches, skeleton, fitted.known)
    evaluation = _with_pictures(predictions, replace(truth, frames=frames), fitted.found, summary, notes, gallery, seed)
    return replace(evaluation, tracks=tracks)


def evaluate_model(
    predictor: Predictor,
    records: Path,
    split: str,
    *,
    batch_size: int = 8,
    gallery: int = 24,
    seed: int = 0,
    progress: Progress | None = None,
) -> ManyEvaluation:
    """Measures a model that finds many people on frame records.

    Args:
        predictor: the model.
        records: the shard set.
        split: of the set.
        batch_size: images in a batch.
        gallery: how many images of the worst to keep, and of random ones.
        seed: of the random choice.
        progress: updated with the number of images done.

    Raises:
        ValueError: the records or the split are missing, or label other joints than the model predicts.
    """
    from evaluate.poses_2d.predict import predict_frames  # Late: it imports TensorFlow.

    truth = read_frame_records(records, split)
    predictor.check_records(truth.manifest)
    stages = predict_frames(predictor, truth, batch_size=batch_size, progress=progress)
    found = stages.pop("")
    summary = summarize_many(truth.frames, found, predictor.skeleton)
    notes = []
    for stage, people in stages.items():
        earlier = summarize_many(truth.frames, people, predictor.skeleton)
        notes.append(f"After {stage}: AP {show(earlier.coco.ap, '%')} %, people found {show(earlier.found, '%')} %.")
    return _with_pictures(predictor.path, truth, found, summary, notes, gallery, seed)


def _with_pictures(
    what: Path,
    truth: FrameRecords,
    found: list[ImagePeople],
    summary: ManySummary,
    notes: list[str],
    gallery: int,
    seed: int,
) -> ManyEvaluation:
    wrong = np.array([wrongness(one, people) for one, people in zip(summary.matches, found, strict=True)])
    # Equal ones keep their order, and images without a fault are no worst cases.
    worst = [int(n) for n in np.argsort(-wrong, kind="stable")[:gallery] if wrong[n] > 0]
    random = np.random.default_rng(seed)
    chosen = sorted(map(int, random.choice(len(wrong), min(gallery, len(wrong)), replace=False)))
    return ManyEvaluation(
        what=what,
        labels=truth.folder,
        split=truth.split,
        skeleton=truth.manifest.skeleton,
        frames=truth.frames,
        found=found,
        summary=summary,
        notes=notes,
        worst=worst,
        chosen=chosen,
        pictures=truth.pictures({*worst, *chosen}),
        to_frame=truth.to_frame,
    )


def wrongness(match: Match, people: ImagePeople) -> float:
    """How wrong an image is: 1 for each missed person, 1 - OKS for each found one, the score of each false one."""
    inexact = (1 - match.oks)[match.partner >= 0].sum()
    false = np.clip(np.nan_to_num(people.person_scores[match.false]), 0, 1).sum()
    return float(match.missed.sum() + inexact + false)
