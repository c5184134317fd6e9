"""Images of a shard set that calibrate the ranges of 8-bit features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

_COUNT = 200


def training_pictures(records: Path, size: int) -> np.ndarray:
    """Returns up to 200 of a shard set's training images, spread over its shards.

    Args:
        records: the shard set's folder.
        size: of the images in px.

    Returns:
        uint8 RGB (N, size, size, 3).

    Raises:
        ValueError: there are none, or they are of another size.
    """
    shards = sorted(str(path) for path in records.glob("train-*.tfrecord"))
    if not shards:
        raise ValueError(f"--calibration must be a shard set with training pictures, got {str(records)!r}")
    spec = {"image/jpeg": tf.io.FixedLenFeature([], tf.string)}
    # One of each shard in turn.
    rows = tf.data.Dataset.from_tensor_slices(shards).interleave(tf.data.TFRecordDataset, cycle_length=len(shards))
    jpegs = (tf.io.parse_single_example(row, spec)["image/jpeg"] for row in rows.take(_COUNT))
    pictures = [tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE").numpy() for jpeg in jpegs]
    if pictures[0].shape != (size, size, 3):
        raise ValueError(
            f"--calibration must have pictures of {size} px as the run's records have, got {pictures[0].shape[0]} px "
            f"in {str(records)!r}"
        )
    return np.stack(pictures)
