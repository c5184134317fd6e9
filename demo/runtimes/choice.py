"""The fastest runtime of this machine: measured, and kept in the user's cache folder."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from artefact.formats import FORMATS, fingerprint
from demo.errors import ModelError
from machine.choices import Timings, is_sure, keep, recall, take_turns
from machine.processor import thread_counts, usable_cpus, versions

_KIND = "runtimes"
_TIMEOUT_S = 120
_BUDGET_S = 2.0
# A further thread must save more than this share of the time: its core is also needed to read and draw frames.
_WORTH = 0.1


@dataclass(frozen=True)
class Choice:
    """How an artefact is run.

    Attributes:
        runtime: one of `FORMATS`.
        threads: number of threads; None if the runtime decides.
        batch: batch size.
        ms: milliseconds per image; None if there was no choice, and so no measurement.
    """

    runtime: str
    threads: int | None
    batch: int = 1
    ms: float | None = None

    def __str__(self) -> str:
        words = [self.runtime]
        if self.threads:
            words.append(f"{self.threads} thread{'s' if self.threads > 1 else ''}")
        if self.batch > 1:
            words.append(f"{self.batch} pictures at once")
        if self.ms is not None:
            words.append(f"{self.ms:.1f} ms a picture")
        return ", ".join(words)


def best(measured: list[Choice]) -> Choice:
    """The fastest, or one that is within `_WORTH` of it on fewer threads."""
    least_ms = min(map(_ms, measured))
    near = [choice for choice in measured if _ms(choice) <= (1 + _WORTH) * least_ms]
    return min(near, key=lambda choice: (choice.threads or usable_cpus(), _ms(choice)))


def _ms(choice: Choice) -> float:
    return float("inf") if choice.ms is None else choice.ms


def choose(
    path: Path,
    names: list[str],
    threads: int | None,
    batches: tuple[int, ...],
    tell: Callable[[str], None],
    *,
    measure_again: bool = False,
) -> Choice:
    """Finds the fastest way to run an artefact: from the cache, else by measurement.

    Args:
        path: an export folder or one artefact's file.
        names: formats to choose from, at least one, whose runtimes are installed.
        threads: number of threads; None chooses it too.
        batches: batch sizes to choose from.
        tell: takes the messages about the measurement.
        measure_again: ignore the cached result.

    Raises:
        ModelError: none of the formats can be run.
    """
    counts = {name: _counts(name, threads) for name in names}
    if len(names) == len(batches) == len(counts[names[0]]) == 1:
        return Choice(names[0], counts[names[0]][0], batches[0])
    packages = versions(FORMATS[name].package for name in names)
    question = [fingerprint(path), counts, batches, packages]
    known = None if measure_again else recall(_KIND, question)
    if known:
        return Choice(**known)
    tell("finding the fastest runtime for this model on this machine, once")
    timings, reasons = _measure(path, counts, batches)
    choices = {way: Choice(*cast(tuple[str, int | None, int], way), timings.least(way)) for way in timings.times}
    for name in names:
        if name in reasons:
            tell(f"  {name} does not run here: {reasons[name]}")
        else:
            tell(f"  {best([choice for choice in choices.values() if choice.runtime == name])}")
    if not choices:
        raise ModelError(f"{str(path)!r} cannot be run: {'; '.join(f'{n}: {why}' for n, why in reasons.items())}")
    chosen = best(list(choices.values()))
    sure = is_sure(timings, (chosen.runtime, chosen.threads, chosen.batch), 2 * _WORTH)
    if not sure:
        tell("  the times vary, as other programs are at work; the next start measures again")
    keep(_KIND, question, asdict(chosen), sure=sure)
    return chosen


def _counts(name: str, threads: int | None) -> list[int | None]:
    # TensorFlow's number is fixed once per process, maybe before this.
    return [threads] if threads or FORMATS[name].module == "tensorflow" else [*thread_counts(usable_cpus())]


def _measure(
    path: Path, counts: dict[str, list[int | None]], batches: tuple[int, ...]
) -> tuple[Timings, dict[str, str]]:
    """Times all in turns: milliseconds by (runtime, threads, batch), and the errors by runtime."""
    with ExitStack() as stack:
        # All start before the first is waited for.
        workers = {name: stack.enter_context(_Worker(path, name, counts[name], batches)) for name in counts}
        reasons = {name: worker.reason for name, worker in workers.items() if not worker.is_ready()}
        ways = [(name, n, batch) for name in counts if name not in reasons for n in counts[name] for batch in batches]
        if not ways:
            return Timings(), reasons
        return take_turns({way: partial(workers[way[0]].turn_ms, *way[1:]) for way in ways}, _BUDGET_S), reasons


class _Worker:
    """A process of `demo.runtimes.measure`, as a context manager."""

    def __init__(self, path: Path, name: str, counts: list[int | None], batches: tuple[int, ...]) -> None:
        self.reason = ""
        self._errors = tempfile.TemporaryFile()
        command = [sys.executable, "-m", f"{__package__}.measure", str(path.resolve()), name]
        command += ["--threads", *(str(count or 0) for count in counts), "--batches", *map(str, batches)]
        # `-m` finds this package from the folder that holds its outermost one.
        root = Path(__file__).parents[__name__.count(".")]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, cwd=root, stdin=pipe, stdout=pipe, stderr=self._errors, text=True, bufsize=1
        )
        self._questions, self._answers = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)
        self._timer = threading.Timer(_TIMEOUT_S, self._process.kill)
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def is_ready(self) -> bool:
        """Waits until the artefact is loaded; if that fails, `reason` has the error."""
        for line in self._answers:
            if line == "ready\n":
                return True
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        took_long = f"it took longer than {_TIMEOUT_S} s" if not self._timer.is_alive() else None
        self.reason = took_long or (lines[-1] if lines else f"exit code {code}")
        return False

    def turn_ms(self, threads: int | None, batch: int) -> float:
        """Times one turn, in ms per image; infinite once the process has crashed."""
        try:
            self._questions.write(f"{threads or 0} {batch}\n")
            return float(self._answers.readline())
        except (OSError, ValueError):
            return float("inf")
