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
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from records import read_manifest
from train.cli import run_recipe
from train.config import Neck
from train.light import LightConfig
from train.loop.phases import Phase, train_in_phases

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class IefConfig(LightConfig):
    """Options of IEF training.

    Attributes:
        head: must be "coordinates": the steps are corrections of points.
        neck: must be "none": the head reads the coarsest features.
        variant: "light" is a MobileNetV2, "published" a GoogLeNet; the first convolution of both also sees the pose.
        steps: number of steps.
        bounded: no step moves a joint by more than 20 px of an image of 224 px; otherwise every step is trained to
            reach the label.
        consolidation: train on the path from the mean pose to the label, one step more in each phase; otherwise all
            steps at once, each on what the net answered before.
    """

    heads: ClassVar[Any] = Literal["coordinates"]

    head: Literal["coordinates"] = "coordinates"  # type: ignore[assignment]
    neck: Neck = "auto"
    steps: int = 4
    bounded: bool = True
    consolidation: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 1:
            raise ValueError(f"steps must be 1 or more, got {self.steps}; 4 is the published number")
        if self.neck not in ("auto", "none"):
            raise ValueError(f"the net has no neck, got {self.neck}; leave --neck out")


def train_ief(config: IefConfig) -> Path:
    """Trains and returns the run folder."""
    name = config.name_of("ief")
    size = read_manifest(config.records, "people").size
    width = config.width if config.is_light else None

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

    phases = [
        Phase(f"step{steps}", partial(build, steps=steps), partial(forward, steps=steps))
        for steps in (range(1, config.steps + 1) if config.consolidation else [config.steps])
    ]
    from models import ief_form

    return train_in_phases(config, name, phases, config.start(inner=lambda net: net.get_layer("step")), form=ief_form())


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("ief", IefConfig, __doc__, train_ief, arguments)


if __name__ == "__main__":
    sys.exit(main())
