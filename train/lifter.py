"""Trains a net that lifts joints from 2D to 3D (Martinez et al., arXiv 1705.03098; Pavllo et al., arXiv 1811.11742).

python -m train.lifter --records data/sequences

The records are of one person's joints over time in space (`python -m data_prep ... --kind sequences`). In training each
window of them is seen by a camera of its own, with the errors that 2D models really make. The papers' nets: Martinez'
with `--frames 1 --filters 1024 --dropout 0.5`, Pavllo's with `--frames 243 --filters 1024`. Their own recipes: Adam at
1e-3, which falls by 0.96 in 100 000 batches of 64 for 200 epochs, or by 0.95 an epoch with batches of 1024 for 80.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from records import Manifest, read_manifest
from records.sequences.views import Viewing
from train.cli import run_recipe
from train.config import TrainConfig
from train.loop import train

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class LifterConfig(TrainConfig):
    """Options of the training of lifters.

    Attributes:
        records: the shard set of sequences to train on, with a train and a val split.
        epochs: passes over the training split, of which each takes a window for each 25 frames.
        batch_size: windows in a batch.
        input_size: not used: there are no images.
        head: must be "lifted": a point in space for each joint.
        neck: must be "auto": there is none.
        score_radius: not used: the joints have no scores.
        augmentation: how virtual cameras and 2D models see people.
        frames: the net's frames, of which the middle one is answered: 1 for Martinez' net, which lifts each frame by
            itself, or a power of 3 for Pavllo's.
        filters: width of the net; both papers have 1024.
        blocks: residual blocks of Martinez' net.
        dropout: share of the features that training drops; 0.5 in Martinez' net and 0.25 in Pavllo's.
    """

    heads: ClassVar[Any] = Literal["lifted"]

    epochs: int = 80
    batch_size: int = 128
    head: Literal["lifted"] = "lifted"  # type: ignore[assignment]
    weight_decay: float = 0.01
    augmentation: Viewing = field(default_factory=Viewing)  # type: ignore[assignment]
    frames: int = 27
    filters: int = 384
    blocks: int = 2
    dropout: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.input_size is not None or self.neck != "auto" or self.learn != "all":
            raise ValueError("a lifter has no images, no neck and no scores; leave --input-size, --neck, --learn out")
        if self.frames not in (3**power for power in range(8)):
            raise ValueError(f"frames must be 1 or a power of 3, such as 27, 81 and 243, got {self.frames}")
        for name in ("filters", "blocks"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be from 0 to below 1, got {self.dropout}")

    def size_of(self, manifest: Manifest) -> int:
        """The number of the net's frames."""
        return self.frames


def train_lifter(config: LifterConfig) -> Path:
    """Trains and returns the run folder."""
    skeleton = read_manifest(config.records, "sequences").skeleton

    def build(num_joints: int, *, input_size: int, head: Any, normalization: Any, **_: Any) -> keras.Model:
        from models import build_lifter, build_temporal_lifter

        shared = {"filters": config.filters, "dropout": config.dropout, "head": head, "normalization": normalization}
        if input_size == 1:
            return build_lifter(num_joints, blocks=config.blocks, **shared)
        return build_temporal_lifter(num_joints, frames=input_size, **shared)

    from models.forms.lifted import FORM

    return train(config, f"lifter_{config.frames}_{config.filters}_{skeleton.name}", build, form=FORM)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("lifter", LifterConfig, __doc__, train_lifter, arguments)


if __name__ == "__main__":
    sys.exit(main())
