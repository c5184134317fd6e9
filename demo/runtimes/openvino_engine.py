"""OpenVINO (docs.openvino.ai), on the processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np


class OpenVinoEngine:
    """An OpenVINO model, computed in float32; see `Engine`."""

    _precision = "f32"

    def __init__(self, path: Path, threads: int | None) -> None:
        """Reads and compiles the model."""
        import openvino

        core = openvino.Core()
        self._model = core.read_model(str(path))
        if self._precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise ValueError("this processor does not compute in bfloat16; take openvino, which is float32")
        # Left to itself OpenVINO computes in bfloat16 where the processor can, and moves joints by most of a pixel.
        settings: dict[str, str | int] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": self._precision,
        }
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        self._request = core.compile_model(self._model, "CPU", settings).create_infer_request()

    def run(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates one person in each picture; see `Engine.run`."""
        outputs = self._request.infer({"pictures": pictures})
        # The request writes its next answer into the same memory.
        return outputs["joints_xy_px"].copy(), outputs["scores"].copy()

    def carried(self) -> str | None:
        """Returns the file's own description; see `Engine.carried`."""
        return str(self._model.get_rt_info("pose").value) if self._model.has_rt_info("pose") else None


class OpenVinoBf16Engine(OpenVinoEngine):
    """The same in bfloat16, where the processor can."""

    _precision = "bf16"
