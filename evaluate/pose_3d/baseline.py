"""The mean pose in space, which a lifter must beat: it ignores the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from records.pipeline import dataset

# Windows to take the mean of; more change it by less than a millimeter.
_WINDOWS_A_BATCH, _BATCHES = 256, 20


def mean_lifted(folder: str | Path, length: int, split: str = "train") -> np.ndarray:
    """Averages the poses of a split about the hips, float64 (J, 3) in mm; 0 for joints that are never known.

    Args:
        folder: a shard set of sequences.
        length: frames of a window.
        split: whose mean to take; a fair baseline takes "train".
    """
    fields = ("joints_xyz_mm", "xyz_known")
    total, number = 0.0, 0.0
    batches = dataset(
        folder, split, batch_size=_WINDOWS_A_BATCH, input_size=length, fields=fields, kind="sequences"
    ).take(_BATCHES)
    for _, labels in batches.as_numpy_iterator():
        total = total + labels["joints_xyz_mm"].sum(axis=0, dtype=np.float64)
        number = number + (labels["xyz_known"] > 0).sum(axis=0)
    return total / np.maximum(number, 1)[:, None]
