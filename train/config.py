"""The options that every training recipe shares."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, get_args

from pose.tasks import POSE_2D
from records import Augmentation
from weights import shipped

# Options that do not change the result but for rounding.
_NO_MATTER = (
    *("run", "resume", "tensorboard", "distribute"),
    *("precision", "normalization", "xla", "threads", "measure_again"),
)

Distribute = Literal["none", "devices", "hosts"]

Head = Literal[POSE_2D.forms]  # type: ignore[valid-type]
Neck = Literal["auto", "none", "pyramid", "narrow"]


@dataclass(frozen=True)
class TrainConfig:
    """Options of a training run.

    Attributes:
        records: the shard set to train on, with a train and a val split.
        run: folder for checkpoints, curves and images; `runs/MODEL-RECORDS` if not given.
        epochs: passes over the training split.
        batch_size: people in a batch.
        input_size: height and width of the net's images in px; the records' own if not given.
        head: the form in which the net says where joints are: "coordinates" regresses a point for each (DeepPose, arXiv
            1312.4659), "likelihood" with the distribution of its error (RLE, arXiv 2107.11291); "heatmaps" gives each a
            map (arXiv 1406.2984), read out between its cells (DARK, arXiv 1910.06278), "integral" a map whose mean is
            taken (arXiv 1711.08229); "simcc" classifies column and row (arXiv 2107.03332).
        neck: what makes fine features of the backbone's for the head: a feature "pyramid" (arXiv 1612.03144), MoveNet's
            "narrow" one, or "none"; "auto" is the one that the head is usually used with, none for heads that read the
            coarsest features alone.
        learning_rate: at the end of the warm-up; cosine decay to 0 follows (arXiv 1608.03983).
        warmup_epochs: epochs in which the learning rate rises from 0.
        weight_decay: of AdamW (arXiv 1711.05101); biases and batch normalization are spared.
        clip_norm: the gradient's greatest global norm.
        ema_epochs: time constant, in epochs, of the exponential moving average of the weights that is validated and
            saved as best.keras; 0 turns averaging off.
        score_radius: a joint's score is the probability that it lies within this share of the image's side of
            the truth.
        precision: float32, or bfloat16 arithmetic with float32 weights; auto measures which is faster on this machine.
        normalization: batch normalization by TensorFlow's fused kernel, or plain, by Keras's operations, with the same
            results; auto measures.
        xla: compile the training step with XLA; auto measures, where the training is long enough to pay for compiling.
        threads: processors that TensorFlow computes on; all that this process may use if not given.
        measure_again: measure what is "auto" again, instead of taking what was measured on this machine before.
        learn: what to train: everything, or the scores alone, perhaps with stronger augmentation, so that they learn
            what a crop looks like that shows a person in part or not at all.
        initial: a run folder whose best.keras gives the initial weights, or the name of a model that comes with
            PanoPose; the net must be of the same kind. Where the head is the same, the weights of joints come along by
            the joints' names.
        initial_share: the share of those weights in the mean with the ones that the net would begin from without them.
            Where `initial` was trained from the same published weights, 0.7 to 0.9 make a net that is nearly as good on
            images like yours and better on others (arXiv 2109.01903).
        augmentation: how much to vary the training images.
        distribute: share every batch among all GPUs of this host ("devices"; among its CPU devices where it has no GPU)
            or of several hosts ("hosts": started on each with the same options, and told of one another by the
            environment). The result is that of one device, but for rounding.
        seed: of the initial weights, the order and the augmentation.
        resume: go on with the run in the folder where it stopped.
        tensorboard: write TensorBoard logs into the run folder.
    """

    records: Path
    run: Path | None = None
    epochs: int = 60
    batch_size: int = 32
    input_size: int | None = None
    head: Head = "coordinates"
    neck: Neck = "auto"
    learning_rate: float = 1e-3
    warmup_epochs: float = 2.0
    weight_decay: float = 0.05
    clip_norm: float = 1.0
    ema_epochs: float = 1.0
    score_radius: float = 0.05
    precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto"
    normalization: Literal["auto", "fused", "plain"] = "auto"
    xla: Literal["auto", "on", "off"] = "auto"
    threads: int | None = None
    measure_again: bool = False
    learn: Literal["all", "scores"] = "all"
    initial: Path | None = None
    initial_share: float = 1.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    distribute: Distribute = "none"
    seed: int = 0
    resume: bool = False
    tensorboard: bool = True

    def __post_init__(self) -> None:
        """Checks the ranges."""
        for name, choices in (("head", Head), ("neck", Neck), ("distribute", Distribute)):
            if getattr(self, name) not in get_args(choices):
                listed, got = ", ".join(get_args(choices)), getattr(self, name)
                raise ValueError(f"{name} must be one of {listed}, got {got}; choose one of these")
        for name in ("epochs", "batch_size", "threads"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        for name in ("learning_rate", "clip_norm", "score_radius"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("warmup_epochs", "weight_decay", "ema_epochs"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if self.learn == "scores" and self.initial is None:
            raise ValueError("scores alone can be learnt by a trained net only, got no initial; pass --initial RUN")
        if not 0 < self.initial_share <= 1:
            raise ValueError(f"initial_share must be above 0 and at most 1, got {self.initial_share}")
        if self.initial is None and self.initial_share < 1:
            raise ValueError("initial_share is of the weights of another run, got no initial; pass --initial RUN")
        if self.input_size is not None and self.input_size < 32:
            raise ValueError(f"input_size must be 32 px or more (the nets halve it five times), got {self.input_size}")

    def as_json(self) -> dict:
        """The options as plain values, without those that do not change the result; paths are whole."""
        options = {
            # The name of a model that comes with PanoPose is no path.
            key: str(value if shipped(value) else value.resolve()) if isinstance(value, Path) else value
            for key, value in asdict(self).items()
        }
        return {key: value for key, value in options.items() if key not in _NO_MATTER}
