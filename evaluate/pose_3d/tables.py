"""The tables of a lifter's evaluation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluate.page import plain, show
from evaluate.pose_2d.summary import mean_of_known
from evaluate.pose_3d.evaluation import LiftEvaluation
from evaluate.pose_3d.metrics import pck_3d
from evaluate.pose_3d.summary import FIGURES, clips_of, kinds_of
from machine.words import counted

_MEANINGS = {
    "MPJPE": "The mean distance of the joints from their true places, about the middle of the hips, for a person "
    "scaled to 1.70 m.",
    "N-MPJPE": "The same after the pose is scaled to fit (Rhodin et al., 2018).",
    "PA-MPJPE": "The same after the pose is moved, turned and scaled to fit.",
    "PCK3D": "The share of joints within 150 mm, and its mean over thresholds from 0 to 150 mm (Mehta et al., 2017).",
    "velocity": "The mean error of the joints' velocities between windows of a clip (Pavllo et al., 2019, there in mm "
    "for each frame).",
    "mean pose": "The mean of the train split's poses, which looks at nothing.",
}


def meanings() -> dict[str, str]:
    """The meaning of each figure."""
    return dict(_MEANINGS)


def figures(evaluation: LiftEvaluation) -> list[tuple[str, str, float, float]]:
    """Heading, unit, the net's value and the mean pose's of each figure."""
    ours, theirs = evaluation.summary.scalars(), evaluation.baseline.scalars()
    return [(heading, unit, ours[name], theirs[name]) for name, heading, unit in FIGURES]


def as_text(evaluation: LiftEvaluation) -> str:
    """The figures, and the error of each kind, for the terminal."""
    lines = [f"{'':<36}{'net':>10}{'mean pose':>12}"]
    lines += [
        f"{f'{heading}, {unit}':<36}{value(ours, unit):>10}{value(theirs, unit):>12}"
        for heading, unit, ours, theirs in figures(evaluation)
    ]
    lines += ["", f"{'MPJPE by kind, mm':<36}{'net':>10}{'mean pose':>12}{'windows':>9}"]
    lines += [
        f"{f'{row.kind}: {row.range}':<36}{value(row.mpjpe, 'mm'):>10}{value(row.mean_pose_mpjpe, 'mm'):>12}"
        f"{row.windows:>9}"
        for row in kinds(evaluation).itertuples()
    ]
    return "\n".join(lines)


def value(number: float, unit: str) -> str:
    """A figure as text."""
    return show(number, unit) if unit == "%" or np.isnan(number) else f"{number:.1f}"


def kinds(evaluation: LiftEvaluation) -> pd.DataFrame:
    """A row for each kind of view and pose."""
    rows = []
    for what, name, some in kinds_of(evaluation.labels, evaluation.skeleton):
        ours = mean_of_known(evaluation.summary.errors[some])
        theirs = mean_of_known(evaluation.baseline.errors[some])
        aligned = mean_of_known(evaluation.summary.aligned[some])
        rows.append(
            {
                "kind": what,
                "range": name,
                "windows": int(some.sum()),
                "mpjpe": ours,
                "pa_mpjpe": aligned,
                "mean_pose_mpjpe": theirs,
            }
        )
    return pd.DataFrame(rows)


def joints(evaluation: LiftEvaluation) -> pd.DataFrame:
    """A row for each joint."""
    summary, rows = evaluation.summary, []
    for joint, name in enumerate(evaluation.skeleton.joints):
        errors, seen = summary.errors[:, joint], summary.seen[:, joint]
        rows.append(
            {
                "joint": name,
                "known": int((~np.isnan(errors)).sum()),
                "mpjpe": mean_of_known(errors),
                "mpjpe_seen": mean_of_known(errors[seen]),
                "mpjpe_hidden": mean_of_known(errors[~seen]),
                "pa_mpjpe": mean_of_known(summary.aligned[:, joint]),
                "pck_3d": mean_of_known(pck_3d(errors)),
                "mean_pose_mpjpe": mean_of_known(evaluation.baseline.errors[:, joint]),
            }
        )
    return pd.DataFrame(rows)


def predictions(evaluation: LiftEvaluation) -> pd.DataFrame:
    """A row for each window."""
    return pd.DataFrame(
        {
            "key": [key.decode(errors="replace") for key in evaluation.labels["key"]],
            "time_s": evaluation.labels["time_s"],
            "distance_mm": evaluation.labels["distance_mm"],
            "mpjpe": np.nanmean(evaluation.summary.errors, axis=1),
            "pa_mpjpe": np.nanmean(evaluation.summary.aligned, axis=1),
        }
    )


def in_words(evaluation: LiftEvaluation) -> str:
    """A summary in one or two sentences."""
    ours, theirs = evaluation.summary.scalars(), evaluation.baseline.scalars()
    known = [row for row in kinds(evaluation).itertuples() if row.windows]
    worst = max(known, key=lambda row: row.mpjpe)
    return (
        f"The joints are off by {ours['mpjpe']:.0f} mm in the mean, by {ours['pa_mpjpe']:.0f} mm after a similarity; "
        f"the mean pose by {theirs['mpjpe']:.0f} mm. Weakest: {worst.kind} {worst.range} ({worst.mpjpe:.0f} mm)."
    )


def notes(evaluation: LiftEvaluation) -> list[str]:
    """Notes that a reader of the figures needs."""
    windows, clips = counted(len(evaluation.predicted_mm), "window"), counted(len(clips_of(evaluation.labels)), "clip")
    places = "in their true places" if evaluation.exact else "where 2D models put them, with their measured errors"
    return [
        f"{windows} of {evaluation.windows.shape[1]} frames in {clips}. Each clip is seen by one virtual camera, and "
        f"joints are {places}.",
        "Everybody is scaled to 1.70 m, as if the person's height were known. What the net answers does not depend on "
        "the camera's place: it is about the middle of the hips, along the line of sight to the person.",
    ]


def as_json(evaluation: LiftEvaluation) -> dict:
    """The content of metrics.json."""
    return plain(
        {
            "model": str(evaluation.model),
            "records": str(evaluation.records),
            "split": evaluation.split,
            "exact": evaluation.exact,
            "windows": len(evaluation.predicted_mm),
            "headline": FIGURES[0][0],
            "metrics": evaluation.summary.scalars(),
            "mean_pose": evaluation.baseline.scalars(),
            "kinds": kinds(evaluation).to_dict("records"),
            "joints": joints(evaluation).to_dict("records"),
        }
    )
