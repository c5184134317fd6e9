"""LiteRT (TensorFlow Lite) files: float, weights of 16 bits, and 8 bits with dynamic and with fixed ranges."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.graph import DESCRIPTION, graph_function
from export.private_tensorflow import quantize, with_metadata
from pose.tasks import Task


def write_litert(graph: tf.compat.v1.GraphDef, task: Task, description: str, file: Path) -> None:
    """Converts a graph of constants to a file in float32, with the description as metadata `pose`."""
    _write(graph, task, description, file)


def write_litert_fp16(graph: tf.compat.v1.GraphDef, task: Task, description: str, file: Path) -> None:
    """As `write_litert`, with weights stored as float16, which halves the size; the runtime chooses the arithmetic."""
    _write(graph, task, description, file, optimizations=[tf.lite.Optimize.DEFAULT], supported_types=[tf.float16])


def write_litert_int8(graph: tf.compat.v1.GraphDef, task: Task, description: str, file: Path) -> None:
    """As `write_litert`, with 8-bit weights and with 8-bit features, whose range is taken from each image."""
    _write(graph, task, description, file, optimizations=[tf.lite.Optimize.DEFAULT])


def write_litert_int8_static(
    graph: tf.compat.v1.GraphDef, task: Task, description: str, file: Path, inputs: dict[str, np.ndarray]
) -> None:
    """As `write_litert`, with 8-bit weights and features in convolutions, whose ranges are calibrated beforehand.

    Everything else stays float32: a pre-activation net adds channels of very different magnitudes and normalizes them
    afterwards, which no single range can represent. It is less exact than `write_litert_int8`: outliers widen the
    ranges and so make all other values coarser, and unseen images exceed the ranges.

    Args:
        graph: as `frozen_graph` returns it.
        task: of the model.
        description: kept in the file.
        file: where to write.
        inputs: (N, ...) by name, such as images uint8 RGB (N, R, R, 3), on which the ranges are measured.
    """
    _write(graph, task, description, file, inputs=inputs, optimizations=[tf.lite.Optimize.DEFAULT])


def _write(graph, task, description, file, *, inputs=None, supported_types=(), **options) -> None:
    nodes = {node.name: node.attr for node in graph.node if node.name in task.inputs}
    specs = [
        tf.TensorSpec(tf.TensorShape(nodes[name]["shape"].shape), nodes[name]["dtype"].type, name=name)
        for name in task.inputs
    ]
    module = tf.Module()
    module.serve = tf.function(graph_function(graph, task.inputs, task.answers), input_signature=specs)
    with tempfile.TemporaryDirectory() as folder:
        # Through a SavedModel, because only then the names of inputs and outputs are kept.
        tf.saved_model.save(module, folder, signatures={"serving_default": module.serve})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        for name, value in options.items():
            setattr(converter, name, value)
        converter.target_spec.supported_types = list(supported_types)
        if inputs is None:
            content = converter.convert()
        else:
            count = len(next(iter(inputs.values())))
            samples = [{name: values[i : i + 1] for name, values in inputs.items()} for i in range(count)]
            content = quantize(converter, ("CONV_2D", "DEPTHWISE_CONV_2D"), lambda: samples)
        file.write_bytes(with_metadata(content, DESCRIPTION, description))
