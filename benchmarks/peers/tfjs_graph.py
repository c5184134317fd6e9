"""TensorFlow.js graph models as TensorFlow graphs of constants."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from google.protobuf import json_format

from train.start.tfjs_weights import read_tfjs_model

# Converters only know the parts, and runtimes fuse them again in their own way.
_FUSED = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
_CONV_ATTRIBUTES = ("T", "strides", "padding", "explicit_paddings", "data_format", "dilations")
_ACTIVATIONS = ("Relu", "Relu6", "Elu")


def read_tfjs_graph(path: Path) -> tf.compat.v1.GraphDef:
    """Reads a graph model that TensorFlow.js runs.

    Args:
        path: the .json file; the files of weights that it names lie beside it.

    Returns:
        A graph with the weights as constants in float32, and fused convolutions taken apart.

    Raises:
        ValueError: the file is no graph model, its weights are of a kind that this does not read, or a file of weights
            is missing or has another size.
    """
    topology, weights = read_tfjs_model(path)
    try:
        graph = json_format.ParseDict(topology, tf.compat.v1.GraphDef())
    except json_format.ParseError as error:
        raise ValueError(f"{path} is no TensorFlow.js graph model ({error!r}); give the .json of one") from error
    whole = tf.compat.v1.GraphDef(versions=graph.versions)
    for node in graph.node:
        node.ClearField("device")
        if node.op == "Const" and node.name in weights:
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(weights[node.name]))
        whole.node.extend(_parts(node) if node.op in _FUSED else [node])
    return whole


def _parts(node: tf.compat.v1.NodeDef) -> list[tf.compat.v1.NodeDef]:
    """A fused convolution as a convolution, a bias and an activation; the last one keeps the name."""
    bias, *activation = (word.decode() for word in node.attr["fused_ops"].list.s)
    if bias != "BiasAdd" or len(node.input) != 3 or not set(activation) <= set(_ACTIVATIONS):
        raise ValueError(
            f"{node.name} fuses {bias} and {activation or 'nothing'}, with {len(node.input)} inputs; only a bias and "
            f"one of {', '.join(_ACTIVATIONS)} can be taken apart"
        )
    ops = [_FUSED[node.op], bias, *activation]
    names = [f"{node.name}/{op}" for op in ops[:-1]] + [node.name]
    inputs = [node.input[:2], [names[0], node.input[2]], [names[1]]]
    parts = []
    for op, name, sources in zip(ops, names, inputs, strict=False):
        part = tf.compat.v1.NodeDef(name=name, op=op, input=sources)
        kept = {_FUSED[node.op]: _CONV_ATTRIBUTES, "BiasAdd": ("T", "data_format")}.get(op, ("T",))
        for key in kept:
            part.attr[key].CopyFrom(node.attr[key])
        parts.append(part)
    return parts
