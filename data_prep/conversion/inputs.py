"""Fingerprints of a shard set's inputs, to detect that they have changed.

A fingerprint covers the content of labels, which the units hold; the name, size and modification time of images,
videos and other large files; and the reader's version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

import numpy as np

from data_prep.reader import ADDED, Reader, Unit
from machine.file_state import file_state
from records import BadInput, Manifest, Person
from records.manifest import INPUTS_NAME, inputs_digest

_DIGEST_BYTES = 12


@dataclass(frozen=True)
class TracedUnit:
    """A unit with the fingerprint of its inputs.

    Attributes:
        unit: the reader's unit.
        made_from: the fingerprint, hexadecimal.
    """

    unit: Unit
    made_from: str

    @property
    def name(self) -> str:
        """The unit's name."""
        return self.unit.name

    def people(self) -> Iterator[Person | BadInput]:
        """Streams the unit's people."""
        return self.unit.people()


def traced_units(reader: Reader) -> list[TracedUnit]:
    """The units of a reader, each with its current fingerprint.

    Raises:
        ValueError: as `reader.units` does.
    """
    return [TracedUnit(unit, _fingerprint(unit, reader)) for unit in reader.units()]


def _fingerprint(unit: Unit, reader: Reader) -> str:
    try:
        labels = json.dumps([reader.dataset, reader.version, unit.name, _fields(unit)], default=_plain)
    except RecursionError as error:
        raise ValueError(f"the labels of {unit.name} are nested too deep") from error
    digest = hashlib.blake2b(labels.encode(), digest_size=_DIGEST_BYTES)
    for path in unit.files():
        digest.update(file_state(path).encode())
    return digest.hexdigest()


def _fields(value: object) -> dict:
    found = {field: getattr(value, field.name) for field in fields(value)}
    return {f.name: value for f, value in found.items() if f.metadata != ADDED or value != f.default}


def _plain(value: object) -> object:
    """Converts other values for JSON, equal values equally in all processes."""
    if isinstance(value, Path):
        # The data set's place is one of the settings, and can be written in several ways.
        return ""
    if isinstance(value, np.ndarray):
        return [value.dtype.str, value.shape, hashlib.blake2b(np.ascontiguousarray(value).data).hexdigest()]
    if isinstance(value, np.generic):
        return value.item()
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, BadInput):
        return value.why
    if isinstance(value, range):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"a unit must consist of plain values, paths, arrays and dataclasses, got {type(value).__name__}")


def check_finished(folder: Path, manifest: Manifest, units: list[TracedUnit]) -> str | None:
    """Compares a finished set with the current inputs.

    Returns:
        A note for the user if they cannot be compared, None if nothing has changed.

    Raises:
        ValueError: the set was made from other inputs.
    """
    now = {unit.name: unit.made_from for unit in units}
    digest = manifest.source.get("inputs")
    if digest is None:
        return (
            f"{folder} is finished, but was made by a version that did not record its inputs, so they may have changed "
            "since; delete it to make it anew"
        )
    if digest == inputs_digest(now):
        return None
    raise ValueError(made_from_others(folder, _changes(folder, now, len(units))))


def made_from_others(folder: Path, changes: str) -> str:
    """The error message for a set of other inputs."""
    return (
        f"{folder} holds shards made from other inputs, or by another version of the reader{changes}; delete it or "
        "choose another --out"
    )


def _changes(folder: Path, now: dict[str, str], count: int) -> str:
    try:
        then = json.loads((folder / INPUTS_NAME).read_bytes())
        changed = [name for name in {**now, **then} if now.get(name) != then.get(name)]
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return ""
    return f" ({len(changed)} of {count} parts changed, first: {changed[0]})" if changed else ""
