"""ONNX Runtime (onnxruntime.ai), on the processor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

_ERRORS_ONLY = 3


class Engine:
    """An ONNX model."""

    def __init__(self, file: str, threads: int | None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = threads or 0
        # Threads that spin while they wait would slow down the camera and the drawing.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.carried = self._session.get_modelmeta().custom_metadata_map.get("pose")
        self.version = f"onnxruntime {onnxruntime.__version__}"

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the answers for a batch."""
        return dict(zip(self._outputs, self._session.run(self._outputs, dict(inputs)), strict=True))
