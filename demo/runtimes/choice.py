"""Which runtime is the fastest here: measured once, and remembered in the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from platformdirs import user_cache_path

from demo.artefact import FORMATS, fingerprint, write_text
from demo.errors import ModelError
from demo.runtimes.machine import processor, usable_cpus, versions

_TIMEOUT_S = 120
_MOST_THREADS = 8
# Another thread is worth its processor, which also reads the camera and draws, if it saves more than this share.
_WORTH = 0.1


@dataclass(frozen=True)
class Choice:
    """How an artefact is run.

    Attributes:
        runtime: one of `FORMATS`.
        threads: number of threads; None leaves it to the runtime.
        batch: number of pictures at once.
        ms: milliseconds a picture; None where there was nothing to choose from and nothing was measured.
    """

    runtime: str
    threads: int | None
    batch: int = 1
    ms: float | None = None

    def __str__(self) -> str:
        """Says it in a few words."""
        words = [self.runtime]
        if self.threads:
            words.append(f"{self.threads} thread{'s' if self.threads > 1 else ''}")
        if self.batch > 1:
            words.append(f"{self.batch} pictures at once")
        if self.ms is not None:
            words.append(f"{self.ms:.1f} ms a picture")
        return ", ".join(words)


def thread_counts(cpus: int) -> list[int]:
    """The numbers of threads worth trying: up to 8 or the processors there are, its half, and a quarter.

    >>> thread_counts(2), thread_counts(6), thread_counts(64)
    ([1, 2], [1, 3, 6], [2, 4, 8])
    """
    most = min(cpus, _MOST_THREADS)
    return sorted({max(1, most // share) for share in (1, 2, 4)})


def best(measured: list[Choice]) -> Choice:
    """The fastest, or one that is nearly as fast on fewer threads."""
    least_ms = min(choice.ms for choice in measured)
    near = [choice for choice in measured if choice.ms <= (1 + _WORTH) * least_ms]
    return min(near, key=lambda choice: (choice.threads or usable_cpus(), choice.ms))


def choose(
    path: Path, names: list[str], threads: int | None, batches: tuple[int, ...], tell: Callable[[str], None]
) -> Choice:
    """Finds the fastest way to run an artefact, by measuring unless that is remembered.

    Args:
        path: an export folder or one artefact's file.
        names: formats to choose from, at least one; their runtimes are installed.
        threads: number of threads; None chooses it too.
        batches: numbers of pictures at once to choose from.
        tell: is told what was measured.

    Raises:
        ModelError: none of the formats can be run.
    """
    counts = {name: _counts(name, threads) for name in names}
    if len(names) == len(batches) == len(counts[names[0]]) == 1:
        return Choice(names[0], counts[names[0]][0], batches[0])
    question = [fingerprint(path), counts, batches, processor(), versions(names)]
    key = hashlib.blake2b(json.dumps(question).encode(), digest_size=16).hexdigest()
    memory = user_cache_path("panopose") / "runtimes" / f"{key}.json"
    remembered = _recall(memory)
    if remembered:
        return remembered
    tell("finding the fastest runtime for this model on this machine, once")
    measured, reasons = [], []
    for name in names:
        rows, reason = _measure(path, name, counts[name], batches)
        measured += rows
        if rows:
            tell(f"  {best(rows)}")
        else:
            reasons.append(f"{name}: {reason}")
            tell(f"  {name} does not run here: {reason}")
    if not measured:
        raise ModelError(f"{str(path)!r} cannot be run: {'; '.join(reasons)}")
    _remember(memory, best(measured))
    return best(measured)


def _counts(name: str, threads: int | None) -> list[int | None]:
    # TensorFlow settles its number once for a process, which may have settled it before us.
    return [threads] if threads or FORMATS[name].module == "tensorflow" else [*thread_counts(usable_cpus())]


def _measure(path: Path, name: str, counts: list[int | None], batches: tuple[int, ...]) -> tuple[list[Choice], str]:
    """Times one format; returns what was measured, and why there is nothing."""
    command = [sys.executable, "-m", "demo.runtimes.measure", str(path.resolve()), name]
    command += ["--threads", *(str(count or 0) for count in counts), "--batches", *map(str, batches)]
    # From there `-m` finds this package, wherever the user stands.
    root = Path(__file__).parents[2]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return [], f"it took longer than {_TIMEOUT_S} s"
    rows = [Choice(name, **json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]
    lines = done.stderr.strip().splitlines()
    return (rows, "") if done.returncode == 0 else ([], lines[-1] if lines else f"exit code {done.returncode}")


def _recall(memory: Path) -> Choice | None:
    try:
        return Choice(**json.loads(memory.read_text()))
    except (OSError, ValueError, TypeError):
        # Never measured, or a file that something has damaged: it is measured again.
        return None


def _remember(memory: Path, choice: Choice) -> None:
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        write_text(memory, json.dumps(asdict(choice)) + "\n")
    except OSError:
        # A cache folder that cannot be written costs a few seconds at the next start, and nothing else.
        pass
