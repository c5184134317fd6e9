"""Code that depends on TensorFlow internals, which is why requirements.txt pins TensorFlow."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.grappler import tf_optimizer


def freeze(function: tf.types.experimental.ConcreteFunction) -> tf.compat.v1.GraphDef:
    """Returns a concrete function's graph with its variables as constants."""
    return convert_variables_to_constants_v2(function).graph.as_graph_def()


def fold(graph: tf.compat.v1.GraphDef, kept: Sequence[str]) -> tf.compat.v1.GraphDef:
    """Removes the nodes that `kept` do not need, and folds constants, such as batch normalization's."""
    with tf.Graph().as_default() as imported:
        tf.import_graph_def(graph, name="")
        meta_graph = tf.compat.v1.train.export_meta_graph(graph_def=graph, graph=imported)
    meta_graph.collection_def["train_op"].node_list.value.extend(kept)
    config = tf.compat.v1.ConfigProto()
    optimizers = ["pruning", "constfold", "arithmetic", "constfold", "dependency"]
    config.graph_options.rewrite_options.optimizers.extend(optimizers)
    return tf_optimizer.OptimizeGraph(config, meta_graph)


def quantize(
    converter: tf.lite.TFLiteConverter, operations: Sequence[str], samples: Callable[[], Iterable[dict]]
) -> bytes:
    """Converts a model with 8-bit weights and features, in fixed ranges, in some kinds of operations only.

    Args:
        converter: of the model, with its optimizations set.
        operations: the kinds to quantize, as LiteRT calls them, such as "CONV_2D"; all others stay float32.
        samples: yields inputs by name, on which the ranges are measured.
    """
    names = [name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)]
    converter.representative_dataset = samples
    # The only way that the converter has to leave some operations in float.
    options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_ops=[name for name in names if name not in operations]
    )
    with warnings.catch_warnings():
        # It still runs TensorFlow's own interpreter, which prints that it is deprecated.
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf.lite.Interpreter is deprecated")
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=samples, debug_options=options
        )
    return debugger.get_nondebug_quantized_model()


def with_metadata(content: bytes, name: str, value: str) -> bytes:
    """Returns a .tflite file's content with a text added to its metadata."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(value.encode(), np.uint8)
    metadata = schema.MetadataT()
    metadata.name, metadata.buffer = name, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), metadata]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
