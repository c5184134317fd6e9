"""What the synthetic dome contributes: a ResNet-18 from random weights, trained on it, on real people, or on both.

    python -m benchmarks.dome.worth --lsp LSPET-FOLDER --out runs/dome_worth

Makes the dome and both shard sets (joints named as LSP's), trains each row of the table for the same number of steps,
measures all of them on the same real people, and prints the table. Existing results are not made again, so a stopped
run can be resumed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import keras
import pandas as pd
import tyro

from evaluate.pose_2d.summary import HEADLINE
from models import build_resnet, inference_model
from records import read_manifest

_ROWS = {
    "nothing": "nothing",
    "dome": "the dome alone",
    "lsp": "LSP-extended alone",
    "both": "the dome for half of the steps, then LSP-extended",
}


@dataclass(frozen=True)
class Worth:
    """Compares training on the synthetic dome with training on real people.

    Attributes:
        lsp: LSP-extended, as its archive unpacks.
        out: where data, runs and the table go.
        epochs: of each row of the table, counted in passes over the real people.
        sequences: of the dome.
        input_size: of the net, in px.
        rows: which rows to make.
        dome_options: further options of `python -m data_prep dome`.
    """

    lsp: Path
    out: Path
    epochs: int = 20
    sequences: int = 400
    input_size: int = 96
    rows: tuple[str, ...] = tuple(_ROWS)
    dome_options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.epochs < 2 or self.epochs % 2:
            raise ValueError(f"epochs must be even and 2 or more, got {self.epochs}")
        if unknown := set(self.rows) - set(_ROWS):
            raise ValueError(f"rows must be of {', '.join(_ROWS)}, got {', '.join(sorted(unknown))}")

    def compare(self) -> pd.DataFrame:
        """Runs the missing steps, and returns the table."""
        self._make_records()
        rows = []
        for row in self.rows:
            run = getattr(self, f"_train_{row}")()
            metrics = self._measure(run)
            rows.append({"trained on": _ROWS[row], "PCK@0.2 limbs": metrics[HEADLINE], "AUC": metrics["auc"]})
        return pd.DataFrame(rows).round(3)

    @property
    def _real(self) -> Path:
        return self.out / "records-lsp"

    @property
    def _synthetic(self) -> Path:
        return self.out / "records-dome"

    def _make_records(self) -> None:
        views = "--frames 4 --fps 0.5 --cameras 4 --people 1-2 --height 540 --width 960".split()
        sequences = ("--sequences", str(self.sequences), *views, *self.dome_options)
        _run("data_prep", "dome", "--out", self.out / "dome", *sequences)
        _run("data_prep", "lsp", "--root", self.lsp, "--out", self._real)
        # As in the photographs, most of a person is in the image.
        joints = "--skeleton lsp14 --min-visible-joints 15 --val 0.04 --test 0".split()
        _run("data_prep", "panoptic", "--root", self.out / "dome", "--out", self._synthetic, *joints)

    def _train(self, name: str, records: Path, epochs: float, *options: str | Path) -> Path:
        """Trains for as many steps as `epochs` passes over the real people take."""
        run = self.out / name
        passes = epochs * read_manifest(self._real).counts["train"] / read_manifest(records).counts["train"]
        history = run / "history.csv"
        if history.is_file() and len(pd.read_csv(history)) >= round(passes):
            return run
        if (run / "run.json").is_file():
            options = (*options, "--resume")
        common = f"--depth 18 --input-size {self.input_size} --epochs {round(passes)} --log".split()
        _run("train.resnet", "--records", records, "--run", run, *common, *options)
        return run

    def _train_nothing(self) -> Path:
        run, manifest = self.out / "nothing", read_manifest(self._real)
        run.mkdir(exist_ok=True)
        keras.utils.set_random_seed(0)
        net = build_resnet(18, manifest.skeleton.num_joints, input_size=self.input_size)
        inference_model(net, self.input_size).save(run / "best.keras")
        notes = {"skeleton": manifest.skeleton.describe(), "input_size": self.input_size, "score_radius": 0.05}
        (run / "run.json").write_text(json.dumps(notes))
        return run

    def _train_dome(self) -> Path:
        return self._train("dome-alone", self._synthetic, self.epochs)

    def _train_lsp(self) -> Path:
        return self._train("lsp-alone", self._real, self.epochs)

    def _train_both(self) -> Path:
        first = self._train("dome-half", self._synthetic, self.epochs / 2)
        return self._train("both", self._real, self.epochs / 2, "--initial", first)

    def _measure(self, run: Path) -> dict[str, float]:
        report = run / "evaluation-test"
        _run("evaluate", run, "--records", self._real, "--out", report)
        return json.loads((report / "metrics.json").read_text())["metrics"]


def _run(module: str, *arguments: str | Path) -> None:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    print("$", "python", *command[1:], flush=True)
    subprocess.run(command, check=True)


if __name__ == "__main__":
    print(tyro.cli(Worth, description=__doc__).compare().to_string(index=False))
