"""Runs a model over a split once and keeps every prediction, and the few images of the galleries."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import numpy as np

from evaluate.pose_2d.metrics import joint_distances
from evaluate.predictor import Predictor
from pose.fields import Affine, warp
from records.features import FIELDS
from records.inputs import inputs_of

Arrays = Mapping[str, np.ndarray]
LABELS = ("joints_xy_px", "visible", "torso_px", "head_px", "head_size_px", "area_px")


class Progress(Protocol):
    """A counter of finished people, such as a `tqdm` bar."""

    def update(self, n: int) -> object:
        """Adds to the number of people done."""


def answered(
    predictor: Predictor, batches: Iterable[tuple[np.ndarray, Arrays]], progress: Progress | None
) -> Iterator[tuple[np.ndarray, Arrays, Arrays]]:
    """Streams what the model was shown, its answers and the labels of each batch of `records.dataset` in NumPy."""
    for shown, labels in batches:
        yield shown, predictor.predict(inputs_of(predictor.task, shown, labels)), labels
        if progress is not None:
            progress.update(len(shown))


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions and labels of all people of a split.

    Attributes:
        predicted_px: float (N, J, 2) in px of the image.
        scores: float (N, J).
        labels: joints_xy_px (N, J, 2), visible (N, J), torso_px, head_px, head_size_px and area_px (N,), in
            the same px.
        keys: N names of people.
        error_px: float (N,), each person's mean pixel error over labeled joints; NaN where none is.
        worst: indices of the people with the largest errors, worst first.
        chosen: indices of people drawn at random, in stored order.
        pictures: index -> uint8 (S, S, 3), for those in `worst` and `chosen`.
        stages: the predictions of the net's earlier stages, float (N, J, 2), by "stage1" and so on.
    """

    predicted_px: np.ndarray
    scores: np.ndarray
    labels: dict[str, np.ndarray]
    keys: list[str]
    error_px: np.ndarray
    worst: list[int]
    chosen: list[int]
    pictures: dict[int, np.ndarray]
    stages: dict[str, np.ndarray] = field(default_factory=dict)

    def scaled(self, size_from: int, size_to: int) -> Predictions:
        """Rescales the predictions, with all lengths in px, to another image size."""
        resize = partial(warp, fields=FIELDS, affine=Affine.resize(size_from, size_to, len(self.keys)))
        predicted, *others = (
            resize({"joints_xy_px": joints})["joints_xy_px"] for joints in (self.predicted_px, *self.stages.values())
        )
        error_px = self.error_px * (size_to / size_from)
        stages = dict(zip(self.stages, others, strict=True))
        return replace(self, predicted_px=predicted, labels=resize(self.labels), error_px=error_px, stages=stages)


@dataclass
class _Gallery:
    """The worst and a random sample of a stream, of which at most 2 * size images are held."""

    size: int
    random: np.random.Generator
    seen: int = 0
    worst: list[tuple[float, int, np.ndarray]] = field(default_factory=list)
    chosen: list[tuple[int, np.ndarray]] = field(default_factory=list)

    def offer(self, index: int, error_px: float, picture: np.ndarray) -> None:
        # A person without labels has no error and is not shown.
        if not self.size or np.isnan(error_px):
            return
        self.seen += 1
        # The index breaks ties, so that images are never compared; of equal errors the earlier person stays. Images are
        # copied: a view would keep its whole batch in memory.
        if len(self.worst) < self.size:
            heapq.heappush(self.worst, (error_px, -index, picture.copy()))
        elif (error_px, -index) > self.worst[0][:2]:
            heapq.heapreplace(self.worst, (error_px, -index, picture.copy()))
        self._offer_at_random(index, picture)

    def _offer_at_random(self, index: int, picture: np.ndarray) -> None:
        """Reservoir sampling: every person so far is kept with the same probability."""
        if len(self.chosen) < self.size:
            self.chosen.append((index, picture.copy()))
            return
        place = int(self.random.integers(self.seen))
        if place < self.size:
            self.chosen[place] = (index, picture.copy())

    def contents(self) -> tuple[list[int], list[int], dict[int, np.ndarray]]:
        """Indices of the worst, worst first; of the random ones, in order; and the images of both."""
        worst = sorted(self.worst, key=lambda entry: entry[:2], reverse=True)
        chosen = sorted(self.chosen, key=lambda entry: entry[0])
        pictures = {-index: picture for _, index, picture in worst} | dict(chosen)
        return [-index for _, index, _ in worst], [index for index, _ in chosen], pictures


def collect(
    predictor: Predictor,
    batches: Iterable[tuple[np.ndarray, dict[str, np.ndarray]]],
    *,
    gallery: int,
    seed: int,
    progress: Progress | None = None,
) -> Predictions:
    """Runs a model on every person.

    Args:
        predictor: the model.
        batches: images uint8 (B, S, S, 3) and labels in NumPy, in `records.dataset`'s form.
        gallery: how many of the worst images to keep, and of random ones.
        seed: of the random choice.
        progress: updated after each batch.

    Returns:
        The predictions, in px of the images.

    Raises:
        ValueError: there are no batches.
    """
    kept = _Gallery(gallery, np.random.default_rng(seed))
    parts: dict[str, list[np.ndarray]] = {name: [] for name in (*LABELS, "predicted", "scores", "error")}
    keys: list[str] = []
    for pictures, labels in batches:
        answers = predictor.predict({"pictures": pictures})
        predicted, scores = answers["joints_xy_px"], answers["scores"]
        errors = person_errors(joint_distances(predicted, labels["joints_xy_px"], labels["visible"]))
        for i, error in enumerate(errors):
            kept.offer(len(keys) + i, float(error), pictures[i])
        keys += [key.decode() for key in labels["key"]]
        found = {
            "predicted": predicted,
            "scores": scores,
            "error": errors,
            **{name: labels[name] for name in LABELS},
        }
        found |= {name: value for name, value in answers.items() if name.endswith("/joints_xy_px")}
        for name, value in found.items():
            parts.setdefault(name, []).append(value)
        if progress is not None:
            progress.update(len(pictures))
    if not keys:
        raise ValueError("there is no one to evaluate: the split gave no batches")
    whole = {name: np.concatenate(values) for name, values in parts.items()}
    return Predictions(
        whole["predicted"],
        whole["scores"],
        {name: whole[name] for name in LABELS},
        keys,
        whole["error"],
        *kept.contents(),
        {name.partition("/")[0]: value for name, value in whole.items() if "/" in name},
    )


def person_errors(distances: np.ndarray) -> np.ndarray:
    """Each person's mean of distances (N, J) over labeled joints, those not NaN; NaN where none is."""
    labeled = ~np.isnan(distances)
    number = labeled.sum(axis=1)
    return np.where(number > 0, np.where(labeled, distances, 0).sum(axis=1) / np.maximum(number, 1), np.nan)
