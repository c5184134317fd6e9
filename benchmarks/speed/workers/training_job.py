"""The job of a contender of `benchmarks.speed.training`; imports no Keras, whose backend is fixed by its import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Net = Literal["resnet50", "densenet121", "mobilenet_v2"]
PEER, OURS, PLAIN, FED = "keras.applications", "ours", "ours, plain", "ours, fed"
PEAK, PIPELINE = "matmul", "input pipeline"


@dataclass(frozen=True)
class Job:
    """The parameters of a contender.

    Attributes:
        net: name of our net, which also selects its peer of keras.applications.
        row: PEER, OURS, PLAIN (ours with Keras's own batch normalization), FED (ours on batches of the input pipeline;
            the others repeat one batch), PIPELINE (these batches without training), or PEAK.
        precision: the dtype policy.
        xla: whether XLA compiles the step.
        batch_size: images in a step.
        input_size: height and width of the net's images in px.
        steps: number of steps in a turn.
        records: the shard set of FED and PIPELINE.
        profile: whether to profile a turn instead of timing it.
    """

    net: Net
    row: str
    precision: str = "float32"
    xla: bool = False
    batch_size: int = 32
    input_size: int = 224
    steps: int = 2
    records: str | None = None
    profile: bool = False
