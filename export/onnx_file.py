"""ONNX files, for ONNX Runtime in Python, in browsers and on phones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from export.graph import DESCRIPTION
from pose.tasks import Task

# Read by every ONNX Runtime since 1.12.
_OPSET = 17


def write_onnx(graph: tf.compat.v1.GraphDef, task: Task, description: str, file: Path) -> None:
    """Converts a graph of constants, with the description under `pose` in the file's metadata.

    Args:
        graph: as `frozen_graph` returns it.
        task: of the model.
        description: kept in the file.
        file: where to write.

    Raises:
        ImportError: onnx or tf2onnx is not installed.
    """
    import onnx
    import tf2onnx

    names = (*task.inputs, *task.answers)
    model, _ = tf2onnx.convert.from_graph_def(
        graph,
        input_names=[f"{name}:0" for name in task.inputs],
        output_names=[f"{name}:0" for name in task.answers],
        opset=_OPSET,
        tensors_to_rename={f"{name}:0": name for name in names},
    )
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    _keep_zero_padding(model.graph)
    onnx.helper.set_model_props(model, {DESCRIPTION: description})
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


def _keep_zero_padding(graph) -> None:
    """Pads before a max-pooling with a number that is almost zero.

    ONNX Runtime (1.31) merges a padding of zeros into a max-pooling that follows it, whose own padding counts as
    minus infinity: where all features at the border are negative, the result differs. It does not merge paddings of
        other numbers.
    """
    import onnx

    pooled = {node.input[0] for node in graph.node if node.op_type == "MaxPool"}
    # A third input would be a padding other than zero.
    pads = [n for n in graph.node if n.op_type == "Pad" and len(n.input) == 2 and n.output[0] in pooled]
    for node in pads:
        node.input.append("nearly_zero")
    if pads:
        graph.initializer.append(onnx.numpy_helper.from_array(np.array(1e-30, np.float32), "nearly_zero"))
