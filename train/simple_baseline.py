"""Trains a Simple Baseline: deconvolutions on a backbone's coarsest features (Xiao et al., arXiv 1804.06208).

python -m train.simple_baseline --records data/lspet --movenet package
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from records import Augmentation
from train.cli import run_recipe
from train.config import Head, Neck
from train.light import LightConfig
from train.loop import train

if TYPE_CHECKING:
    import keras

Variant = Literal["light", "published", "pre-activation"]
# Channels of the deconvolutions; the paper's of ResNets.
_FILTERS = {"light": 64, "published": 256, "pre-activation": 256}


@dataclass(frozen=True)
class SimpleBaselineConfig(LightConfig):
    """Options of Simple Baseline training.

    The paper's other constants: boxes of 4:3 in images of 256 x 192 px, squared errors of Gaussian maps of 2 cells
    instead of "heatmaps" cross-entropy with them, Adam at 1e-3, a tenth of it after 90 and 120 of 140 epochs.

    Attributes:
        head: as for every net; "heatmaps" is a single 1x1 convolution, as in the paper.
        neck: must be "deconv", which is also "auto": see `deconv_layers`.
        variant: "light" stands on MoveNet's backbone, "published" on the paper's ResNet (34 million parameters at depth
            50), "pre-activation" on the ResNet of `train.resnet`.
        depth: layers of the ResNets.
        deconv_layers: number of deconvolutions; each doubles the resolution, and 3 give maps with a cell of 4 px.
        deconv_filters: channels of the deconvolutions; 64 in the light net and 256 in the others if not given.
        deconv_kernel: side of the deconvolutions' kernels.
        augmentation: how much to vary the training images; rotation and scale are the paper's.
    """

    variants: ClassVar[Any] = Variant
    head: Head = "heatmaps"
    neck: Neck = "auto"
    variant: Variant = "light"  # type: ignore[assignment]
    depth: Literal[10, 18, 26, 34, 50, 101, 152] = 50
    deconv_layers: int = 3
    deconv_filters: int | None = None
    deconv_kernel: Literal[2, 3, 4] = 4
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(rotation_deg=40.0, scale=0.3))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neck not in ("auto", "deconv"):
            raise ValueError(f"a Simple Baseline has the neck deconv, got {self.neck}; leave --neck out")
        for name, usual in (("deconv_layers", "3"), ("deconv_filters", "256")):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}; the paper has {usual}")
        if self.deconv_kernel not in (2, 3, 4):
            raise ValueError(f"deconv_kernel must be 2, 3 or 4, got {self.deconv_kernel}; the paper has 4")


def train_simple_baseline(config: SimpleBaselineConfig) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, *, neck: Any, **options: Any) -> keras.Model:
        from models import build_movenet, build_resnet, build_simple_baseline, deconv_neck, plain_heatmap_head

        filters = config.deconv_filters or _FILTERS[config.variant]
        neck = partial(deconv_neck, layers=config.deconv_layers, filters=filters, kernel_size=config.deconv_kernel)
        if config.head == "heatmaps":
            options["head"] = plain_heatmap_head
        if config.is_light:
            return build_movenet(config.width, num_joints, neck=neck, **options)
        builder = build_simple_baseline if config.variant == "published" else build_resnet
        return builder(config.depth, num_joints, neck=neck, **options)

    size = f"{config.width:g}" if config.is_light else f"{config.depth}"
    name = f"simple_baseline_{config.variant}_{size}"
    return train(config, name, build, config.start())


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("simple_baseline", SimpleBaselineConfig, __doc__, train_simple_baseline, arguments)


if __name__ == "__main__":
    sys.exit(main())
