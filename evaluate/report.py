"""The report: one self-contained HTML page, metrics.json and three CSV files."""

from __future__ import annotations

import json
import os
from pathlib import Path

from evaluate import plots, tables
from evaluate.evaluation import Evaluation
from evaluate.page import cell, data_url, page, table, text, themed_picture, tile
from evaluate.plots import DARK, LIGHT
from evaluate.summary import HEADLINE

REPORT, METRICS = "report.html", "metrics.json"
_TILES = (HEADLINE, "pck@0.2", "pckh@0.5", "pcp@0.5", "oks_ap", "error_px")
_LEGEND = "Labels are white; the model's joints are blue on the left, orange on the right, yellow in the middle."


def write_report(evaluation: Evaluation, folder: str | Path) -> list[Path]:
    """Writes report.html, metrics.json, per_joint.csv, per_limb.csv and predictions.csv.

    Each file appears whole or not at all; those of an earlier evaluation in the same folder are replaced.

    Args:
        evaluation: what to report.
        folder: made if it does not exist.

    Returns:
        The files' paths, the page first.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        REPORT: report_page(evaluation),
        METRICS: json.dumps(tables.as_json(evaluation), indent=1, allow_nan=False) + "\n",
        "per_joint.csv": tables.per_joint(evaluation).to_csv(index=False),
        "per_limb.csv": tables.per_limb(evaluation).to_csv(index=False),
        "predictions.csv": tables.per_person(evaluation).to_csv(index=False),
    }
    return [_write(folder / name, content) for name, content in files.items()]


def report_page(evaluation: Evaluation) -> str:
    """The whole page as HTML."""
    sections = (_opening, _curves, _joint_table, _limb_table, _calibration, _galleries)
    return page(
        f"Evaluation of {evaluation.model.name}, {evaluation.split} split",
        "\n".join(section(evaluation) for section in sections),
    )


def _write(path: Path, content: str) -> Path:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(content, encoding="utf-8")
    os.replace(temporary, path)
    return path


def _opening(evaluation: Evaluation) -> str:
    ours = tables.figures(evaluation.summary, evaluation.ap)
    theirs = tables.figures(evaluation.baseline_summary, evaluation.baseline_ap)
    named = {name: (heading, unit) for name, heading, unit in tables.FIGURES}
    tiles = []
    for name in _TILES:
        heading, unit = named[name]
        value, mean = (tables.show(figures[name], unit) for figures in (ours, theirs))
        sign = f" {unit}" if value != "n/a" else ""
        tiles.append(tile(heading, value + sign, f"mean pose {mean}{sign}", first=name == HEADLINE))
    facts = {
        "Model": evaluation.model,
        "Records": f"{evaluation.records}, {evaluation.split} split",
        "People": evaluation.summary.people,
        "Skeleton": f"{evaluation.skeleton.name}, {evaluation.skeleton.num_joints} joints",
        "Mirror test": "on: each picture and its mirror image" if evaluation.flip_test else "off",
        "Mean pose": f"of the {evaluation.baseline_split} split; it looks at no picture",
    }
    listed = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in facts.items())
    return (
        f'<h1>Evaluation of {text(evaluation.model.name)}</h1>\n<div class="tiles">{"".join(tiles)}</div>\n'
        f"<dl>{listed}</dl>\n{_notes(evaluation)}\n{_figures_table(ours, theirs)}"
    )


def _notes(evaluation: Evaluation) -> str:
    kinds = {True: "warning", False: "soft"}
    return "\n".join(f'<p class="{kinds[n.startswith("WARNING")]}">{text(n)}</p>' for n in tables.notes(evaluation))


def _figures_table(ours: dict[str, float], theirs: dict[str, float]) -> str:
    rows = [
        [
            heading + (" (px)" if unit == "px" else " (%)"),
            cell(tables.show(ours[name], unit), fill=ours[name] if unit == "%" else None),
            cell(tables.show(theirs[name], unit), mean=True),
        ]
        for name, heading, unit in tables.FIGURES
    ]
    return "<h2>All figures</h2>\n" + table(["Figure", "Model", "Mean pose"], rows, narrow=True)


def _curves(evaluation: Evaluation) -> str:
    model, baseline = plots.pck_curves(evaluation)
    drawn = [plots.mean_curve_png(evaluation, model, baseline, theme) for theme in (LIGHT, DARK)]
    mean = themed_picture(*drawn, "PCK over the threshold, of the model and of the mean pose")
    light, dark = (plots.joint_curve_pngs(evaluation, model, baseline, theme) for theme in (LIGHT, DARK))
    small = "".join(
        f'<figure class="card">{themed_picture(png, dark_png, f"PCK over the threshold: {kind}")}</figure>'
        for (kind, png), (_, dark_png) in zip(light, dark, strict=True)
    )
    return (
        '<h2>PCK curves</h2>\n<p class="soft">The share of joints that lie within a distance of their '
        "label, the distance as a share of the torso (left shoulder to right hip).</p>\n"
        f'<figure class="card wide">{mean}</figure>\n<h2>Joint by joint</h2>\n'
        f'<div class="plots">{small}</div>'
    )


def _joint_table(evaluation: Evaluation) -> str:
    frame = tables.per_joint(evaluation)
    names = [name for name in frame.columns if not name.startswith("mean_pose_") and name not in ("joint", "labelled")]
    headings = ["Joint", "Labels"]
    for name in names:
        headings.append("Error, px" if name == "error_px" else name.upper().replace("PCKH", "PCKh"))
    rows = []
    for row in frame.to_dict("records"):
        cells = [cell(str(row["labelled"]))]
        for name in names:
            unit = "px" if name == "error_px" else "%"
            cells.append(cell(tables.show(row[name], unit), fill=row[name] if name == "pck@0.2" else None))
        for name, unit in (("pck@0.2", "%"), ("error_px", "px")):
            cells.append(cell(tables.show(row["mean_pose_" + name], unit), mean=True))
        rows.append([row["joint"].replace("_", " "), *cells])
    return table([*headings, "Mean pose PCK@0.2", "Mean pose error, px"], rows)


def _limb_table(evaluation: Evaluation) -> str:
    rows = [
        [
            row["limb"].replace("_", " ").replace("-", " \u2013 "),
            cell(tables.show(row["pcp@0.5"], "%"), fill=row["pcp@0.5"]),
            cell(tables.show(row["mean_pose_pcp@0.5"], "%"), mean=True),
        ]
        for row in tables.per_limb(evaluation).to_dict("records")
    ]
    explained = "A limb is right if both ends lie within half of its labelled length of their labels."
    return f'<h2>Limbs: strict PCP@0.5 (%)</h2>\n<p class="soft">{explained}</p>\n' + table(
        ["Limb", "Model", "Mean pose"], rows, narrow=True
    )


def _calibration(evaluation: Evaluation) -> str:
    drawn = [plots.calibration_png(evaluation.calibration, theme) for theme in (LIGHT, DARK)]
    error, reach = tables.show(evaluation.calibration.error, "%"), f"{100 * evaluation.score_reach:g} %"
    return (
        '<h2>Do the scores mean what they say?</h2>\n<p class="soft">A score claims the probability that '
        f"the joint lies within {reach} of the crop's side of its label. On the dashed line it does. "
        f"Expected calibration error: {text(error)} %.</p>\n"
        f'<figure class="card wide">{themed_picture(*drawn, "Reliability diagram of the scores")}</figure>\n'
        + table(["Joint", "Mean score (%)", "Found right (%)"], _joint_scores(evaluation), narrow=True)
    )


def _joint_scores(evaluation: Evaluation) -> list[list[str]]:
    return [
        [row["joint"].replace("_", " "), *(cell(tables.show(row[name], "%")) for name in ("score", "found_right"))]
        for row in tables.per_joint(evaluation).to_dict("records")
    ]


def _galleries(evaluation: Evaluation) -> str:
    answers = evaluation.answers
    galleries = (
        ("Worst cases", "by mean pixel error", answers.worst),
        ("At random", "from the split", answers.chosen),
    )
    return "\n".join(
        f'<h2>{text(name)}</h2>\n<p class="soft">{len(people)} people {text(how)}. {_LEGEND}</p>\n'
        f'<div class="people">{"".join(_person(evaluation, index) for index in people)}</div>'
        for name, how, people in galleries
        if people
    )


def _person(evaluation: Evaluation, index: int) -> str:
    answers = evaluation.answers
    error = tables.show(answers.error_px[index], "px")
    similarity = tables.show(evaluation.summary.oks[index], "%")
    picture = data_url(plots.person_jpeg(evaluation, index), "jpeg")
    return (
        f'<figure class="card"><img loading="lazy" src="{picture}" alt="Labelled and predicted joints of '
        f'{text(answers.keys[index])}"><figcaption><b>{text(error)} px</b>, OKS {text(similarity)} %, '
        f"score {100 * answers.scores[index].mean():.0f} %<br>"
        f"{text(answers.keys[index])}</figcaption></figure>"
    )
