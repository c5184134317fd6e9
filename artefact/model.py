"""An exported model in the runtime of choice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from artefact.formats import DESCRIPTION_FILE, FORMATS, ArtefactError, formats_in, installed
from machine.quiet import import_tensorflow


class Model:
    """An exported model, opened in one runtime.

    Attributes:
        description: the content of `pose.json`.
        runtime: one of `FORMATS`.
        threads: number of threads it computes on; None where the runtime decides.

    Args:
        path: an export folder, or one of its files.
        runtime: one of `FORMATS`.
        threads: number of threads; None lets the runtime decide.

    Raises:
        ArtefactError: there is no such export, its runtime is not installed, it cannot be loaded, or it has no
            description.
        ValueError: there is no such runtime, or `threads` is below 1.
    """

    def __init__(self, path: Path, runtime: str = "saved-model", threads: int | None = None) -> None:
        check(runtime, threads)
        form = FORMATS[runtime]
        file = formats_in(path).get(runtime)
        if file is None:
            raise ArtefactError(
                f"{str(path)!r} holds no {form.file}; write it with `python -m export RUN --to {runtime}`"
            )
        if not installed(runtime):
            raise ArtefactError(f"{form.title} needs {form.package}: pip install {form.package}")
        try:
            if form.module == "tensorflow":
                import_tensorflow(with_keras=False)
            engine = import_module(f"{__package__}.engines.{form.engine}").Engine
            self._engine = engine(str(file), threads, **form.settings)
        # The runtimes raise different exceptions, some of them plain `Exception`.
        except Exception as error:
            raise ArtefactError(f"{str(file)!r} cannot be loaded as {form.title}: {error}") from error
        self.description = _description(path, file, self._engine.carried)
        self.runtime = runtime
        self.threads = threads

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the answers for a batch, (B, ...) by name, from inputs by name."""
        return self._engine.run(inputs)


def check(runtime: str | None, threads: int | None) -> None:
    """Raises ValueError for an unknown runtime, or `threads` below 1; None means the fastest."""
    if runtime is not None and runtime not in FORMATS:
        raise ValueError(f"runtime must be one of {', '.join(FORMATS)}, got {runtime!r}; leave it out for the fastest")
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be 1 or more, got {threads}; leave it out for the fastest number")


def _description(path: Path, file: Path, carried: str | None) -> dict[str, Any]:
    """The description inside a model's file, or else the `pose.json` in its folder."""
    folders = [path] if path.is_dir() else [file.parent, file.parent.parent]
    beside = next((folder / DESCRIPTION_FILE for folder in folders if (folder / DESCRIPTION_FILE).is_file()), None)
    try:
        text = carried or (beside.read_text() if beside else None)
        if text is None:
            raise ArtefactError(f"{str(file)!r} does not say what its joints are; put the export's pose.json beside it")
        return json.loads(text)
    except (OSError, ValueError) as error:
        raise ArtefactError(f"the description of {str(file)!r} cannot be read ({error}); export it again") from error
