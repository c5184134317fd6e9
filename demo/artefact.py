"""Finding the exported model to run. No TensorFlow here, so that a wrong path is told at once."""

from __future__ import annotations

from pathlib import Path

from demo.errors import ModelError

_MARK = "saved_model.pb"
_REMEDY = (
    "make one with `make quickstart`, which trains a small model and exports it, or export a trained model "
    "with `python -m export`"
)


def newest_export(runs: Path) -> Path:
    """Returns the folder of the most recent SavedModel under `runs/*/export`.

    Raises:
        ModelError: there is none.
    """
    found = list(runs.glob(f"*/export/{_MARK}"))
    if not found:
        raise ModelError(f"there is no exported model under {runs}/*/export; {_REMEDY}")
    return max(found, key=lambda path: path.stat().st_mtime).parent


def check_export(folder: Path) -> Path:
    """Returns the folder where it holds a SavedModel.

    Raises:
        ModelError: it does not.
    """
    if not (folder / _MARK).is_file():
        what = "holds no SavedModel" if folder.is_dir() else "does not exist"
        raise ModelError(f"--model {str(folder)!r} {what} (a folder with {_MARK}); {_REMEDY}")
    return folder
