"""What every runtime looks like to the demos."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np


class Engine(Protocol):
    """An artefact opened in one runtime.

    Args:
        path: the artefact's file; of a SavedModel, its folder.
        threads: number of threads it computes on; None leaves it to the runtime.

    Raises:
        ImportError: the runtime is not installed.
        Exception: the file cannot be loaded; every runtime has errors of its own.
    """

    def __init__(self, path: Path, threads: int | None) -> None:
        """Opens the artefact."""

    def run(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates one person in each picture.

        Args:
            pictures: uint8 RGB (B, size, size, 3).

        Returns:
            float32 (B, J, 2), joints in px of the picture, and float32 (B, J), their scores.
        """

    def carried(self) -> str | None:
        """Returns the JSON that the file carries about itself, None where it carries none."""
