"""A lifter's report: one self-contained HTML page, metrics.json and three CSV files."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from evaluate.own_files import METRICS, REPORT, write_files
from evaluate.page import Cell, Row, meaning_of, rendered
from evaluate.pose_2d.sides import joint_rows, side_by_side
from evaluate.pose_3d import tables
from evaluate.pose_3d.evaluation import LiftEvaluation
from machine.words import counted
from pose.draw import COLORS
from pose.space.drawing import TRUE, Drawn, strip

_TILES = ("MPJPE", "PA-MPJPE", "PCK3D at 150 mm", "velocity error (MPJVE)")
_COLUMNS = {"mpjpe": "MPJPE (mm)", "pa_mpjpe": "PA-MPJPE (mm)", "mean_pose_mpjpe": "mean pose (mm)"}


def write_report(evaluation: LiftEvaluation, folder: Path) -> list[Path]:
    """Writes report.html, metrics.json, kinds.csv, joints.csv and predictions.csv; see `evaluate.poses_2d.report`."""
    files = {
        REPORT: report_html(evaluation),
        METRICS: json.dumps(tables.as_json(evaluation), indent=1, allow_nan=False) + "\n",
        "kinds.csv": tables.kinds(evaluation).to_csv(index=False),
        "joints.csv": tables.joints(evaluation).to_csv(index=False),
        "predictions.csv": tables.predictions(evaluation).to_csv(index=False),
    }
    return write_files(folder, files)


def report_html(evaluation: LiftEvaluation) -> str:
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
            + counted(len(evaluation.predicted_mm), "window"),
            "Skeleton": f"{evaluation.skeleton.name}, {evaluation.skeleton.num_joints} joints",
        },
        meanings=tables.meanings(),
        notes=tables.notes(evaluation),
        galleries=_galleries(evaluation),
        true_color=TRUE,
        side_colors=COLORS,
        figure_rows=[
            (f"{heading} ({unit})", [Cell(tables.value(ours, unit)), Cell(tables.value(theirs, unit), mean_pose=True)])
            for heading, unit, ours, theirs in tables.figures(evaluation)
        ],
        kind_headings=["", "Windows", *_COLUMNS.values()],
        kind_rows=_kind_rows(evaluation),
        joint_headings=["Left | right", *_COLUMNS.values(), "not seen (mm)"],
        joint_rows=_joint_rows(evaluation),
    )


def _tiles(evaluation: LiftEvaluation) -> list[dict[str, object]]:
    return [
        {
            "name": heading,
            "value": f"{tables.value(ours, unit)} {unit}",
            "below": f"mean pose: {tables.value(theirs, unit)} {unit}",
            "first": heading == _TILES[0],
            "meaning": meaning_of(heading, tables.meanings()),
        }
        for heading, unit, ours, theirs in tables.figures(evaluation)
        if heading in _TILES
    ]


def _kind_rows(evaluation: LiftEvaluation) -> list[Row]:
    return [
        (
            f"{row['kind']}: {row['range']}",
            [Cell(str(row["windows"])), *(Cell(tables.value(row[name], "mm")) for name in _COLUMNS)],
        )
        for row in tables.kinds(evaluation).to_dict("records")
    ]


def _joint_rows(evaluation: LiftEvaluation) -> list[Row]:
    table = tables.joints(evaluation)
    shown = {name: [tables.value(number, "mm") for number in table[name]] for name in (*_COLUMNS, "mpjpe_hidden")}
    return [
        (joint, [Cell(side_by_side(texts, indices)) for texts in shown.values()])
        for joint, indices in joint_rows(evaluation.skeleton)
    ]


def _galleries(evaluation: LiftEvaluation) -> list[dict[str, object]]:
    labels = evaluation.labels
    errors = np.nanmean(evaluation.summary.errors, axis=1)
    galleries = (
        ("Worst windows", "of different clips", evaluation.worst),
        ("At random", "drawn from the split", evaluation.chosen),
    )
    return [
        {
            "heading": heading,
            "how": f"{counted(len(rows), 'window')} {how}",
            "windows": [
                {
                    "key": labels["key"][row].decode(errors="replace"),
                    "text": f"{errors[row]:.0f} mm",
                    "jpeg": _jpeg(evaluation, row),
                }
                for row in rows
            ],
        }
        for heading, how, rows in galleries
        if rows
    ]


def _jpeg(evaluation: LiftEvaluation, row: int) -> bytes:
    """The middle frame as the net saw it, the true pose in gray and the lifted one in color."""
    xyz_mm, known = evaluation.labels["joints_xyz_mm"][row], evaluation.labels["xyz_known"][row] > 0
    poses = [Drawn(xyz_mm, known, TRUE), Drawn(evaluation.predicted_mm[row], np.ones_like(known))]
    window = evaluation.windows[row]
    picture = cv2.cvtColor(strip(window[len(window) // 2], poses, evaluation.skeleton), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
