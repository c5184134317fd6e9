"""An evaluation as tables: for the screen, for metrics.json and for the CSV files."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from evaluate.evaluation import Evaluation
from evaluate.metrics import BOX_FILL
from evaluate.oks_ap import AveragePrecision
from evaluate.summary import HEADLINE, Summary

#: What people read, in the order they read it: (name in the files, heading, "%" for fractions or "px").
FIGURES = (
    (HEADLINE, "PCK@0.2, arms and legs", "%"),
    ("pck@0.2", "PCK@0.2, all joints", "%"),
    ("pck@0.1", "PCK@0.1, all joints", "%"),
    ("pck@0.05", "PCK@0.05, all joints", "%"),
    ("pckh@0.5", "PCKh@0.5", "%"),
    ("auc", "AUC of PCK to 0.5", "%"),
    ("pcp@0.5", "strict PCP@0.5", "%"),
    ("oks_ap", "OKS-AP", "%"),
    ("oks_ap50", "OKS-AP at 0.50", "%"),
    ("oks_ap75", "OKS-AP at 0.75", "%"),
    ("oks_ar", "OKS-AR", "%"),
    ("oks", "mean OKS", "%"),
    ("error_px", "mean pixel error", "px"),
)
_JOINT_COLUMNS = ("pck@0.05", "pck@0.1", "pck@0.2", "pckh@0.5", "auc", "error_px")


def figures(summary: Summary, ap: AveragePrecision) -> dict[str, float]:
    """Every overall figure under its name in the files."""
    return {**summary.scalars(), "oks_ap": ap.ap, "oks_ap50": ap.ap50, "oks_ap75": ap.ap75, "oks_ar": ap.ar}


def show(value: float, unit: str) -> str:
    """A fraction as "81.3" percent, px as "6.42"; "n/a" for what could not be measured."""
    if math.isnan(value):
        return "n/a"
    return f"{100 * value:.1f}" if unit == "%" else f"{value:.2f}"


def per_joint(evaluation: Evaluation) -> pd.DataFrame:
    """One row for each joint: its number of labels, the model's figures, those of the mean pose, and the scores' worth.

    "score" is the joint's mean score, "found_right" the share that is as near the label as a score claims.
    """
    columns: dict[str, object] = {"joint": evaluation.summary.joints, "labelled": evaluation.summary.labelled}
    for prefix, summary in (("", evaluation.summary), ("mean_pose_", evaluation.baseline_summary)):
        columns |= {prefix + name: values for name, values in _by_joint(summary).items()}
    calibration = evaluation.calibration
    return pd.DataFrame({**columns, "score": calibration.joint_claimed, "found_right": calibration.joint_found})


def per_limb(evaluation: Evaluation) -> pd.DataFrame:
    """One row for each limb: strict PCP of the model and of the mean pose."""
    summary = evaluation.summary
    ours, theirs = summary.pcp, evaluation.baseline_summary.pcp
    return pd.DataFrame({"limb": summary.limbs, "pcp@0.5": ours, "mean_pose_pcp@0.5": theirs})


def per_person(evaluation: Evaluation) -> pd.DataFrame:
    """One row for each person: key, mean pixel error, OKS, mean score, number of labelled joints."""
    answers = evaluation.answers
    return pd.DataFrame(
        {
            "key": answers.keys,
            "labelled": (answers.labels["visible"] > 0).sum(axis=1),
            "error_px": answers.error_px,
            "oks": evaluation.summary.oks,
            "score": answers.scores.mean(axis=1),
        }
    )


def as_json(evaluation: Evaluation) -> dict:
    """Everything that metrics.json holds. What could not be measured, or is infinite, is null."""
    calibration = evaluation.calibration
    tree = {
        "model": str(evaluation.model),
        "records": str(evaluation.records),
        "split": evaluation.split,
        "people": evaluation.summary.people,
        "skeleton": evaluation.skeleton.name,
        "crop_size": evaluation.size,
        "flip_test": evaluation.flip_test,
        "headline": HEADLINE,
        "metrics": figures(evaluation.summary, evaluation.ap),
        "mean_pose": {
            "split": evaluation.baseline_split,
            "metrics": figures(evaluation.baseline_summary, evaluation.baseline_ap),
        },
        "invalid_predictions": evaluation.summary.invalid,
        "oks_ap_people": evaluation.ap.people,
        "calibration": {
            "score_reach": evaluation.score_reach,
            "error": calibration.error,
            "edges": calibration.edges,
            "count": calibration.count,
            "claimed": calibration.claimed,
            "found": calibration.found,
            "invalid_scores": calibration.invalid,
        },
        "per_joint": per_joint(evaluation).to_dict("records"),
        "per_limb": per_limb(evaluation).to_dict("records"),
    }
    return _plain(tree)


def as_text(evaluation: Evaluation) -> str:
    """The tables on the screen: joint by joint, then the overall figures, the mean pose beside the model."""
    model, baseline = evaluation.summary, evaluation.baseline_summary
    columns = [*(f"{name.upper().replace('PCKH', 'PCKh')}" for name in _JOINT_COLUMNS[:-1]), "error px"]
    lines = [f"{'joint':<16}{'labels':>8}" + "".join(f"{name:>10}" for name in columns) + "   | mean pose PCK@0.2"]
    ours, theirs = _by_joint(model), _by_joint(baseline)
    for j, joint in enumerate(model.joints):
        cells = [show(ours[name][j], "px" if name == "error_px" else "%") for name in _JOINT_COLUMNS]
        row = f"{joint:<16}{model.labelled[j]:>8}" + "".join(f"{cell:>10}" for cell in cells)
        lines.append(f"{row}   | {show(theirs['pck@0.2'][j], '%'):>17}")
    lines += ["", f"{'':<26}{'model':>10}{'mean pose':>12}"]
    ours, theirs = figures(model, evaluation.ap), figures(baseline, evaluation.baseline_ap)
    for name, heading, unit in FIGURES:
        lines.append(f"{heading:<26}{show(ours[name], unit):>10}{show(theirs[name], unit):>12} {unit}")
    error, reach = show(evaluation.calibration.error, "%"), f"{100 * evaluation.score_reach:g} %"
    worth = f"Scores claim that joints lie within {reach} of the crop's side: expected calibration error {error} %."
    return "\n".join([*lines, "", *notes(evaluation), worth])


def notes(evaluation: Evaluation) -> list[str]:
    """What a reader of the figures has to know about this evaluation, one sentence each."""
    torso = int((evaluation.answers.labels["torso_px"] > 0).sum())
    unknown_area = int((evaluation.answers.labels["area_px"] <= 0).sum())
    people = evaluation.summary.people
    found = [
        f"Pixels are those of the records' {evaluation.size} px crop. PCK and AUC divide by the torso, which "
        f"{torso} of {people} people have labelled."
    ]
    if evaluation.skeleton.head is None:
        found.append(f"PCKh is not defined for {evaluation.skeleton.name}, which has no head span.")
    if unknown_area:
        found.append(
            f"The area of {unknown_area} of {people} people is unknown; OKS takes {BOX_FILL} of the box "
            "about their joints."
        )
    if evaluation.baseline_split != "train":
        found.append(f"The records have no train split: the mean pose is that of {evaluation.baseline_split} itself.")
    if evaluation.summary.invalid:
        found.append(f"WARNING: {evaluation.summary.invalid} predictions are not finite; they count as infinitely far.")
    if evaluation.calibration.invalid:
        found.append(f"WARNING: {evaluation.calibration.invalid} scores do not lie between 0 and 1.")
    return found


def _by_joint(summary: Summary) -> dict[str, np.ndarray]:
    pck = {f"pck@{threshold:g}": values for threshold, values in summary.pck.items()}
    return {**pck, "pckh@0.5": summary.pckh, "auc": summary.auc, "error_px": summary.error_px}


def _plain(value: object) -> object:
    """Plain lists and numbers, null for NaN and infinity, which JSON has no words for."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
