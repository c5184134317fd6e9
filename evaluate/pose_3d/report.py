"""The report of joints in space: one self-contained HTML page, metrics.json and three CSV files."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from evaluate.own_files import METRICS, REPORT, write_files
from evaluate.page import Cell, Row, meaning_of, rendered
from evaluate.pose_2d.sides import joint_rows, side_by_side
from evaluate.pose_3d import tables
from evaluate.pose_3d.evaluation import SpaceEvaluation
from machine.words import counted


def write_report(evaluation: SpaceEvaluation, folder: Path) -> list[Path]:
    """Writes report.html, metrics.json, kinds.csv, joints.csv and predictions.csv; see `evaluate.poses_2d.report`."""
    files = {
        REPORT: report_html(evaluation),
        METRICS: json.dumps(tables.as_json(evaluation), indent=1, allow_nan=False) + "\n",
        "kinds.csv": tables.kinds(evaluation).to_csv(index=False),
        "joints.csv": tables.joints(evaluation).to_csv(index=False),
        "predictions.csv": tables.predictions(evaluation).to_csv(index=False),
    }
    return write_files(folder, files)


def report_html(evaluation: SpaceEvaluation) -> str:
    """The whole page as HTML."""
    name = evaluation.model.name
    return rendered(
        Path(__file__).parent / "templates",
        "report.html",
        name=name,
        title=f"Evaluation of {name}",
        in_words=tables.in_words(evaluation),
        warnings=[],
        tiles=_tiles(evaluation),
        facts={
            "Model": str(evaluation.model),
            "Records": f"{evaluation.records}, {evaluation.split} split, "
            + counted(len(evaluation.predicted_mm), *evaluation.subject.noun),
            "Skeleton": f"{evaluation.skeleton.name}, {evaluation.skeleton.num_joints} joints",
        },
        meanings=dict(evaluation.subject.meanings),
        notes=evaluation.subject.notes(evaluation),
        shown=evaluation.subject.shown,
        galleries=_galleries(evaluation),
        colors=evaluation.subject.colors,
        figure_rows=[
            (f"{heading} ({unit})", [Cell(tables.value(ours, unit)), Cell(tables.value(theirs, unit), mean_pose=True)])
            for heading, unit, ours, theirs in tables.figures(evaluation)
        ],
        kind_headings=["", evaluation.subject.noun[1].capitalize(), *_columns(evaluation).values()],
        kind_rows=_kind_rows(evaluation),
        joint_headings=["Left | right", *_columns(evaluation).values(), "not seen (mm)"],
        joint_rows=_joint_rows(evaluation),
    )


def _tiles(evaluation: SpaceEvaluation) -> list[dict[str, object]]:
    return [
        {
            "name": heading,
            "value": f"{tables.value(ours, unit)} {unit}",
            "below": f"mean pose: {tables.value(theirs, unit)} {unit}",
            "first": heading == evaluation.subject.tiles[0],
            "meaning": meaning_of(heading, evaluation.subject.meanings),
        }
        for heading, unit, ours, theirs in tables.figures(evaluation)
        if heading in evaluation.subject.tiles
    ]


def _columns(evaluation: SpaceEvaluation) -> dict[str, str]:
    """Headings of the tables by the names of their columns."""
    name, heading, _ = evaluation.subject.figures[0]
    return {name: f"{heading} (mm)", "pa_mpjpe": "PA-MPJPE (mm)", f"mean_pose_{name}": "mean pose (mm)"}


def _kind_rows(evaluation: SpaceEvaluation) -> list[Row]:
    return [
        (
            f"{row['kind']}: {row['range']}",
            [
                Cell(str(row[evaluation.subject.noun[1]])),
                *(Cell(tables.value(row[name], "mm")) for name in _columns(evaluation)),
            ],
        )
        for row in tables.kinds(evaluation).to_dict("records")
    ]


def _joint_rows(evaluation: SpaceEvaluation) -> list[Row]:
    table, names = tables.joints(evaluation), [*_columns(evaluation), f"{evaluation.subject.figures[0][0]}_hidden"]
    shown = {name: [tables.value(number, "mm") for number in table[name]] for name in names}
    return [
        (joint, [Cell(side_by_side(texts, indices)) for texts in shown.values()])
        for joint, indices in joint_rows(evaluation.skeleton)
    ]


def _galleries(evaluation: SpaceEvaluation) -> list[dict[str, object]]:
    labels, (one, several) = evaluation.labels, evaluation.subject.noun
    galleries = (
        (f"Worst {several}", "with the greatest errors, none like another", evaluation.worst),
        (f"Best {several}", "with the smallest errors, none like another", evaluation.best),
        ("At random", "drawn from the split", evaluation.chosen),
    )
    return [
        {
            "heading": heading,
            "how": f"{counted(len(rows), one, several)} {how}",
            "windows": [
                {
                    "key": labels["key"][row].decode(errors="replace"),
                    "text": f"{np.nanmean(evaluation.summary.errors[row]):.0f} mm",
                    "jpeg": _jpeg(evaluation, row),
                }
                for row in rows
            ],
        }
        for heading, how, rows in galleries
        if rows
    ]


def _jpeg(evaluation: SpaceEvaluation, row: int) -> bytes:
    picture = cv2.cvtColor(evaluation.subject.draw(evaluation, row), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
