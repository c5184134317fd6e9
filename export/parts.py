"""Parts of nets as files by themselves, in the formats of whole nets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from artefact.formats import FORMATS
from export.litert import write_litert
from export.onnx_file import write_onnx
from export.openvino_file import write_openvino
from export.private_tensorflow import fold, freeze
from models import FORMS, NECKS, build_searched, movenet_head
from models.latency_table import BACK, FRONT, BlockPart, LatencyTable, Narrower
from models.mobilenet_v2 import inverted_bottleneck, last_convolution
from models.search_space import Choice
from models.searched import Plan, block_name
from pose.tasks import Answer, Input, Task

#: The formats that parts can be written in.
RUNTIMES = ("litert", "onnx", "openvino")


def head_and_neck(head: str, neck: str) -> dict:
    """The functions of that name, for a builder of nets; the head of heatmaps is MoveNet's."""
    form = FORMS[head]
    return {"head": movenet_head if head == "heatmaps" else form.head, "neck": NECKS.get(neck, form.neck)}


def part_model(part: object, table: LatencyTable) -> keras.Model:
    """A part as a model of random weights.

    Args:
        part: of `models.latency_table.all_parts`.
        table: the space, and the nets' images, joints, head and neck.
    """
    if isinstance(part, BlockPart):
        x = keras.Input((part.size, part.size, part.filters_in), name="features")
        block: dict[str, Any] = {
            "expansion": part.block.expansion,
            "kernel_size": part.block.kernel_size,
            "strides": part.strides,
        }
        return keras.Model(x, {"out": inverted_bottleneck(x, part.filters, **block, name="block")})
    plan = _widest(table)
    if part == FRONT:
        net = build_searched(plan, table.num_joints, input_size=table.input_size)
        picture = keras.Input(net.input_shape[1:], dtype="uint8", name="pictures")
        front = keras.Model(net.input, net.get_layer(f"{block_name(1, 1)}_out").output)
        return keras.Model(picture, {"out": front(keras.ops.cast(picture, "float32"))})
    narrower = (part.stage, part.filters) if isinstance(part, Narrower) else (0, 0)
    if part != BACK and not isinstance(part, Narrower):
        raise ValueError(f"there is no part {part!r}; there are those of models.latency_table.all_parts")
    return _back(plan, table, *narrower)


def _widest(table: LatencyTable) -> Plan:
    space = table.space
    widths = tuple(len(space.filters(stage)) - 1 for stage in range(len(space.units)))
    return space.plan(Choice(widths, tuple((0,) * units for units in space.units)))


def _back(plan: Plan, table: LatencyTable, narrow_stage: int, narrow_filters: int) -> keras.Model:
    """What follows the blocks: the last convolution, neck, head and decoding."""
    inputs, size = [], -(-table.input_size // 2)
    for number, stage in enumerate(plan.stages, start=1):
        size = -(-size // stage.strides)
        if number in plan.taps or number == len(plan.stages):
            filters = narrow_filters if number == narrow_stage else stage.filters
            inputs.append(keras.Input((size, size, filters), name=f"stage{number}"))
    parts = head_and_neck(table.head, table.neck)
    normalization = keras.layers.BatchNormalization
    last = last_convolution(inputs[-1], plan.last_filters, normalization=normalization)
    features = parts["neck"]([*inputs[:-1], last], normalization=normalization, prefix="")
    outputs = parts["head"](features, table.num_joints, normalization=normalization, prefix="")
    return keras.Model(inputs, FORMS[table.head].decode(outputs, table.input_size))


def write_part(model: keras.Model, formats: tuple[str, ...], folder: Path) -> dict[str, np.ndarray]:
    """Writes a model for batches of one, and returns random inputs for it by name.

    Args:
        model: of named inputs and outputs.
        formats: of `RUNTIMES`.
        folder: receives the files that these formats have in an export.
    """
    shapes = {one.name: (1, *one.shape[1:]) for one in model.inputs}
    inputs = {one.name: Input(shapes[one.name][1:], one.dtype) for one in model.inputs}
    task = Task("part", inputs, (), {name: Answer(tuple(one.shape[1:])) for name, one in model.output.items()})
    specs = {name: tf.TensorSpec(shapes[name], one.dtype, name=name) for name, one in inputs.items()}

    def serve(**values: tf.Tensor) -> dict[str, tf.Tensor]:
        given = [values[name] for name in inputs]
        outputs = model(given if len(given) > 1 else given[0], training=False)
        return {name: tf.identity(value, name) for name, value in outputs.items()}

    graph = fold(freeze(tf.function(serve).get_concrete_function(**specs)), [*inputs, *task.answers])
    folder.mkdir(parents=True, exist_ok=True)
    if "litert" in formats:
        write_litert(graph, task, "{}", FORMATS["litert"].path(folder))
    if "onnx" in formats:
        write_onnx(graph, task, "{}", FORMATS["onnx"].path(folder))
    if "openvino" in formats:
        frozen = folder / "frozen.pb"
        frozen.write_bytes(graph.SerializeToString(deterministic=True))
        write_openvino(frozen, task, "{}", FORMATS["openvino"].path(folder))
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 3, shapes[name]).astype(one.dtype) for name, one in inputs.items()}
