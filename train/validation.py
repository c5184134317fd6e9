"""Validation with the very code that `python -m evaluate` uses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from evaluate.baseline import mean_pose
from evaluate.summary import HEADLINE, summarise
from models import SCORES, form_of, inner_net
from pose import Skeleton
from records import dataset
from train.history import BEST_BY
from train.losses import JointLoss

_NUM_PICTURES = 12


@dataclass
class Validation:
    """Figures of one validation pass, the predictions, and the first few pictures.

    Attributes:
        figures: names beginning with val_ -> values.
        pictures: uint8 (N, S, S, 3), of the first N people.
        true_px: float (M, J, 2), of all people.
        visible: int (M, J).
        predicted_px: float (M, J, 2).
        scores: float (M, J) in [0, 1].
        keys: the people's names.
    """

    figures: dict[str, float]
    pictures: np.ndarray
    true_px: np.ndarray
    visible: np.ndarray
    predicted_px: np.ndarray
    scores: np.ndarray
    keys: list[str]


class Validator:
    """Predicts the validation split and scores it.

    Attributes:
        baseline: the figures of the mean pose of the training split, which a net must beat.
        best_by: the first figure of `BEST_BY` that the split can be measured by.
        people: how many people the split has, and how many of them PCK can be measured on.
    """

    def __init__(self, folder: Path, skeleton: Skeleton, input_size: int, batch_size: int) -> None:
        """Opens the split and scores the mean pose."""
        self._batches = dataset(folder, "val", batch_size=batch_size, input_size=input_size)
        self._skeleton, self._input_size = skeleton, input_size
        self._labels = _gather([labels for _, labels in self._batches.as_numpy_iterator()])
        self._keys = [key.decode(errors="replace") for key in self._labels["key"]]
        pose = mean_pose(folder, input_size=input_size)
        self.baseline = self._figures(np.broadcast_to(pose, self._labels["joints_xy_px"].shape))
        self.best_by = next((name for name in BEST_BY if not math.isnan(self.baseline[name])), list(BEST_BY)[-1])
        self.people = len(self._keys), int((self._labels["torso_px"] > 0).sum())

    def __call__(self, model: keras.Model, loss: JointLoss) -> Validation:
        """Runs the net of an inference model over the split, and a loss of joints over its outputs."""
        net, size = inner_net(model), self._input_size
        form = form_of(net)
        parts: dict[str, list[np.ndarray]] = {"joints": [], "scores": [], "losses": [], "labelled": []}
        pictures: list[np.ndarray] = []
        for batch, labels in self._batches.as_numpy_iterator():
            outputs = net(keras.ops.cast(batch, "float32"), training=False)
            found = {
                "joints": form.decode(outputs, size),
                "scores": keras.ops.sigmoid(outputs[SCORES]),
                "losses": keras.ops.reshape(loss(labels["joints_xy_px"], outputs, labels["visible"], size=size), (1,)),
            }
            for name, value in found.items():
                parts[name].append(keras.ops.convert_to_numpy(value))
            parts["labelled"].append(np.array([(labels["visible"] > 0).sum()]))
            if sum(map(len, pictures)) < _NUM_PICTURES:
                pictures.append(batch)
        whole = {name: np.concatenate(values) for name, values in parts.items()}
        # Of the whole split, in which every labelled joint counts as much as any other.
        joint_loss = float((whole["losses"] * whole["labelled"]).sum() / max(whole["labelled"].sum(), 1))
        return Validation(
            {"val_joint_loss": joint_loss, **self._figures(whole["joints"])},
            np.concatenate(pictures)[:_NUM_PICTURES],
            self._labels["joints_xy_px"],
            self._labels["visible"],
            whole["joints"],
            whole["scores"],
            self._keys,
        )

    def _figures(self, predicted_px: np.ndarray) -> dict[str, float]:
        """PCK@0.2 over the limb joints, and the mean error as a share of the picture's side."""
        scalars = summarise(predicted_px, self._labels, self._skeleton).scalars()
        return {"val_pck@0.2": scalars[HEADLINE], "val_error": scalars["error_px"] / self._input_size}


def _gather(batches: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
