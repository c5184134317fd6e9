"""The computation that every exported format holds, as one TensorFlow graph of constants."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import keras
import tensorflow as tf

from export.private_tensorflow import fold, freeze
from pose.fields import Field
from pose.tasks import as_net_takes, task_of

# The node that carries the description in a graph, and the name under which other formats carry it.
DESCRIPTION = "pose"
#: Resampled gray levels are first rounded to multiples of 1 / FINE. From 256 to 192 px, for example, many lie half way
#: between two integers, where the last bit of a runtime's arithmetic would decide; now all runtimes round them to even.
FINE = 1024.0


def input_specs(notes: dict) -> dict[str, tf.TensorSpec]:
    """The specs of an exported file's inputs, by name: any batch size, images of the records' size."""
    joints, size = len(notes.get("skeleton", {}).get("joints", ())), notes["record_size"]
    return {
        name: tf.TensorSpec([None, *one.sized(joints, size)], one.dtype, name=name)
        for name, one in task_of(notes).inputs.items()
    }


def serving_function(model: keras.Model, notes: dict) -> Callable[..., dict[str, tf.Tensor]]:
    """Returns the function from a task's inputs, at the records' size, to its answers.

    Args:
        model: an inference model, as saved by a run in best.keras, for images of S x S px.
        notes: the run's run.json, with the records' size R and the model's input size S.

    Returns:
        A function from the inputs, by keyword, to the answers, by name, both in px of the R x R image. For the joints
        of one person: images uint8 RGB (B, R, R, 3) to joints_xy_px float32 (B, J, 2) and scores float32 (B, J).
    """
    size, input_size, task = notes["record_size"], notes["input_size"], task_of(notes)

    def serve(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        values = {name: _resized(value, task.inputs[name], size, input_size) for name, value in inputs.items()}
        outputs = model(as_net_takes(values), training=False)
        answers = {name: _resized(outputs[name], one, input_size, size) for name, one in task.answers.items()}
        return {name: tf.identity(value, name) for name, value in answers.items()}

    return serve


def _resized(value: tf.Tensor, field: Field, size_from: int, size_to: int) -> tf.Tensor:
    """Resizes an array along with its image.

    Raises:
        ValueError: an export cannot resize its geometry.
    """
    if size_from == size_to:
        return value
    match field.geometry:
        case "picture":
            # Sampled and rounded just as the training pipeline does. Cast first, because LiteRT resizes no uint8.
            value = tf.image.resize(tf.cast(value, tf.float32), [size_to, size_to], method="bilinear", antialias=False)
            return tf.cast(tf.round(tf.round(value * FINE) / FINE), tf.uint8)
        case "point":
            return (value + 0.5) * (size_to / size_from) - 0.5
        case "length":
            return value * (size_to / size_from)
        case "area":
            return value * (size_to / size_from) ** 2
        case "nearest" | "camera" | "frame":
            raise ValueError(
                f"a {field.geometry} cannot be exported in another size, got {size_from} and {size_to} px; train on "
                "pictures of the records' own size"
            )
    return value


def frozen_graph(model: keras.Model, notes: dict, description: str) -> tf.compat.v1.GraphDef:
    """Returns the function as a graph without variables, its constant parts computed beforehand.

    Args:
        model: an inference model, as saved by a run in best.keras.
        notes: the run's run.json.
        description: kept in the string constant `pose`.

    Returns:
        A graph from placeholders with the inputs' names to nodes with the answers'.
    """
    function = tf.function(serving_function(model, notes)).get_concrete_function(**input_specs(notes))
    graph = fold(freeze(function), [*task_of(notes).inputs, *task_of(notes).answers])
    node = graph.node.add(name=DESCRIPTION, op="Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(description))
    return graph


def graph_function(
    graph: tf.compat.v1.GraphDef, inputs: Iterable[str], outputs: Iterable[str]
) -> Callable[..., dict[str, tf.Tensor]]:
    """Returns the function that a graph of constants from `frozen_graph` holds; it takes its inputs in this order."""
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    return wrapped.prune([f"{name}:0" for name in inputs], {name: f"{name}:0" for name in outputs})
