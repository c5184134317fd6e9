"""Trains a net that recovers people's bodies from images: Human Mesh Recovery (Kanazawa et al., arXiv 1712.06584).

python -m train.hmr --records data/bodies --poses data/poses.npz --movenet package

The records are of the synthetic dome, with its bodies (`records dome`, then `python -m data_prep panoptic --bodies`),
or have joints alone (any, made with `--skeleton panoptic19`), or are a mix of both (`python -m data_prep mix`).
With poses of real people (`python -m data_prep poses`) a critic learns to tell the net's bodies from theirs, and the
net to deceive it. The paper's own recipe: Adam at 1e-5 and 1e-4 for the critic, batches of 64, 75 epochs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from body.human import BONES
from body.pool import NUM_VALUES, read_pool
from pose import PANOPTIC19
from records import Augmentation, read_manifest
from train.cli import run_recipe
from train.light import LightConfig
from train.loop import train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class HmrConfig(LightConfig):
    """Options of the training on bodies.

    Attributes:
        head: must be "bodies": a camera, rotations of bones, a shape.
        neck: must be "auto": the regressor reads the coarsest features.
        variant: the encoder: "light" is MoveNet's backbone, "published" the paper's, a ResNet-50. Both regress the
            dome's body.
        augmentation: how much to vary the training images.
        poses: a file of real people's poses and shapes for the critic; without it there is none.
        pairs: "all" learns joints in space and bodies too, where the records know them; "none" only the joints in the
            images.
        critic_learning_rate: the critic's learning rate at the end of the warm-up, which falls as the net's does.
        steps: how many times the regressor corrects its estimate.
        units: units of the regressor's hidden layers.
        dropout: share of them that training drops.
    """

    heads: ClassVar[Any] = Literal["bodies"]

    head: Literal["bodies"] = "bodies"  # type: ignore[assignment]
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(closeup=0.0))
    poses: Path | None = None
    pairs: Literal["all", "none"] = "all"
    critic_learning_rate: float = 1e-4
    steps: int = 3
    units: int = 1024
    dropout: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neck != "auto" or self.learn != "all":
            raise ValueError("bodies have no neck and no scores that could be learned alone; leave --neck, --learn out")
        for name in ("steps", "units"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be from 0 to below 1, got {self.dropout}")
        if not self.critic_learning_rate > 0:
            raise ValueError(f"critic_learning_rate must be above 0, got {self.critic_learning_rate}")


def train_hmr(config: HmrConfig) -> Path:
    """Trains and returns the run folder.

    Raises:
        ValueError: as `train.loop.train`, the records have other joints than the body, or the poses cannot be read.
    """
    if read_manifest(config.records, "people").skeleton.joints != PANOPTIC19.joints:
        raise ValueError(f"{config.records} has other joints than panoptic19, those of the body; make them of the dome")
    pool = None if config.poses is None else read_pool(config.poses)

    def build(num_joints: int, *, neck: Any, head: Any, **options: Any) -> keras.Model:
        from models import BodyValues, build_hmr, build_hmr_light

        values = BodyValues(len(BONES), NUM_VALUES)
        options |= {"steps": config.steps, "units": config.units, "dropout": config.dropout}
        options["mean"] = values.mean(None if pool is None else pool.rotations)
        if config.is_light:
            return build_hmr_light(config.width, values, **options)
        return build_hmr(values, **options)

    from models import hmr_forward
    from models.forms.bodies import CRITIC_TERMS, FORM, BodyLoss

    judged: dict[str, Any] = {}
    if pool is not None:
        judged["forward"] = hmr_forward(pool.rotations, pool.shape_values)
        judged["rates"] = {"critic_": config.critic_learning_rate / config.learning_rate}
    form = replace(
        FORM,
        loss=partial(BodyLoss, pool is not None, config.pairs == "all"),
        terms=FORM.terms + (CRITIC_TERMS if pool else ()),
    )
    # Earlier iterations are for the critic alone.
    weights = {f"stage{number}": 0.0 for number in range(1, config.steps)}
    return train(config, config.name_of("hmr"), build, config.start(), form=form, stage_weights=weights, **judged)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("hmr", HmrConfig, __doc__, train_hmr, arguments)


if __name__ == "__main__":
    sys.exit(main())
