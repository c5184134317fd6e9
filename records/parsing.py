"""Reads serialized Examples with TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from records.features import KEYS, KINDS, feature_spec

Labels = dict[str, tf.Tensor]
#: The fields of a batch by default; `key` is the person's name.
USUAL = ("joints_xy_px", "visible", "torso_px", "head_px", "head_size_px", "area_px", "to_frame", "key")
#: The same for whole images.
USUAL_OF_FRAMES = ("joints_xy_px", "visible", "box_px", "area_px", "head_size_px", "unlabeled", "to_frame", "key")


def parse_example(
    serialized: tf.Tensor,
    num_joints: int,
    fields: Sequence[str] = USUAL,
    *,
    kind: str = "people",
    max_people: int = 0,
) -> tuple[tf.Tensor, Labels]:
    """Reads one serialized Example, or a batch (B,) of them.

    Args:
        serialized: the Examples.
        num_joints: of the skeleton.
        fields: what to read, by the names of `records.features.KINDS`, or "key".
        kind: of the records.
        max_people: the P of the result, for fields with a row for each person; the manifest's.

    Returns:
        The JPEG, a scalar string, and the fields asked for, of the shapes and types that `records.features.KINDS` says,
        except for encoded images, which stay encoded; and `key`, a scalar string. For a batch, each has a first
        dimension B.
    """
    known = KINDS[kind]
    names = [name for name in fields if name in known]
    sources = KEYS[kind] if "key" in fields else ()
    features = tf.io.parse_example(serialized, feature_spec({"picture", *names, *sources}, num_joints, kind))
    labels = {}
    for name in names:
        field = known[name]
        value = features[field.feature]
        if field.per_person:
            value = _with_rows(value, len(serialized.shape), max_people, field.padding)
        labels[name] = value if value.dtype == tf.string else tf.cast(value, field.dtype)
    if sources:
        parts = [features[known[name].feature] for name in sources]
        texts = [part if part.dtype == tf.string else tf.strings.as_string(part) for part in parts]
        labels["key"] = tf.strings.join(texts, separator="/")
    return features[known["picture"].feature], labels


def _with_rows(value: tf.Tensor, axis: int, count: int, padding: float) -> tf.Tensor:
    """Padded to `count` rows along an axis."""
    missing = tf.one_hot(axis, len(value.shape), count - tf.shape(value)[axis], 0)
    padded = tf.pad(value, tf.stack([tf.zeros_like(missing), missing], axis=1), constant_values=padding)
    return tf.ensure_shape(padded, [*value.shape[:axis], count, *value.shape[axis + 1 :]])


def decode_picture(jpeg: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes a crop's JPEG into uint8 (size, size, 3); every reader decodes the same way."""
    return tf.ensure_shape(tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE"), [size, size, 3])


def resize_picture(picture: tf.Tensor, size_in: int, size: int) -> tf.Tensor:
    """Samples one image bilinearly."""
    # In float32, the result's own precision: published figures depend on the last bit.
    scale = np.float32(size_in) / np.float32(size)
    offset = np.float32((size_in - 1) / 2) - scale * np.float32((size - 1) / 2)
    resized = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(picture, tf.float32)[None],
        transforms=tf.constant([[scale, 0, offset, 0, scale, offset, 0, 0]]),
        output_shape=[size, size],
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )
    return tf.cast(tf.round(tf.ensure_shape(resized[0], [size, size, 3])), tf.uint8)


def usual_fields(kind: str) -> tuple[str, ...]:
    """The fields of a batch by default."""
    return USUAL_OF_FRAMES if kind == "frames" else USUAL
