"""Trains DeepPose's cascade of regressors (Toshev and Szegedy, arXiv 1312.4659).

python -m train.deeppose --records data/lsp --movenet package

Each stage is trained for its share of the epochs, after those before it. Later stages cut the joints' sub-images out of
the records' images, so make records that are larger than what a stage sees (--view-size), for example with --size 448.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from artefact.formats import MODEL_FILE
from records import read_manifest
from train.cli import run_recipe
from train.config import Neck
from train.light import LightConfig
from train.loop.phases import Phase, train_in_phases

if TYPE_CHECKING:
    import keras

# What a stage sees, in px.
_VIEW_SIZES = {"light": 112, "published": 220}


@dataclass(frozen=True)
class DeepPoseConfig(LightConfig):
    """Options of DeepPose training.

    Attributes:
        input_size: height and width in px of the images that the stages' views are cut from; the records' own if not
            given.
        head: must be "coordinates": a point for each joint.
        neck: must be "none": the head reads the coarsest features.
        variant: the net of each stage: "light" is a MobileNetV2, "published" an AlexNet (58 million parameters).
        stages: number of stages; 1 is a regressor without a cascade.
        view_size: height and width in px of what the nets see: the whole image in the first stage, a box about each
            joint in later ones; 220 as published and 112 for the light nets if not given.
        sigma: side of a joint's box by the diameter of the pose, which is the distance of a shoulder and the opposing
            hip; published are 2 for whole bodies (LSP) and 1 for upper bodies (FLIC).
        simulated: train later stages about labels moved by errors that are drawn from a normal distribution fitted to
            those of the stage before; otherwise about its predictions.
        boxes: how many joints' boxes a step of later stages looks at, drawn anew for each; all are as many times as
            slow.
    """

    heads: ClassVar[Any] = Literal["coordinates"]

    head: Literal["coordinates"] = "coordinates"  # type: ignore[assignment]
    neck: Neck = "auto"
    stages: int = 3
    view_size: int | None = None
    sigma: float = 2.0
    simulated: bool = True
    boxes: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, usual in (("width", "1.0 is MoveNet Lightning's"), ("sigma", "2 is usual for whole bodies")):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}; {usual}")
        for name, usual in (("stages", "3 is the published number"), ("boxes", "4 is usual")):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}; {usual}")
        smallest = 32 if self.is_light else 96
        if self.view_size is not None and self.view_size < smallest:
            raise ValueError(f"view_size must be {smallest} px or more, got {self.view_size}")
        if self.neck not in ("auto", "none"):
            raise ValueError(f"the net has no neck, got {self.neck}; leave --neck out")


def train_deeppose(config: DeepPoseConfig) -> Path:
    """Trains and returns the run folder."""
    name = config.name_of("deeppose")
    torso = read_manifest(config.records, "people").skeleton.torso

    def build(num_joints: int, stages: int, **options: Any) -> keras.Model:
        from models import build_deeppose

        options |= {"width": config.width if config.is_light else None, "stages": stages}
        options |= {"view_size": config.view_size or _VIEW_SIZES[config.variant], "sigma": config.sigma}
        return build_deeppose(num_joints, torso, **options)

    def forward(before: Path | None, stage: int) -> Any:
        from models import deeppose_forward

        errors = measured_errors(before, config) if config.simulated and before is not None else None
        return deeppose_forward(stage, torso, config.sigma, errors, config.boxes)

    def last_stage(net: keras.Model) -> keras.Model:
        # Those before it are replaced by what they have learned.
        return max((layer for layer in net.layers if layer.name.startswith("stage")), key=lambda layer: layer.name)

    # Later stages see several boxes of each image.
    phases = [Phase("stage1", partial(build, stages=1), share=2.0)]
    for stage in range(2, config.stages + 1):
        earlier = [f"stage{i}" for i in range(1, stage)]
        phases.append(
            Phase(
                f"stage{stage}",
                partial(build, stages=stage),
                partial(forward, stage=stage),
                frozen=tuple(f"{one}/" for one in earlier),
                stage_weights=dict.fromkeys(earlier, 0.0),
            )
        )
    from models import deeppose_form

    return train_in_phases(config, name, phases, config.start(inner=last_stage), form=deeppose_form())


def measured_errors(run: Path, config: DeepPoseConfig) -> tuple[np.ndarray, np.ndarray]:
    """The normal distribution of a model's errors on the training split, for `models.deeppose_forward`."""
    import keras

    from records import dataset

    model = keras.models.load_model(run / MODEL_FILE)
    size = model.input_shape[1]
    batches = dataset(config.records, "train", batch_size=config.batch_size, input_size=size)
    errors, known = [], []
    for pictures, labels in batches.as_numpy_iterator():
        predicted = keras.ops.convert_to_numpy(model(pictures, training=False)["joints_xy_px"])
        errors.append((predicted - labels["joints_xy_px"]) * 2 / size)
        known.append(labels["visible"] > 0)
    return normal_of(np.concatenate(errors), np.concatenate(known))


def normal_of(errors: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (J, 2) and covariance (J, 2, 2) of errors (N, J, 2), of those that are known, bool (N, J).

    A joint without two known errors has those of all joints together.
    """

    def fitted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = values.mean(axis=0)
        return mean, (values - mean).T @ (values - mean) / len(values)

    together = errors[known] if known.any() else np.zeros((1, 2))
    of_joints = [errors[known[:, joint], joint] for joint in range(errors.shape[1])]
    found = [fitted(values if len(values) > 1 else together) for values in of_joints]
    return np.stack([mean for mean, _ in found]), np.stack([covariance for _, covariance in found])


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("deeppose", DeepPoseConfig, __doc__, train_deeppose, arguments)


if __name__ == "__main__":
    sys.exit(main())
