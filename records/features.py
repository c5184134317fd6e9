"""The record's features: their names, shapes and types, and how they are read without TensorFlow and by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from google.protobuf.message import DecodeError

from records.example import Example

if TYPE_CHECKING:
    import tensorflow as tf

_LISTS = {bytes: "bytes_list", np.int64: "int64_list", np.float32: "float_list"}


# What records of people without it lack, or those of earlier versions, and what then stands for it.
_UNKNOWN = {"person/head_size_px": 0.0}


def required_features(num_joints: int) -> dict[str, tuple[tuple[int, ...], type]]:
    """Shape and type of the features that every record has."""
    text, number, scalar = ((), bytes), ((), np.int64), ((), np.float32)
    return {
        "image/jpeg": text,
        "joints/xy_px": ((num_joints, 2), np.float32),
        "joints/visible": ((num_joints,), np.int64),
        "crop/to_frame": ((2, 3), np.float32),
        "person/torso_px": scalar,
        "person/head_px": scalar,
        "person/area_px": scalar,
        "source/dataset": text,
        "source/sequence": text,
        "source/camera": text,
        "source/frame": number,
        "source/person": number,
    }


def read_features(serialized: bytes, num_joints: int) -> dict[str, Any]:
    """Reads the features that every record has, and the head's size, without TensorFlow.

    Raises:
        ValueError: the bytes are no Example, or a feature is missing or has another type or number of values.
    """
    try:
        found = Example.FromString(serialized).features.feature
    except DecodeError as error:
        raise ValueError(f"no tf.train.Example ({error})") from error
    features: dict[str, Any] = {}
    for name, (shape, kind) in required_features(num_joints).items():
        # A map of messages makes what is asked for.
        values: Sequence = getattr(found[name], _LISTS[kind]).value if name in found else ()
        expected = int(np.prod(shape))
        if len(values) != expected:
            raise ValueError(f"{name} has {len(values)} values of {kind.__name__} instead of {expected}")
        features[name] = values[0] if kind is bytes else np.array(values, kind).reshape(shape)
    for name, unknown in _UNKNOWN.items():
        values = found[name].float_list.value if name in found else (unknown,)
        if len(values) != 1:
            raise ValueError(f"{name} has {len(values)} values of float32 instead of 1")
        features[name] = np.float32(values[0])
    return features


def feature_spec(num_joints: int) -> dict[str, tf.io.FixedLenFeature]:
    """What `tf.io.parse_single_example` needs to read the features that every record has, and the head's size."""
    import tensorflow as tf

    types = {bytes: tf.string, np.int64: tf.int64, np.float32: tf.float32}
    spec = {
        name: tf.io.FixedLenFeature(shape, types[kind]) for name, (shape, kind) in required_features(num_joints).items()
    }
    return spec | {name: tf.io.FixedLenFeature((), tf.float32, value) for name, value in _UNKNOWN.items()}


def optional_feature_spec(num_joints: int) -> dict[str, tf.io.FixedLenFeature]:
    """The features that a record may lack: 3D joints (J, 3) in mm and the crop's camera matrix (3, 3).

    `joints/xyz_known` (J,) is 1 for a joint whose xyz is known and 0 for one whose is not, which is then (0, 0, 0). In
    records from before this feature it is read as -1: not told.

    Pass it to `tf.io.parse_single_example` beside `feature_spec` for a set whose source knows them.
    """
    import tensorflow as tf

    return {
        "joints/xyz_mm": tf.io.FixedLenFeature((num_joints, 3), tf.float32),
        "joints/xyz_known": tf.io.FixedLenFeature((num_joints,), tf.int64, default_value=[-1] * num_joints),
        "camera/matrix": tf.io.FixedLenFeature((3, 3), tf.float32),
    }


def decode_depth(png: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes the feature `depth/png` to uint16 (size, size) in mm, 0 where unknown."""
    import tensorflow as tf

    return tf.ensure_shape(tf.io.decode_png(png, channels=1, dtype=tf.uint16)[..., 0], [size, size])


def depth_feature_spec() -> dict[str, tf.io.FixedLenFeature]:
    """What `tf.io.parse_single_example` needs beside `feature_spec` for a set with depth pictures."""
    import tensorflow as tf

    return {"depth/png": tf.io.FixedLenFeature((), tf.string)}
