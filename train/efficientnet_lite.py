"""Trains an EfficientNet-Lite pose net (Tan and Le, arXiv 1905.11946), from ImageNet weights if asked.

python -m train.efficientnet_lite --records data/lspet --head heatmaps --imagenet
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from train.cli import run_recipe
from train.config import TrainConfig
from train.loop import train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class EfficientNetLiteConfig(TrainConfig):
    """Options of EfficientNet-Lite training.

    Attributes:
        scale: of the net, as published; each step up is about 1.4 times slower.
        imagenet: start the backbone from published ImageNet weights; needs the packages of panopose[imagenet].
    """

    scale: Literal[0, 1, 2, 3, 4] = 0
    imagenet: bool = False


def train_efficientnet_lite(config: EfficientNetLiteConfig) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, **options: Any) -> keras.Model:
        from models import build_efficientnet_lite

        return build_efficientnet_lite(config.scale, num_joints, **options)

    def start(net: keras.Model) -> None:
        from train.start.imagenet import start_from_imagenet

        start_from_imagenet(net, config.scale)

    return train(config, f"efficientnet_lite{config.scale}", build, start if config.imagenet else None)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("efficientnet_lite", EfficientNetLiteConfig, __doc__, train_efficientnet_lite, arguments)


if __name__ == "__main__":
    sys.exit(main())
