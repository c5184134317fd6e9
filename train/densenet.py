"""Trains a DenseNet-BC pose regressor (Huang et al. 2017, arXiv 1608.06993).

python -m train.densenet --records data/lspet
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from models import build_densenet
from train.cli import run_recipe
from train.config import TrainConfig
from train.loop import train


@dataclass(frozen=True)
class DenseNetConfig(TrainConfig):
    """Options of DenseNet training.

    Attributes:
        depth: 121, 169 or 201, as in the paper; blocks overrides it.
        blocks: layers of each dense block, for a DenseNet-BC of your own, such as 4 8 16 8.
        growth_rate: channels that each layer adds.
    """

    depth: int = 121
    blocks: tuple[int, ...] = ()
    growth_rate: int = 32


def train_densenet(config: DenseNetConfig) -> Path:
    """Trains and returns the run folder."""
    name = f"densenet{'-'.join(map(str, config.blocks)) or config.depth}"
    build = partial(build_densenet, config.blocks or config.depth, growth_rate=config.growth_rate)
    return train(config, name, build)


if __name__ == "__main__":
    run_recipe("densenet", DenseNetConfig, __doc__, train_densenet)
