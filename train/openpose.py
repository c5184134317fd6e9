"""Trains a net that finds everybody in an image by part affinity fields (Cao et al., arXiv 1611.08050 and 1812.08008).

python -m train.openpose --records data/frames --movenet package
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from records import Augmentation, read_manifest
from records.augment import OF_FRAMES
from train.cli import run_recipe
from train.config import Neck
from train.light import LightConfig
from train.loop import train

if TYPE_CHECKING:
    import keras

Variant = Literal["light", "published", "fields-first"]


@dataclass(frozen=True)
class OpenPoseConfig(LightConfig):
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
        refinements: number of the light net's stages after the first.
        augmentation: how much to vary the training images.
    """

    variants: ClassVar[Any] = Variant
    heads: ClassVar[Any] = Literal["fields"]

    batch_size: int = 10
    head: Literal["fields"] = "fields"  # type: ignore[assignment]
    neck: Neck = "auto"
    variant: Variant = "light"  # type: ignore[assignment]
    refinements: int = 1
    augmentation: Augmentation = field(default_factory=lambda: OF_FRAMES)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.refinements < 0:
            raise ValueError(f"refinements must be 0 or more, got {self.refinements}; 1 is the usual number")
        if not self.is_light and self.neck not in ("auto", "none"):
            raise ValueError(f"the {self.variant} net has no neck, got {self.neck}; leave --neck out")
        if self.learn == "scores":
            raise ValueError("a net of fields has no scores to learn alone; leave --learn out")


def train_openpose(config: OpenPoseConfig) -> Path:
    """Trains and returns the run folder."""
    skeleton = read_manifest(config.records, "frames").skeleton

    def build(num_joints: int, *, neck: Any, **options: Any) -> keras.Model:
        from models import NECKS, build_openpose, build_openpose_fields_first, build_openpose_light

        if not config.is_light:
            return (build_openpose if config.variant == "published" else build_openpose_fields_first)(
                num_joints, **options
            )
        neck = NECKS["narrow" if config.neck == "auto" else config.neck]
        return build_openpose_light(config.width, num_joints, neck=neck, refinements=config.refinements, **options)

    name = config.name_of("openpose")
    from models.forms.fields import fields_form

    form = fields_form(skeleton)
    return train(config, name, build, config.start(pyramid=config.neck in ("auto", "narrow")), form=form)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("openpose", OpenPoseConfig, __doc__, train_openpose, arguments)


if __name__ == "__main__":
    sys.exit(main())
