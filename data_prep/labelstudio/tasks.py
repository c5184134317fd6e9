"""The tasks of a Label Studio export, each with the regions of one annotation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.reader import Item, Remark
from records import BadInput

_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
# Also the key of versions before 1.0.
_ANNOTATIONS = ("annotations", "completions")


@dataclass(frozen=True, eq=False)
class Task:
    """A task of one image.

    Attributes:
        number: the task's id.
        data: what the task shows, with the image's address.
        meta: what came with the task when it was imported.
        result: regions and relations of the annotation; None if there is none.
    """

    number: str | int
    data: dict
    meta: dict
    result: list[dict] | None


def read_tasks(path: Path) -> tuple[list[Task], list[Item]]:
    """Reads the exports JSON and JSON-MIN.

    Of several annotations of a task the one marked as ground truth is taken, or else the first that was completed:
    cancelled ones do not count. Predictions and drafts are never read.

    Returns:
        The tasks in the order of the file; and remarks and broken tasks.

    Raises:
        ValueError: it is no such file.
        OSError: it cannot be read.
    """
    try:
        content = json.loads(path.read_bytes())
        entries = [content] if isinstance(content, dict) and "data" in content else content
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise ValueError("it is no list of tasks")
    except _MALFORMED as error:
        raise ValueError(
            f"{path} is no export of Label Studio ({type(error).__name__}: {error!s:.200}); export the project as JSON"
        ) from error
    entries = [{"id": place, **entry} for place, entry in enumerate(entries, start=1)]
    whole = [entry for entry in entries if isinstance(entry.get("data"), dict)]
    tasks, items, counts = [], list[Item](), Counter[str]()
    for found in (_whole(entry, counts) for entry in whole) if whole else _minimal(entries, counts):
        try:
            tasks.append(_checked(found))
        except _MALFORMED as error:
            items.append(BadInput(f"{path} task {found.number!r:.60}", f"{type(error).__name__}: {error!s:.200}"))
    if whole and len(whole) < len(entries):
        items.append(BadInput(str(path), f"{len(entries) - len(whole)} entries have no data"))
    return tasks, [*(Remark(text, count) for text, count in counts.items() if count), *items]


def _whole(entry: dict, counts: Counter[str]) -> Task:
    """A task of the export JSON."""
    annotations = next((entry[key] for key in _ANNOTATIONS if entry.get(key)), [])
    annotations = [a for a in annotations if isinstance(a, dict)] if isinstance(annotations, list) else []
    valid = [a for a in annotations if not (a.get("was_cancelled") or a.get("skipped"))]
    # Without their times, in the order of the file.
    valid.sort(key=lambda a: (not a.get("ground_truth"), str(a.get("created_at", ""))))
    if not valid:
        counts["tasks without a completed annotation"] += 1
    elif len(valid) > 1:
        counts["tasks with several annotations, of which the ground truth, or else the first completed, is read"] += 1
    meta = entry.get("meta")
    result = valid[0].get("result") if valid else None
    return Task(entry["id"], entry["data"], meta if isinstance(meta, dict) else {}, result)


def _minimal(entries: list[dict], counts: Counter[str]) -> Iterator[Task]:
    """The tasks of the export JSON-MIN, which has an entry for each annotation."""
    first: dict[object, dict] = {}
    for entry in sorted(entries, key=lambda e: str(e.get("created_at", ""))):
        first.setdefault(repr(entry["id"]), entry)
    counts["tasks with several annotations, of which the first completed is read"] += len(entries) - len(first)
    counts["tasks of the export JSON-MIN, which leaves out to whom a keypoint belongs and whether it is hidden"] += len(
        first
    )
    for entry in entries:
        if first[repr(entry["id"])] is entry:
            regions = [value for values in entry.values() if isinstance(values, list) for value in values]
            regions = [region for region in regions if isinstance(region, dict)]
            yield Task(entry["id"], entry, {}, [{**region, "value": region} for region in regions])


def _checked(task: Task) -> Task:
    number: Any = task.number
    if isinstance(number, bool) or not isinstance(number, int | str):
        raise TypeError(f"its id is {number!r:.60}")
    if task.result is not None and not all(isinstance(region, dict) for region in task.result):
        raise TypeError("a region is no object")
    return task
