"""Pre-activation ResNet: He et al., "Identity Mappings in Deep Residual Networks", arXiv 1603.05027."""

import keras

from models.blocks import Head, Neck, Normalization, convolution, no_neck, normalize_relu, pose_net, pyramid, stem_pool
from models.forms.coordinates import coordinate_head


def basic_block(
    x,
    filters: int,
    *,
    strides: int = 1,
    project: bool = False,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str,
):
    """Apply a residual unit of two 3x3 convolutions; normalization and ReLU precede each.

    Args:
        x: Features (B, H, W, C).
        filters: Number of output channels; equal to C unless `project`.
        strides: Stride of the first convolution.
        project: Whether the shortcut is a 1x1 convolution of the activated features.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Prefix of the layers' names; the output is `<name>_out`.

    Returns:
        Features (B, ceil(H / strides), ceil(W / strides), filters).
    """
    activated = normalize_relu(x, normalization, name=f"{name}_preact_")
    shortcut = _shortcut(x, activated, filters, strides=strides, project=project, name=name)
    x = convolution(activated, filters, 3, strides=strides, name=f"{name}_1_conv")
    x = normalize_relu(x, normalization, name=f"{name}_1_")
    x = convolution(x, filters, 3, use_bias=True, name=f"{name}_2_conv")
    return keras.layers.Add(name=f"{name}_out")([shortcut, x])


def bottleneck_block(
    x,
    filters: int,
    *,
    strides: int = 1,
    project: bool = False,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str,
):
    """Apply a residual unit of 1x1, 3x3 and 1x1 convolutions; normalization and ReLU precede each.

    Args:
        x: Features (B, H, W, C).
        filters: Number of channels inside; four times as many leave, which is C unless `project`.
        strides: Stride of the 3x3 convolution.
        project: Whether the shortcut is a 1x1 convolution of the activated features.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Prefix of the layers' names; the output is `<name>_out`.

    Returns:
        Features (B, ceil(H / strides), ceil(W / strides), 4 * filters).
    """
    activated = normalize_relu(x, normalization, name=f"{name}_preact_")
    shortcut = _shortcut(x, activated, 4 * filters, strides=strides, project=project, name=name)
    x = convolution(activated, filters, 1, name=f"{name}_1_conv")
    x = normalize_relu(x, normalization, name=f"{name}_1_")
    x = convolution(x, filters, 3, strides=strides, name=f"{name}_2_conv")
    x = normalize_relu(x, normalization, name=f"{name}_2_")
    x = convolution(x, 4 * filters, 1, use_bias=True, name=f"{name}_3_conv")
    return keras.layers.Add(name=f"{name}_out")([shortcut, x])


def _shortcut(x, activated, channels, *, strides, project, name):
    """Carry the input past the convolutions: projected, or as it is, subsampled where the unit strides."""
    if project:
        return convolution(activated, channels, 1, strides=strides, use_bias=True, name=f"{name}_0_conv")
    if strides > 1:
        return keras.layers.MaxPooling2D(1, strides=strides, name=f"{name}_0_pool")(x)
    return x


# Units in the four stages: table 1 of He et al. 2015 (arXiv 1512.03385), whose units the 2016 paper reorders; 10 and 26
# are smaller in the same manner.
UNITS = {
    10: (basic_block, (1, 1, 1, 1)),
    18: (basic_block, (2, 2, 2, 2)),
    26: (bottleneck_block, (2, 2, 2, 2)),
    34: (basic_block, (3, 4, 6, 3)),
    50: (bottleneck_block, (3, 4, 6, 3)),
    101: (bottleneck_block, (3, 4, 23, 3)),
    152: (bottleneck_block, (3, 8, 36, 3)),
}


def resnet(
    x,
    depth: int,
    *,
    width: int = 64,
    normalization: Normalization = keras.layers.BatchNormalization,
) -> list:
    """Build the backbone: a stem, four stages of pre-activation units, a last normalization with ReLU.

    Depths 50, 101 and 152 are layer for layer those of `keras.applications.ResNet50V2` and its siblings, with
    the same layer names, so that their weights fit. That layout differs from the paper in these points:

    - a stage's stride of 2 sits in the last unit of the first three stages, on the 3x3 convolution, and its
      shortcut is the input subsampled by a max-pooling of size 1; in the paper the first unit of the last
      three stages strides, and its shortcut is a projection;
    - the stem's convolution is max-pooled without normalization and ReLU; in the paper they follow it, and
      the first unit shares them;
    - convolutions that no normalization follows directly (stem, projections, last of a unit) have a bias.

    The paper has no pre-activation nets of depth 18 and 34. These, and 10, use the basic units of the 2015 paper,
    strided as there: the first unit of the last three stages, on its first convolution, beside a projection.
    Their first stage keeps its number of channels and so has no projection. Stem and biases are as above. Depths 10
    and 26 are in no paper: one basic unit, or two bottlenecks laid out as those of depth 50, in each stage.

    Args:
        x: Images, scaled to about [-1, 1], or features, (B, H, W, C).
        depth: 10, 18, 26, 34, 50, 101 or 152.
        width: Channels of the stem and inside the first stage's units; doubled in each later stage.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.

    Returns:
        Features at strides 4, 8, 16 and 32, the last (B, ceil(H / 32), ceil(W / 32), C), where C is `8 * width` for
        depths 10, 18 and 34, `32 * width` for the others. The stages end in the layers `conv2_block<n>_out` to
        `conv5_block<n>_out`, n being the stage's units; only the last features are normalized.

    Raises:
        ValueError: If `depth` is not in the table.
    """
    if depth not in UNITS:
        raise ValueError(f"depth must be one of {', '.join(map(str, UNITS))}, got {depth!r}; choose one of these.")
    block, stages = UNITS[depth]
    x = convolution(x, width, 7, strides=2, use_bias=True, name="conv1_conv")
    x = stem_pool(x, name="pool1_pool")
    outputs = []
    for stage, units in enumerate(stages):
        for unit in range(units):
            first, last = unit == 0, unit == units - 1
            if block is basic_block:
                changes = first and stage > 0
                strides, project = (2, True) if changes else (1, False)
            else:
                strides, project = 2 if last and stage < 3 else 1, first
            x = block(
                x,
                width * 2**stage,
                strides=strides,
                project=project,
                normalization=normalization,
                name=f"conv{stage + 2}_block{unit + 1}",
            )
            outputs.append(x)
    outputs[-1] = normalize_relu(x, normalization, name="post_")
    return pyramid(outputs)


def build_resnet(
    depth: int,
    num_joints: int,
    *,
    input_size: int = 224,
    width: int = 64,
    neck: Neck = no_neck,
    head: Head = coordinate_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build a pre-activation ResNet that locates the joints of the person in an image.

    Reference: He et al., "Identity Mappings in Deep Residual Networks", arXiv 1603.05027. See `resnet` for where the
    backbone follows Keras instead.

    Args:
        depth: 10, 18, 26, 34, 50, 101 or 152.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, at least 32.
        width: Channels of the stem; 64 in the paper.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `resnet<depth>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs; with the default
        head "coordinates" (B, J, 2), (x, y) where -1 and 1 are the image's edges, and "score_logits" (B,
        J).

    Raises:
        ValueError: If `depth` is not in the table, or `num_joints` or `input_size` is too small.
    """
    return pose_net(
        lambda x, _: resnet(x, depth, width=width, normalization=normalization),
        num_joints,
        input_size=input_size,
        smallest=32,
        neck=neck,
        head=head,
        normalization=normalization,
        name=name or f"resnet{depth}",
    )
