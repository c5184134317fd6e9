"""An evaluation as tables: for the screen, for metrics.json and for the CSV files."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from evaluate.page import plain, show
from evaluate.pose_2d.evaluation import Evaluation
from evaluate.pose_2d.metrics import BOX_FILL
from evaluate.pose_2d.oks_ap import AveragePrecision
from evaluate.pose_2d.sides import joint_rows, side_by_side
from evaluate.pose_2d.summary import HEADLINE, Summary, mean_of_known
from machine.words import counted
from pose import Skeleton
from records.schema import BOX_SHARE

#: The metrics in the order of the tables: (name in the files, heading, "%" for fractions or "px").
FIGURES = (
    (HEADLINE, "PCK@0.2, arms and legs", "%"),
    ("pck@0.2", "PCK@0.2, all joints", "%"),
    ("pck@0.1", "PCK@0.1, all joints", "%"),
    ("pck@0.05", "PCK@0.05, all joints", "%"),
    ("pck_head@0.5", "PCK@0.5 of the head", "%"),
    ("pckh@0.5", "PCKh@0.5 (MPII)", "%"),
    ("auc", "AUC of PCK to 0.5", "%"),
    ("pcp@0.5", "strict PCP@0.5", "%"),
    ("oks_ap", "OKS-AP", "%"),
    ("oks_ap50", "OKS-AP at 0.50", "%"),
    ("oks_ap75", "OKS-AP at 0.75", "%"),
    ("oks_ar", "OKS-AR", "%"),
    ("oks", "mean OKS", "%"),
    ("error_px", "mean pixel error", "px"),
)
_OF_STAGES = ("pck@0.2", "pck@0.1", "auc", "error_px")
_MEANINGS = {
    "PCK@0.5 of the head": "As PCK, within half of the skeleton's head span: from neck to head top, or to the nose "
    "where that is what is labelled.",
    "PCKh@0.5": "As MPII measures it (Andriluka et al., 2014): within half of the head's size, which is 0.6 of the "
    "diagonal of the head's labelled box. Unknown where people have no such box.",
    "AUC": "The mean of PCK over all thresholds from 0 to 0.5.",
    "strict PCP@0.5": "The share of limbs both of whose ends lie within half of the limb's length of their labels.",
    "OKS": "COCO's similarity of two poses: 1 where all joints lie on their labels, falling with distance, the sooner "
    "the smaller the person and the more exactly people place that joint.",
    "OKS-AP": "COCO's average precision, people with high scores first: the mean over OKS of 0.50 to 0.95.",
    "mean pixel error": "The mean distance of joints from their labels, in pixels of the records' crop.",
    "mean pose": "The mean of the training labels, the same for everybody, whatever the picture. A model must beat it.",
}


def meanings(skeleton: Skeleton) -> dict[str, str]:
    """The meaning of each metric, in one sentence."""
    pck = "PCK@0.2 is the share of joints that lie within 0.2 of"
    rest = "their labels{}; PCK@0.1 and PCK@0.05 the same for 0.1 and 0.05."
    adult = ", some 10 cm for an adult" if skeleton.torso else ""
    return {"PCK": f"{pck} {divisor(skeleton)} of {rest.format(adult)}", **_MEANINGS}


def divisor(skeleton: Skeleton) -> str:
    """What PCK divides by, in words."""
    return "the torso (left shoulder to right hip)" if skeleton.torso else f"{BOX_SHARE} of the box's longer side"


def figures(summary: Summary, ap: AveragePrecision) -> dict[str, float]:
    """Every overall figure under its name in the files."""
    return {**summary.scalars(), "oks_ap": ap.ap, "oks_ap50": ap.ap50, "oks_ap75": ap.ap75, "oks_ar": ap.ar}


def per_joint(evaluation: Evaluation) -> pd.DataFrame:
    """One row for each joint: its number of labels, the model's metrics, those of the mean pose, and its calibration.

    "score" is the joint's mean score, "found_right" the share that lies within the distance whose probability it is.
    """
    columns: dict[str, object] = {"joint": evaluation.summary.joints, "labelled": evaluation.summary.labeled}
    for prefix, summary in (("", evaluation.summary), ("mean_pose_", evaluation.baseline_summary)):
        columns |= {prefix + name: values for name, values in _by_joint(summary).items()}
    calibration = evaluation.calibration
    return pd.DataFrame({**columns, "score": calibration.joint_claimed, "found_right": calibration.joint_found})


def per_limb(evaluation: Evaluation) -> pd.DataFrame:
    """One row for each limb: strict PCP of the model and of the mean pose."""
    summary = evaluation.summary
    ours, theirs = summary.pcp, evaluation.baseline_summary.pcp
    return pd.DataFrame({"limb": summary.limbs, "pcp@0.5": ours, "mean_pose_pcp@0.5": theirs})


def by_stage(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """The figures of each stage of a net that has several, by its number, the last one's too; else empty."""
    if not evaluation.stages:
        return {}
    summaries = [*evaluation.stages.values(), evaluation.summary]
    return {f"stage {number}": summary.scalars() for number, summary in enumerate(summaries, 1)}


def stage_columns(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """The columns of the table of stages, as `joint_columns`."""
    return [row for row in FIGURES if row[0] in (evaluation.summary.headline_name, *_OF_STAGES)]


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
        "headline": evaluation.summary.headline_name,
        "pck_divides_by": divisor(evaluation.skeleton),
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
        **({"stages": by_stage(evaluation)} if evaluation.stages else {}),
    }
    return plain(tree)


