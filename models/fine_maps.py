"""Fine maps: each joint's place in a square about a first estimate, from features cut out there."""

from typing import Any

import keras
from keras import ops

from models.blocks import Normalization, convolution, normalize_relu
from models.crops import crop
from models.forms.coordinates import decode, encode
from models.forms.heatmaps import map_cross_entropy

# Side of a square about a joint in an image of `_PAPER_SIZE` px, and the px of which it is a multiple.
_FINE_PX, _PAPER_SIZE, _UNIT = 36, 256, 4
#: Channels of the published net, and of the light one.
FILTERS, LIGHT_FILTERS = 128, 32


def fine_cells(size: int) -> int:
    """Return the side of a square about a joint, in px of an image of `size` px and in cells of the fine map."""
    return _UNIT * max(round(_FINE_PX * size / (_PAPER_SIZE * _UNIT)), 1)


def fine_net(shapes: list[tuple], num_joints: int, *, normalization: Normalization | None, name: str) -> keras.Model:
    """Build the net that is run on the squares about each joint.

    Args:
        shapes: (cells, cells, channels) of each kind of features, the first with the cells of the maps.
        num_joints: Number of joints J.
        normalization: Of the light net, with 3 x 3 convolutions to 32 channels; the published one, 5 x 5 to 128, has
            none.
        name: Name of the net.

    Returns:
        A model from squares to maps (B, cells, cells, J) float32, of which a joint's own is used.
    """
    light = normalization is not None
    filters, kernel_size = (LIGHT_FILTERS, 3) if light else (FILTERS, 5)
    squares, parts = [keras.Input(shape) for shape in shapes], []

    def activated(x, name: str):
        if normalization is None:
            return keras.layers.ReLU(name=f"{name}_relu")(x)
        return normalize_relu(x, normalization, name=f"{name}_")

    for number, square in enumerate(squares, 1):
        x = convolution(square, filters, kernel_size, use_bias=not light, name=f"conv{number}")
        x = activated(x, f"conv{number}")
        if square.shape[1] < shapes[0][0]:
            factor = shapes[0][0] // square.shape[1]
            x = keras.layers.UpSampling2D(factor, interpolation="bilinear", name=f"up{number}")(x)
        parts.append(x)
    x = keras.layers.Add(name="sum")(parts)
    for number, size in ((1, kernel_size), (2, 1)):
        x = activated(convolution(x, filters, size, use_bias=not light, name=f"fused{number}"), f"fused{number}")
    return keras.Model(squares, keras.layers.Conv2D(num_joints, 1, dtype="float32", name="logits")(x), name=name)


def fine_maps(features: list, middles, num_joints: int, size: int, *, shared: bool, normalization):
    """Find each joint in a square about a point.

    Args:
        features: Images or features (B, h, h, C) with cells of 1, 2 or 4 px, the first of 1 px.
        middles: Coordinates (B, J, 2).
        num_joints: Number of joints J.
        size: Side of the image in px.
        shared: Whether the joints share a fine net; otherwise each has one.
        normalization: As for `fine_net`.

    Returns:
        Maps (B, cells, cells, J) float32; for `cells` see `fine_cells`.
    """
    cells = fine_cells(size)
    sides = [cells * one.shape[1] // size for one in features]
    half = ops.ones_like(middles[..., 0]) * (cells / size)
    squares = [crop(one, middles, half, side) for one, side in zip(features, sides, strict=True)]
    shapes = [tuple(one.shape[2:]) for one in squares]
    if not shared:
        nets = [
            fine_net(shapes, 1, normalization=normalization, name=f"fine{joint + 1}") for joint in range(num_joints)
        ]
        own = [net([square[:, joint] for square in squares]) for joint, net in enumerate(nets)]
        return keras.layers.Concatenate(dtype="float32", name="fine_logits")(own)
    net = fine_net(shapes, num_joints, normalization=normalization, name="fine")
    found = net([ops.reshape(square, (-1, *shape)) for square, shape in zip(squares, shapes, strict=True)])
    found = ops.reshape(found, (-1, num_joints, cells**2, num_joints))
    own = ops.sum(found * ops.reshape(ops.eye(num_joints), (1, num_joints, 1, num_joints)), axis=-1)
    return ops.reshape(ops.transpose(own, (0, 2, 1)), (-1, cells, cells, num_joints))


def fine_cross_entropy(joints_xy_px: Any, logits: Any, middles: Any, visible: Any, size: int) -> Any:
    """Cross-entropy between fine maps and Gaussians about the labeled joints that lie in their squares.

    Args:
        joints_xy_px: Float (B, J, 2), in px of the image.
        logits: Float (B, cells, cells, J).
        middles: Coordinates (B, J, 2) of the squares' middles.
        visible: Int (B, J); only joints above 0 count.
        size: Side of the image in px.

    Returns:
        As `models.forms.heatmaps.map_cross_entropy`.
    """
    labeled, cells = visible > 0, logits.shape[1]
    true = encode(ops.where(labeled[..., None], joints_xy_px, 0.0), size)
    place = (true - middles) * (size / cells)
    inside = ops.logical_and(labeled, ops.all(ops.abs(place) < 1.0, axis=-1))
    return map_cross_entropy(decode(place, cells), logits, ops.cast(inside, "int32"), cells)
