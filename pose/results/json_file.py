"""Reading the JSON of results files, with errors in a user's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def load_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        ValueError: it cannot be read, or is no JSON.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or f"{error!s:.200}"
        raise ValueError(f"{path} cannot be read as JSON: {why}") from error


def number_of(value: object) -> int:
    """An id, which a file may write as 7, 7.0 or "7".

    Raises:
        TypeError, ValueError: it is no whole number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str) or int(value) != float(value):
        raise ValueError(f"{value!r:.40} is no whole number")
    return int(value)


def entry_error(path: Path, what: str, error: Exception) -> ValueError:
    """The error of a malformed part of a file."""
    why = f"has no {error}" if isinstance(error, KeyError) else f"{error!s:.200}"
    return ValueError(f"{path}, {what}: {why}")
