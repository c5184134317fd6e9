"""Trains GaitSet (Chao et al., arXiv 1811.06186), which recognizes people by how they walk.

python -m train.gaitset --records data/walkers

The silhouettes lie in the layout of CASIA-B, PERSON/CLOTHES-WALK/VIEW/*.png, as `python -m data_prep walkers` draws
them. The last people by name are never trained on; of them it prints how often the nearest walk of a gallery, seen from
another side, is the same person's (rank 1), by the net and, without any, by the mean of the silhouettes. The paper's
recipe: `--channels 32 64 128 --people 8 --walks 16 --frames 30 --steps 80000 --learning-rate 1e-4`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from machine.command import run_command
from pose.silhouette import energy_image, normalized
from train.loop.walkers import Draw, Recordings, WalkerConfig, train_recognizer

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class GaitSetConfig(WalkerConfig):
    """Options of the training.

    Attributes:
        channels: of the net's three blocks; 32, 64 and 128 are published.
    """

    channels: tuple[int, int, int] = (16, 32, 64)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.run or Path("runs") / f"gaitset-{self.records.name}"


def read_silhouettes(folder: Path) -> Recordings:
    """The silhouettes uint8 (F, 64, 44) of PERSON/CLOTHES-WALK/VIEW/*.png.

    Files that are no image, or show hardly anybody, are left out.

    Raises:
        ValueError: the folder holds no silhouettes in this layout.
    """
    found: Recordings = {}
    for place in sorted(folder.glob("*/*/*")):
        person, kind, view = place.relative_to(folder).parts
        if not place.is_dir() or not view.isdigit() or person.startswith("."):
            continue
        masks = (cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(place.glob("*.png")))
        frames = [frame for mask in masks if mask is not None and (frame := normalized(mask > 127)) is not None]
        if frames:
            found[person, kind, int(view)] = np.stack(frames)
    if not found:
        raise ValueError(f"{folder} holds no silhouettes; they must lie in PERSON/CLOTHES-WALK/VIEW/*.png")
    return found


def train_gaitset(config: GaitSetConfig) -> Path:
    """Trains, measures the test people, and returns the run folder.

    Raises:
        ValueError: there are too few people, or the run's folder exists without `resume`.
    """

    def build() -> keras.Model:
        from models.gaitset import build_gaitset

        return build_gaitset(config.channels)

    def read() -> Recordings:
        return read_silhouettes(config.records)

    return train_recognizer(config, config.folder, read, build, any_frames(config.frames), {"energy image": _as_energy})


def any_frames(number: int) -> Draw:
    """Draws frames of a walk in any order: they are a set."""

    def draw(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return frames[rng.choice(len(frames), number, replace=len(frames) < number)]

    return draw


def _as_energy(frames: np.ndarray) -> np.ndarray:
    """The energy image, which is nearest to that of the same walk without any net."""
    return energy_image(frames).reshape(1, -1).astype(np.float32)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""

    def run(config: GaitSetConfig) -> None:
        train_gaitset(config)

    return run_command(GaitSetConfig, run, arguments, prog="python -m train.gaitset", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
