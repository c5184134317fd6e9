"""The output forms by name, and the inference models that are saved."""

import re
from importlib import import_module

import keras

from models.blocks import SCORES
from models.forms import beliefs, bodies, centers, cone, depth_readout, fields, lifted, volumes
from models.forms.output_form import OutputForm
from models.necks import NECK_LAYERS
from models.normalization import plain_copy
from pose.tasks import POSE_2D, as_net_takes, stages_of

FORMS: dict[str, OutputForm] = {name: import_module(f"{__name__}.{name}").FORM for name in POSE_2D.forms}
#: Those of joints in depth images.
DEPTH_FORMS: dict[str, OutputForm] = {one.FORM.name: one.FORM for one in (cone, depth_readout, volumes)}
# Prefix of the layers of an intermediate stage's head, and of those of a net inside.
_STAGE = re.compile(r".*/|stage\d+_out_")
_OF_ALL_TASKS = [
    *FORMS.values(),
    beliefs.FORM,
    bodies.FORM,
    centers.FORM,
    fields.FORM,
    lifted.FORM,
    *DEPTH_FORMS.values(),
]
# Prefixes of the heads' and necks' layer names, after the stage's own prefix; no backbone layer has one.
_HEAD_LAYERS = tuple(sorted({*NECK_LAYERS, *(name for form in _OF_ALL_TASKS for name in form.layers)}))


def is_of_head(layer: str) -> bool:
    """Return whether a layer's name is that of a head's or a neck's layer, in any stage."""
    return own_name(layer).startswith(_HEAD_LAYERS)


def is_of_neck(layer: str) -> bool:
    """Return whether a layer's name is that of a neck's layer."""
    return own_name(layer).startswith(NECK_LAYERS)


def own_name(layer: str) -> str:
    """Return a layer's name without the prefixes of a net inside and of an intermediate stage's head."""
    return _STAGE.sub("", layer)


def form_of(net: keras.Model) -> OutputForm:
    """Return the form of a net's last stage.

    Args:
        net: Model with named outputs.

    Raises:
        ValueError: If the outputs match no form.
    """
    outputs = net.output if isinstance(net.output, dict) else dict.fromkeys(net.output_names)
    names = set(stages_of(outputs).get("", {}))
    fitting = [form for form in _OF_ALL_TASKS if form.outputs <= names]
    if fitting:
        # Outputs with "sigmas" match `coordinates` as well; the form that uses more of the outputs wins.
        return max(fitting, key=lambda form: len(form.outputs))
    known = "; ".join(f"{form.name}: {', '.join(sorted(form.outputs - {SCORES}))}" for form in _OF_ALL_TASKS)
    raise ValueError(
        f"net must have the output score_logits and those of one form ({known}), got {sorted(names)}; build it with a "
        "head of `FORMS`."
    )


def inference_model(net: keras.Model, input_size: int, form: OutputForm | None = None) -> keras.Model:
    """Wrap a trained net so that it maps its inputs to the answers of its task.

    The result is a float32 copy of plain Keras layers and operations: training of the net can continue, and the saved
    `.keras` file loads without this package.

    Args:
        net: Functional model with the outputs of a form.
        input_size: Side S of the net's square images in pixels.
        form: The output form; `form_of(net)` if None.

    Returns:
        A model from the task's inputs, images uint8 RGB (B, S, S, 3), to its answers, float32; for the forms of
        `FORMS` "joints_xy_px" (B, J, 2), (x, y) in pixels of the S x S image, and "scores" (B, J) in [0, 1].

    Raises:
        ValueError: If the net's images have another size, or its outputs match no form.
    """
    form = form or form_of(net)
    inputs, values = {}, {}
    for tensor in net.inputs:
        is_picture = form.task.inputs[tensor.name].geometry == "picture"
        if is_picture and tensor.shape[1:3] != (input_size, input_size):
            raise ValueError(
                f"input_size must be the net's own, {tensor.shape[1:3]}, got {input_size}; "
                "pass the input_size with which the net was built."
            )
        dtype = form.task.inputs[tensor.name].dtype
        inputs[tensor.name] = keras.Input(tensor.shape[1:], dtype=dtype, name=tensor.name)
        values[tensor.name] = keras.ops.cast(inputs[tensor.name], "float32")
    copy = plain_copy(net)
    outputs = copy(as_net_takes(values))
    answers = form.decode(stages_of(outputs)[""], input_size)
    return keras.Model(as_net_takes(inputs), answers, name=f"{net.name}_inference")


def inner_net(inference: keras.Model) -> keras.Model:
    """Return the net inside a model from `inference_model`; its outputs are those of a form.

    Raises:
        ValueError: If there is none.
    """
    for layer in inference.layers:
        if isinstance(layer, keras.Model):
            return layer
    raise ValueError(f"{inference.name} has no net inside; pass a model that `inference_model` made.")
