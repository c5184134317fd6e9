"""Trains stacked hourglasses (Newell et al., arXiv 1603.06937).

python -m train.hourglass --records data/lspet --movenet package

The paper's net: `--variant published --stacks 8 --input-size 256`. Its own recipe was RMSprop at 2.5e-4, batches of 6
and squared errors from Gaussians of 1 cell; its authors' later one, Adam at 1e-3 and batches of 16, is better by two
points of PCKh. Here the loss is that of `--head`, and the batch and the learning rate are those of the later recipe.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from train.cli import run_recipe
from train.light import LightConfig
from train.loop import train

if TYPE_CHECKING:
    import keras

Heads = Literal["heatmaps", "integral"]


@dataclass(frozen=True)
class HourglassConfig(LightConfig):
    """Options of hourglass training.

    Attributes:
        batch_size: people in a batch.
        head: the form of the net's outputs, which are maps: "heatmaps" are read by a 1 x 1 convolution, as published.
        neck: the layers between the backbone and the hourglasses of the light net, "auto" for MoveNet's narrow ones;
            the published net must have "none".
        variant: "light" has hourglasses of separable convolutions on MoveNet's backbone and pyramid, "published" is the
            paper's (25 million parameters in 8 stacks).
        stacks: number of hourglasses; the paper has 1 to 8.
        intermediate: whether every stack has a loss of its own; otherwise only the last one has.
    """

    heads: ClassVar[Any] = Heads

    batch_size: int = 16
    head: Heads = "heatmaps"
    stacks: int = 2
    intermediate: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stacks < 1:
            raise ValueError(f"stacks must be 1 or more, got {self.stacks}; the paper has 1 to 8")
        if not self.is_light and self.neck not in ("auto", "none"):
            raise ValueError(f"the published net has no neck, got {self.neck}; leave --neck out")


def train_hourglass(config: HourglassConfig) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, *, neck: Any, **options: Any) -> keras.Model:
        from models import NECKS, build_hourglass, build_hourglass_light, plain_heatmap_head

        if config.head == "heatmaps":
            options["head"] = plain_heatmap_head
        if not config.is_light:
            return build_hourglass(config.stacks, num_joints, **options)
        neck = NECKS["narrow" if config.neck == "auto" else config.neck]
        return build_hourglass_light(config.width, config.stacks, num_joints, neck=neck, **options)

    name = f"hourglass_{config.stacks}"
    if config.is_light:
        name = f"hourglass_light_{config.stacks}_{config.width:g}"
    weights = {} if config.intermediate else {f"stage{stack}": 0.0 for stack in range(1, config.stacks)}
    return train(config, name, build, config.start(pyramid=config.neck in ("auto", "narrow")), stage_weights=weights)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("hourglass", HourglassConfig, __doc__, train_hourglass, arguments)


if __name__ == "__main__":
    sys.exit(main())
