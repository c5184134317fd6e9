"""LiteRT, once TensorFlow Lite (ai.google.dev/edge/litert), on the processor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np


class Engine:
    """A .tflite file, run by LiteRT or, if only TensorFlow is installed, by TensorFlow's copy of it."""

    def __init__(self, file: str, threads: int | None) -> None:
        try:
            import ai_edge_litert
            from ai_edge_litert import schema_py_generated as schema
            from ai_edge_litert.interpreter import Interpreter

            self.version = f"ai-edge-litert {ai_edge_litert.__version__}"
        except ImportError:
            import tensorflow as tf
            from tensorflow.lite.python import schema_py_generated as schema

            Interpreter, self.version = tf.lite.Interpreter, f"tensorflow {tf.__version__}"
        self._interpreter = Interpreter(file, num_threads=threads)
        self._runner = self._interpreter.get_signature_runner()
        model = schema.Model.GetRootAs(Path(file).read_bytes(), 0)
        entries = (model.Metadata(k) for k in range(model.MetadataLength()))
        buffer = next((entry.Buffer() for entry in entries if entry.Name() == b"pose"), None)
        self.carried = None if buffer is None else model.Buffers(buffer).DataAsNumpy().tobytes().decode()

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the answers for a batch, computed sample by sample."""
        count = len(next(iter(inputs.values())))
        # Each answer is a copy already.
        answers = [self._runner(**{name: value[i : i + 1] for name, value in inputs.items()}) for i in range(count)]
        return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
