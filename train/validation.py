"""Validation with the very code that `python -m evaluate` uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from evaluate.baseline import mean_pose
from evaluate.summary import HEADLINE, summarise
from pose import Skeleton
from records import dataset

_NUM_PICTURES = 24


@dataclass
class Validation:
    """Figures of one validation pass, and the first few pictures with their joints.

    Attributes:
        figures: names beginning with val_ -> values.
        pictures: uint8 (N, S, S, 3).
        true_px: float (N, J, 2).
        visible: int (N, J).
        predicted_px: float (N, J, 2).
    """

    figures: dict[str, float]
    pictures: np.ndarray
    true_px: np.ndarray
    visible: np.ndarray
    predicted_px: np.ndarray


class Validator:
    """Predicts the validation split and scores it."""

    def __init__(self, folder: Path, skeleton: Skeleton, input_size: int, batch_size: int) -> None:
        """Opens the split and scores the mean pose of the training split, the baseline to beat."""
        self._batches = dataset(folder, "val", batch_size=batch_size, input_size=input_size)
        self._skeleton, self._input_size = skeleton, input_size
        self._labels = _gather([labels for _, labels in self._batches.as_numpy_iterator()])
        pose = mean_pose(folder, input_size=input_size)
        self.baseline = self._figures(np.broadcast_to(pose, self._labels["joints_xy_px"].shape))[0]

    def __call__(self, model: keras.Model) -> Validation:
        """Runs an inference model over the split."""
        outputs, pictures = [], []
        for batch, _ in self._batches.as_numpy_iterator():
            outputs.append(keras.ops.convert_to_numpy(model(batch, training=False)["joints_xy_px"]))
            if sum(map(len, pictures)) < _NUM_PICTURES:
                pictures.append(batch)
        predicted = np.concatenate(outputs)
        pck, error = self._figures(predicted)
        shown = np.concatenate(pictures)[:_NUM_PICTURES]
        n = len(shown)
        return Validation(
            {"val_pck@0.2": pck, "val_error": error},
            shown,
            self._labels["joints_xy_px"][:n],
            self._labels["visible"][:n],
            predicted[:n],
        )

    def _figures(self, predicted_px: np.ndarray) -> tuple[float, float]:
        """PCK@0.2 over the limb joints, and the mean error as a share of the picture's side."""
        scalars = summarise(predicted_px, self._labels, self._skeleton).scalars()
        return scalars[HEADLINE], scalars["error_px"] / self._input_size


def _gather(batches: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
