"""Trains a net that recognizes people by how their joints move in an image.

python -m train.gait_joints --records data/walkers

The joints lie beside the silhouettes, PERSON/CLOTHES-WALK/VIEW/joints.npy, as `python -m data_prep walkers` writes
them; `--blur` adds errors such as those of a model. Test and figures are those of `train.gaitset`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from machine.command import run_command
from pose import PANOPTIC19
from train.loop.walkers import Draw, Recordings, WalkerConfig, train_recognizer

if TYPE_CHECKING:
    import keras

_HIPS = [PANOPTIC19.index("left_hip"), PANOPTIC19.index("right_hip")]


@dataclass(frozen=True)
class GaitJointsConfig(WalkerConfig):
    """Options of the training.

    Attributes:
        channels: of the net's blocks.
        blur: standard deviation of errors of the joints as a share of the person's height, in training and in the test.
    """

    frames: int = 24
    walks: int = 6
    channels: tuple[int, ...] = (128, 128, 256)
    blur: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.blur < 1:
            raise ValueError(f"blur must be from 0 to 1, got {self.blur}")

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.run or Path("runs") / f"gait-joints-{self.records.name}"


def read_joints(folder: Path, blur: float = 0.0) -> Recordings:
    """The joints float32 (F, 19, 2) of PERSON/CLOTHES-WALK/VIEW/joints.npy, about the hips, in heights of the person.

    Args:
        folder: of the people.
        blur: standard deviation of errors that are added, in heights; they are the same each time.

    Raises:
        ValueError: the folder holds no joints in this layout.
    """
    found: Recordings = {}
    for path in sorted(folder.glob("*/*/*/joints.npy")):
        person, kind, view = path.parent.relative_to(folder).parts
        xy_px = np.load(path).astype(np.float64)
        height_px = float(np.median(np.ptp(xy_px[..., 1], axis=1)))
        xy = (xy_px - xy_px[:, _HIPS].mean(axis=1, keepdims=True)) / height_px
        rng = np.random.default_rng(len(found))
        found[person, kind, int(view)] = (xy + rng.normal(0, blur, xy.shape)).astype(np.float32)
    if not found:
        raise ValueError(f"{folder} holds no joints; they must lie in PERSON/CLOTHES-WALK/VIEW/joints.npy")
    return found


def frames_in_a_row(number: int) -> Draw:
    """Draws successive frames of a walk; one that is too short is played forward and backward."""

    def draw(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        while len(frames) < number:
            frames = np.concatenate([frames, frames[-2::-1]]) if len(frames) > 1 else np.repeat(frames, number, axis=0)
        start = int(rng.integers(len(frames) - number + 1))
        return frames[start : start + number]

    return draw


def train_gait_joints(config: GaitJointsConfig) -> Path:
    """Trains, measures the test people, and returns the run folder.

    Raises:
        ValueError: there are too few people, or the run's folder exists without `resume`.
    """

    def build() -> keras.Model:
        from models.gait_joints import build_gait_joints

        return build_gait_joints(config.channels, joints=len(PANOPTIC19.joints))

    def read() -> Recordings:
        return read_joints(config.records, config.blur)

    others = {"mean and deviation": _as_statistics}
    return train_recognizer(config, config.folder, read, build, frames_in_a_row(config.frames), others)


def _as_statistics(frames: np.ndarray) -> np.ndarray:
    """The mean place of each joint and how far it moves about it, without any net: (1, 76)."""
    return np.concatenate([frames.mean(axis=0), frames.std(axis=0)]).reshape(1, -1)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""

    def run(config: GaitJointsConfig) -> None:
        train_gait_joints(config)

    return run_command(GaitJointsConfig, run, arguments, prog="python -m train.gait_joints", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
