"""LiteRT, once TensorFlow Lite (ai.google.dev/edge/litert), on the processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np


class LiteRtEngine:
    """A .tflite file; see `Engine`."""

    def __init__(self, path: Path, threads: int | None) -> None:
        """Loads the model and its kernels."""
        from ai_edge_litert.interpreter import Interpreter

        self._path = path
        self._interpreter = Interpreter(str(path), num_threads=threads)
        self._runner = self._interpreter.get_signature_runner()

    def run(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates one person in each picture, one picture after the other; see `Engine.run`."""
        outputs = [self._runner(pictures=picture[None]) for picture in pictures]
        # Each answer is a copy already.
        joints, scores = ([output[name] for output in outputs] for name in ("joints_xy_px", "scores"))
        return np.concatenate(joints), np.concatenate(scores)

    def carried(self) -> str | None:
        """Returns the file's own description; see `Engine.carried`."""
        from ai_edge_litert.schema_py_generated import Model

        model = Model.GetRootAs(self._path.read_bytes(), 0)
        for entry in (model.Metadata(k) for k in range(model.MetadataLength())):
            if entry.Name() == b"pose":
                return model.Buffers(entry.Buffer()).DataAsNumpy().tobytes().decode()
        return None
