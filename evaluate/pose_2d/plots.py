"""The report's images: PCK curves, the reliability diagram, and people with both skeletons drawn.

Figures are drawn without pyplot, which would need a window system and change the caller's matplotlib settings.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluate.pose_2d import metrics
from evaluate.pose_2d.calibration import Calibration
from evaluate.pose_2d.evaluation import Evaluation
from evaluate.pose_2d.sides import joint_rows
from evaluate.pose_2d.summary import mean_of_known
from pose import draw_skeleton
from records.schema import BOX_SHARE

THRESHOLDS = np.linspace(0, 0.5, 51)
_DPI = 160
_TILE_PX = 256
_WHITE = (255, 255, 255)


@dataclass(frozen=True)
class Theme:
    """Colors of a figure; `sides` are those of left, right and middle joints."""

    background: str
    text: str
    grid: str
    model: str
    baseline: str
    sides: dict[str, str]


LIGHT = Theme(
    "#ffffff",
    "#1f2328",
    "#d8dee4",
    "#0969da",
    "#818b98",
    {"left": "#0072b2", "right": "#d55e00", "middle": "#6f42c1"},
)
DARK = Theme(
    "#161b22",
    "#e6edf3",
    "#30363d",
    "#56b4e9",
    "#8b949e",
    {"left": "#56b4e9", "right": "#e69f00", "middle": "#d2a8ff"},
)


def pck_curves(evaluation: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    """PCK by the torso at each of `THRESHOLDS`: of the model and of the mean pose, float (51, J) each."""
    labels = evaluation.answers.labels
    truth = (labels["joints_xy_px"], labels["visible"], labels["torso_px"])
    ours, theirs = (
        np.array([metrics.pck(predicted, *truth, float(threshold)) for threshold in THRESHOLDS])
        for predicted in (evaluation.answers.predicted_px, evaluation.baseline_predicted_px)
    )
    return ours, theirs


def mean_curve_png(evaluation: Evaluation, model: np.ndarray, baseline: np.ndarray, theme: Theme) -> bytes:
    """The PCK curve averaged over joints, as PNG; solid for the arms and legs, thin for all joints."""
    figure, axes = _figure((6.4, 3.8), theme)
    main = list(evaluation.skeleton.main_joints)
    for curve, color, name in ((model, theme.model, "model"), (baseline, theme.baseline, "mean pose")):
        dash = "-" if name == "model" else (0, (5, 2))
        if evaluation.skeleton.has_arms_and_legs:
            limbs = _mean_rows(curve[:, main])
            axes.plot(THRESHOLDS, limbs, color=color, lw=2.4, ls=dash, label=f"{name}, arms and legs")
        axes.plot(THRESHOLDS, _mean_rows(curve), color=color, lw=1, ls=dash, label=f"{name}, all joints")
    axes.set_ylabel("joints within the threshold (%)")
    divisor = "the torso" if evaluation.skeleton.torso else f"{BOX_SHARE} of the box"
    axes.set_xlabel(f"threshold, as a share of {divisor}")
    _pck_axes(axes)
    _legend(axes, theme, loc="best")
    return _png(figure)


def joint_curve_pngs(
    evaluation: Evaluation, model: np.ndarray, baseline: np.ndarray, theme: Theme
) -> list[tuple[str, bytes]]:
    """A small PCK plot for each kind of joint, left and right together: (name such as "shoulder", PNG)."""
    skeleton, plots = evaluation.skeleton, []
    for kind, indices in joint_rows(skeleton):
        joints = list(indices)
        figure, axes = _figure((3.2, 2.5), theme)
        axes.plot(
            THRESHOLDS,
            _mean_rows(baseline[:, joints]),
            color=theme.baseline,
            ls=(0, (5, 2)),
            label="mean pose",
        )
        for joint in joints:
            side = skeleton.sides[joint]
            label = "model" if side == "middle" else f"model, {side}"
            axes.plot(THRESHOLDS, 100 * model[:, joint], color=theme.sides[side], lw=1.8, label=label)
        axes.set_title(kind, color=theme.text, fontsize=11)
        _pck_axes(axes)
        _legend(axes, theme, loc="best", fontsize=7.5)
        plots.append((kind, _png(figure)))
    return plots


def calibration_png(calibration: Calibration, theme: Theme) -> bytes:
    """The reliability diagram over a histogram of the scores, as PNG."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained", facecolor=theme.background)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for axes in (top, bottom):
        _style(axes, theme)
    filled = calibration.count > 0
    top.plot([0, 100], [0, 100], color=theme.baseline, ls=(0, (5, 2)), label="perfectly calibrated")
    claimed, found = 100 * calibration.claimed[filled], 100 * calibration.found[filled]
    top.plot(claimed, found, color=theme.model, lw=2, marker="o", ms=5, label="model")
    top.set(xlim=(0, 100), ylim=(0, 100), ylabel="found right (%)")
    _legend(top, theme, loc="upper left")
    width = 100 / len(calibration.count)
    share = 100 * calibration.count / max(calibration.count.sum(), 1)
    bottom.bar(100 * calibration.edges[:-1], share, width=0.9 * width, align="edge", color=theme.model)
    bottom.set(xlabel="score (%)", ylabel="joints (%)")
    return _png(figure)


def person_jpeg(evaluation: Evaluation, index: int) -> bytes:
    """One person of the gallery as JPEG: labels in white, hollow where hidden, and the model's joints in color."""
    answers, skeleton = evaluation.answers, evaluation.skeleton
    side = max(_TILE_PX, evaluation.size)
    picture = cv2.resize(answers.pictures[index], (side, side), interpolation=cv2.INTER_LINEAR)
    zoom = side / evaluation.size
    true, predicted = ((xy[index] + 0.5) * zoom - 0.5 for xy in (answers.labels["joints_xy_px"], answers.predicted_px))
    picture = draw_skeleton(picture, true, answers.labels["visible"][index], skeleton, color=_WHITE)
    picture = draw_skeleton(picture, predicted, np.ones(skeleton.num_joints, bool), skeleton)
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return jpeg.tobytes()


def _mean_rows(curve: np.ndarray) -> np.ndarray:
    return 100 * np.array([mean_of_known(row) for row in curve])


def _figure(size: tuple[float, float], theme: Theme) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained", facecolor=theme.background)
    axes = figure.subplots()
    _style(axes, theme)
    return figure, axes


def _style(axes: Axes, theme: Theme) -> None:
    axes.set_facecolor(theme.background)
    axes.grid(color=theme.grid, lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=theme.text, labelsize=9, length=0, pad=5)
    axes.xaxis.label.set_color(theme.text)
    axes.yaxis.label.set_color(theme.text)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(theme.grid)


def _pck_axes(axes: Axes) -> None:
    axes.set(xlim=(0, THRESHOLDS[-1]), ylim=(0, 100), xticks=np.arange(0, 0.51, 0.1))


def _legend(axes: Axes, theme: Theme, **options: object) -> None:
    axes.legend(**{"fontsize": 9, "frameon": False, "labelcolor": theme.text, **options})


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.set_dpi(_DPI)
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()
