"""The nets that a search has found so far: latency against accuracy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from machine.whole import whole
from models.search_space import Choice, Space

#: File names in the run's folder.
FRONT_FILE, PLOT_FILE = "front.csv", "front.png"


@dataclass(frozen=True)
class Found:
    """A net that was measured with the weights of the search.

    Attributes:
        epoch: after which, counted from 1.
        ms: its predicted latency.
        worth: the figure of the validation split, the more the better.
        choice: the net.
    """

    epoch: int
    ms: float
    worth: float
    choice: Choice


def pareto(found: list[Found]) -> list[Found]:
    """Those of the last epoch that no other one of it beats in both, in order of their latency."""
    last = max((one.epoch for one in found), default=0)
    best, kept = float("-inf"), []
    for one in sorted((one for one in found if one.epoch == last), key=lambda one: (one.ms, -one.worth)):
        if one.worth > best:
            best = one.worth
            kept.append(one)
    return kept


def write_front(folder: Path, found: list[Found], space: Space, way: str, figure_name: str, limit_ms: float) -> None:
    """Writes front.csv with all nets, a JSON file of blocks for each of the front, and the plot."""
    front = pareto(found)
    rows = [
        {
            "epoch": one.epoch,
            "predicted_ms": one.ms,
            figure_name: one.worth,
            "front": int(one in front),
            "choice": json.dumps(one.choice),
        }
        for one in found
    ]
    with whole(folder / FRONT_FILE) as unfinished:
        pd.DataFrame(rows).to_csv(unfinished, index=False)
    for old in folder.glob("blocks_*.json"):
        old.unlink()
    for one in front:
        write_blocks(folder / f"blocks_{one.ms:.2f}ms.json", one.choice, space)
    _plot(folder / PLOT_FILE, found, front, way, figure_name, limit_ms)


def write_blocks(path: Path, choice: Choice, space: Space) -> None:
    """Writes a net's blocks as `models.read_plan` reads them."""
    with whole(path) as unfinished:
        unfinished.write_text(json.dumps(space.plan(choice).as_json(), indent=1) + "\n", encoding="utf-8")


def read_front(folder: Path, epochs_done: int) -> list[Found]:
    """The nets of the first epochs in front.csv, as `write_front` wrote it.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / FRONT_FILE
    if not path.is_file():
        return []
    try:
        rows = pd.read_csv(path)
        found = []
        for epoch, ms, worth, _, choice in rows.itertuples(index=False):
            widths, operations = json.loads(choice)
            found.append(
                Found(int(epoch), float(ms), float(worth), Choice(tuple(widths), tuple(map(tuple, operations))))
            )
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}); put it back, or start another run") from error
    return [one for one in found if one.epoch <= epochs_done]


def _plot(path: Path, found: list[Found], front: list[Found], way: str, figure_name: str, limit_ms: float) -> None:
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    points = axes.scatter(
        [one.ms for one in found], [one.worth for one in found], c=[one.epoch for one in found], cmap="viridis", s=18
    )
    axes.plot([one.ms for one in front], [one.worth for one in front], color="#d55e00", marker="o", label="last epoch")
    axes.axvline(limit_ms, color="#999999", linestyle="--", label="limit")
    axes.set_xlabel(f"predicted latency, ms ({way})")
    axes.set_ylabel(f"{figure_name}, with the weights of the search")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.colorbar(points, label="epoch", ticks=MaxNLocator(integer=True))
    with whole(path) as unfinished:
        figure.savefig(unfinished, dpi=120)
