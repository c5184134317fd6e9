"""Trains an EfficientNet-Lite pose net (Tan and Le, arXiv 1905.11946), from ImageNet weights if asked.

python -m train.efficientnet_lite --records data/lspet --head heatmaps --imagenet
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import keras

from models import build_efficientnet_lite
from train.cli import run_recipe
from train.config import TrainConfig
from train.imagenet import start_from_imagenet
from train.loop import train


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

    def build(num_joints: int, **options) -> keras.Model:
        net = build_efficientnet_lite(config.scale, num_joints, **options)
        if config.imagenet:
            start_from_imagenet(net, config.scale)
        return net

    return train(config, f"efficientnet_lite{config.scale}", build)


if __name__ == "__main__":
    run_recipe("efficientnet_lite", EfficientNetLiteConfig, __doc__, train_efficientnet_lite)
