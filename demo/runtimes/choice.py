"""Which runtime is the fastest here: measured, and remembered in the user's cache folder."""

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

from artefact.formats import FORMATS, fingerprint
from demo.errors import ModelError
from machine.choices import Timings, is_sure, keep, recall, take_turns
from machine.processor import thread_counts, usable_cpus, versions

_KIND = "runtimes"
_TIMEOUT_S = 120
_BUDGET_S = 2.0
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


def best(measured: list[Choice]) -> Choice:
    """The fastest, or one that is nearly as fast on fewer threads."""
    least_ms = min(choice.ms for choice in measured)
    near = [choice for choice in measured if choice.ms <= (1 + _WORTH) * least_ms]
    return min(near, key=lambda choice: (choice.threads or usable_cpus(), choice.ms))


def choose(
    path: Path,
    names: list[str],
    threads: int | None,
    batches: tuple[int, ...],
    tell: Callable[[str], None],
    *,
    measure_again: bool = False,
) -> Choice:
    """Finds the fastest way to run an artefact, by measuring unless that is remembered.

    Args:
        path: an export folder or one artefact's file.
        names: formats to choose from, at least one; their runtimes are installed.
        threads: number of threads; None chooses it too.
        batches: numbers of pictures at once to choose from.
        tell: is told what was measured.
        measure_again: whatever is remembered.

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
    choices = {way: Choice(*way, ms=timings.least(way)) for way in timings.times}
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
    # TensorFlow settles its number once for a process, which may have settled it before us.
    return [threads] if threads or FORMATS[name].module == "tensorflow" else [*thread_counts(usable_cpus())]


def _measure(
    path: Path, counts: dict[str, list[int | None]], batches: tuple[int, ...]
) -> tuple[Timings, dict[str, str]]:
    """Times all in turns: milliseconds of (runtime, threads, batch), and why there are none of a runtime."""
    with ExitStack() as stack:
        # All begin before the first is waited for.
        workers = {name: stack.enter_context(_Worker(path, name, counts[name], batches)) for name in counts}
        reasons = {name: worker.reason for name, worker in workers.items() if not worker.is_ready()}
        ways = [(name, n, batch) for name in counts if name not in reasons for n in counts[name] for batch in batches]
        if not ways:
            return Timings(), reasons
        return take_turns({way: partial(workers[way[0]].turn_ms, *way[1:]) for way in ways}, _BUDGET_S), reasons


class _Worker:
    """A process of `demo.runtimes.measure`."""

    def __init__(self, path: Path, name: str, counts: list[int | None], batches: tuple[int, ...]) -> None:
        self.reason = ""
        self._errors = tempfile.TemporaryFile()
        command = [sys.executable, "-m", "demo.runtimes.measure", str(path.resolve()), name]
        command += ["--threads", *(str(count or 0) for count in counts), "--batches", *map(str, batches)]
        # From there `-m` finds this package, wherever the user stands.
        root = Path(__file__).parents[2]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, cwd=root, stdin=pipe, stdout=pipe, stderr=self._errors, text=True, bufsize=1
        )
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
        """Waits for the artefact to be loaded; where it is not, `reason` says why."""
        for line in self._process.stdout:
            if line == "ready\n":
                return True
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        took_long = f"it took longer than {_TIMEOUT_S} s" if not self._timer.is_alive() else None
        self.reason = took_long or (lines[-1] if lines else f"exit code {code}")
        return False

    def turn_ms(self, threads: int | None, batch: int) -> float:
        """Runs it; infinite once the process has died of it."""
        try:
            self._process.stdin.write(f"{threads or 0} {batch}\n")
            return float(self._process.stdout.readline())
        except (OSError, ValueError):
            return float("inf")
