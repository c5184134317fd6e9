"""Choices made by timing on this machine: candidates are timed in turns, and the choice is stored.

A choice made while other programs kept the processors busy, or from times that varied, is stored as unsure and measured
again the next time. Every choice expires after 30 days, and when the processor or a library changes.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_cache_path

from machine.processor import processor_key, processor_name
from machine.whole import whole

Name = TypeVar("Name", bound=Hashable)

_VALID = timedelta(days=30)
# Measurements of an unsure choice; a machine that is always busy should not make every start wait.
_MOST_TRIES = 3
# Share of the processors used by other programs above which a measurement is unsure.
_MOST_OTHERS = 0.15
_STAT = Path("/proc/stat")
_LEAST_ROUNDS = 3
# A candidate this many times slower than the fastest drops out.
_DROP_OUT_RATIO = 1.5


@dataclass
class Timings:
    """Times of candidates that were timed in turns.

    Attributes:
        times: by candidate, one per round, in the unit that the candidate reports; those that dropped out have fewer.
        others: the share of the machine's processors that other programs used meanwhile; 0 where unknown.
    """

    times: dict[Any, list[float]] = field(default_factory=dict)
    others: float = 0.0

    def least(self, name: Hashable) -> float:
        """A candidate's shortest time: other programs only make times longer."""
        return min(self.times[name])

    def spread(self, name: Hashable) -> float:
        """How much a candidate's shortest times of odd and even rounds differ, as a share of its shortest."""
        times = self.times[name]
        return 0.0 if len(times) < 2 else abs(min(times[::2]) - min(times[1::2])) / min(times)


def take_turns(candidates: Mapping[Name, Callable[[], float]], budget_s: float) -> Timings:
    """Times candidates in turns, so that other load on the machine affects all of them alike.

    Args:
        candidates: by name, a function that does the work once and returns how long it took; warmed up beforehand. One
            that returns infinity has failed, and is left out of the result.
        budget_s: roughly how long all rounds may take. There are at least three; a candidate that takes 1.5 times as
            long as the fastest drops out after its third, or at once if one turn takes the whole budget.
    """
    timings = Timings({name: [] for name in candidates})
    spent_s = dict.fromkeys(candidates, 0.0)
    busy = _Busyness()
    begin_s = time.perf_counter()
    rounds = 0
    while rounds < _LEAST_ROUNDS or time.perf_counter() - begin_s < budget_s:
        for name, run in candidates.items():
            known = rounds >= _LEAST_ROUNDS or spent_s[name] > budget_s
            if known and timings.least(name) > _DROP_OUT_RATIO * min(map(min, filter(None, timings.times.values()))):
                continue
            turn_s = time.perf_counter()
            timings.times[name].append(run())
            spent_s[name] += time.perf_counter() - turn_s
        rounds += 1
    timings.others = busy.others()
    timings.times = {name: times for name, times in timings.times.items() if math.isfinite(sum(times))}
    return timings


def is_sure(timings: Timings, chosen: Hashable, worth: float = 0.1) -> bool:
    """Whether another measurement is unlikely to find a better choice.

    Args:
        timings: what was measured.
        chosen: the chosen candidate.
        worth: the smallest gain that matters, as a share of the time.
    """
    if timings.others > _MOST_OTHERS:
        return False
    limit = (1 - worth) * timings.least(chosen) * (1 - timings.spread(chosen))
    return all(timings.least(name) * (1 - timings.spread(name)) >= limit for name in timings.times)


class _Busyness:
    """Processor use of other programs, from /proc; unknown outside Linux."""

    def __init__(self) -> None:
        self._begin = _processor_seconds()
        self._begin_s = time.perf_counter()

    def others(self) -> float:
        end = _processor_seconds()
        if self._begin is None or end is None:
            return 0.0
        (busy, own), (busy_before, own_before) = end, self._begin
        available = (time.perf_counter() - self._begin_s) * (os.cpu_count() or 1)
        return max(0.0, (busy - busy_before) - (own - own_before)) / max(available, 1e-9)


def _processor_seconds() -> tuple[float, float] | None:
    """Busy seconds of all processors, and those spent on this process and its children."""
    try:
        user, nice, system = (int(word) for word in _STAT.read_text().split("\n", 1)[0].split()[1:4])
        ticks = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None
    ended = os.times()
    own = time.process_time() + ended.children_user + ended.children_system + _children_seconds(ticks)
    return (user + nice + system) / ticks, own


def _children_seconds(ticks: int) -> float:
    """Processor time in s of this process's children that still run."""
    total = 0.0
    for children in Path("/proc/self/task").glob("*/children"):
        for number in children.read_text().split():
            try:
                fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def _path(kind: str, question: object) -> Path:
    key = json.dumps([question, processor_key()], sort_keys=True, default=str)
    return user_cache_path("panopose") / kind / f"{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}.json"


def recall(kind: str, question: object) -> dict | None:
    """The choice stored for this processor, or None if it must be measured.

    Args:
        kind: the name of the choice's folder in the user's cache.
        question: everything that the choice depends on except the processor, as JSON values.
    """
    entry = _read(_path(kind, question))
    if entry is None or not (entry["sure"] or entry["tries"] >= _MOST_TRIES):
        return None
    age = datetime.now(UTC) - datetime.fromisoformat(entry["measured"])
    return entry["answer"] if timedelta(0) <= age < _VALID else None


def keep(kind: str, question: object, answer: dict, *, sure: bool) -> None:
    """Stores a choice; see `recall`. If the cache folder cannot be written, it is measured again the next time."""
    path = _path(kind, question)
    before = _read(path)
    tries = before["tries"] + 1 if before and not before["sure"] else 1
    entry = {
        "answer": answer,
        "sure": sure,
        "tries": tries,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor_name(),
    }
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as temporary:
            temporary.write_text(json.dumps(entry, indent=1) + "\n")


def _read(path: Path) -> dict | None:
    try:
        entry = json.loads(path.read_text())
        datetime.fromisoformat(entry["measured"])
        return entry if isinstance(entry["answer"], dict) and {"sure", "tries"} <= entry.keys() else None
    except (OSError, ValueError, TypeError, KeyError):
        # Never measured, or a damaged file.
        return None
