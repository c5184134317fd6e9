"""The augmentation of `records.augment` in TensorFlow operations, one image at a time, to compare its speed."""

from __future__ import annotations

import tensorflow as tf

from records import Augmentation

_NUM_DRAWS = 16


def plain_augment(picture: tf.Tensor, seed: tf.Tensor, options: Augmentation, size: int) -> tf.Tensor:
    """Augments one image, uint8 (S, S, 3), for `tf.data.Dataset.map`; labels, which cost little, are left out."""
    draws = tf.unstack(tf.random.stateless_uniform((_NUM_DRAWS,), seed))
    matrix = _affine(draws[1:5], draws[0] < options.flip, options, tf.shape(picture)[0], size)
    warped = _warp(picture, matrix, size)
    warped = _recolor(warped, draws[5:10], options)
    patch_draws = tf.random.stateless_uniform((2, 8), seed + 1)
    for row in tf.unstack(patch_draws):
        warped = _patch(warped, tf.unstack(row), options, size)
    return tf.cast(tf.clip_by_value(tf.round(warped), 0, 255), tf.uint8)


def _warp(picture: tf.Tensor, matrix: tf.Tensor, size: int) -> tf.Tensor:
    transform = tf.concat([tf.reshape(matrix, [1, 6]), tf.zeros([1, 2])], axis=1)
    warped = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(picture, tf.float32)[None],
        transforms=transform,
        output_shape=[size, size],
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )
    return tf.ensure_shape(warped[0], [size, size, 3])


def _affine(
    draws: list[tf.Tensor], flipped: tf.Tensor, options: Augmentation, size_in: tf.Tensor, size_out: int
) -> tf.Tensor:
    """The matrix (2, 3) from result to image."""
    angle = (2 * draws[0] - 1) * options.rotation_deg * (3.14159265 / 180)
    zoom = tf.exp((2 * draws[1] - 1) * tf.math.log1p(tf.constant(options.scale, tf.float32)))
    size_in = tf.cast(size_in, tf.float32)
    scale = size_in / size_out / zoom
    cos, sin = scale * tf.cos(angle), scale * tf.sin(angle)
    mirror = tf.where(flipped, -1.0, 1.0)
    linear = tf.stack([[cos * mirror, -sin], [sin * mirror, cos]])
    center_in, center_out = (size_in - 1) / 2, tf.fill([2, 1], (size_out - 1) / 2)
    shift = (2 * tf.stack([[draws[2]], [draws[3]]]) - 1) * options.shift * size_in
    return tf.concat([linear, center_in + shift - linear @ center_out], axis=1)


def _recolor(picture: tf.Tensor, draws: list[tf.Tensor], options: Augmentation) -> tf.Tensor:
    spread = 2 * tf.stack(draws) - 1
    gain = (1 + options.contrast * spread[0]) * (1 + options.color * spread[2:5])
    offset = 127.5 * (1 - gain) + 255 * options.brightness * spread[1]
    return picture * gain + offset


def _patch(picture: tf.Tensor, draws: list[tf.Tensor], options: Augmentation, size: int) -> tf.Tensor:
    """Covers a rectangle with one color, with the given probability."""
    present, x, y, width, height, *color = draws
    grid = tf.range(size, dtype=tf.float32) / size
    half_x, half_y = width * options.occlusion_size / 2, height * options.occlusion_size / 2
    inside = (tf.abs(grid - x) < half_x)[None, :] & (tf.abs(grid - y) < half_y)[:, None]
    inside &= present < options.occlusion
    return tf.where(inside[..., None], 255 * tf.stack(color), picture)
