"""From a shard set to batches: parallel reading, decoding, augmentation, batching, prefetch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from records.augment import Augmentation, augment, warp
from records.manifest import read_manifest, shard_paths
from records.schema import feature_spec

Labels = dict[str, tf.Tensor]


def parse_example(serialized: tf.Tensor, num_joints: int) -> tuple[tf.Tensor, Labels]:
    """Reads one serialised Example.

    Returns:
        The crop's JPEG, a scalar string, and its labels: joints_xy_px float32 (J, 2), visible int32 (J,), torso_px,
        head_px and area_px float32 scalars (0 where unknown), to_frame float32 (2, 3), key a scalar string.
    """
    features = tf.io.parse_single_example(serialized, feature_spec(num_joints))
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
        visible int32 (B, J), torso_px, head_px, area_px float32 (B,), to_frame float32 (B, 2, 3), key string (B,).

    Raises:
        ValueError: no such set or split, or a shard missing or of the wrong size.
    """
    manifest = read_manifest(folder)
    plain = Augmentation(flip=0, rotation_deg=0, scale=0, shift=0, brightness=0, contrast=0, color=0, occlusion=0)
    prepare = _preparation(manifest.size, input_size or manifest.size, manifest.skeleton, plain)
    examples = tf.data.TFRecordDataset(shard_paths(folder, split))
    if limit is not None:
        examples = examples.take(limit)
    pairs = examples.map(lambda example: prepare(example, tf.zeros([2], tf.int64)), num_parallel_calls=tf.data.AUTOTUNE)
    return pairs.batch(batch_size).prefetch(tf.data.AUTOTUNE)


def training_dataset(
    folder: str | Path,
    split: str,
    *,
    batch_size: int,
    epochs: int,
    seed: int,
    first_epoch: int = 0,
    input_size: int | None = None,
    augmentation: Augmentation | None = None,
    shuffle_buffer: int = 8192,
) -> tf.data.Dataset:
    """Shuffled, augmented batches of several epochs, one after the other, each of `steps_per_epoch` full batches.

    What a batch holds depends on the seed, its epoch and its place there alone: a run that starts at `first_epoch`
    meets the very batches that an unbroken run meets from there on.

    Args:
        folder: the shard set.
        split: "train", "val" or "test".
        batch_size: people in every batch; what is left of an epoch is dropped.
        epochs: the epoch to stop before.
        seed: of the order and of the augmentation.
        first_epoch: the epoch to start at.
        input_size: height and width S of the pictures, the records' own size if None.
        augmentation: how much to vary; the defaults if None.
        shuffle_buffer: how many serialised people to shuffle among.

    Returns:
        Batches as `dataset` gives them.

    Raises:
        ValueError: as `dataset`, or a split smaller than one batch.
    """
    manifest = read_manifest(folder)
    paths = shard_paths(folder, split)
    steps = steps_per_epoch(folder, split, batch_size)
    options = augmentation or Augmentation()
    prepare = _preparation(manifest.size, input_size or manifest.size, manifest.skeleton, options)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        # Traced into a graph of its own, whose seed this sets: the caller's global seed must not reach the order.
        tf.random.set_seed(1)
        order = tf.random.stateless_uniform([2], tf.stack([tf.cast(seed, tf.int64), epoch]), 0, 2**31 - 1, tf.int64)
        files = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths), seed=order[0])
        examples = files.interleave(
            tf.data.TFRecordDataset, cycle_length=min(8, len(paths)), num_parallel_calls=tf.data.AUTOTUNE
        )
        examples = examples.shuffle(shuffle_buffer, seed=order[1]).take(steps * batch_size)
        return examples.enumerate().map(lambda i, example: (example, tf.stack([order[0], i])))

    stream = tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch)
    pairs = stream.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    return pairs.batch(batch_size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def steps_per_epoch(folder: str | Path, split: str, batch_size: int) -> int:
    """How many full batches an epoch has.

    Raises:
        ValueError: the split is smaller than one batch.
    """
    count = read_manifest(folder).counts.get(split, 0)
    if count < batch_size:
        raise ValueError(
            f"a batch of {batch_size} needs at least as many people, the {split} split of {folder} has {count}; "
            "take a smaller batch size"
        )
    return count // batch_size


def _preparation(size: int, input_size: int, skeleton, options: Augmentation) -> Callable:
    """The function (serialised Example, seed) -> (picture, labels) that both kinds of data set map."""
    flip_order = tf.constant(skeleton.flip_order, tf.int32)
    varied = options != Augmentation(0, 0, 0, 0, 0, 0, 0, 0, options.occlusion_size)

    def prepare(serialized: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, Labels]:
        jpeg, labels = parse_example(serialized, skeleton.num_joints)
        picture = decode_picture(jpeg, size)
        if not varied and input_size == size:
            return picture, labels
        return augment(picture, labels, seed=seed, options=options, size=input_size, flip_order=flip_order)

    return prepare


__all__ = ["dataset", "decode_picture", "parse_example", "steps_per_epoch", "training_dataset", "warp"]
