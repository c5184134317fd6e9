"""Output forms: the ways in which a net can say where joints are, each with its head and its decoding."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from models.blocks import Head
from models.coordinates import coordinate_head, decode_coordinates
from models.heatmaps import decode_heatmaps, heatmap_head
from models.integral import decode_integral, integral_head
from models.likelihood import likelihood_head
from models.normalization import plain_copy
from models.simcc import decode_simcc, simcc_head


@dataclass(frozen=True)
class OutputForm:
    """A way of saying where joints are.

    Attributes:
        name: Of the form.
        outputs: Names of the outputs by which a net of this form is known.
        head: Makes them, and "score_logits", from features.
        decode: Turns outputs, and the side of the picture in pixels, into joints (B, J, 2) in pixels.
        joint_layers: The layers whose weights belong to single joints, and how many channels K each joint has there:
            the last axis of their weights has J * K, joint by joint. All other layers serve all joints alike.
        evidence: What the layer of the scores, one of these, reads behind the pooled features, in order: for each input
            the number of its values for each joint. The last rows of its kernel are theirs.
    """

    name: str
    outputs: frozenset[str]
    head: Head
    decode: Callable[[dict[str, Any], int], Any]
    joint_layers: Mapping[str, int] = field(hash=False)
    evidence: tuple[int, ...] = ()


def _form(
    name: str, outputs: set[str], head: Head, decode: Callable, layers: dict[str, int], *evidence: int
) -> OutputForm:
    return OutputForm(name, frozenset(outputs), head, decode, layers | {SCORES: 1}, evidence)


#: The output that every form has beside its own, and the layer that makes it.
SCORES = "score_logits"
FORMS = {
    form.name: form
    for form in (
        _form("coordinates", {"coordinates"}, coordinate_head, decode_coordinates, {"coordinates_dense": 2}),
        _form("heatmaps", {"heatmap_logits"}, heatmap_head, decode_heatmaps, {"heatmap_logits": 1}, 1),
        _form("integral", {"integral_logits"}, integral_head, decode_integral, {"integral_logits": 1}, 1),
        # Its layers of logits turn the cells of any joint's map into bins.
        _form("simcc", {"simcc_x_logits", "simcc_y_logits"}, simcc_head, decode_simcc, {"simcc_conv": 1}, 1, 1),
        _form(
            "likelihood",
            {"coordinates", "sigmas"},
            likelihood_head,
            decode_coordinates,
            {"coordinates_dense": 2, "sigmas_dense": 2},
            2,
        ),
    )
}
#: What the names of the heads' layers begin with; no backbone's do.
HEAD_LAYERS = ("coordinates", "heatmap", "integral", "pyramid", "score", "sigmas", "simcc")


def form_of(net: keras.Model) -> OutputForm:
    """Return the form of a net's outputs.

    Args:
        net: Model with named outputs.

    Raises:
        ValueError: If they are those of no form, or scores are missing.
    """
    names = set(net.output) if isinstance(net.output, dict) else set(net.output_names)
    fitting = [form for form in FORMS.values() if form.outputs | {SCORES} <= names]
    if fitting:
        # Coordinates with deviations are also coordinates; the form that uses more of the outputs is meant.
        return max(fitting, key=lambda form: len(form.outputs))
    known = "; ".join(f"{form.name}: {', '.join(sorted(form.outputs))}" for form in FORMS.values())
    raise ValueError(
        f"net must have the output score_logits and those of one form ({known}), got {sorted(names)}; build it with a "
        "head of `FORMS`."
    )


def inference_model(net: keras.Model, input_size: int) -> keras.Model:
    """Wrap a trained net so that it maps pictures to joints in pixels.

    The result is a float32 copy of plain Keras layers and operations: the net may go on training, and the
    saved `.keras` file loads without this package.

    Args:
        net: Functional model with the outputs of one of `FORMS`.
        input_size: Side S of the net's square input in pixels.

    Returns:
        A model from uint8 RGB pictures (B, S, S, 3) to "joints_xy_px" (B, J, 2) float32, (x, y) in pixels of
        the S x S picture, and "scores" (B, J) float32 in [0, 1].

    Raises:
        ValueError: If the net's input has another size, or its outputs are those of no form.
    """
    if net.input_shape[1:3] != (input_size, input_size):
        raise ValueError(
            f"input_size must be the net's own, {net.input_shape[1:3]}, got {input_size}; "
            "pass the input_size with which the net was built."
        )
    form = form_of(net)
    pictures = keras.Input((input_size, input_size, 3), dtype="uint8", name="pictures")
    outputs = plain_copy(net)(keras.ops.cast(pictures, "float32"))
    joints = {
        "joints_xy_px": form.decode(outputs, input_size),
        "scores": keras.ops.sigmoid(outputs[SCORES]),
    }
    return keras.Model(pictures, joints, name=f"{net.name}_inference")


def inner_net(inference: keras.Model) -> keras.Model:
    """Return the net inside what `inference_model` made, with the outputs of one of `FORMS`.

    Raises:
        ValueError: If there is none.
    """
    for layer in inference.layers:
        if isinstance(layer, keras.Model):
            return layer
    raise ValueError(f"{inference.name} has no net inside; pass a model that `inference_model` made.")
