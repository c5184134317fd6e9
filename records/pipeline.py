"""From a shard set to batches: parallel reading, decoding, augmentation, batching, prefetch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from records.augment import NUM_DRAWS, Augmentation, augment, changes_of
from records.features import feature_spec
from records.manifest import Manifest, read_manifest, shard_paths, steps_per_epoch

Labels = dict[str, tf.Tensor]
# What augmentation changes; the key stays.
_VARIED = ("joints_xy_px", "visible", "torso_px", "head_px", "head_size_px", "area_px", "to_frame", "left")


def parse_example(serialized: tf.Tensor, num_joints: int) -> tuple[tf.Tensor, Labels]:
    """Reads one serialised Example, or a batch (B,) of them.

    Returns:
        The crop's JPEG, a scalar string, and its labels: joints_xy_px float32 (J, 2), visible int32 (J,), torso_px,
        head_px, head_size_px and area_px float32 scalars (0 where unknown), to_frame float32 (2, 3), key a scalar
        string. For a batch, each has a first dimension B.
    """
    features = tf.io.parse_example(serialized, feature_spec(num_joints))
    key = tf.strings.join(
        [
            features["source/dataset"],
            features["source/sequence"],
            features["source/camera"],
            tf.strings.as_string(features["source/frame"]),
            tf.strings.as_string(features["source/person"]),
        ],
        separator="/",
    )
    labels = {
        "joints_xy_px": features["joints/xy_px"],
        "visible": tf.cast(features["joints/visible"], tf.int32),
        "torso_px": features["person/torso_px"],
        "head_px": features["person/head_px"],
        "head_size_px": features["person/head_size_px"],
        "area_px": features["person/area_px"],
        "to_frame": features["crop/to_frame"],
        "key": key,
    }
    return features["image/jpeg"], labels


def decode_picture(jpeg: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes a crop's JPEG into uint8 (size, size, 3); every reader decodes the same way."""
    return tf.ensure_shape(tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE"), [size, size, 3])


def dataset(
    folder: str | Path, split: str, *, batch_size: int, input_size: int | None = None, limit: int | None = None
) -> tf.data.Dataset:
    """One pass over a split in its stored order, without augmentation: for validation and evaluation.

    Args:
        folder: the shard set.
        split: "train", "val" or "test".
        batch_size: people in a batch; the last batch holds what is left.
        input_size: height and width S of the pictures, the records' own size if None.
        limit: stop after this many people.

    Returns:
        Batches of pictures, uint8 (B, S, S, 3), and labels: joints_xy_px float32 (B, J, 2) in px of the picture,
        visible int32 (B, J), torso_px, head_px, head_size_px, area_px float32 (B,), to_frame float32 (B, 2, 3), key
        string (B,).

    Raises:
        ValueError: no such set or split, or a shard missing or of the wrong size.
    """
    manifest = read_manifest(folder)
    num_joints, size = manifest.skeleton.num_joints, input_size or manifest.size

    def prepare(serialized: tf.Tensor) -> tuple[tf.Tensor, Labels]:
        jpeg, labels = parse_example(serialized, num_joints)
        picture = decode_picture(jpeg, manifest.size)
        return (picture, labels) if size == manifest.size else _resize(picture, labels, manifest.size, size)

    examples = tf.data.TFRecordDataset(shard_paths(folder, split))
    if limit is not None:
        examples = examples.take(limit)
    return examples.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).batch(batch_size).prefetch(tf.data.AUTOTUNE)


def _resize(picture: tf.Tensor, labels: Labels, size_in: int, size: int) -> tuple[tf.Tensor, Labels]:
    """Samples one picture bilinearly, with its labels."""
    # In the result's own precision: published figures rest on these very bits.
    scale = np.float32(size_in) / np.float32(size)
    offset = np.float32((size_in - 1) / 2) - scale * np.float32((size - 1) / 2)
    matrix = tf.constant([[scale, 0, offset], [0, scale, offset]])
    resized = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(picture, tf.float32)[None],
        transforms=tf.concat([tf.reshape(matrix, [1, 6]), tf.zeros([1, 2])], axis=1),
        output_shape=[size, size],
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )
    resized = tf.cast(tf.round(tf.ensure_shape(resized[0], [size, size, 3])), tf.uint8)
    xy = (labels["joints_xy_px"] - offset) * (1 / scale)
    inside = tf.reduce_all((xy >= -0.5) & (xy < size - 0.5), axis=1)
    visible = tf.where(inside, labels["visible"], 0)
    to_linear, to_offset = labels["to_frame"][:, :2], labels["to_frame"][:, 2:]
    return resized, {
        **labels,
        "joints_xy_px": tf.where(visible[:, None] > 0, xy, 0.0),
        "visible": visible,
        "torso_px": labels["torso_px"] / scale,
        "head_px": labels["head_px"] / scale,
        "head_size_px": labels["head_size_px"] / scale,
        "area_px": labels["area_px"] / scale**2,
        "to_frame": tf.concat([to_linear * scale, to_linear @ matrix[:, 2:] + to_offset], axis=1),
    }


