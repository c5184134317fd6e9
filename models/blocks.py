"""Building blocks that the backbones share, and `pose_net`, which joins backbone, neck and head."""

from collections.abc import Callable, Iterator
from typing import Any

import keras

# Just above the smallest epsilon that cuDNN accepts, 1e-5; Keras' own ResNet and DenseNet use the same.
EPSILON = 1.001e-5

#: The output that holds a score for each joint, in the forms that have one, and the layer that makes it.
SCORES = "score_logits"

# Called as normalization(epsilon=..., name=...); it returns a layer.
Normalization = Callable[..., keras.Layer]
# Called as head(features, num_joints, normalization=..., prefix=...), with features from fine to coarse; it returns the
# named outputs. The names of its layers begin with the prefix.
Head = Callable[..., dict[str, Any]]
# Called as neck(features, normalization=..., prefix=...), with a backbone's features from fine to coarse; it returns
# the head's features, the finest first and the backbone's coarsest last.
Neck = Callable[..., list]
# Called by a backbone with an intermediate stage's features, from fine to coarse; it applies the head and returns the
# outputs.
ReadOut = Callable[[list], dict[str, Any]]


def convolution(x, filters: int, kernel_size: int, *, strides: int = 1, use_bias: bool = False, name: str):
    """Convolve with `kernel_size // 2` zeros on every side, whatever the stride.

    Keras' "same" padding is one-sided when the stride is 2 and the size even, so strided convolutions are
    padded by a layer `<name>_pad` of their own; the others need no such copy.

    Args:
        x: Features (B, H, W, C).
        filters: Number of output channels.
        kernel_size: Odd side of the square kernel.
        strides: Stride in both directions.
        use_bias: Whether a bias is added; not needed in front of a normalization.
        name: Name of the convolution.

    Returns:
        Features (B, ceil(H / strides), ceil(W / strides), filters).
    """
    padding = "same"
    if strides > 1 and kernel_size > 1:
        x = keras.layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
        padding = "valid"
    # He initialization keeps the variance through ReLU layers (arXiv 1502.01852); Keras' default does not.
    return keras.layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        use_bias=use_bias,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def normalize_relu(x, normalization: Normalization, *, name: str):
    """Normalize, then apply ReLU, in layers named `<name>bn` and `<name>relu`."""
    x = normalization(epsilon=EPSILON, name=f"{name}bn")(x)
    return keras.layers.ReLU(name=f"{name}relu")(x)


def stem_pool(x, *, name: str):
    """Halve the resolution by 3x3 max-pooling over zero-padded features; the layer before is `pool1_pad`."""
    x = keras.layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return keras.layers.MaxPooling2D(3, strides=2, name=name)(x)


def readout(x, units: int, *, bias: float = 0.0, name: str):
    """Map pooled features (B, C) to (B, units) float32 by a dense layer with small initial weights, and this bias."""
    kernel, constant = keras.initializers.RandomNormal(stddev=1e-3), keras.initializers.Constant(bias)
    return keras.layers.Dense(units, kernel_initializer=kernel, bias_initializer=constant, dtype="float32", name=name)(
        x
    )


def cell_readout(
    x,
    channels: int,
    filters: int,
    kernel_size: int,
    *,
    bias: float = 0.0,
    normalization: Normalization,
    path: str,
    name: str,
):
    """Map features (B, h, w, C) to (B, h, w, channels) float32, cell by cell.

    Args:
        x: The features.
        channels: Number of outputs.
        filters: Channels of the separable convolution before them, in the layers `<path>_...`; 0 for none.
        kernel_size: Its kernel size.
        bias: Initial bias of the outputs.
        normalization: Called as `normalization(epsilon=..., name=...)`.
        path: Beginning of the names of the layers before the last.
        name: Name of the last layer.
    """
    if filters:
        x = keras.layers.SeparableConv2D(filters, kernel_size, padding="same", use_bias=False, name=f"{path}_conv")(x)
        x = normalization(epsilon=EPSILON, name=f"{path}_bn")(x)
        x = keras.layers.ReLU(name=f"{path}_relu")(x)
    constant = keras.initializers.Constant(bias)
    return keras.layers.Conv2D(channels, 1, bias_initializer=constant, dtype="float32", name=name)(x)


