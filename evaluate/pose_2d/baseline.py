"""The mean pose, which a model must beat: it ignores the image and predicts the same joints for everyone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from records.manifest import Manifest, read_manifest, shard_paths
from records.pipeline import parse_example

_BATCH = 256


def label_batches(folder: str | Path, split: str) -> Iterator[dict[str, np.ndarray]]:
    """Reads the labels of a split in batches, "joints_xy_px" (B, J, 2) and "visible" (B, J), and decodes no image."""
    joints = read_manifest(folder, "people").skeleton.num_joints
    labels = tf.data.TFRecordDataset(shard_paths(folder, split)).map(lambda example: parse_example(example, joints)[1])
    return labels.batch(_BATCH).as_numpy_iterator()


def mean_pose(folder: str | Path, *, input_size: int | None = None, split: str = "train") -> np.ndarray:
    """Averages each joint's position in the crop over the people of a split for whom it is labelled.

    Labels are read one batch at a time, and no image is decoded.

    Args:
        folder: the shard set.
        input_size: height and width in px of the images to answer for, the records' own size if None.
        split: whose mean to take; a fair baseline takes "train".

    Returns:
        float64 (J, 2) in px of the image; the image's center for joints that no one has labelled.

    Raises:
        ValueError: no such set or split, or a shard missing or of the wrong size.
    """
    manifest = read_manifest(folder, "people")
    joints = manifest.skeleton.num_joints
    total, number = np.zeros((joints, 2)), np.zeros(joints, int)
    for batch in label_batches(folder, split):
        labelled = batch["visible"] > 0
        total += np.where(labelled[..., None], batch["joints_xy_px"], 0).sum(axis=0, dtype=np.float64)
        number += labelled.sum(axis=0)
    center = (manifest.size - 1) / 2
    mean = np.where(number[:, None] > 0, total / np.maximum(number, 1)[:, None], center)
    # The center of the first pixel is 0, so the image's edge lies at -0.5 in both sizes.
    return (mean + 0.5) * (input_size or manifest.size) / manifest.size - 0.5


def baseline_split(manifest: Manifest, evaluated: str) -> str:
    """The split to take the mean pose of: "train", or where a shard set has none, the evaluated one itself.

    The second flatters the baseline, which then knows the labels.
    """
    return "train" if manifest.counts.get("train") else evaluated
