"""Finds exported models. Nothing here imports a runtime, so that a wrong path is reported at once."""

from __future__ import annotations

import json
import sys
from difflib import get_close_matches
from pathlib import Path

from artefact.formats import DESCRIPTION_FILE, FORMATS, RUN_FILE, formats_in
from artefact.origin import renewal_notice
from demo.errors import ArgumentError, ModelError
from weights import names, shipped

#: The most people who are searched for with a model of one person: each costs a crop in every frame.
MOST_SEARCHED = 4
_DEFAULT, _CROWD = Path("fast"), Path("crowd")


def check_runtime(name: str) -> None:
    """Checks the option --runtime.

    Raises:
        ArgumentError: it is neither "auto" nor a format.
    """
    if name != "auto" and name not in FORMATS:
        raise ArgumentError(f"--runtime must be auto or one of {', '.join(FORMATS)}, got {name!r}")


def find_export(model: Path | None, runs: Path) -> Path:
    """Returns the artefact of the option --model; prints a notice if it is older than its run's best.keras.

    Args:
        model: a run's folder, an export folder, one of its files, or the name of a shipped model; None is the most
            recent folder `runs/*/export`, or the shipped model `fast` if there is none.
        runs: folder of the training runs.

    Raises:
        ModelError: the model does not exist, or its run has no export.
    """
    path = _newest_export(runs) if model is None else None
    if path is None:
        model = model or _DEFAULT
        run = shipped(model)
        if run is not None:
            return run / "export"
        path = check_export(model)
    if notice := renewal_notice(path):
        print(notice, file=sys.stderr)
    return path


def find_finder(finder: str, people: int | None) -> Path | None:
    """Returns the artefact of the option --finder; None where squares are searched.

    Args:
        finder: "auto", "squares", or a model as for `find_export`.
        people: maximum number of people; None is no limit.

    Raises:
        ModelError: there is no such model.
    """
    if finder == "squares" or (finder == "auto" and (people == 1 or shipped(_CROWD) is None)):
        return None
    return find_export(_CROWD if finder == "auto" else Path(finder), Path())


def sees_everybody(path: Path) -> bool:
    """Whether an artefact is a model that sees everybody in an image, as its pose.json says; False without one."""
    try:
        task = json.loads(((path if path.is_dir() else path.parent) / DESCRIPTION_FILE).read_text()).get("task")
    except (OSError, ValueError, AttributeError):
        return False
    return str(task).startswith("poses-2d")


def check_export(path: Path) -> Path:
    """Returns the path if it is an artefact or a folder that holds one; of a run's folder, that of its export.

    Raises:
        ModelError: it is neither, or the run has no export.
    """
    if formats_in(path):
        return path
    if (path / RUN_FILE).is_file():
        if not formats_in(path / "export"):
            raise ModelError(f"the run {str(path)!r} has no export yet: `python -m export {path}` makes it")
        return path / "export"
    if not path.exists() and (near := get_close_matches(str(path), names(), n=1)):
        raise ModelError(f"the model {str(path)!r} does not exist; did you mean {near[0]}?")
    what = "holds no SavedModel nor any other artefact" if path.is_dir() else "is no artefact"
    what = what if path.exists() else "does not exist"
    # Some formats share a file.
    files = ", ".join(dict.fromkeys(form.file for form in FORMATS.values()))
    raise ModelError(
        f"the model {str(path)!r} {what} (a folder with one of {files}, or the file itself); "
        f"export a trained model with `python -m export`, or name one that is here: {', '.join(names())}"
    )


def _newest_export(runs: Path) -> Path | None:
    found = [path for form in FORMATS.values() for path in runs.glob(f"*/export/{form.file}")]
    if not found:
        return None
    newest = max(found, key=lambda path: path.stat().st_mtime)
    return next(parent for parent in newest.parents if parent.name == "export")