def joint_columns(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """The columns of the table of joints: name in the files, heading and unit."""
    known = {name: values for name, values in _by_joint(evaluation.summary).items() if not np.isnan(values).all()}
    columns = [(name, heading.removesuffix(", all joints"), unit) for name, heading, unit in FIGURES]
    return [column for column in columns if column[0] in known]


def in_words(evaluation: Evaluation) -> str:
    """A summary of the evaluation in one or two sentences."""
    ours, theirs = evaluation.summary, evaluation.baseline_summary
    if math.isnan(ours.headline):
        error, mean = (show(summary.scalars()["error_px"], "px") for summary in (ours, theirs))
        return (
            f"Joints lie {error} px from their labels in the mean; the mean pose, which looks at no picture, {mean} px."
        )
    main = set(ours.main_joints)
    kinds = {
        name: mean_of_known(ours.pck[0.2][list(joints)])
        for name, joints in joint_rows(evaluation.skeleton)
        if main.issuperset(joints)
    }
    known = {name: value for name, value in kinds.items() if not math.isnan(value)}
    beaten = "" if ours.headline > theirs.headline else ", so that the model is no better than that"
    best, worst = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
    shares = (ours.headline, theirs.headline, known[best], known[worst])
    model, mean, best_share, worst_share = (show(value, "%") for value in shares)
    what = "joints of arms and legs" if ours.headline_name == HEADLINE else "joints"
    reach = "a fifth of the torso's length" if evaluation.skeleton.torso else "a twentieth of the box's longer side"
    return (
        f"{model} % of the {what} lie within {reach} of their labels (PCK@0.2); "
        f"the mean pose, which looks at no picture, reaches {mean} %{beaten}. "
        f"Best: {best} ({best_share} %), weakest: {worst} ({worst_share} %)."
    )


def as_text(evaluation: Evaluation) -> str:
    """The tables on the screen: joint by joint, then the overall figures, the mean pose beside the model."""
    model, baseline = evaluation.summary, evaluation.baseline_summary
    columns = [column for column in joint_columns(evaluation) if column[0] not in ("pck@0.05", "auc")]
    ours, theirs = _by_joint(model), _by_joint(baseline)
    cells = {f"{heading} {unit}": [show(value, unit) for value in ours[name]] for name, heading, unit in columns}
    cells["mean pose PCK@0.2 %"] = [show(value, "%") for value in theirs["pck@0.2"]]
    cells = {"labels": list(map(str, model.labeled)), **_short(cells)}
    widths = {heading: max(len(heading), 13) + 2 for heading in cells}
    rows = joint_rows(evaluation.skeleton)
    first = max(12, *(len(joint) for joint, _ in rows)) + 1
    lines = [f"{'left | right':<{first}}" + "".join(f"{heading:>{width}}" for heading, width in widths.items())]
    for joint, indices in rows:
        row = (f"{side_by_side(cells[heading], indices):>{width}}" for heading, width in widths.items())
        lines.append(f"{joint:<{first}}" + "".join(row))
    lines += ["", f"{'':<26}{'model':>10}{'mean pose':>12}"]
    overall, of_mean = figures(model, evaluation.ap), figures(baseline, evaluation.baseline_ap)
    for name, heading, unit in (row for row in FIGURES if row[0] in overall):
        lines.append(f"{heading:<26}{show(overall[name], unit):>10}{show(of_mean[name], unit):>12} {unit}")
    if stages := by_stage(evaluation):
        columns = stage_columns(evaluation)
        lines += ["", f"{'':<12}" + "".join(f"{heading:>26}" for _, heading, _ in columns)]
        for stage, values in stages.items():
            cells_of = (f"{show(values[name], unit)} {unit}" for name, _, unit in columns)
            lines.append(f"{stage:<12}" + "".join(f"{cell:>26}" for cell in cells_of))
    error, reach = show(evaluation.calibration.error, "%"), f"{100 * evaluation.score_reach:g} %"
    worth = f"Scores claim that joints lie within {reach} of the crop's side: expected calibration error {error} %."
    return "\n".join([*lines, "", in_words(evaluation), *notes(evaluation), worth])


def _short(cells: dict[str, list[str]]) -> dict[str, list[str]]:
    """The same under shorter headings."""
    return {
        heading.replace("PCK@0.5 of the head", "PCK@0.5 head").replace("mean pixel error", "error"): values
        for heading, values in cells.items()
    }


def notes(evaluation: Evaluation) -> list[str]:
    """Notes that a reader of the metrics needs, one sentence each."""
    measured = int((evaluation.answers.labels["torso_px"] > 0).sum())
    unknown_area = int((evaluation.answers.labels["area_px"] <= 0).sum())
    people = evaluation.summary.people
    found = [f"Pixels are those of the records' {evaluation.size} px crop. PCK and AUC divide by "]
    if evaluation.skeleton.torso is None:
        found[0] += f"{divisor(evaluation.skeleton)}, as {evaluation.skeleton.name} has no torso."
    else:
        who = counted(people, "person has", "people have")
        found[0] += f"{divisor(evaluation.skeleton)}, which {measured} of {who} labelled."
    if evaluation.skeleton.head is None:
        found.append(f"PCK of the head is not defined for {evaluation.skeleton.name}, which has no head span.")
    boxes = int((evaluation.answers.labels["head_size_px"] > 0).sum())
    if boxes < people:
        found.append(f"PCKh is measured on the people whose head has a labelled box, {boxes} of {people}.")
    if unknown_area:
        found.append(
            f"The area of {unknown_area} of {counted(people, 'person', 'people')} is unknown; OKS takes {BOX_FILL} of "
            "the box about their joints."
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
    return {
        **pck,
        "pck_head@0.5": summary.pck_head,
        "pckh@0.5": summary.pckh,
        "auc": summary.auc,
        "error_px": summary.error_px,
    }
