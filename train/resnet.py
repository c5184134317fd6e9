"""Trains a pre-activation ResNet pose regressor (He et al. 2016, arXiv 1603.05027).

python -m train.resnet --records data/lspet
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from models import build_resnet
from train.cli import run_recipe
from train.config import TrainConfig
from train.loop import train


@dataclass(frozen=True)
class ResNetConfig(TrainConfig):
    """Options of ResNet training.

    Attributes:
        depth: layers of the net, as in the paper.
        width: channels of the first stage.
    """

    depth: Literal[10, 18, 26, 34, 50, 101, 152] = 50
    width: int = 64


def train_resnet(config: ResNetConfig) -> Path:
    """Trains and returns the run folder."""
    return train(config, f"resnet{config.depth}", partial(build_resnet, config.depth, width=config.width))


if __name__ == "__main__":
    run_recipe("resnet", ResNetConfig, __doc__, train_resnet)
