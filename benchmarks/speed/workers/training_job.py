"""What a contender of `benchmarks.speed.training` is told; needs no Keras, whose backend is chosen at its import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Net = Literal["resnet50", "densenet121", "mobilenet_v2"]
PEER, OURS, PLAIN, FED = "keras.applications", "ours", "ours, plain", "ours, fed"
PEAK, PIPELINE = "matmul", "input pipeline"


@dataclass(frozen=True)
class Job:
    """What a contender is.

    Attributes:
        net: ours, or the one of keras.applications that it stands beside.
        row: PEER, OURS, PLAIN (ours with Keras's own batch normalisation), FED (ours on batches of the input pipeline;
            the others meet one batch again and again); or PIPELINE, which makes these batches alone, or PEAK.
        precision: the dtype policy.
        xla: whether XLA compiles the step.
        batch_size: pictures in a step.
        input_size: height and width of the net's pictures in px.
        steps: of a turn.
        records: the shard set of FED and PIPELINE.
        profile: where the time of a turn goes, instead of its rate.
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
