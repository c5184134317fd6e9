"""The report's HTML page: what the templates in `templates/` are given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

from evaluate.page import Cell, Row, meaning_of, rendered, show
from evaluate.pose_2d import plots, tables
from evaluate.pose_2d.evaluation import Evaluation
from evaluate.pose_2d.plots import DARK, LIGHT
from evaluate.pose_2d.sides import joint_rows, limb_rows, side_by_side
from evaluate.pose_2d.summary import HEADLINE, mean_of_known
from machine.words import counted
from pose.draw import COLORS

_LEFT_RIGHT = "Left | right"
_TILES = (HEADLINE, "pck@0.2", "pck_head@0.5", "pckh@0.5", "pcp@0.5", "oks_ap", "error_px")


def report_html(evaluation: Evaluation) -> str:
    """The whole page as HTML, from the templates; they escape every text they are given."""
    return rendered(
        Path(__file__).parent / "templates",
        "report.html",
        name=evaluation.model.name,
        title=f"Evaluation of {evaluation.model.name}, {evaluation.split} split",
        evaluation=evaluation,
        **_opening(evaluation),
        galleries=_galleries(evaluation),
        side_colors=COLORS,
        figure_rows=_figure_rows(evaluation),
        stage_headings=["Stage", *(f"{heading} ({unit})" for _, heading, unit in tables.stage_columns(evaluation))],
        stage_rows=_stage_rows(evaluation),
        divisor=tables.divisor(evaluation.skeleton),
        **_curves(evaluation),
        **_joint_table(evaluation),
        limb_rows=_limb_rows(evaluation),
        score_reach=f"{100 * evaluation.score_reach:g} %",
        calibration_error=show(evaluation.calibration.error, "%"),
        reliability=_in_both_themes(plots.calibration_png, evaluation.calibration),
        score_rows=_score_rows(evaluation),
    )


def _in_both_themes(draw: Callable[..., bytes], *arguments: object) -> dict[str, bytes]:
    return {"light": draw(*arguments, LIGHT), "dark": draw(*arguments, DARK)}


def _meaning(heading: str, evaluation: Evaluation) -> str | None:
    return meaning_of(heading, tables.meanings(evaluation.skeleton))


def _opening(evaluation: Evaluation) -> dict[str, object]:
    people = counted(evaluation.summary.people, "person", "people")
    facts = {
        "Model": evaluation.model,
        "Records": f"{evaluation.records}, {evaluation.split} split, {people}",
        "Skeleton": f"{evaluation.skeleton.name}, {evaluation.skeleton.num_joints} joints",
        "Mirror test": "on: each picture and its mirror image" if evaluation.flip_test else "off",
        "Mean pose": f"of the {evaluation.baseline_split} split; it looks at no picture",
    }
    notes = tables.notes(evaluation)
    warnings = [note for note in notes if note.startswith("WARNING")]
    return {
        "in_words": tables.in_words(evaluation),
        "warnings": warnings,
        "tiles": _tiles(evaluation),
        "facts": facts,
        "meanings": tables.meanings(evaluation.skeleton),
        "notes": [note for note in notes if note not in warnings],
    }


def _tiles(evaluation: Evaluation) -> list[dict[str, object]]:
    ours, theirs = _figures(evaluation)
    named = {name: (heading, unit) for name, heading, unit in tables.FIGURES}
    tiles = []
    for name in (name for name in _TILES if name in ours):
        heading, unit = named[name]
        value, mean = (show(figures[name], unit) for figures in (ours, theirs))
        if value == "n/a" and name.endswith("@0.5"):
            continue
        sign = f" {unit}" if value != "n/a" else ""
        tiles.append(
            {
                "name": heading,
                "value": value + sign,
                "below": f"mean pose {mean}{sign}",
                "first": name == evaluation.summary.headline_name,
                "meaning": _meaning(heading, evaluation),
            }
        )
    return tiles


def _figures(evaluation: Evaluation) -> tuple[dict[str, float], dict[str, float]]:
    """The overall figures of the model and of the mean pose."""
    return (
        tables.figures(evaluation.summary, evaluation.ap),
        tables.figures(evaluation.baseline_summary, evaluation.baseline_ap),
    )


def _figure_rows(evaluation: Evaluation) -> list[Row]:
    ours, theirs = _figures(evaluation)
    return [
        (
            f"{heading} ({unit})",
            [
                Cell(show(ours[name], unit), fill=ours[name] if unit == "%" else math.nan),
                Cell(show(theirs[name], unit), mean_pose=True),
            ],
        )
        for name, heading, unit in tables.FIGURES
        if name in ours
    ]


def _stage_rows(evaluation: Evaluation) -> list[Row]:
    columns = tables.stage_columns(evaluation)
    return [
        (
            stage,
            [
                Cell(show(values[name], unit), fill=values[name] if unit == "%" else math.nan)
                for name, _, unit in columns
            ],
        )
        for stage, values in tables.by_stage(evaluation).items()
    ]


def _curves(evaluation: Evaluation) -> dict[str, Mapping[str, object]]:
    curves = plots.pck_curves(evaluation)
    light, dark = (plots.joint_curve_pngs(evaluation, *curves, theme) for theme in (LIGHT, DARK))
    return {
        "mean_curve": _in_both_themes(plots.mean_curve_png, evaluation, *curves),
        "joint_curves": {
            kind: {"light": png, "dark": dark_png} for (kind, png), (_, dark_png) in zip(light, dark, strict=True)
        },
    }


def _joint_table(evaluation: Evaluation) -> dict[str, object]:
    columns = [(name, f"{heading} ({unit})", unit) for name, heading, unit in tables.joint_columns(evaluation)]
    frame, labels = tables.per_joint(evaluation), list(map(str, evaluation.summary.labeled))
    shown = {name: [show(value, unit) for value in frame[name]] for name, _, unit in columns}
    mean = [show(value, "%") for value in frame["mean_pose_pck@0.2"]]
    rows = []
    for joint, indices in joint_rows(evaluation.skeleton):
        cells = [Cell(side_by_side(labels, indices))]
        for name, _, _ in columns:
            fill = mean_of_known(frame[name][list(indices)]) if name == "pck@0.2" else math.nan
            cells.append(Cell(side_by_side(shown[name], indices), fill=fill))
        rows.append((joint, [*cells, Cell(side_by_side(mean, indices), mean_pose=True)]))
    headings = [_LEFT_RIGHT, "Labels", *(heading for _, heading, _ in columns), "Mean pose PCK@0.2 (%)"]
    meanings = {heading: _meaning(heading, evaluation) for heading in headings}
    return {"joint_headings": headings, "joint_rows": rows, "joint_meanings": meanings}


def _limb_rows(evaluation: Evaluation) -> list[Row]:
    summaries = (evaluation.summary, evaluation.baseline_summary)
    ours, theirs = ([show(value, "%") for value in summary.pcp] for summary in summaries)
    return [
        (
            limb,
            [
                Cell(side_by_side(ours, indices), fill=mean_of_known(evaluation.summary.pcp[list(indices)])),
                Cell(side_by_side(theirs, indices), mean_pose=True),
            ],
        )
        for limb, indices in limb_rows(evaluation.skeleton)
    ]


def _score_rows(evaluation: Evaluation) -> list[Row]:
    scores = evaluation.calibration.joint_claimed, evaluation.calibration.joint_found
    shown = [[show(value, "%") for value in values] for values in scores]
    return [
        (joint, [Cell(side_by_side(values, indices)) for values in shown])
        for joint, indices in joint_rows(evaluation.skeleton)
    ]


def _galleries(evaluation: Evaluation) -> list[dict[str, object]]:
    answers = evaluation.answers
    galleries = (
        ("Worst cases", "those with the largest mean pixel error", answers.worst),
        ("At random", "drawn from the split", answers.chosen),
    )
    return [
        {
            "heading": heading,
            "number": counted(len(people), "person", "people"),
            "how": how,
            "people": [_person(evaluation, index) for index in people],
        }
        for heading, how, people in galleries
        if people
    ]


def _person(evaluation: Evaluation, index: int) -> dict[str, object]:
    answers = evaluation.answers
    return {
        "key": answers.keys[index],
        "error": show(answers.error_px[index], "px"),
        "oks": show(evaluation.summary.oks[index], "%"),
        "score": f"{100 * answers.scores[index].mean():.0f}",
        "jpeg": plots.person_jpeg(evaluation, index),
    }