def training_dataset(
    folder: str | Path,
    split: str,
    *,
    batch_size: int,
    epochs: int,
    seed: int,
    first_epoch: int = 0,
    first_step: int = 0,
    shard: tuple[int, int] = (0, 1),
    input_size: int | None = None,
    augmentation: Augmentation | None = None,
    shuffle_buffer: int = 8192,
) -> tf.data.Dataset:
    """Shuffled, augmented batches of several epochs, one after the other, each of `steps_per_epoch` full batches.

    What a batch holds depends on the seed, its epoch and its place there alone: a run that starts at `first_epoch` and
    `first_step` meets the very batches that an unbroken run meets from there on. Workers that train together take a
    share of every batch each: `shard` (0, N) ... (N - 1, N), one after the other, make up the batches of (0, 1). Each
    of them reads all records, to meet them in the same order, but decodes its own alone.

    From here on OpenCV uses one thread in this process.

    Args:
        folder: the shard set.
        split: "train", "val" or "test".
        batch_size: people in every batch of all workers together; what is left of an epoch is dropped.
        epochs: the epoch to stop before.
        seed: of the order and of the augmentation.
        first_epoch: the epoch to start at.
        first_step: the batch of that epoch to start at; those before it are read, but not decoded.
        shard: the worker's index, and how many there are; their number divides the batch size.
        input_size: height and width S of the pictures, the records' own size if None.
        augmentation: how much to vary; the defaults if None.
        shuffle_buffer: how many serialised people to shuffle among.

    Returns:
        Batches as `dataset` gives them, of `batch_size` / N people, with one label more: left, bool (B, J), joints that
        augmentation put outside the picture.

    Raises:
        ValueError: as `dataset`, a split smaller than one batch, a `first_step` that an epoch does not have, or a
            `shard` that does not fit.
    """
    # Batches are made in parallel already; OpenCV's own threads would only wait for each other, at full load.
    cv2.setNumThreads(1)
    manifest = read_manifest(folder)
    paths = shard_paths(folder, split)
    steps = steps_per_epoch(folder, split, batch_size)
    if not 0 <= first_step < steps:
        raise ValueError(f"first_step must lie between 0 and {steps - 1}, an epoch's last step, got {first_step}")
    own = _own_rows(batch_size, shard)
    size = input_size or manifest.size
    vary = _variation(manifest, size, augmentation or Augmentation(), own)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        # Traced into a graph of its own, whose seed this sets: the caller's global seed must not reach the order.
        tf.random.set_seed(1)
        order = tf.random.stateless_uniform([2], tf.stack([tf.cast(seed, tf.int64), epoch]), 0, 2**31 - 1, tf.int64)
        files = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths), seed=order[0])
        examples = files.interleave(
            tf.data.TFRecordDataset, cycle_length=min(8, len(paths)), num_parallel_calls=tf.data.AUTOTUNE
        )
        batches = examples.shuffle(shuffle_buffer, seed=order[1]).batch(batch_size, drop_remainder=True)
        batches = batches.enumerate().skip(tf.where(epoch == first_epoch, tf.cast(first_step, tf.int64), 0))
        return batches.map(lambda step, batch: (batch[own], tf.stack([order[0], step])))

    def prepare(serialized: tf.Tensor, batch_seed: tf.Tensor) -> tuple[tf.Tensor, Labels]:
        jpegs, labels = parse_example(serialized, manifest.skeleton.num_joints)
        # Every worker draws for the whole batch, so that what a picture meets is the same however many there are.
        draws = tf.random.stateless_uniform([batch_size, NUM_DRAWS], batch_seed)
        labels["left"] = tf.zeros_like(labels["visible"], tf.bool)
        dtypes = [tf.uint8, *(labels[name].dtype for name in _VARIED)]
        varied = tf.numpy_function(vary, [jpegs, draws, *(labels[name] for name in _VARIED)], dtypes, stateful=False)
        pictures = tf.ensure_shape(varied[0], [jpegs.shape[0], size, size, 3])
        shaped = (tf.ensure_shape(value, labels[name].shape) for name, value in zip(_VARIED, varied[1:], strict=True))
        return pictures, labels | dict(zip(_VARIED, shaped, strict=True))

    stream = tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch)
    return stream.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _variation(manifest: Manifest, size: int, options: Augmentation, own: slice) -> Callable[..., list[np.ndarray]]:
    """The function in NumPy from JPEGs, draws for the whole batch and the `_VARIED` labels to pictures and labels."""
    flip_order = np.array(manifest.skeleton.flip_order)

    def vary(jpegs: np.ndarray, draws: np.ndarray, *values: np.ndarray) -> list[np.ndarray]:
        # First the whole batch's, then the own ones: in another place of an array a cosine may end in another bit.
        changes = changes_of(draws, options, manifest.size, size).rows(own)
        labels = dict(zip(_VARIED, values, strict=True))
        pictures, labels = augment(jpegs, labels, changes, size=size, flip_order=flip_order)
        return [pictures, *(labels[name] for name in _VARIED)]

    return vary


def _own_rows(batch_size: int, shard: tuple[int, int]) -> slice:
    """The rows of each batch that are a worker's."""
    index, count = shard
    if not 0 <= index < count:
        raise ValueError(f"shard must be (index, count) with an index from 0 to count - 1, got {shard}")
    if batch_size % count:
        raise ValueError(
            f"the number of workers must divide the batch size, got {count} workers and {batch_size} people"
        )
    share = batch_size // count
    return slice(index * share, (index + 1) * share)
