"""Where the time of a training step goes, by the operations that TensorFlow's profiler saw."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import keras
import tensorflow as tf

# The profiler's format; TensorFlow has no public reader for it.
from tensorflow.tsl.profiler.protobuf import xplane_pb2

# oneDNN's kernels of TensorFlow's operations.
_ONEDNN = re.compile("^_Mkl(Native)?")


class Profile(keras.callbacks.Callback):
    """Traces the second epoch of `fit`, after the first as a warm-up, and prints a line of JSON.

    It holds `seconds` of the epoch, and for each part of a step and kind of operation the seconds that such operations
    took: `operations`, a list of (part, kind, seconds). Several run in parallel. Operations on a GPU are not included.
    """

    def __init__(self, output: TextIO) -> None:
        super().__init__()
        self._output = output

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Starts the trace."""
        if epoch == 1:
            self._folder = tempfile.TemporaryDirectory()
            tf.profiler.experimental.start(self._folder.name)
            self._start_s = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Ends the trace."""
        if epoch == 1:
            seconds = time.perf_counter() - self._start_s
            tf.profiler.experimental.stop()
            totals: Counter[tuple[str, str]] = Counter()
            for name, duration_s in traced(Path(self._folder.name)):
                totals[part_and_kind(name)] += duration_s
            self._folder.cleanup()
            operations = [(*key, total) for key, total in totals.most_common()]
            print(json.dumps({"seconds": seconds, "operations": operations}), file=self._output, flush=True)


def traced(folder: Path) -> Iterator[tuple[str, float]]:
    """The name, "scope/.../node:Kind", and the seconds of each operation that the processor ran in a trace."""
    for path in folder.rglob("*.xplane.pb"):
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
        for plane in space.planes:
            for line in plane.lines:
                for event in line.events:
                    name = plane.event_metadata[event.metadata_id].name
                    if line.name.startswith("tf_Compute") and re.fullmatch(r"[^:]+:\w+", name):
                        yield name, event.duration_ps / 1e12


def part_and_kind(name: str) -> tuple[str, str]:
    """The part of the step that an operation "scope/.../node:Kind" belongs to, and its kind."""
    scopes, kind = name.rsplit(":", 1)
    kind = _ONEDNN.sub("", kind)
    if "gradient_tape/" in scopes:
        return "backward", kind
    if re.search(r"adam_w(_\d+)?/", scopes):
        return "optimiser", kind
    return ("forward" if "trainer" in scopes else "rest"), kind
