"""Densely connected networks (DenseNet-BC): Huang et al., arXiv 1608.06993."""

from collections.abc import Sequence

import keras

from models.blocks import Head, Neck, Normalization, convolution, no_neck, normalize_relu, pose_net, stem_pool
from models.forms.coordinates import coordinate_head

# Layers in the four dense blocks, table 1 of the paper.
BLOCKS = {
    121: (6, 12, 24, 16),
    169: (6, 12, 32, 32),
    201: (6, 12, 48, 32),
}


def dense_layer(x, growth_rate: int, *, normalization: Normalization = keras.layers.BatchNormalization, name: str):
    """Append `growth_rate` channels computed by a 1x1 bottleneck and a 3x3 convolution.

    Args:
        x: Features (B, H, W, C).
        growth_rate: Number of channels added, the paper's k; the bottleneck has 4k.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Prefix of the layers' names; the output is `<name>_concat`.

    Returns:
        Features (B, H, W, C + growth_rate).
    """
    new = normalize_relu(x, normalization, name=f"{name}_0_")
    new = convolution(new, 4 * growth_rate, 1, name=f"{name}_1_conv")
    new = normalize_relu(new, normalization, name=f"{name}_1_")
    new = convolution(new, growth_rate, 3, name=f"{name}_2_conv")
    return keras.layers.Concatenate(name=f"{name}_concat")([x, new])


def transition(x, reduction: float, *, normalization: Normalization = keras.layers.BatchNormalization, name: str):
    """Compress the channels by a 1x1 convolution and halve the resolution by averaging.

    Args:
        x: Features (B, H, W, C).
        reduction: Fraction of the channels that is kept, the paper's theta.
        normalization: Called as `normalization(epsilon=..., name=...)` for the normalization layer.
        name: Prefix of the layers' names; the output is `<name>_pool`.

    Returns:
        Features (B, H // 2, W // 2, floor(reduction * C)).
    """
    x = normalize_relu(x, normalization, name=f"{name}_")
    x = convolution(x, int(x.shape[-1] * reduction), 1, name=f"{name}_conv")
    return keras.layers.AveragePooling2D(2, name=f"{name}_pool")(x)


def densenet(
    x,
    blocks: Sequence[int],
    *,
    growth_rate: int = 32,
    reduction: float = 0.5,
    stem_filters: int | None = None,
    normalization: Normalization = keras.layers.BatchNormalization,
) -> list:
    """Build the backbone: a stem, dense blocks with transitions between, a last normalization with ReLU.

    With the defaults it is layer for layer that of `keras.applications.DenseNet121` and its siblings, with
    the same layer names, so that their weights fit.

    Args:
        x: Images, scaled to about [-1, 1], or features, (B, H, W, C).
        blocks: Number of layers in each dense block.
        growth_rate: Channels that each layer adds, the paper's k.
        reduction: Fraction of the channels that a transition keeps, the paper's theta, in (0, 1].
        stem_filters: Channels of the stem; `2 * growth_rate` if None, as in the paper.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.

    Returns:
        Features at strides 4, 8, ..., `2 ** (len(blocks) + 1)`, one for each block. Block i, counted from 2, of n
        layers ends in the layer `conv<i>_block<n>_concat`; only the last features are normalized.

    Raises:
        ValueError: If there is no block, a block or the growth rate is below 1, or `reduction` is not in
            (0, 1].
    """
    if not blocks or min(blocks) < 1:
        raise ValueError(
            f"blocks must hold at least one length, each at least 1, got {tuple(blocks)}; pass e.g. (6, 12, 24, 16)."
        )
    if growth_rate < 1:
        raise ValueError(f"growth_rate must be at least 1, got {growth_rate}; the paper uses 12 to 48.")
    if not 0 < reduction <= 1:
        raise ValueError(f"reduction must lie in (0, 1], got {reduction}; the paper uses 0.5.")
    filters = 2 * growth_rate if stem_filters is None else stem_filters
    x = convolution(x, filters, 7, strides=2, name="conv1_conv")
    x = normalize_relu(x, normalization, name="conv1_")
    x = stem_pool(x, name="pool1")
    outputs = []
    for stage, layers in enumerate(blocks, start=2):
        if stage > 2:
            x = transition(x, reduction, normalization=normalization, name=f"pool{stage - 1}")
        for layer in range(1, layers + 1):
            x = dense_layer(x, growth_rate, normalization=normalization, name=f"conv{stage}_block{layer}")
        outputs.append(x)
    outputs[-1] = normalize_relu(x, normalization, name="")
    return outputs


def build_densenet(
    depth_or_blocks: int | Sequence[int],
    num_joints: int,
    *,
    input_size: int = 224,
    growth_rate: int = 32,
    reduction: float = 0.5,
    stem_filters: int | None = None,
    neck: Neck = no_neck,
    head: Head = coordinate_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build a DenseNet-BC that locates the joints of the person in an image.

    Reference: Huang et al., "Densely Connected Convolutional Networks", arXiv 1608.06993.

    Args:
        depth_or_blocks: 121, 169 or 201, or the number of layers in each dense block.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, at least `2 ** (number of blocks + 1)`.
        growth_rate: Channels that each layer adds, the paper's k.
        reduction: Fraction of the channels that a transition keeps, the paper's theta, in (0, 1].
        stem_filters: Channels of the stem; `2 * growth_rate` if None, as in the paper.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `densenet<depth>` if None, with the depth counted as in the paper.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs; with the default
        head "coordinates" (B, J, 2), (x, y) where -1 and 1 are the image's edges, and "score_logits" (B,
        J).

    Raises:
        ValueError: If the depth is not in the table, or an argument is out of its range.
    """
    if not isinstance(depth_or_blocks, int):
        blocks = tuple(depth_or_blocks)
    elif depth_or_blocks in BLOCKS:
        blocks = BLOCKS[depth_or_blocks]
    else:
        raise ValueError(
            f"depth must be one of {', '.join(map(str, BLOCKS))}, got {depth_or_blocks!r}; "
            "choose one of these, or pass the number of layers in each dense block as a tuple."
        )
    return pose_net(
        lambda x, _: densenet(
            x,
            blocks,
            growth_rate=growth_rate,
            reduction=reduction,
            stem_filters=stem_filters,
            normalization=normalization,
        ),
        num_joints,
        input_size=input_size,
        smallest=2 ** (len(blocks) + 1),
        neck=neck,
        head=head,
        normalization=normalization,
        # Two convolutions in each layer, one in each transition, the stem, and the classifier the paper
        # counts.
        name=name or f"densenet{2 * sum(blocks) + len(blocks) + 1}",
    )
