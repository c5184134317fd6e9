"""The options of a search."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from train.config import Log
from train.searched import BlocksConfig

# Options of trainings that a search leaves as they are.
_FIXED = ("patience", "initial", "initial_share", "learn", "distribute", "ema_epochs", "log")


@dataclass(frozen=True)
class SearchConfig(BlocksConfig):
    """Options of a search.

    Attributes:
        table: latency.json of `python -m export.latency`, measured on the machine that the net is for.
        limit_ms: the longest that the net may take for an image in ms, as the table predicts.
        runtime: the runtime that deploys.
        runtime_threads: its number of threads.
        method: how probabilities learn: by the "gradient" through two paths, or by "reinforce" from the losses of four
            nets; with "random" they stay equal, and the best of random nets within the limit is taken.
        uniform_epochs: first epochs, in which all paths are equally probable.
        architecture_every: steps of the weights to one of the probabilities.
        architecture_rate: learning rate of the probabilities.
        latency_weight: how much the loss grows where the expected latency is twice the limit; below the limit it does
            not grow.
        front: how many of the most likely nets are measured after each epoch, within half the limit up to all of it;
            of random nets, the slowest within the limit.
    """

    table: Path = field(kw_only=True)
    limit_ms: float = field(kw_only=True)
    runtime: Literal["litert", "onnx", "openvino"] = "litert"
    runtime_threads: int = 1
    method: Literal["gradient", "reinforce", "random"] = "gradient"
    uniform_epochs: int = 15
    architecture_every: int = 5
    architecture_rate: float = 0.02
    latency_weight: float = 1.0
    front: int = 4
    ema_epochs: float = 0.0
    log: tuple[Log, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("limit_ms", "architecture_rate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("runtime_threads", "architecture_every", "front"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if not 0 <= self.uniform_epochs < self.epochs or self.latency_weight < 0:
            raise ValueError(
                f"uniform_epochs must be 0 or more and fewer than the epochs, and latency_weight 0 or more, got "
                f"{self.uniform_epochs} of {self.epochs} and {self.latency_weight}"
            )
        if self.method not in ("gradient", "reinforce", "random"):
            raise ValueError(f"method must be gradient, reinforce or random, got {self.method}")
        defaults = type(self).__dataclass_fields__
        if changed := [name for name in _FIXED if getattr(self, name) != defaults[name].default]:
            raise ValueError(f"a search has no {changed[0]}; leave it out, and give it to the training of the net")
        if self.precision == "mixed_bfloat16" or self.xla == "on":
            raise ValueError("a search computes in float32, step by step; leave --precision and --xla out")

    @property
    def way(self) -> str:
        """The runtime and threads, as the table names them."""
        from models.latency_table import way_of

        return way_of(self.runtime, self.runtime_threads)
