"""The learning curve and the picture grid of a run folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from matplotlib.figure import Figure

from pose import Skeleton, draw_skeleton, picture_grid
from records.inspect import write_picture
from train.history import write_whole

if TYPE_CHECKING:
    from train.validation import Validation

_WHITE = (255, 255, 255)
_SIDE_PX = 224


def write_curves(path: Path, rows: list[dict[str, float]], baseline: float) -> None:
    """Plots loss and validation PCK over the epochs, with the mean pose's PCK as a line to beat.

    Args:
        path: the PNG to write.
        rows: one dictionary of figures for each epoch.
        baseline: the mean pose's PCK@0.2 on the validation split.
    """
    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(14, 4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    left.plot(epochs, [row["joint_loss"] for row in rows], marker=".", label="training (augmented)")
    left.set_title("Loss of the joints")
    middle.plot(epochs, [row["val_error"] for row in rows], marker=".", label="validation, averaged weights")
    middle.set_title("Mean error / picture side")
    right.plot(epochs, [row["val_pck@0.2"] for row in rows], marker=".", label="validation, averaged weights")
    right.axhline(baseline, color="gray", linestyle="--", label=f"mean pose ({baseline:.3f})")
    right.set_title("PCK@0.2, 12 limb joints")
    for axes in (left, middle, right):
        axes.set_xlabel("epoch")
        # The logarithm of a likelihood may fall below 0.
        axes.set_ylim(bottom=min(0.0, axes.dataLim.ymin))
        axes.grid(alpha=0.3)
        axes.legend()
    write_whole(path, partial(figure.savefig, dpi=100))


def write_predictions(path: Path, validation: Validation, skeleton: Skeleton) -> None:
    """Draws the truth in white and the prediction in colour on the first pictures of the validation split."""
    size = validation.pictures.shape[1]
    zoom = _SIDE_PX / size
    tiles = []
    for picture, true_px, visible, predicted_px in zip(
        validation.pictures, validation.true_px, validation.visible, validation.predicted_px, strict=True
    ):
        picture = cv2.resize(picture, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_LINEAR)
        drawn = draw_skeleton(picture, _zoomed(true_px, zoom), visible > 0, skeleton, thickness=1, color=_WHITE)
        everything = np.ones(skeleton.num_joints, bool)
        tiles.append(draw_skeleton(drawn, _zoomed(predicted_px, zoom), everything, skeleton))
    write_picture(path, picture_grid(tiles, columns=8))


def _zoomed(xy_px: np.ndarray, zoom: float) -> np.ndarray:
    return (xy_px + 0.5) * zoom - 0.5
