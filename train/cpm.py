"""Trains a convolutional pose machine (Wei et al., arXiv 1602.00134).

python -m train.cpm --records data/coco --movenet package

The paper's net: `--variant published --stages 6 --input-size 368`. Its own recipe was SGD with momentum 0.9 at 8e-5
(five times that in the first stage), times 0.333 every 136 106 batches of 16, weight decay 5e-4, rotation 40 degrees,
scale 0.7 to 1.3. The first stage learns everybody's joints, which records have that are made with `--others`; the later
ones learn only those of the person in the middle.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from records import read_manifest
from train.cli import run_recipe
from train.light import LightConfig
from train.loop import train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class CpmConfig(LightConfig):
    """Options of the training of convolutional pose machines.

    Attributes:
        batch_size: people in a batch.
        head: must be "beliefs": for each joint, and the background, the height of a Gaussian about it.
        neck: the layers between the backbone and the stages of the light net, "auto" for MoveNet's narrow ones; the
            published net must have "none".
        variant: "light" has stages of separable convolutions on MoveNet's backbone and pyramid, "published" is the
            paper's (31 million parameters in 6 stages).
        stages: number of stages; the paper has 6.
        intermediate: whether every stage has a loss of its own; otherwise only the last one has.
        same_targets: whether the first stage too learns only the joints of the person in the middle.
    """

    heads: ClassVar[Any] = Literal["beliefs"]

    batch_size: int = 16
    head: Literal["beliefs"] = "beliefs"  # type: ignore[assignment]
    stages: int = 3
    intermediate: bool = True
    same_targets: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stages < 1:
            raise ValueError(f"stages must be 1 or more, got {self.stages}; the paper has 6")
        if not self.is_light and self.neck not in ("auto", "none"):
            raise ValueError(f"the published net has no neck, got {self.neck}; leave --neck out")


def train_cpm(config: CpmConfig) -> Path:
    """Trains and returns the run folder."""
    source = read_manifest(config.records, "people").source
    everybody = config.stages > 1 and not config.same_targets
    if everybody and not source.get("others"):
        print(
            f"note: {config.records} was made without --others, so that the first stage learns the joints of the "
            "person in the middle alone, as with --same-targets",
            file=sys.stderr,
        )

    def build(num_joints: int, *, neck: Any, **options: Any) -> keras.Model:
        from models import NECKS, build_cpm, build_cpm_light

        if not config.is_light:
            return build_cpm(num_joints, stages=config.stages, **options)
        neck = NECKS["narrow" if config.neck == "auto" else config.neck]
        return build_cpm_light(config.width, num_joints, stages=config.stages, neck=neck, **options)

    from models.forms.beliefs import FORM, everybody_loss

    name = f"cpm_{config.stages}" if not config.is_light else f"cpm_light_{config.stages}_{config.width:g}"
    return train(
        config,
        name,
        build,
        config.start(pyramid=config.neck in ("auto", "narrow")),
        form=FORM,
        stage_weights={} if config.intermediate else {f"stage{stage}": 0.0 for stage in range(1, config.stages)},
        stage_losses={"stage1": everybody_loss} if everybody else {},
    )


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("cpm", CpmConfig, __doc__, train_cpm, arguments)


if __name__ == "__main__":
    sys.exit(main())
