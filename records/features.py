"""What TensorFlow needs to know of the record to read it."""

from __future__ import annotations

import tensorflow as tf


def feature_spec(num_joints: int) -> dict[str, tf.io.FixedLenFeature]:
    """What `tf.io.parse_single_example` needs to read the features that every record has."""
    text, number = tf.io.FixedLenFeature((), tf.string), tf.io.FixedLenFeature((), tf.int64)
    scalar = tf.io.FixedLenFeature((), tf.float32)
    return {
        "image/jpeg": text,
        "joints/xy_px": tf.io.FixedLenFeature((num_joints, 2), tf.float32),
        "joints/visible": tf.io.FixedLenFeature((num_joints,), tf.int64),
        "crop/to_frame": tf.io.FixedLenFeature((2, 3), tf.float32),
        "person/torso_px": scalar,
        "person/head_px": scalar,
        "person/area_px": scalar,
        "source/dataset": text,
        "source/sequence": text,
        "source/camera": text,
        "source/frame": number,
        "source/person": number,
    }


def optional_feature_spec(num_joints: int) -> dict[str, tf.io.FixedLenFeature]:
    """The features that a record may lack: 3D joints (J, 3) in mm and the crop's camera matrix (3, 3).

    Pass it to `tf.io.parse_single_example` beside `feature_spec` for a set whose source knows them.
    """
    return {
        "joints/xyz_mm": tf.io.FixedLenFeature((num_joints, 3), tf.float32),
        "camera/matrix": tf.io.FixedLenFeature((3, 3), tf.float32),
    }


def decode_depth(png: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes the feature `depth/png` to uint16 (size, size) in mm, 0 where unknown."""
    return tf.ensure_shape(tf.io.decode_png(png, channels=1, dtype=tf.uint16)[..., 0], [size, size])


def depth_feature_spec() -> dict[str, tf.io.FixedLenFeature]:
    """What `tf.io.parse_single_example` needs beside `feature_spec` for a set with depth pictures."""
    return {"depth/png": tf.io.FixedLenFeature((), tf.string)}
