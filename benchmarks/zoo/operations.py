"""Operations of a net's forward pass, counted in its graph."""

from __future__ import annotations

import contextlib
import io

import keras
import tensorflow as tf

from export.private_tensorflow import freeze

# All others have hardly any operations.
_COUNTED = ["Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "MatMul", "BatchMatMulV2"]


def forward_gflops(net: keras.Model) -> float:
    """Operations of one image's forward pass in 10^9: a multiplication and an addition are two.

    Counts those of convolutions and matrix products, as often as the graph runs them: of nets inside, once for each
    view of the image that they see.
    """
    inputs = keras.tree.map_structure(
        lambda one: tf.TensorSpec((1, *one.shape[1:]), one.dtype, name=one.name), net.input
    )
    graph = freeze(tf.function(lambda values: net(values, training=False)).get_concrete_function(inputs))
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options |= {"account_type_regexes": _COUNTED, "output": "none"}
    with tf.Graph().as_default() as imported, contextlib.redirect_stdout(io.StringIO()):
        tf.import_graph_def(graph, name="")
        counted = tf.compat.v1.profiler.profile(imported, options=options)
    return counted.total_float_ops / 1e9
