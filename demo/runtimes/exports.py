"""Finds exported models. Nothing here imports a runtime, so that a wrong path is reported at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from artefact.formats import DESCRIPTION_FILE, FORMATS, RUN_FILE, formats_in
from artefact.origin import renewal_notice
from demo.errors import ArgumentError, ModelError
from pose.tasks import POSE_LIFT
from weights import names, run_of, shipped

#: The most people who are searched for with a model of one person: each costs a crop in every frame.
MOST_SEARCHED = 4
_ONE, _CROWD = "fast", "crowd"
#: How many joints a model must share with `crowd`, or else it is not of people.
LEAST_SHARED = 4


def check_runtime(name: str) -> None:
    """Checks the option --runtime.

    Raises:
        ArgumentError: it is neither "auto" nor a format.
    """
    if name != "auto" and name not in FORMATS:
        raise ArgumentError(f"--runtime must be auto or one of {', '.join(FORMATS)}, got {name!r}")


def find_export(model: Path | None, runs: Path, people: int | None = 1) -> Path:
    """Returns the artefact of the option --model; prints a notice if it is older than its run's best.keras.

    Args:
        model: a run's folder, an export folder, one of its files, or the name of a shipped model; None is the most
            recent folder `runs/*/export` or, if there is none, the shipped model `fast` for one person and `crowd` for
            more.
        runs: folder of the training runs.
        people: maximum number of people; None is no limit.

    Raises:
        ModelError: the model does not exist, or its run has no export.
    """
    # Shipped exports are never older than their run, and need no look at its weights.
    if model is None:
        path = _newest_export(runs)
        if path is None:
            return run_of(_ONE if people == 1 else _CROWD) / "export"
    elif run := shipped(model):
        return run / "export"
    else:
        path = check_export(model)
    if notice := renewal_notice(path):
        print(notice, file=sys.stderr)
    return path


def find_finder(finder: str, people: int | None, joints: Collection[str]) -> Path | None:
    """Returns the artefact of the option --finder; None where squares are searched.

    Args:
        finder: "auto", "squares", or a model as for `find_export`.
        people: maximum number of people; None is no limit.
        joints: those of the model that takes a closer look at each of them.

    Raises:
        ModelError: there is no such model.
    """
    if finder == "squares" or (finder == "auto" and people == 1):
        return None
    if finder != "auto":
        return find_export(Path(finder), Path())
    crowd = run_of(_CROWD) / "export"
    return crowd if len(joints_of(crowd).intersection(joints)) >= LEAST_SHARED else None


def sees_everybody(path: Path) -> bool:
    """Whether an artefact is a model that sees everybody in an image, as its pose.json says; False without one."""
    return str(_description(path).get("task")).startswith("poses-2d")


def joints_of(path: Path) -> set[str]:
    """The names of an artefact's joints, as its pose.json says; none without one."""
    skeleton = _description(path).get("skeleton")
    joints = skeleton.get("joints") if isinstance(skeleton, dict) else None
    return {str(joint) for joint in joints} if isinstance(joints, list) else set()


def _description(path: Path) -> dict[str, Any]:
    """What an artefact's pose.json says; nothing if there is none that can be read."""
    try:
        found = json.loads(((path if path.is_dir() else path.parent) / DESCRIPTION_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


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
    for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True):
        export = next(parent for parent in path.parents if parent.name == "export")
        # A lifter is no model of images.
        if _description(export).get("task") != POSE_LIFT.name:
            return export
    return None
