"""The report: one self-contained HTML page, metrics.json and three CSV files."""

from __future__ import annotations

import json
from pathlib import Path

from evaluate import plots, tables
from evaluate.evaluation import Evaluation
from evaluate.own_files import METRICS, REPORT, check_replaceable
from evaluate.page import cell, data_url, definitions, folded, page, table, text, themed_picture, tile
from evaluate.plots import DARK, LIGHT
from evaluate.sides import joint_rows, limb_rows, side_by_side
from evaluate.summary import HEADLINE, mean_of_known
from machine.whole import whole
from machine.words import counted
from pose.draw import COLORS

_SIDES = ("left", "right", "middle")
_LEFT_RIGHT = "Left | right"
_TILES = (HEADLINE, "pck@0.2", "pck_head@0.5", "pckh@0.5", "pcp@0.5", "oks_ap", "error_px")


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
        ValueError: it holds somebody else's files of these names.
    """
    folder = Path(folder)
    check_replaceable(folder)
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
    sections = (_opening, _galleries, _all_figures, _curves, _joint_table, _limb_table, _calibration)
    return page(
        f"Evaluation of {evaluation.model.name}, {evaluation.split} split",
        "\n".join(section(evaluation) for section in sections),
    )


def _write(path: Path, content: str) -> Path:
    with whole(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
    return path


def _meaning(heading: str) -> str | None:
    """What a figure means, by the longest known beginning of its heading."""
    known = [term for term in tables.MEANINGS if heading.lower().startswith(term.lower())]
    return tables.MEANINGS[max(known, key=len)] if known else None


def _opening(evaluation: Evaluation) -> str:
    ours = tables.figures(evaluation.summary, evaluation.ap)
    theirs = tables.figures(evaluation.baseline_summary, evaluation.baseline_ap)
    named = {name: (heading, unit) for name, heading, unit in tables.FIGURES}
    tiles = []
    for name in _TILES:
        heading, unit = named[name]
        value, mean = (tables.show(figures[name], unit) for figures in (ours, theirs))
        if value == "n/a" and name.endswith("@0.5"):
            continue
        sign = f" {unit}" if value != "n/a" else ""
        below = f"mean pose {mean}{sign}"
        tiles.append(tile(heading, value + sign, below, first=name == HEADLINE, meaning=_meaning(heading)))
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
    return "\n".join(
        [
            f"<h1>Evaluation of {text(evaluation.model.name)}</h1>",
            f"<p>{text(tables.in_words(evaluation))}</p>",
            *(f'<p class="warning">{text(warning)}</p>' for warning in warnings),
            f'<div class="tiles">{"".join(tiles)}</div>',
            definitions(facts),
            folded("What the figures mean", tables.MEANINGS),
            folded("How it was measured", [note for note in notes if note not in warnings]),
        ]
    )


def _all_figures(evaluation: Evaluation) -> str:
    ours = tables.figures(evaluation.summary, evaluation.ap)
    theirs = tables.figures(evaluation.baseline_summary, evaluation.baseline_ap)
    rows = [
        [
            f"{heading} ({unit})",
            cell(tables.show(ours[name], unit), fill=ours[name] if unit == "%" else None),
            cell(tables.show(theirs[name], unit), mean=True),
        ]
        for name, heading, unit in tables.FIGURES
    ]
    return "<h2>All figures</h2>\n" + table(["Figure", "Model", "Mean pose"], rows, narrow=True)


def _curves(evaluation: Evaluation) -> str:
    model, baseline = plots.pck_curves(evaluation)
    in_light, in_dark = (plots.mean_curve_png(evaluation, model, baseline, theme) for theme in (LIGHT, DARK))
    mean = themed_picture(in_light, in_dark, "PCK over the threshold, of the model and of the mean pose")
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
    columns = [(name, f"{heading} ({unit})", unit) for name, heading, unit in tables.joint_columns(evaluation)]
    frame, labels = tables.per_joint(evaluation), list(map(str, evaluation.summary.labelled))
    shown = {name: [tables.show(value, unit) for value in frame[name]] for name, _, unit in columns}
    mean = [tables.show(value, "%") for value in frame["mean_pose_pck@0.2"]]
    rows = []
    for joint, indices in joint_rows(evaluation.skeleton):
        cells = [cell(side_by_side(labels, indices))]
        for name, _, _ in columns:
            fill = mean_of_known(frame[name][list(indices)]) if name == "pck@0.2" else None
            cells.append(cell(side_by_side(shown[name], indices), fill=fill))
        rows.append([joint, *cells, cell(side_by_side(mean, indices), mean=True)])
    headings = [_LEFT_RIGHT, "Labels", *(heading for _, heading, _ in columns), "Mean pose PCK@0.2 (%)"]
    return table(headings, rows, meanings={heading: _meaning(heading) for heading in headings})


def _limb_table(evaluation: Evaluation) -> str:
    summaries = (evaluation.summary, evaluation.baseline_summary)
    ours, theirs = ([tables.show(value, "%") for value in summary.pcp] for summary in summaries)
    rows = [
        [
            limb,
            cell(side_by_side(ours, indices), fill=mean_of_known(evaluation.summary.pcp[list(indices)])),
            cell(side_by_side(theirs, indices), mean=True),
        ]
        for limb, indices in limb_rows(evaluation.skeleton)
    ]
    explained = "A limb is right if both ends lie within half of its labelled length of their labels."
    return f'<h2>Limbs: strict PCP@0.5 (%)</h2>\n<p class="soft">{explained}</p>\n' + table(
        [_LEFT_RIGHT, "Model", "Mean pose"], rows, narrow=True
    )


def _calibration(evaluation: Evaluation) -> str:
    light, dark = (plots.calibration_png(evaluation.calibration, theme) for theme in (LIGHT, DARK))
    error, reach = tables.show(evaluation.calibration.error, "%"), f"{100 * evaluation.score_reach:g} %"
    return (
        '<h2>Do the scores mean what they say?</h2>\n<p class="soft">A score claims the probability that '
        f"the joint lies within {reach} of the crop's side of its label. On the dashed line it does. "
        f"Expected calibration error: {text(error)} %.</p>\n"
        f'<figure class="card wide">{themed_picture(light, dark, "Reliability diagram of the scores")}</figure>\n'
        + table([_LEFT_RIGHT, "Mean score (%)", "Found right (%)"], _joint_scores(evaluation), narrow=True)
    )


def _joint_scores(evaluation: Evaluation) -> list[list[str]]:
    scores = evaluation.calibration.joint_claimed, evaluation.calibration.joint_found
    shown = [[tables.show(value, "%") for value in values] for values in scores]
    return [
        [joint, *(cell(side_by_side(values, indices)) for values in shown)]
        for joint, indices in joint_rows(evaluation.skeleton)
    ]


def _key(color: tuple[int, int, int], name: str) -> str:
    return f'<span class="key"><i style="background: rgb{color}"></i>{text(name)}</span>'


def _galleries(evaluation: Evaluation) -> str:
    answers = evaluation.answers
    galleries = (
        ("Worst cases", "those with the largest mean pixel error", answers.worst),
        ("At random", "drawn from the split", answers.chosen),
    )
    keys = [_key((255, 255, 255), "the label, hollow where the joint is hidden")]
    keys += [_key(color, f"the model's {name}") for color, name in zip(COLORS.values(), _SIDES, strict=True)]
    return "\n".join(
        f'<h2>{text(name)}</h2>\n<p class="soft">{counted(len(people), "person", "people")}, {text(how)}. Below each '
        "stand the mean error, the similarity to the labels, the mean score, and the person's name in predictions.csv."
        f'</p>\n<p class="soft">{"".join(keys)}</p>\n'
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
