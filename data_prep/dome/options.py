"""Several dome sequences, and the options of the command that writes them."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from data_prep.dome.cast import SequenceSettings
from data_prep.dome.write import write_dome_sequence


@dataclass(frozen=True)
class Dome:
    """Writes synthetic sequences of people in a dome of cameras, laid out as CMU Panoptic Studio's are.

    Sequences that are there are left as they are, so that a run that was stopped goes on where it stopped.

    Attributes:
        out: folder for the sequences dome_000, dome_001, ...; made if need be.
        sequences: how many.
        frames: in each sequence.
        cameras: in each sequence, at most 31.
        people: the most people in a sequence, at most 3; sequences take turns from 1 up to it.
        height: of the pictures in px, even.
        width: of the pictures in px, even.
        fps: frames a second of the motion and of the videos.
        seed: number of the first sequence; each sequence's seed is its number.
        workers: processes that draw; the result does not depend on it.
    """

    out: Path
    sequences: int = 8
    frames: int = 12
    cameras: int = 4
    people: int = 2
    height: int = 360
    width: int = 640
    fps: float = 4.0
    seed: int = 0
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)

    def __post_init__(self) -> None:
        """Checks the ranges."""
        if self.sequences < 1:
            raise ValueError(f"sequences must be 1 or more, got {self.sequences}")
        if self.workers < 1:
            raise ValueError(f"workers must be 1 or more, got {self.workers}")
        SequenceSettings(self.seed, self.frames, self.cameras, self.people, self.height, self.width, self.fps)

    def write(self) -> list[Path]:
        """Writes one sequence after the other.

        Returns:
            The folders of all of them, those that were there included.

        Raises:
            ValueError: a sequence is there with other settings.
            OSError: a sequence cannot be written.
        """
        numbers = range(self.seed, self.seed + self.sequences)
        progress = partial(tqdm, total=self.sequences, unit="sequence", desc=str(self.out))
        if self.workers == 1 or self.sequences == 1:
            return list(progress(map(self._write_one, numbers)))
        # Rendering is NumPy, which holds the interpreter's lock: processes, not threads. Not forked, because whoever
        # calls may have threads.
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            return list(progress(pool.map(self._write_one, numbers)))

    def _write_one(self, number: int) -> Path:
        return write_dome_sequence(
            self.out,
            f"dome_{number:03d}",
            seed=number,
            frames=self.frames,
            cameras=self.cameras,
            people=1 + number % self.people,
            size=(self.height, self.width),
            fps=self.fps,
        )


def write_dome(folder: Path, *, sequences: int, **settings: int | float) -> list[Path]:
    """Writes several sequences.

    Args:
        folder: where they go.
        sequences: how many.
        **settings: other fields of `Dome`.

    Returns:
        The folders of all of them, those that were there included.
    """
    return Dome(Path(folder), sequences=sequences, **settings).write()
