"""TensorFlow.js graph models as TensorFlow graphs of constants."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import json_format

# Converters know the parts alone, and runtimes fuse them again in their own way.
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
    try:
        model = json.loads(path.read_text())
        topology, manifest = model["modelTopology"], model["weightsManifest"]
        graph = json_format.ParseDict(topology, tf.compat.v1.GraphDef())
    except (OSError, ValueError, KeyError, TypeError, json_format.ParseError) as error:
        raise ValueError(f"{path} is no TensorFlow.js graph model ({error!r}); give the .json of one") from error
    weights = {name: value for group in manifest for name, value in _weights(path, group).items()}
    whole = tf.compat.v1.GraphDef(versions=graph.versions)
    for node in graph.node:
        node.ClearField("device")
        if node.op == "Const" and node.name in weights:
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(weights[node.name]))
        whole.node.extend(_parts(node) if node.op in _FUSED else [node])
    return whole


def _weights(path: Path, group: dict) -> dict[str, np.ndarray]:
    """The arrays of one group of the manifest, which stand one after the other in its files."""
    try:
        content = b"".join((path.parent / name).read_bytes() for name in group["paths"])
    except OSError as error:
        raise ValueError(f"{path} names weights that cannot be read ({error}); keep its files together") from error
    arrays, start = {}, 0
    for entry in group["weights"]:
        stored = entry.get("quantization", {}).get("dtype", entry["dtype"])
        if entry["dtype"] not in ("float32", "int32") or stored not in (entry["dtype"], "float16"):
            raise ValueError(
                f"{path}: {entry['name']} is {entry['dtype']} stored as {stored}; only float32, int32 and float32 "
                "stored as float16 can be read"
            )
        stop = start + int(np.prod(entry["shape"])) * np.dtype(stored).itemsize
        if stop > len(content):
            break
        # The files are little endian, whatever the machine.
        values = np.frombuffer(content[start:stop], np.dtype(stored).newbyteorder("<"))
        arrays[entry["name"]] = values.astype(entry["dtype"]).reshape(entry["shape"])
        start = stop
    if len(arrays) != len(group["weights"]) or start != len(content):
        raise ValueError(f"{path}: its weights have {len(content)} bytes, not what it says; download it again")
    return arrays


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
