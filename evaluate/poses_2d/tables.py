"""An evaluation of many people as tables: for the screen, for metrics.json and for the CSV files."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pandas as pd

from evaluate.page import plain, show
from evaluate.pose_2d.sides import joint_rows, side_by_side
from evaluate.poses_2d.evaluation import ManyEvaluation
from evaluate.poses_2d.matching import min_joints
from machine.words import counted

#: The overall figures in the order of the tables: (name in the files, heading, "%" for fractions or "" for numbers).
FIGURES = (
    ("ap", "AP", "%"),
    ("ap50", "AP at OKS 0.50", "%"),
    ("ap75", "AP at OKS 0.75", "%"),
    ("ap_medium", "AP, medium people", "%"),
    ("ap_large", "AP, large people", "%"),
    ("ar", "AR", "%"),
    ("ar50", "AR at OKS 0.50", "%"),
    ("found", "people found", "%"),
    ("mpii_map", "MPII's mAP, PCKh@0.5", "%"),
    ("false_per_frame", "false people in an image", ""),
)
#: The columns of the kinds of difficulty: (name in the files, heading, unit).
KIND_COLUMNS = (
    ("frames", "Images", "number"),
    ("people", "People", "number"),
    ("found", "Found (%)", "%"),
    ("ap", "AP (%)", "%"),
    ("false", "False in each", ""),
)
#: The columns of videos.
TRACK_COLUMNS = (
    ("mota", "MOTA (%)", "%"),
    ("idf1", "IDF1 (%)", "%"),
    ("hota", "HOTA (%)", "%"),
    ("switches", "Switches", "number"),
    ("fragments", "Fragments", "number"),
    ("misses", "Missed", "number"),
    ("false_people", "False", "number"),
    ("people", "People", "number"),
)
# Of the columns on the screen.
_WIDTH = 13
_MEANINGS = {
    "OKS": "COCO's similarity of two poses: 1 where all joints lie on their labels, falling with distance, the sooner "
    "the smaller the person and the more exactly people place that joint.",
    "AP": "COCO's average precision, by pycocotools: the area under the curve of precision over recall, people with "
    "high scores first; the mean over OKS thresholds of 0.50 to 0.95. Found people who lie on someone not labeled are "
    "left out. Medium people have an area of 32 x 32 to 96 x 96 px, large ones more; small ones are in AP alone.",
    "AR": "COCO's average recall: the share of labeled people found at all, the mean over the same thresholds.",
    "people found": "The share of labeled people to whom a found one has an OKS above 0.5; each found one counts once.",
    "false people": "Found people who match nobody and lie on nobody not labeled, whatever their score.",
    "MPII's mAP": "The mean over joints of their average precision, right within half of the head's size, with people "
    "matched by their right joints (Pishchulin et al., 2016). Needs labeled boxes of the heads.",
    "MOTA": "1 - (missed + false + switches) / labeled people, summed over frames (Bernardin and Stiefelhagen, 2008).",
    "IDF1": "The share of labeled and found people who have the number that is best for their whole track (Ristani et "
    "al., 2016).",
    "HOTA": "How well people are found and keep their numbers, in equal parts, over all thresholds of OKS (Luiten et "
    "al., 2021).",
    "switches": "How often a labeled person got another number.",
    "fragments": "How often a labeled person was lost and found again.",
    "size": "The side of a square of the person's area.",
    "crowd index": "CrowdPose's: how many joints of others lie in a person's box, for each of the person's own; the "
    "mean of an image's people, 0 to 1.",
}


def meanings() -> dict[str, str]:
    """The meaning of each figure, in one or two sentences."""
    return dict(_MEANINGS)


def in_words(evaluation: ManyEvaluation) -> str:
    """A summary of the evaluation in one or two sentences."""
    summary = evaluation.summary
    people = counted(summary.counted, "person", "people")
    least = min_joints(evaluation.skeleton.num_joints)
    text = f"COCO's AP is {show(summary.coco.ap, '%')} %, and of {people} with {least} or more labeled joints "
    text += f"{show(summary.found, '%')} % were found (OKS above 0.5)"
    known = [kind for kind in summary.kinds if kind.people and kind.what != "size"]
    best, worst = (pick(known, key=lambda kind: kind.found, default=None) for pick in (max, min))
    if best is None or worst is None or best is worst:
        return f"{text}."
    most, fewest = (f"{kind.what} {kind.name} ({show(kind.found, '%')} %)" for kind in (best, worst))
    return f"{text}. Best: {most}, weakest: {fewest}."


def notes(evaluation: ManyEvaluation) -> list[str]:
    """Notes that a reader of the figures needs, one or two sentences each."""
    summary, frames = evaluation.summary, evaluation.frames
    least = min_joints(evaluation.skeleton.num_joints)
    found = [
        *evaluation.notes,
        *filter(None, [evaluation.tracks.note]),
        f"{counted(summary.frames, 'image')} with {counted(summary.people, 'labeled person', 'labeled people')}, of "
        f"whom {summary.counted} have {least} or more labeled joints; {summary.answers} were found, right or wrong. "
        "All lengths are in px of the original images.",
    ]
    if regions := sum(len(frame.ignored.areas_px) for frame in frames):
        found.append(
            f"Found people are left out who lie on one of {regions} crowds or people without labeled joints. Where "
            "records hold no boxes of these, each part of their mask is taken for a crowd."
        )
    heads = sum(int((frame.head_sizes_px > 0).all()) for frame in frames if frame.num_people)
    there = sum(1 for frame in frames if frame.num_people)
    if heads < there:
        found.append(f"MPII's mAP is measured on the images whose heads all have a labeled box, {heads} of {there}.")
    return found


def kinds(evaluation: ManyEvaluation) -> pd.DataFrame:
    """One row for each kind of difficulty."""
    return pd.DataFrame(
        [
            {"kind": kind.what, "range": kind.name, **{name: getattr(kind, name) for name, *_ in KIND_COLUMNS}}
            for kind in evaluation.summary.kinds
        ]
    )


def tracks(evaluation: ManyEvaluation) -> pd.DataFrame:
    """One row for each video, and the last of all; without rows where tracks are not measured."""
    figures = evaluation.tracks
    rows = [{"video": name, **asdict(one)} for name, one in figures.videos.items()]
    rows += [] if figures.overall is None else [{"video": "all", **asdict(figures.overall)}]
    return pd.DataFrame(rows, columns=["video", *(name for name, *_ in TRACK_COLUMNS)])


def track_rows(evaluation: ManyEvaluation) -> list[tuple[str, list[str]]]:
    """The rows of `tracks` as texts: the video's name and its cells."""
    return [
        (
            str(row["video"]),
            [str(row[name]) if unit == "number" else show(row[name], unit) for name, _, unit in TRACK_COLUMNS],
        )
        for row in tracks(evaluation).to_dict("records")
    ]


