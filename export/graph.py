"""The computation that every exported format holds, as one TensorFlow graph of constants."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from export.private_tensorflow import fold, freeze

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
    graph = fold(freeze(function), [INPUT, *OUTPUTS])
    node = graph.node.add(name=DESCRIPTION, op="Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(description))
    return graph


def graph_function(graph: tf.compat.v1.GraphDef) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Returns the function that a graph of constants from `frozen_graph` holds."""
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    return wrapped.prune(f"{INPUT}:0", {name: f"{name}:0" for name in OUTPUTS})
