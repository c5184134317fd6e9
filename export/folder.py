"""The export's folder: it may replace an earlier export, and nothing else."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from artefact.formats import DESCRIPTION_FILE, FORMATS, FORMATS_FILE

# Marks a folder beside an export as an unfinished export; locked while it is written.
_MARK, _NEW, _OLD = "panopose-export.lock", "new", "old"
_SAVED_MODEL = re.compile(
    r"saved_model\.pb|fingerprint\.pb|assets|assets\.extra(/pose\.json)?"
    r"|variables(/variables\.(index|data-\d{5}-of-\d{5}))?"
)
_OTHERS = {FORMATS_FILE, DESCRIPTION_FILE, "openvino", "openvino/model.bin", *(form.file for form in FORMATS.values())}


def check_replaceable(folder: Path) -> None:
    """Checks that a folder is not there, is empty, or holds an export and nothing else.

    Raises:
        ValueError: it holds something that `python -m export` did not write, or is no folder.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise ValueError(f"{folder} is a file; give another --out")
    found = sorted(path for path in folder.rglob("*"))
    foreign = [str(path.relative_to(folder)) for path in found if path.is_symlink() or not _is_ours(path, folder)]
    if found and not foreign and not _is_described(folder):
        foreign = [path.name for path in found if path.parent == folder]
    if foreign:
        more = ", ..." if len(foreign) > 3 else ""
        raise ValueError(
            f"{folder} holds what no export wrote ({', '.join(foreign[:3])}{more}), and an export would replace it; "
            "give another --out, or move that away"
        )


def _is_ours(path: Path, folder: Path) -> bool:
    name = path.relative_to(folder).as_posix()
    return name in _OTHERS or _SAVED_MODEL.fullmatch(name) is not None


def _is_described(folder: Path) -> bool:
    """Whether the folder has the two files that every export has."""
    try:
        description = json.loads((folder / DESCRIPTION_FILE).read_text())
        formats = json.loads((folder / FORMATS_FILE).read_text())
        return isinstance(description["skeleton"], dict) and isinstance(formats["formats"], dict)
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Context manager: yields an empty folder to fill, which replaces `folder` at the end unless an error is raised.

    The new folder is beside `folder`. If an export is killed, the next one removes its leftovers.

    Raises:
        ValueError: `folder` holds something else than an export.
        OSError: it cannot be written.
    """
    check_replaceable(folder)
    place = folder.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_over(place)
    scratch = Path(tempfile.mkdtemp(prefix=f".{place.name}.exporting-", dir=place.parent))
    try:
        with FileLock(scratch / _MARK):
            (scratch / _NEW).mkdir()
            yield scratch / _NEW
            # Files may have appeared there in the meantime.
            check_replaceable(folder)
            _swap(place, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _swap(place: Path, scratch: Path) -> None:
    if place.exists():
        os.replace(place, scratch / _OLD)
    try:
        os.replace(scratch / _NEW, place)
    except BaseException:
        _restore(place, scratch)
        raise


def _restore(place: Path, scratch: Path) -> None:
    if (scratch / _OLD).is_dir() and not place.exists():
        os.replace(scratch / _OLD, place)


def _remove_left_over(place: Path) -> None:
    for scratch in place.parent.glob(f".{glob.escape(place.name)}.exporting-*"):
        if not (scratch / _MARK).is_file() or {path.name for path in scratch.iterdir()} - {_MARK, _NEW, _OLD}:
            continue
        try:
            with FileLock(scratch / _MARK, blocking=False):
                _restore(place, scratch)
        except Timeout:  # Another export is running.
            continue
        shutil.rmtree(scratch, ignore_errors=True)
