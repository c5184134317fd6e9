"""The options that every training recipe shares."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from pose.tasks import POSE_2D
from records import Augmentation, Manifest
from weights import shipped

# Options that change the result only by rounding.
_NO_MATTER = (
    *("run", "resume", "log", "distribute"),
    *("precision", "normalization", "xla", "threads", "measure_again"),
)

Log = Literal["tensorboard", "wandb", "mlflow"]
Distribute = Literal["none", "devices", "hosts"]

Head = Literal[POSE_2D.forms]  # type: ignore[valid-type]
Neck = Literal["auto", "none", "pyramid", "narrow", "deconv", "exchange"]


@dataclass(frozen=True)
class TrainConfig:
    """Options of a training run.

    Attributes:
        records: the shard set to train on, with a train and a val split.
        run: folder for checkpoints, curves and images; `runs/MODEL-RECORDS` if not given.
        epochs: passes over the training split.
        patience: stop once the validation figure that chooses the best epoch has not improved for this many epochs; the
            learning rate still falls as if all epochs came. Never by default.
        batch_size: people in a batch.
        input_size: height and width of the net's images in px; the records' own if not given.
        head: the form of the net's outputs: "coordinates" regresses a point for each (DeepPose, arXiv 1312.4659),
            "likelihood" with the distribution of its error (RLE, arXiv 2107.11291); "heatmaps" gives each a map (arXiv
            1406.2984), whose peak is located between its cells (DARK, arXiv 1910.06278), "integral" a map whose mean is
            the joint (arXiv 1711.08229); "simcc" classifies column and row (arXiv 2107.03332).
        neck: the layers that merge the backbone's coarse features into fine ones for the head: a feature "pyramid"
            (arXiv 1612.03144), MoveNet's "narrow" one, the deconvolutions ("deconv") of Simple Baselines (arXiv
            1804.06208), the "exchange" of parallel resolutions of HRNet (arXiv 1902.09212), or "none"; "auto" is the
            head's usual one, which is none for heads that read only the coarsest features.
        learning_rate: learning rate at the end of the warm-up; cosine decay to 0 follows (arXiv 1608.03983).
        warmup_epochs: epochs in which the learning rate rises from 0.
        weight_decay: weight decay of AdamW (arXiv 1711.05101), except for biases and batch normalization.
        clip_norm: maximum global norm of the gradient.
        ema_epochs: time constant, in epochs, of the exponential moving average of the weights that is validated and
            saved as best.keras; 0 turns averaging off.
        score_radius: a joint's score is the probability that it lies within this share of the image's side of its
            label.
        precision: float32, or bfloat16 arithmetic with float32 weights; auto measures which is faster on this machine.
        normalization: batch normalization by TensorFlow's fused kernel, or plain, by Keras's operations, with the same
            results; auto measures.
        xla: compile the training step with XLA; auto measures, where the training is long enough to pay for compiling.
        threads: number of processors for TensorFlow; all that this process may use if not given.
        measure_again: measure the options that are "auto" again, instead of using this machine's earlier measurement.
        learn: what to train: everything; only the head and the neck before it, or, in a net that begins with published
            weights, the head and what is new, which is fast and forgets least of them; or only the scores, for example
            with stronger augmentation, so that they fall for crops that show a person in part or not at all. What is
            not trained keeps the statistics of its normalization.
        initial: a run folder whose best.keras gives the initial weights, or the name of a model that comes with
            PanoPose; the net must have the same architecture. With the same head, the weights of joints are copied by
            joint name.
        initial_share: weight of the `initial` weights in the average with those that the net would start from
            otherwise. If `initial` was trained from the same published weights, 0.7 to 0.9 give a net that is nearly as
            good on images like yours and better on others (arXiv 2109.01903).
        augmentation: how much to vary the training images.
        distribute: share every batch among all GPUs of this host ("devices"; among its CPU devices where it has no GPU)
            or of several hosts ("hosts": started on each with the same options, and listed in environment variables).
            The result is that of one device, up to rounding.
        seed: random seed of the initial weights, the order and the augmentation.
        resume: continue the run in the folder.
        log: loggers beside history.csv: "tensorboard" and "wandb" (Weights & Biases) write into the run folder,
            "mlflow" where MLflow is set to; the last two need the package of that name. `--log` alone is none.
    """

    heads: ClassVar[Any] = Head

    records: Path
    run: Path | None = None
    epochs: int = 60
    patience: int | None = None
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
    learn: Literal["all", "head", "scores"] = "all"
    initial: Path | None = None
    initial_share: float = 1.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    distribute: Distribute = "none"
    seed: int = 0
    resume: bool = False
    log: tuple[Log, ...] = ("tensorboard",)

    def __post_init__(self) -> None:
        for name, choices in (("head", self.heads), ("neck", Neck), ("distribute", Distribute), ("log", Log)):
            given = getattr(self, name)
            for got in given if isinstance(given, tuple) else (given,):
                if got not in get_args(choices):
                    listed = ", ".join(get_args(choices))
                    raise ValueError(f"{name} must be one of {listed}, got {got}; choose one of these")
        for name in ("epochs", "patience", "batch_size", "threads"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        for name in ("learning_rate", "clip_norm", "score_radius"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("warmup_epochs", "weight_decay", "ema_epochs"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if self.learn == "scores" and not self.is_trained:
            raise ValueError("only a trained net can learn its scores alone, got no initial; pass --initial RUN")
        if not 0 < self.initial_share <= 1:
            raise ValueError(f"initial_share must be above 0 and at most 1, got {self.initial_share}")
        if self.initial is None and self.initial_share < 1:
            raise ValueError("initial_share needs the weights of another run, got no initial; pass --initial RUN")
        if self.input_size is not None and self.input_size < 32:
            raise ValueError(f"input_size must be 32 px or more (the nets halve it five times), got {self.input_size}")

    @property
    def is_trained(self) -> bool:
        """Whether the net begins with weights that already answer the task."""
        return self.initial is not None

    def size_of(self, manifest: Manifest) -> int:
        """The side of the net's images in px, or of sequences the number of its frames."""
        return self.input_size or manifest.size

    def as_json(self) -> dict:
        """The options as plain values, without those that do not change the result; paths are absolute."""
        options = {
            # The name of a shipped model is no path.
            key: str(value if shipped(value) else value.resolve()) if isinstance(value, Path) else value
            for key, value in asdict(self).items()
        }
        return {key: value for key, value in options.items() if key not in _NO_MATTER}
