"""The shipped models. Each folder here is a training run with its exports and its model card."""

from __future__ import annotations

from pathlib import Path

from artefact.formats import RUN_FILE

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The shipped models' names."""
    return sorted(path.parent.name for path in _FOLDER.glob(f"*/{RUN_FILE}"))


def run_of(name: str) -> Path:
    """The run folder of a shipped model."""
    return _FOLDER / name


def shipped(model: Path) -> Path | None:
    """Returns the run folder of a shipped model.

    Args:
        model: the model as the user named it.

    Returns:
        None if it is not the name of a shipped model, or the working folder has a file or folder of that name.
    """
    run = run_of(model.name)
    return run if model == Path(model.name) and (run / RUN_FILE).is_file() and not model.exists() else None