def joints(evaluation: ManyEvaluation) -> pd.DataFrame:
    """One row for each joint: number of labels, share of them found, MPII's AP."""
    summary = evaluation.summary
    columns = {"joint": summary.joints, "labeled": summary.labeled, "found": summary.joints_found}
    return pd.DataFrame(columns | {"mpii_ap": summary.mpii})


def frames(evaluation: ManyEvaluation) -> pd.DataFrame:
    """One row for each image: how many people are labeled, found, missed and false, and the mean OKS of the found."""
    rows = []
    for frame, one, people in zip(evaluation.frames, evaluation.summary.matches, evaluation.found, strict=True):
        hits = one.partner >= 0
        rows.append(
            {
                "key": frame.key,
                "labeled": frame.num_people,
                "answers": len(people.xy_px),
                "found": int(hits.sum()),
                "missed": int(one.missed.sum()),
                "false": int(one.false.sum()),
                "oks": float(one.oks[hits].mean()) if hits.any() else math.nan,
            }
        )
    return pd.DataFrame(rows)


def as_json(evaluation: ManyEvaluation) -> dict:
    """Everything that metrics.json holds. What could not be measured is null."""
    summary = evaluation.summary
    return plain(
        {
            "predictions": str(evaluation.what),
            "labels": str(evaluation.labels),
            "split": evaluation.split,
            "frames": summary.frames,
            "people": summary.people,
            "people_counted": summary.counted,
            "answers": summary.answers,
            "skeleton": evaluation.skeleton.name,
            "headline": "ap",
            "metrics": summary.scalars(),
            "tracks": tracks(evaluation).to_dict("records"),
            "kinds": kinds(evaluation).to_dict("records"),
            "per_joint": joints(evaluation).to_dict("records"),
        }
    )


def as_text(evaluation: ManyEvaluation) -> str:
    """The tables on the screen: overall, per kind of difficulty, per joint."""
    values = evaluation.summary.scalars()
    lines = [f"{heading:<26}{show(values[name], unit):>8} {unit}".rstrip() for name, heading, unit in FIGURES]
    lines += ["", f"{'':<42}" + "".join(f"{heading:>{_WIDTH}}" for _, heading, _ in KIND_COLUMNS)]
    for kind in evaluation.summary.kinds:
        cells = "".join(f"{cell:>{_WIDTH}}" for cell in kind_cells(kind))
        lines.append(f"{f'{kind.what}: {kind.name}':<42}{cells}")
    if rows := track_rows(evaluation):
        lines += ["", f"{'tracks':<42}" + "".join(f"{heading:>{_WIDTH}}" for _, heading, _ in TRACK_COLUMNS)]
        lines += [f"{name:<42}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells) for name, cells in rows]
    lines += ["", f"{'left | right':<16}{'labels':>16}{'found %':>16}"]
    table = joints(evaluation)
    labels, shares = list(map(str, table["labeled"])), [show(value, "%") for value in table["found"]]
    for joint, indices in joint_rows(evaluation.skeleton):
        lines.append(f"{joint:<16}{side_by_side(labels, indices):>16}{side_by_side(shares, indices):>16}")
    return "\n".join([*lines, "", in_words(evaluation), *notes(evaluation)])


def kind_cells(kind: Any) -> list[str]:
    """The cells of a kind's row."""
    values = [(getattr(kind, name), unit) for name, _, unit in KIND_COLUMNS]
    return [("" if value is None else str(value)) if unit == "number" else show(value, unit) for value, unit in values]
