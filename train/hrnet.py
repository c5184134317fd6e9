"""Trains an HRNet: parallel resolutions that exchange features (Sun et al., arXiv 1902.09212).

python -m train.hrnet --records data/lspet --movenet package
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from records import Augmentation
from train.cli import run_recipe
from train.config import Head, Neck
from train.light import LightConfig
from train.loop import train

if TYPE_CHECKING:
    import keras

Exchanges = Literal["all", "across-stages", "last"]


@dataclass(frozen=True)
class HRNetConfig(LightConfig):
    """Options of HRNet training.

    The paper's other constants: boxes of 4:3 in images of 256 x 192 px, squared errors of Gaussian maps of 2 cells
    instead of "heatmaps" cross-entropy with them, Adam at 1e-3, a tenth of it after 170 and 200 of 210 epochs, and
    crops of half of the body, which there are none of here.

    Attributes:
        head: as for every net; "heatmaps" is a single 1x1 convolution, as in the paper.
        neck: must be "auto": "exchange" in the light net, "none" in the published one.
        variant: "light" keeps and exchanges the resolutions of MoveNet's backbone by separable convolutions,
            "published" is the paper's net (29 million parameters with 32 channels).
        channels: channels of the finest resolution, doubled in each coarser one; 32 and 48 in the paper, 18 in its
            smallest net.
        modules: number of modules in each of the three stages; 1 4 3 in the published net if not given. The light net
            has one stage, of 2.
        units: residual units of each resolution in a module; 4 in the published net and 2 in the light one if not
            given.
        exchanges: after which modules the resolutions exchange features: "all", the last of each stage
            ("across-stages"), or only the "last".
        augmentation: how much to vary the training images; rotation and scale are the paper's.
    """

    head: Head = "heatmaps"
    neck: Neck = "auto"
    channels: int = 32
    modules: tuple[int, ...] | None = None
    units: int | None = None
    exchanges: Exchanges = "all"
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(rotation_deg=45.0, scale=0.35))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.exchanges not in get_args(Exchanges):
            raise ValueError(f"exchanges must be one of {', '.join(get_args(Exchanges))}, got {self.exchanges}")
        light = self.is_light
        if self.neck not in ("auto", "exchange" if light else "none"):
            raise ValueError(f"the {self.variant} net has a neck of its own, got {self.neck}; leave --neck out")
        stages = 1 if light else 3
        if self.modules is not None and len(self.modules) != stages:
            raise ValueError(f"modules must be {stages} in the {self.variant} net, got {list(self.modules)}")
        if min(self.channels, 1 if self.units is None else self.units, *(self.modules or ())) < 1:
            raise ValueError(
                "channels, units and modules must be 1 or more, got "
                f"{self.channels}, {self.units} and {self.modules and list(self.modules)}"
            )
        if light and self.exchanges == "across-stages":
            raise ValueError('the light net has one stage, got exchanges "across-stages"; choose all or last')


def train_hrnet(config: HRNetConfig) -> Path:
    """Trains and returns the run folder."""

    def build(num_joints: int, *, neck: Any, **options: Any) -> keras.Model:
        from models import build_hrnet, build_movenet, exchange_neck, plain_heatmap_head

        sizes: dict[str, Any] = {} if config.units is None else {"units": config.units}
        if config.head == "heatmaps":
            options["head"] = plain_heatmap_head
        if not config.is_light:
            if config.modules is not None:
                sizes["modules"] = config.modules
            return build_hrnet(config.channels, num_joints, exchanges=config.exchanges, **sizes, **options)
        if config.modules is not None:
            sizes["modules"] = config.modules[0]
        neck = partial(exchange_neck, channels=config.channels, only_last=config.exchanges == "last", **sizes)
        return build_movenet(config.width, num_joints, neck=neck, **options)

    name = f"hrnet_light_{config.width:g}" if config.is_light else f"hrnet_w{config.channels}"
    return train(config, name, build, config.start())


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("hrnet", HRNetConfig, __doc__, train_hrnet, arguments)


if __name__ == "__main__":
    sys.exit(main())
