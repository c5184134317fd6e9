"""Trains a pre-activation ResNet pose regressor (He et al. 2016, arXiv 1603.05027).

python -m train.resnet --records data/lspet
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

    def build(num_joints: int, **options: Any) -> keras.Model:
        from models import build_resnet

        return build_resnet(config.depth, num_joints, width=config.width, **options)

    return train(config, f"resnet{config.depth}", build)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("resnet", ResNetConfig, __doc__, train_resnet, arguments)


if __name__ == "__main__":
    sys.exit(main())
