"""Nets that find joints in space in a depth image, trained from nothing: two channels in place of three colors."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from models.blocks import Head, Neck, Normalization
from models.forms.cone import cone_head
from models.forms.depths import BODY, CAMERA, DEPTH, REACH_MM, body_depth
from models.necks import pyramid_neck
from models.resnet import resnet


def depth_net(
    outputs_of: Callable[[Any, Any, Any], dict[str, Any]], num_joints: int, *, input_size: int, smallest: int, name: str
) -> keras.Model:
    """Put a depth image and its camera in front of a net.

    Args:
        outputs_of: Function from depths (B, S, S), camera matrices (B, 3, 3) and depths of the body (B,) to outputs.
        num_joints: Number of joints J, at least 1.
        input_size: Side S of the square image in pixels.
        smallest: Smallest `input_size` that the net can take.
        name: Name of the model.

    Returns:
        A model from "depth_mm" (B, S, S), 0 where unknown, and "camera_matrix" (B, 3, 3), which projects points of the
        camera's frame to pixels of the image, to the named outputs; with them both inputs and "body_mm" (B,), the depth
        of the body, which decoding needs.

    Raises:
        ValueError: If `num_joints` or `input_size` is too small.
    """
    if num_joints < 1 or input_size < smallest:
        raise ValueError(
            f"num_joints must be at least 1 and input_size at least {smallest} px for {name}, got {num_joints} and "
            f"{input_size}"
        )
    depth = keras.Input((input_size, input_size), name=DEPTH)
    camera = keras.Input((3, 3), name=CAMERA)
    body = body_depth(depth)
    handed_on = {DEPTH: depth + 0.0, CAMERA: camera + 0.0, BODY: body}
    return keras.Model({DEPTH: depth, CAMERA: camera}, outputs_of(depth, camera, body) | handed_on, name=name)


def build_depth_resnet(
    num_joints: int,
    *,
    depth: int = 18,
    width: int = 32,
    input_size: int = 128,
    neck: Neck = pyramid_neck,
    head: Head = cone_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build a pre-activation ResNet (He et al., arXiv 1603.05027) on a depth image.

    Its two channels are the depth relative to the body's, as a share of the reach, cut off at -1 and 1, and whether it
    is known.

    Args:
        num_joints: Number of joints J.
        depth: Number of layers, one of `models.resnet.UNITS`.
        width: Channels of the stem.
        input_size: Side S of the square image in pixels, at least 32.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `depth_resnet<depth>_<width>` if None.

    Returns:
        A model as of `depth_net`, with the head's outputs.

    Raises:
        ValueError: If a number is too small, or there is no such depth.
    """

    def outputs_of(image: Any, camera: Any, body: Any) -> dict[str, Any]:
        known = ops.cast(image > 0, "float32")
        relative = ops.clip((image - body[:, None, None]) / REACH_MM, -1.0, 1.0) * known
        features = resnet(ops.stack([relative, known], axis=-1), depth, width=width, normalization=normalization)
        return head(neck(features, normalization=normalization), num_joints, normalization=normalization)

    name = name or f"depth_resnet{depth}_{width}"
    return depth_net(outputs_of, num_joints, input_size=input_size, smallest=32, name=name)
