"""OpenVINO (docs.openvino.ai), on the processor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


class Engine:
    """An OpenVINO model, computed in the given precision, whatever the processor's default is."""

    def __init__(self, file: str, threads: int | None, precision: str = "f32") -> None:
        import openvino

        core = openvino.Core()
        model = core.read_model(file)
        if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise ValueError("this processor does not compute in bfloat16; take openvino, which is float32")
        # By default OpenVINO computes in bfloat16 where the processor can, which moves joints by most of a pixel.
        settings: dict[str, str | int] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        self._request = core.compile_model(model, "CPU", settings).create_infer_request()
        self._outputs = [output.any_name for output in model.outputs]
        self.carried = str(model.get_rt_info("pose").value) if model.has_rt_info("pose") else None
        self.version = f"openvino {openvino.__version__.split('-')[0]}"

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the answers for a batch."""
        outputs = self._request.infer(dict(inputs))
        # Copied, because the request reuses the memory for its next answer.
        return {name: outputs[name].copy() for name in self._outputs}
