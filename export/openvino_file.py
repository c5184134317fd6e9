"""OpenVINO's intermediate representation, with weights of 16 bits."""

from __future__ import annotations

from pathlib import Path

from export.graph import DESCRIPTION
from pose.tasks import Task


def write_openvino(frozen: Path, task: Task, description: str, file: Path) -> None:
    """Converts a frozen graph, with the description under `pose` in the model's runtime information.

    Args:
        frozen: the graph's file.
        task: of the model.
        description: kept in the file.
        file: the .xml file to write; the weights go beside it.

    Raises:
        ImportError: openvino is not installed.
    """
    import openvino

    model = openvino.convert_model(str(frozen))
    for name in task.inputs:
        model.input(f"{name}:0").set_names({name})
    for name in task.answers:
        model.output(f"{name}:0").set_names({name})
    model.set_rt_info(description, DESCRIPTION)
    file.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(model, str(file), compress_to_fp16=True)


def computes_in_bf16() -> bool:
    """Whether this processor has bfloat16, in which OpenVINO then computes by default."""
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
