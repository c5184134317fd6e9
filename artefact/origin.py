"""Which file an export was made from, so that users are warned when the run has trained further."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from artefact.formats import DESCRIPTION_FILE, MODEL_FILE

#: The key in an export's description that holds the identity of the file it was made from.
ORIGIN = "made_from"


def origin_of(path: Path) -> dict:
    """A file's identity: its size in bytes and its SHA-256."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def renewal_notice(export: Path) -> str | None:
    """A line for users if the run around an export has another model than the export was made from.

    Args:
        export: an export folder, or a file in it.

    Returns:
        None if the export is up to date, is not in a run's folder, or does not say what it was made from.
    """
    folder = next((place for place in (export, *export.parents[:2]) if (place / DESCRIPTION_FILE).is_file()), export)
    model = folder.resolve().parent / MODEL_FILE
    try:
        origin = json.loads((folder / DESCRIPTION_FILE).read_text()).get(ORIGIN)
        if origin is None or (model.stat().st_size == origin["bytes"] and origin_of(model) == origin):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return f"note: {folder} is older than the run's {MODEL_FILE}; `python -m export {model.parent}` makes it anew"
