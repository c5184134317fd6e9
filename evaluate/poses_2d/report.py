"""The report of many people: one self-contained HTML page, metrics.json and three CSV files."""

from __future__ import annotations

import json
import math
from pathlib import Path

from evaluate.own_files import METRICS, REPORT, write_files
from evaluate.page import Cell, Row, meaning_of, rendered, show
from evaluate.pose_2d.sides import joint_rows, side_by_side
from evaluate.pose_2d.summary import mean_of_known
from evaluate.poses_2d import drawing, tables
from evaluate.poses_2d.evaluation import ManyEvaluation
from machine.words import counted
from pose.draw import COLORS

_TILES = ("ap", "ap50", "ar", "found", "mpii_map", "false_per_frame")


def write_report(evaluation: ManyEvaluation, folder: Path) -> list[Path]:
    """Writes report.html, metrics.json, kinds.csv, joints.csv, frames.csv and, where tracks are measured, tracks.csv.

    Args:
        evaluation: what to report.
        folder: made if it does not exist.

    Returns:
        The files' paths, the page first.

    Raises:
        OSError: the folder cannot be written to.
        ValueError: it holds other files of these names.
    """
    files = {
        REPORT: report_html(evaluation),
        METRICS: json.dumps(tables.as_json(evaluation), indent=1, allow_nan=False) + "\n",
        "kinds.csv": tables.kinds(evaluation).to_csv(index=False),
        "joints.csv": tables.joints(evaluation).to_csv(index=False),
        "frames.csv": tables.frames(evaluation).to_csv(index=False),
    }
    if evaluation.tracks.overall is not None:
        files["tracks.csv"] = tables.tracks(evaluation).to_csv(index=False)
    return write_files(folder, files)


def report_html(evaluation: ManyEvaluation) -> str:
    """The whole page as HTML."""
    name = evaluation.what.name
    return rendered(
        Path(__file__).parent / "templates",
        "report.html",
        name=name,
        title=f"Evaluation of {name}",
        in_words=tables.in_words(evaluation),
        warnings=[],
        tiles=_tiles(evaluation),
        facts=_facts(evaluation),
        meanings=tables.meanings(),
        notes=tables.notes(evaluation),
        galleries=_galleries(evaluation),
        most_false=drawing.MOST_FALSE,
        box_colors={"missed": drawing.MISSED, "false": drawing.FALSE, "label": drawing.LABEL},
        side_colors=COLORS,
        figure_rows=_figure_rows(evaluation),
        kind_headings=["", *(heading for _, heading, _ in tables.KIND_COLUMNS)],
        kind_rows=_kind_rows(evaluation),
        track_headings=["", *(heading for _, heading, _ in tables.TRACK_COLUMNS)],
        track_rows=[(name, [Cell(text) for text in cells]) for name, cells in tables.track_rows(evaluation)],
        track_meanings={heading: _meaning(heading) for _, heading, _ in tables.TRACK_COLUMNS},
        **_joint_table(evaluation),
    )


def _facts(evaluation: ManyEvaluation) -> dict[str, str]:
    split = "" if evaluation.split is None else f", {evaluation.split} split"
    images = counted(evaluation.summary.frames, "image")
    return {
        "Found by": str(evaluation.what),
        "Labels": f"{evaluation.labels}{split}, {images}",
        "Skeleton": f"{evaluation.skeleton.name}, {evaluation.skeleton.num_joints} joints",
    }


def _meaning(heading: str) -> str | None:
    return meaning_of(heading, tables.meanings())


def _tiles(evaluation: ManyEvaluation) -> list[dict[str, object]]:
    values, tiles = evaluation.summary.scalars(), []
    below = {
        "ap": "the headline figure",
        "ap50": f"at 0.75: {show(values['ap75'], '%')} %",
        "ar": f"at OKS 0.50: {show(values['ar50'], '%')} %",
        "mpii_map": "PCKh within 0.5",
        "found": f"of {counted(evaluation.summary.counted, 'person', 'people')}",
        "false_per_frame": f"of {counted(evaluation.summary.answers, 'found one', 'found')}",
    }
    for name, heading, unit in tables.FIGURES:
        if name in _TILES and not (name == "mpii_map" and math.isnan(values[name])):
            text = show(values[name], unit)
            tiles.append(
                {
                    "name": heading,
                    "value": text if text == "n/a" else f"{text} {unit}".rstrip(),
                    "below": below.get(name, ""),
                    "first": name == "ap",
                    "meaning": _meaning(heading),
                }
            )
    return tiles


def _figure_rows(evaluation: ManyEvaluation) -> list[Row]:
    values = evaluation.summary.scalars()
    return [
        (
            f"{heading} ({unit})" if unit else heading,
            [Cell(show(values[name], unit), fill=values[name] if unit == "%" else math.nan)],
        )
        for name, heading, unit in tables.FIGURES
    ]


def _kind_rows(evaluation: ManyEvaluation) -> list[Row]:
    rows = []
    for kind in evaluation.summary.kinds:
        cells = zip(tables.KIND_COLUMNS, tables.kind_cells(kind), strict=True)
        fills = {"found": kind.found, "ap": kind.ap}
        rows.append(
            (f"{kind.what}: {kind.name}", [Cell(text, fills.get(name, math.nan)) for (name, *_), text in cells])
        )
    return rows


def _joint_table(evaluation: ManyEvaluation) -> dict[str, object]:
    table = tables.joints(evaluation)
    measured = {"found": "Found (%)"} | ({} if table["mpii_ap"].isna().all() else {"mpii_ap": "MPII's AP (%)"})
    labels = list(map(str, table["labeled"]))
    shown = {name: [show(value, "%") for value in table[name]] for name in measured}
    rows = []
    for joint, indices in joint_rows(evaluation.skeleton):
        cells = [Cell(side_by_side(labels, indices))]
        for name, texts in shown.items():
            cells.append(Cell(side_by_side(texts, indices), fill=mean_of_known(table[name][list(indices)])))
        rows.append((joint, cells))
    return {"joint_headings": ["Left | right", "Labels", *measured.values()], "joint_rows": rows}


def _galleries(evaluation: ManyEvaluation) -> list[dict[str, object]]:
    table = tables.frames(evaluation)
    galleries = (
        ("Worst images", "with the most people missed, inexact or not there", evaluation.worst),
        ("At random", "drawn from the split", evaluation.chosen),
    )
    return [
        {
            "heading": heading,
            "how": f"{counted(len(places), 'image')}, {how}",
            "frames": [
                {**table.loc[n].to_dict(), "text": _caption(table.loc[n]), "jpeg": drawing.frame_jpeg(evaluation, n)}
                for n in places
            ],
        }
        for heading, how, places in galleries
        if places
    ]


def _caption(row) -> str:
    oks = f", mean OKS {show(row['oks'], '%')} %" if row["found"] else ""
    return f"{row['found']} of {row['labeled']} found{oks}, {row['missed']} missed, {row['false']} false"
