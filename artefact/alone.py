"""Runs one exported file with nothing but its runtime, without importing PanoPose.

Importing any other module of this project raises, though it may be installed.

    python -P alone.py ENGINE SETTINGS FILE SCRATCH THREADS

ENGINE is a file of `engines`, SETTINGS the JSON of its further arguments. SCRATCH holds inputs.npz, arrays (N, ...) by
name, and, for a SavedModel, M files *.jpg. It receives outputs.npz with the answers by name, description, runtime,
latency_ms, and, where there were JPEGs, jpeg_ and the name for each of their answers.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_PROJECT = Path(__file__).resolve().parents[1]
_INSTALLED = (_PROJECT / "__init__.py").is_file()
#: The project's top-level packages: one in an installed wheel, several in the repository.
OURS = {_PROJECT.name} if _INSTALLED else {path.parent.name for path in _PROJECT.glob("*/__init__.py")}
_FOLDERS = [_PROJECT] if _INSTALLED else [_PROJECT / name for name in OURS]
_WARM_UP = 3
_TIMED_CALLS = 30
_TIMED_SECONDS = 3.0


class OwnImportsBlocked:
    """An import finder that raises for this project's modules, ahead of editable installs and other finders."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Raises for our packages, and leaves all others to the next finder."""
        if name.partition(".")[0] in OURS:
            raise ModuleNotFoundError(f"{name} is a module of PanoPose, and an exported file must run without it")


def ours_imported() -> list[str]:
    """The imported modules that are ours, by their names or their files' places, except this one."""
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        place = Path(file).resolve() if file else None
        if place == Path(__file__).resolve():
            continue
        if name.partition(".")[0] in OURS or (place and any(folder in place.parents for folder in _FOLDERS)):
            found.append(name)
    return sorted(found)


def median_latency_ms(run: Callable, sample: dict[str, np.ndarray]) -> float:
    """The median time of one sample in ms."""
    for _ in range(_WARM_UP):
        run(sample)
    times: list[float] = []
    while len(times) < _TIMED_CALLS and sum(times) < _TIMED_SECONDS:
        begin = time.perf_counter()
        run(sample)
        times.append(time.perf_counter() - begin)
    return float(np.median(times)) * 1e3


def main(engine: Path, settings: dict, file: str, scratch: Path, threads: int) -> None:
    """Runs the file on everything in the folder.

    Raises:
        ImportError: modules of ours were imported.
    """
    sys.meta_path.insert(0, OwnImportsBlocked())
    model = runpy.run_path(str(engine))["Engine"](file, threads, **settings)
    with np.load(scratch / "inputs.npz") as stored:
        inputs = dict(stored)
    count = len(next(iter(inputs.values())))
    # One sample at a time, as in a demo.
    samples = [{name: value[i : i + 1] for name, value in inputs.items()} for i in range(count)]
    answers = [model.run(sample) for sample in samples]
    results: dict[str, Any] = {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
    results |= {"description": np.array(model.carried), "runtime": np.array(model.version)}
    results["latency_ms"] = np.array(median_latency_ms(model.run, samples[0]))
    jpegs = [path.read_bytes() for path in sorted(scratch.glob("*.jpg"))]
    if jpegs:
        results |= {f"jpeg_{name}": value for name, value in model.run_jpegs(jpegs).items()}
    if ours := ours_imported():
        raise ImportError(f"modules of PanoPose were imported to run the file: {', '.join(ours)}")
    np.savez(scratch / "outputs.npz", **results)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), int(sys.argv[5]))
