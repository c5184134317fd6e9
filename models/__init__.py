"""Pose networks, one file for each published model.

A builder, such as `build_resnet`, returns a `keras.Model` that maps RGB pictures 0..255, shape (B, S, S, 3),
to named outputs. Its backbone is a function of its own (`resnet`, `densenet`), and so is the head that turns
features into an output form. Each output form stands in one file with its encoding and decoding:
`coordinates` holds the regression of one (x, y) point and one score for each joint.
"""

from models.coordinates import coordinate_head, decode, encode, inference_model
from models.densenet import build_densenet, densenet
from models.normalization import FusedBatchNormalization, plain_copy
from models.resnet import basic_block, bottleneck_block, build_resnet, resnet

__all__ = [
    "FusedBatchNormalization",
    "basic_block",
    "bottleneck_block",
    "build_densenet",
    "build_resnet",
    "coordinate_head",
    "decode",
    "densenet",
    "encode",
    "inference_model",
    "plain_copy",
    "resnet",
]
