"""The learning curve and the image grid of a run folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evaluate import measures
from machine.whole import whole
from pose import Skeleton, draw_skeleton, picture_grid
from pose.draw import COLORS
from records.inspect import write_picture
from train.loop.history import History

if TYPE_CHECKING:
    from train.loop.validation import Validation

_TRAINING, _VALIDATION, _BEST = "#d55e00", "#0072b2", "#999999"
_WHITE, _PLATE = (255, 255, 255), (20, 20, 20)
# Three tiles fill the width of a phone, where their text is still legible.
_SIDE_PX, _COLUMNS = 288, 3
_LINE_PX, _FONT_SCALE = 28, 0.62
# Minimum score of people, and of their joints, that are drawn where there may be many.
_LEAST_SCORE = 0.1


def write_curves(path: Path, history: History, baseline: dict[str, float], epochs: int) -> None:
    """Plots, one below the other, the losses of training and validation, the measure's figures and the learning rate.

    Values that are not finite are left out.

    Args:
        path: the PNG to write.
        history: one row or more.
        baseline: the baseline's figures on the validation split, by their names in the history; may be empty.
        epochs: the run's total number.
    """
    # The headline comes last.
    figures = history.measure.figures[::-1]
    figure = Figure(figsize=(5.6, 3.4 + 3 * len(figures)), layout="constrained")
    panels = figure.subplots(len(figures) + 2, 1, sharex=True, height_ratios=(3, *[3] * len(figures), 1))
    loss, rate = panels[0], panels[-1]
    _line(loss, history, "joint_loss", "training (augmented)", _TRAINING)
    _line(loss, history, "val_joint_loss", "validation", _VALIDATION)
    shares = []
    for axes, one in zip(panels[1:-1], figures, strict=True):
        name = f"val_{one.name}"
        _line(axes, history, name, "validation", _VALIDATION, one.factor)
        if name in baseline:
            _baseline(axes, one, baseline[name])
        _title(axes, one.title, history if name == history.best_by else None)
        if one.unit == "%" and one.better > 0:
            shares.append(axes)
    _title(loss, "Loss of the joints")
    _line(rate, history, "learning_rate", "", "black")
    rate.set_title("Learning rate", loc="left", fontsize=11)
    rate.set_xlabel("epoch")
    for axes in panels:
        axes.axvline(history.best["epoch"], color=_BEST, linewidth=1, zorder=0)
        axes.grid(alpha=0.3)
        axes.margins(y=0.08)
        # The logarithm of a likelihood may fall below 0.
        low, high = axes.get_ylim()
        axes.set_ylim(min(0.0, low) if _lowest(axes) < 0 else 0.0, max(high, 20.0) if axes in shares else high)
    rate.set_xlim(0, epochs)
    rate.xaxis.set_major_locator(MaxNLocator(integer=True))
    with whole(path) as temporary:
        figure.savefig(temporary, dpi=160)


def _line(axes: Axes, history: History, name: str, label: str, color: str, factor: float = 1) -> None:
    points = [(row["epoch"], factor * row.get(name, math.nan)) for row in history.rows]
    # A run begun by an older version lacks the figure in its first epochs.
    known = [(x, y) for x, y in points if math.isfinite(y)]
    if known:
        axes.plot(*zip(*known, strict=True), marker=".", label=label, color=color, clip_on=False, zorder=3)
    else:
        axes.text(0.5, 0.5, "cannot be measured", transform=axes.transAxes, ha="center", va="center", color=_BEST)


def _baseline(axes: Axes, figure: measures.Figure, value: float) -> None:
    if math.isfinite(value):
        label = f"mean pose ({figure.text(value)})"
        axes.axhline(figure.factor * value, color="gray", linestyle="--", label=label)


def _title(axes: Axes, title: str, chosen_by: History | None = None) -> None:
    """Titles a panel, with its legend below the title and above the points."""
    if chosen_by is not None:
        axes.plot([], [], color=_BEST, linewidth=1, label=f"best epoch ({chosen_by.best['epoch']:.0f})")
    axes.set_title(title, loc="left", fontsize=11, pad=22)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, borderaxespad=0.2, fontsize=9)


def _lowest(axes: Axes) -> float:
    return min((float(np.min(line.get_ydata())) for line in axes.lines if len(line.get_ydata())), default=0.0)


def write_predictions(path: Path, validation: Validation, skeleton: Skeleton, epoch: int, epochs: int) -> None:
    """Draws the labels in white and the predictions in color on the first images of the validation split.

    Of predictions of many people, people and joints of low scores are left out.

    Args:
        path: the PNG to write.
        validation: the predictions, of one person in each image or of several.
        skeleton: of the joints.
        epoch: the predictions' epoch, counted from 1.
        epochs: the run's total number.
    """
    zoom = _SIDE_PX / validation.pictures.shape[1]
    labels, many = validation.labels, "person_scores" in validation.answers
    tiles = []
    for i, picture in enumerate(validation.pictures):
        picture = cv2.resize(picture, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_LINEAR)
        labeled, visible = _rows(labels["joints_xy_px"][i], labels["visible"][i] > 0)
        for true, shown in zip(labeled, visible, strict=True):
            picture = draw_skeleton(picture, _zoomed(true, zoom), shown, skeleton, thickness=1, color=_WHITE)
        found, shown, line = _predicted(validation, i)
        for predicted, joints in zip(found, shown, strict=True):
            picture = draw_skeleton(picture, _zoomed(predicted, zoom), joints, skeleton)
        if many:
            line = f"{line}, {int(visible.any(axis=1).sum())} labeled"
        lines = [line, *_wrapped(validation.keys[i])]
        tiles.append(np.concatenate([picture, *(_plate(_SIDE_PX, [(line, _WHITE)]) for line in lines)]))
    sheet = picture_grid(tiles, columns=_COLUMNS)
    width = sheet.shape[1]
    sides = [(side, COLORS[side]) for side in ("left", "right", "middle")]
    captions = [
        [(f"epoch {epoch} of {epochs}, {'images' if many else 'people'} of the val split", _WHITE)],
        [("white: label   in color: predicted,", _WHITE), *sides],
    ]
    write_picture(path, np.concatenate([*(_plate(width, caption) for caption in captions), sheet]))


def _predicted(validation: Validation, i: int) -> tuple[np.ndarray, np.ndarray, str]:
    """The people (P, J, 2) predicted in an image, which of their joints are drawn (P, J), and a line about them."""
    answers = validation.answers
    if "scores" not in answers:
        found = answers["joints_xy_px"][i]
        return found[None], np.ones((1, len(found)), bool), "no scores"
    xy, scores = _rows(answers["joints_xy_px"][i], answers["scores"][i])
    if "person_scores" not in answers:
        return xy, np.ones(scores.shape, bool), f"mean score {100 * scores.mean():.0f} %"
    found = answers["person_scores"][i] >= _LEAST_SCORE
    return xy[found], scores[found] >= _LEAST_SCORE, f"{int(found.sum())} found"


def _rows(xy: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Joints (P, J, 2) and values (P, J) of those of one person, (J, 2) and (J,), or of several."""
    return xy.reshape(-1, *xy.shape[-2:]), values.reshape(-1, values.shape[-1])


def _wrapped(name: str) -> list[str]:
    """A person's name in two lines; a longer one loses its beginning, as its end says most."""
    room = int(_SIDE_PX / (18 * _FONT_SCALE))
    name = name if len(name) <= 2 * room else "..." + name[3 - 2 * room :]
    return [name[:room], name[room:]]


def _plate(width: int, words: list[tuple[str, tuple[int, int, int]]]) -> np.ndarray:
    """A line of words, each in its color, on a dark strip, uint8 (_LINE_PX, width, 3)."""
    strip, left = np.full((_LINE_PX, width, 3), _PLATE, np.uint8), 6
    for word, color in words:
        text = word.encode("ascii", "replace").decode()
        place, font = (left, _LINE_PX - 8), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(strip, text, place, font, _FONT_SCALE, color, 1, cv2.LINE_AA)
        left += cv2.getTextSize(text, font, _FONT_SCALE, 1)[0][0] + 10
    return strip


def _zoomed(xy_px: np.ndarray, zoom: float) -> np.ndarray:
    return (xy_px + 0.5) * zoom - 0.5
