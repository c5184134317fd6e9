"""LiteRT (TensorFlow Lite) files: float, weights of 16 bits, and 8 bits with moving and with fixed ranges."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.graph import DESCRIPTION, INPUT, graph_function
from export.private_tensorflow import quantize, with_metadata


def write_litert(graph: tf.compat.v1.GraphDef, description: str, file: Path) -> None:
    """Converts a graph of constants to a file in float32, with the description as metadata `pose`."""
    _write(graph, description, file)


def write_litert_fp16(graph: tf.compat.v1.GraphDef, description: str, file: Path) -> None:
    """As `write_litert`, with weights kept as float16 and computed with as the machine can: half the size."""
    _write(graph, description, file, optimizations=[tf.lite.Optimize.DEFAULT], supported_types=[tf.float16])


def write_litert_int8(graph: tf.compat.v1.GraphDef, description: str, file: Path) -> None:
    """As `write_litert`, with weights of 8 bits, and features of 8 bits by the range that each picture has itself."""
    _write(graph, description, file, optimizations=[tf.lite.Optimize.DEFAULT])


def write_litert_int8_static(graph: tf.compat.v1.GraphDef, description: str, file: Path, pictures: np.ndarray) -> None:
    """As `write_litert`, with convolutions whose weights and features have 8 bits, in ranges fixed beforehand.

    What lies between the convolutions stays float32. A pre-activation net adds channels of very different sizes up and
    normalises them afterwards, which one range for all of them cannot hold. It is less exact than
    `write_litert_int8`: the few values that stand out decide how coarse all others become, and unseen pictures leave
    the ranges.

    Args:
        graph: as `frozen_graph` returns it.
        description: kept in the file.
        file: where to write.
        pictures: uint8 RGB (N, R, R, 3), on which the ranges are measured.
    """
    _write(graph, description, file, pictures=pictures, optimizations=[tf.lite.Optimize.DEFAULT])


def _write(graph, description, file, *, pictures=None, supported_types=(), **options) -> None:
    shape = next(node for node in graph.node if node.name == INPUT).attr["shape"].shape
    spec = tf.TensorSpec(tf.TensorShape(shape), tf.uint8, name=INPUT)
    module = tf.Module()
    module.serve = tf.function(graph_function(graph), input_signature=[spec])
    with tempfile.TemporaryDirectory() as folder:
        # By way of a SavedModel, because only then the names of inputs and outputs are kept.
        tf.saved_model.save(module, folder, signatures={"serving_default": module.serve})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        for name, value in options.items():
            setattr(converter, name, value)
        converter.target_spec.supported_types = list(supported_types)
        if pictures is None:
            content = converter.convert()
        else:
            quantized = ("CONV_2D", "DEPTHWISE_CONV_2D")
            content = quantize(converter, quantized, lambda: ({INPUT: picture[None]} for picture in pictures))
        file.write_bytes(with_metadata(content, DESCRIPTION, description))
