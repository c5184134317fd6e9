"""The computation that every exported format holds, as one TensorFlow graph of constants."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.grappler import tf_optimizer

INPUT = "pictures"
OUTPUTS = ("joints_xy_px", "scores")
# The node that carries the description in a graph, and the name under which other formats carry it.
DESCRIPTION = "pose"
#: Grey levels are rounded to this part of one first. From 256 to 192 px, for one, many lie half way between two, where
#: the last bit of a runtime's arithmetic would decide; so all round the same half to the even one.
FINE = 1024.0


def serving_function(model: keras.Model, notes: dict) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Returns the function from pictures as the records hold them to joints and scores.

    Args:
        model: an inference model for uint8 pictures (B, S, S, 3), as saved by a run in best.keras.
        notes: the run's run.json, with the records' size R and the model's input size S.

    Returns:
        A function from uint8 RGB (B, R, R, 3) to joints_xy_px float32 (B, J, 2), in px of the R x R picture, and
        scores float32 (B, J).
    """
    size, input_size = notes["record_size"], notes["input_size"]

    def serve(pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        if size != input_size:
            # Sampled and rounded just as the training pipeline does. Cast first, because LiteRT resizes no uint8.
            pictures = tf.image.resize(
                tf.cast(pictures, tf.float32), [input_size, input_size], method="bilinear", antialias=False
            )
            pictures = tf.cast(tf.round(tf.round(pictures * FINE) / FINE), tf.uint8)
        outputs = model(pictures, training=False)
        joints = (outputs["joints_xy_px"] + 0.5) * (size / input_size) - 0.5
        return {"joints_xy_px": tf.identity(joints, OUTPUTS[0]), "scores": tf.identity(outputs["scores"], OUTPUTS[1])}

    return serve


def frozen_graph(model: keras.Model, notes: dict, description: str) -> tf.compat.v1.GraphDef:
    """Returns the function as a graph without variables, its constant parts computed beforehand.

    Args:
        model: an inference model, as saved by a run in best.keras.
        notes: the run's run.json.
        description: kept in the string constant `pose`.

    Returns:
        A graph from the placeholder `pictures` to the nodes `joints_xy_px` and `scores`.
    """
    size = notes["record_size"]
    spec = tf.TensorSpec([None, size, size, 3], tf.uint8, name=INPUT)
    function = tf.function(serving_function(model, notes)).get_concrete_function(spec)
    graph = _fold(convert_variables_to_constants_v2(function).graph.as_graph_def())
    node = graph.node.add(name=DESCRIPTION, op="Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(description))
    return graph


def _fold(graph: tf.compat.v1.GraphDef) -> tf.compat.v1.GraphDef:
    """Drops what the outputs do not need, and computes constant parts, such as batch normalisation's, beforehand."""
    with tf.Graph().as_default() as imported:
        tf.import_graph_def(graph, name="")
        meta_graph = tf.compat.v1.train.export_meta_graph(graph_def=graph, graph=imported)
    kept = meta_graph_pb2.CollectionDef()
    kept.node_list.value.extend([INPUT, *OUTPUTS])
    meta_graph.collection_def["train_op"].CopyFrom(kept)
    config = config_pb2.ConfigProto()
    optimizers = ["pruning", "constfold", "arithmetic", "constfold", "dependency"]
    config.graph_options.rewrite_options.optimizers.extend(optimizers)
    return tf_optimizer.OptimizeGraph(config, meta_graph)


def graph_function(graph: tf.compat.v1.GraphDef) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Returns the function that a graph of constants from `frozen_graph` holds."""
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    return wrapped.prune(f"{INPUT}:0", {name: f"{name}:0" for name in OUTPUTS})
