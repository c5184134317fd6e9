"""Trains a net that finds joints in space in depth images, from nothing.

python -m train.depth --records data/depth

The records have depth: those of the studio's Kinects (`python -m data_prep panoptic-kinect`), or of the synthetic dome
(`records dome --maps`, then `python -m data_prep panoptic --depth sensor --size 128`). Their images are of the net's
size. `--head volumes --input-size 224` is V2V-PoseNet (arXiv 1711.07399), whose own recipe was RMSprop at 2.5e-4,
batches of 8 and 10 epochs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from records import Augmentation
from train.cli import run_recipe
from train.config import TrainConfig
from train.loop import train

if TYPE_CHECKING:
    import keras

Heads = Literal["cone", "depth-readout", "volumes"]


# A part of a body is not in the middle, where the body's depth is read.
_VARIED = Augmentation(rotation_deg=20.0, closeup=0.0, clutter=0.7)


@dataclass(frozen=True)
class DepthConfig(TrainConfig):
    """Options of the training on depth images.

    Attributes:
        head: the form of the net's outputs: "cone" classifies the voxels of the camera's cone of view, "depth-readout"
            gives each joint a map and reads the depth at its peak, "volumes" is V2V-PoseNet, on voxels of a cube.
        epochs: passes over the training split.
        augmentation: how much to vary the training images, of which those of color are not used.
        depth: layers of the pre-activation ResNet of the first two forms.
        width: channels of its stem; 64 in the paper.
        corrected: whether "depth-readout" predicts the way from the surface to the joint.
        cells: cells of V2V-PoseNet's volumes along an edge, a multiple of 4; 44 in the paper.
        share: share of V2V-PoseNet's published channels.
    """

    heads: ClassVar[Any] = Heads

    head: Heads = "cone"  # type: ignore[assignment]
    epochs: int = 20
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(rotation_deg=20.0, closeup=0.0, clutter=0.7)
    )
    depth: Literal[10, 18, 26, 34, 50, 101, 152] = 18
    width: int = 32
    corrected: bool = True
    cells: int = 44
    share: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1:
            raise ValueError(f"width must be 1 or more, got {self.width}")
        if self.cells < 4 or self.cells % 4:
            raise ValueError(f"cells must be a multiple of 4, got {self.cells}; the paper has 44")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, got {self.share}")
        if self.head == "volumes" and self.neck != "auto":
            raise ValueError("V2V-PoseNet has no neck; leave --neck out")
        if self.learn == "scores":
            raise ValueError("a net on depth images has no scores that could be learned alone; leave --learn out")


def train_depth(config: DepthConfig) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, *, neck: Any, head: Any, **options: Any) -> keras.Model:
        from models import NECKS, build_depth_resnet, build_v2v

        if config.head == "volumes":
            return build_v2v(num_joints, cells=config.cells, width=config.share, head=head, **options)
        if config.head == "depth-readout":
            head = partial(head, corrected=config.corrected)
        neck = NECKS["pyramid" if config.neck == "auto" else config.neck]
        return build_depth_resnet(num_joints, depth=config.depth, width=config.width, neck=neck, head=head, **options)

    from models.forms import DEPTH_FORMS

    name = f"v2v_{config.share:g}" if config.head == "volumes" else f"depth_resnet{config.depth}_{config.width}"
    return train(config, f"{name}_{config.head}", build, form=DEPTH_FORMS[config.head])


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("depth", DepthConfig, __doc__, train_depth, arguments)


if __name__ == "__main__":
    sys.exit(main())
