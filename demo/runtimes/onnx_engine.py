"""ONNX Runtime (onnxruntime.ai), on the processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_ERRORS_ONLY = 3


class OnnxEngine:
    """An ONNX model; see `Engine`."""

    def __init__(self, path: Path, threads: int | None) -> None:
        """Loads the model."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = threads or 0
        # Threads that spin while they wait take the processor from whoever reads the camera and draws.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates one person in each picture; see `Engine.run`."""
        joints, scores = self._session.run(["joints_xy_px", "scores"], {"pictures": pictures})
        return joints, scores

    def carried(self) -> str | None:
        """Returns the file's own description; see `Engine.carried`."""
        return self._session.get_modelmeta().custom_metadata_map.get("pose")
