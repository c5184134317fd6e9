"""Trains a DenseNet-BC pose regressor (Huang et al. 2017, arXiv 1608.06993).

python -m train.densenet --records data/lspet
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
class DenseNetConfig(TrainConfig):
    """Options of DenseNet training.

    Attributes:
        depth: 121, 169 or 201, as in the paper; blocks overrides it.
        blocks: layers of each dense block, for a DenseNet-BC of your own, such as 4 8 16 8.
        growth_rate: channels that each layer adds.
    """

    depth: Literal[121, 169, 201] = 121
    blocks: tuple[int, ...] = ()
    growth_rate: int = 32


def train_densenet(config: DenseNetConfig) -> Path:
    """Trains and returns the run folder."""
    name = f"densenet{'-'.join(map(str, config.blocks)) or config.depth}"

    def build(num_joints: int, **options: Any) -> keras.Model:
        from models import build_densenet

        return build_densenet(config.blocks or config.depth, num_joints, growth_rate=config.growth_rate, **options)

    return train(config, name, build)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("densenet", DenseNetConfig, __doc__, train_densenet, arguments)


if __name__ == "__main__":
    sys.exit(main())