def fitted_to(x, wanted, *, name: str):
    """Crop the last rows and columns where features have more than those wanted, append zeros where they have fewer.

    Features of odd size were rounded up on the way to the coarser ones, or down.
    """
    rows, columns = (now - then for now, then in zip(x.shape[1:3], wanted.shape[1:3], strict=True))
    if rows or columns:
        x = keras.layers.Cropping2D(((0, max(rows, 0)), (0, max(columns, 0))), name=f"{name}_crop")(x)
        x = keras.layers.ZeroPadding2D(((0, max(-rows, 0)), (0, max(-columns, 0))), name=f"{name}_fill")(x)
    return x


def pyramid(outputs: list) -> list:
    """Keep the last of the features of each resolution, from fine to coarse."""
    coarser = [*(x.shape[1:3] for x in outputs[1:]), None]
    return [x for x, following in zip(outputs, coarser, strict=True) if x.shape[1:3] != following]


def no_neck(features: list, *, normalization: Normalization | None = None, prefix: str = "") -> list:
    """Return a backbone's features unchanged."""
    return features


def pose_net(
    backbone: Callable[[Any, ReadOut], list],
    num_joints: int,
    *,
    input_size: int,
    smallest: int,
    head: Head,
    neck: Neck = no_neck,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str,
) -> keras.Model:
    """Put images in front of a backbone, and a neck and a head behind it.

    A net of several stages has a head for each: its backbone calls `read_out` with the features of each stage but the
    last, and may use the outputs that this returns.

    Args:
        backbone: Function from images scaled to [-1, 1], (B, S, S, 3), and `read_out`, to features (B, h, w, C) from
            fine to coarse.
        num_joints: Number of joints J, at least 1.
        input_size: Side S of the square input in pixels.
        smallest: Smallest `input_size` that leaves the backbone one feature cell.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's named outputs. Those of earlier
        stages, except scores, are named "stage1/...", "stage2/..." in the order of the calls.

    Raises:
        ValueError: If `num_joints` or `input_size` is too small.
    """
    if num_joints < 1:
        raise ValueError(f"num_joints must be at least 1, got {num_joints}; pass the skeleton's num_joints.")
    if input_size < smallest:
        raise ValueError(
            f"input_size must be at least {smallest} px, so that {name} has a feature left, "
            f"got {input_size}; pass a larger input_size."
        )
    stages: dict[str, Any] = {}

    def outputs_of(features: list, prefix: str = "") -> dict[str, Any]:
        features = neck(features, normalization=normalization, prefix=prefix)
        return head(features, num_joints, normalization=normalization, prefix=prefix)

    def read_out(features: list) -> dict[str, Any]:
        stage = f"stage{len({key.partition('/')[0] for key in stages}) + 1}"
        outputs = outputs_of(features, f"{stage}_out_")
        stages.update({f"{stage}/{key}": value for key, value in outputs.items() if key != SCORES})
        return outputs

    pictures = keras.Input((input_size, input_size, 3), name="pictures")
    # In float32, because bfloat16 would round bright pixels to a whole gray level.
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="rescale")(pictures)
    last = outputs_of(backbone(x, read_out))
    return keras.Model(pictures, {**stages, **last}, name=name)


def staged_net(
    stages: Callable[[Any], list[dict[str, Any]]], num_joints: int, *, input_size: int, smallest: int, name: str
) -> keras.Model:
    """Put images in front of a net that computes the outputs of its stages itself, such as by looking again.

    Args:
        stages: Function from images scaled to [-1, 1], (B, S, S, 3), to the named outputs of each stage, the last in
            the end.
        num_joints: As for `pose_net`.
        input_size: As for `pose_net`.
        smallest: As for `pose_net`.
        name: Name of the model.

    Returns:
        A model as of `pose_net`.
    """
    found: list[dict[str, Any]] = []

    def backbone(x, read_out: ReadOut) -> list:
        found.extend(stages(x))
        for number in range(len(found) - 1):
            read_out([number])
        return [len(found) - 1]

    def head(features: list, num_joints: int, **_: Any) -> dict[str, Any]:
        return found[features[0]]

    return pose_net(backbone, num_joints, input_size=input_size, smallest=smallest, head=head, name=name)


def named_layers(net: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.Layer]]:
    """Yield a net's layers, those of nets inside it too, whose names are then put in front: "step/stem_conv"."""
    for layer in net.layers:
        if isinstance(layer, keras.Model):
            yield from named_layers(layer, f"{prefix}{layer.name}/")
        else:
            yield f"{prefix}{layer.name}", layer
