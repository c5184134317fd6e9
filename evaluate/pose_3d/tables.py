"""The tables of an evaluation of joints in space."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from evaluate.page import plain, show
from evaluate.pose_2d.summary import mean_of_known
from evaluate.pose_3d.evaluation import SpaceEvaluation
from evaluate.pose_3d.metrics import pck_3d


def figures(evaluation: SpaceEvaluation) -> list[tuple[str, str, float, float]]:
    """Heading, unit, the net's value and the mean pose's of each figure."""
    ours, theirs = evaluation.summary.scalars(), evaluation.baseline.scalars()
    return [(heading, unit, ours[name], theirs[name]) for name, heading, unit in evaluation.subject.figures]


def as_text(evaluation: SpaceEvaluation) -> str:
    """The figures, and the error of each kind, for the terminal."""
    lines = [f"{'':<36}{'net':>10}{'mean pose':>12}"]
    lines += [
        f"{f'{heading}, {unit}':<36}{value(ours, unit):>10}{value(theirs, unit):>12}"
        for heading, unit, ours, theirs in figures(evaluation)
    ]
    name, heading, unit = evaluation.subject.figures[0]
    several = evaluation.subject.noun[1]
    lines += ["", f"{f'{heading} by kind, {unit}':<36}{'net':>10}{'mean pose':>12}{several:>9}"]
    for row in kinds(evaluation).to_dict("records"):
        ours, theirs = value(row[name], unit), value(row[f"mean_pose_{name}"], unit)
        lines.append(f"{row['kind'] + ': ' + row['range']:<36}{ours:>10}{theirs:>12}{row[several]:>9}")
    return "\n".join(lines)


def value(number: float, unit: str) -> str:
    """A figure as text."""
    return show(number, unit) if unit == "%" or np.isnan(number) else f"{number:.1f}"


def kinds(evaluation: SpaceEvaluation) -> pd.DataFrame:
    """A row for each kind of view and pose."""
    headline, rows = evaluation.subject.figures[0][0], []
    for what, name, some in evaluation.subject.kinds(evaluation.labels, evaluation.skeleton):
        ours = mean_of_known(evaluation.summary.errors[some])
        theirs = mean_of_known(evaluation.baseline.errors[some])
        aligned = mean_of_known(evaluation.summary.aligned[some])
        rows.append(
            {
                "kind": what,
                "range": name,
                evaluation.subject.noun[1]: int(some.sum()),
                headline: ours,
                "pa_mpjpe": aligned,
                f"mean_pose_{headline}": theirs,
            }
        )
    return pd.DataFrame(rows)


def joints(evaluation: SpaceEvaluation) -> pd.DataFrame:
    """A row for each joint."""
    summary, headline, rows = evaluation.summary, evaluation.subject.figures[0][0], []
    for joint, name in enumerate(evaluation.skeleton.joints):
        errors, seen = summary.errors[:, joint], summary.seen[:, joint]
        rows.append(
            {
                "joint": name,
                "known": int((~np.isnan(errors)).sum()),
                headline: mean_of_known(errors),
                f"{headline}_seen": mean_of_known(errors[seen]),
                f"{headline}_hidden": mean_of_known(errors[~seen]),
                "pa_mpjpe": mean_of_known(summary.aligned[:, joint]),
                "pck_3d": mean_of_known(pck_3d(errors, evaluation.subject.within_mm)),
                f"mean_pose_{headline}": mean_of_known(evaluation.baseline.errors[:, joint]),
            }
        )
    return pd.DataFrame(rows)


def predictions(evaluation: SpaceEvaluation) -> pd.DataFrame:
    """A row for each window or person."""
    labels, summary = evaluation.labels, evaluation.summary
    columns: dict[str, np.ndarray | list[str]] = {"key": [key.decode(errors="replace") for key in labels["key"]]}
    columns |= {name: labels[name] for name in ("time_s", "distance_mm") if name in labels}
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        # Of some nothing is known.
        warnings.simplefilter("ignore", RuntimeWarning)
        means = {evaluation.subject.figures[0][0]: summary.errors, "pa_mpjpe": summary.aligned}
        columns |= {name: np.nanmean(values, axis=1) for name, values in means.items()}
    return pd.DataFrame(columns)


def in_words(evaluation: SpaceEvaluation) -> str:
    """A summary in one or two sentences."""
    name = evaluation.subject.figures[0][0]
    ours, theirs = evaluation.summary.scalars(), evaluation.baseline.scalars()
    known = [row for row in kinds(evaluation).to_dict("records") if not np.isnan(row[name])]
    worst = max(known, key=lambda row: row[name])
    return (
        f"The joints are off by {ours[name]:.0f} mm in the mean, by {ours['pa_mpjpe']:.0f} mm after a similarity; "
        f"the mean pose by {theirs[name]:.0f} mm. Weakest: {worst['kind']} {worst['range']} ({worst[name]:.0f} mm)."
    )


def as_json(evaluation: SpaceEvaluation) -> dict:
    """The content of metrics.json."""
    return plain(
        {
            "model": str(evaluation.model),
            "records": str(evaluation.records),
            "split": evaluation.split,
            "exact": evaluation.exact,
            evaluation.subject.noun[1]: len(evaluation.predicted_mm),
            "headline": evaluation.subject.figures[0][0],
            "metrics": evaluation.summary.scalars(),
            "mean_pose": evaluation.baseline.scalars(),
            "kinds": kinds(evaluation).to_dict("records"),
            "joints": joints(evaluation).to_dict("records"),
        }
    )
