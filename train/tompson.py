"""Trains coarse maps, a spatial model and fine maps (Tompson et al., arXiv 1411.4280 and 1406.2984).

python -m train.tompson --records data/lsp --movenet package

Half of the epochs train the coarse maps, a quarter the spatial model and the fine maps about the coarse estimates, and
a quarter all together, with a tenth of the fine maps' loss. The records should show the person in the middle of the
image.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from records import read_manifest
from train.cli import run_recipe
from train.config import Neck
from train.light import LightConfig
from train.loop.phases import Phase, train_in_phases

if TYPE_CHECKING:
    import keras

    from pose import Skeleton

#: Weight of the fine maps' loss in the last phase.
FINE_WEIGHT = 0.1
# How the names of the layers of the coarse nets begin.
_COARSE = {"light": ("stem", "stage", "pyramid", "coarse"), "published": ("bank", "coarse")}


@dataclass(frozen=True)
class TompsonConfig(LightConfig):
    """Options of training of coarse and fine maps.

    Attributes:
        input_size: height and width of the net's images in px, a multiple of 32 from 64 on; the records' own if not
            given.
        head: must be "coordinates": points, which are read from maps.
        neck: must be "none": the nets have their own.
        variant: "light" has MoveNet's MobileNetV2 and narrow pyramid, "published" convolutions of a pyramid of images.
        spatial: correct the coarse maps by where joints lie from one another.
        fine: look again at a square about each coarse estimate.
        shared: the joints share the fine net's weights, but for its last layer; otherwise each has a net.
    """

    heads: ClassVar[Any] = Literal["coordinates"]

    head: Literal["coordinates"] = "coordinates"  # type: ignore[assignment]
    neck: Neck = "auto"
    spatial: bool = True
    fine: bool = True
    shared: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neck not in ("auto", "none"):
            raise ValueError(f"the nets have necks of their own, got {self.neck}; leave --neck out")
        if not self.fine and not self.shared:
            raise ValueError("without fine maps there is nothing to share; leave --no-shared or --no-fine out")


def train_tompson(config: TompsonConfig) -> Path:
    """Trains and returns the run folder."""
    name = config.name_of("tompson")
    manifest = read_manifest(config.records, "people")

    def build(num_joints: int, whole: bool, **options: Any) -> keras.Model:
        from models import build_tompson

        options |= {"spatial": whole and config.spatial, "fine": whole and config.fine, "shared": config.shared}
        return build_tompson(num_joints, width=config.width if config.is_light else None, **options)

    copy = config.start(pyramid=True)

    def start(net: keras.Model) -> None:
        if copy is not None:
            copy(net)
        start_spatial_model(net, config.records, manifest.skeleton, config.augmentation.flip > 0)

    from models import tompson_form

    return train_in_phases(config, name, phases_of(config, build), start, form=tompson_form())


def phases_of(config: TompsonConfig, build: Any) -> list[Phase]:
    """The phases: the coarse maps, the rest, all together."""
    if not config.spatial and not config.fine:
        return [Phase("coarse", partial(build, whole=False))]
    whole = partial(build, whole=True)
    weights = {"": FINE_WEIGHT} if config.fine else {}
    return [
        Phase("coarse", partial(build, whole=False), share=2.0),
        Phase(
            "fine" if config.fine else "spatial", whole, frozen=_COARSE[config.variant], stage_weights={"stage1": 0.0}
        ),
        Phase("joint", whole, stage_weights=weights),
    ]


def start_spatial_model(net: keras.Model, records: Path, skeleton: Skeleton, flip: bool) -> None:
    """Sets a net's spatial model, if it has one, to the displacements of the training split's joints.

    Args:
        net: changed in place.
        records: the shard set.
        skeleton: of its people.
        flip: whether people are mirrored in training.
    """
    from evaluate.pose_2d.baseline import label_batches
    from models import displacement_kernels, encode
    from models.spatial_model import LAYER

    layer = next((layer for layer in net.layers if layer.name == LAYER), None)
    if layer is None:
        return
    size, joints = read_manifest(records).size, skeleton.num_joints
    people = ((encode(batch["joints_xy_px"], size), batch["visible"] > 0) for batch in label_batches(records, "train"))
    order = np.array(skeleton.flip_order) if flip and not skeleton.lone_joints else None
    kernels, background = layer.get_weights()
    layer.set_weights([displacement_kernels(people, joints, (kernels.shape[0] + 1) // 2, order), background])


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("tompson", TompsonConfig, __doc__, train_tompson, arguments)


if __name__ == "__main__":
    sys.exit(main())
