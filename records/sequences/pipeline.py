"""From a shard set of sequences to batches of windows, as virtual cameras see them.

In NumPy alone: a set of sequences fits into memory, and a batch takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import tensorflow as tf

from records.manifest import Manifest, steps_per_epoch
from records.sequences.clips import Clip, as_one_camera, read_clips
from records.sequences.labels import LABELS
from records.sequences.views import MEASURED, Viewing, view, windows

_USUAL = ("joints_xyz_mm", "xyz_known", "seen", "key")
#: The frames of a window if none are asked for: 0.9 s at 30 frames per second.
USUAL_LENGTH = 27
# Windows that are measured begin so many frames apart.
_STRIDE = 5


def measured_windows(
    folder: str | Path,
    split: str,
    manifest: Manifest,
    *,
    batch_size: int,
    length: int,
    fields: Sequence[str] | None = None,
    viewing: Viewing = MEASURED,
) -> tf.data.Dataset:
    """Windows of a split in its stored order, the same in every pass: each clip as one camera sees it.

    Args:
        folder: the shard set.
        split: "train", "val" or "test".
        manifest: of the set.
        batch_size: windows in a batch; the last batch may be smaller.
        length: T, the frames of a window.
        fields: labels by the names of `LABELS`, or "key".
        viewing: how cameras and 2D models see people.

    Returns:
        Batches of joints float32 (B, T, J, 3), and the labels.
    """
    names, clips = _USUAL if fields is None else fields, read_clips(folder, split, manifest)

    def of_clips() -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
        for clip in clips:
            middles = np.arange(0, len(clip.known), _STRIDE)
            views = as_one_camera(clip, manifest.skeleton, viewing)
            joints, labels = windows(views, middles[None] - length // 2, length)
            labels |= clip.about(middles)
            some = labels["xyz_known"].any(axis=1) & labels["seen"].any(axis=1)
            yield joints[some], {name: labels[name][some] for name in names}

    found = tf.data.Dataset.from_generator(of_clips, output_signature=_signature(manifest, names, None, length))
    return found.unbatch().batch(batch_size).prefetch(2)


def training_windows(
    folder: str | Path,
    split: str,
    manifest: Manifest,
    *,
    batch_size: int,
    epochs: int,
    seed: int,
    first: tuple[int, int],
    rows: slice,
    length: int,
    options: Viewing,
    fields: Sequence[str] | None,
) -> tf.data.Dataset:
    """Random windows in random order, each seen by a camera of its own; see `records.training_dataset`.

    In an epoch each clip gives `Manifest.samples_a_record` windows.
    """
    names, steps = _USUAL if fields is None else fields, steps_per_epoch(folder, split, batch_size)
    clips, skeleton = read_clips(folder, split, manifest), manifest.skeleton
    count = len(clips) * manifest.samples_a_record
    # Of a mix, a set with few clips repeats them.
    chances = np.array([manifest.shares.get(clip.of, 1.0) for clip in clips])
    for name in manifest.shares:
        of_set = np.array([clip.of == name for clip in clips])
        chances[of_set] /= max(of_set.sum(), 1)

    # Every batch of an epoch asks for it, and batches of two epochs may be made at once.
    @lru_cache(maxsize=2)
    def order_of(epoch: int) -> np.ndarray:
        rng = np.random.default_rng([seed, epoch])
        return rng.choice(len(clips), count, p=chances / chances.sum()) if manifest.shares else rng.permutation(count)

    def batch(epoch: np.ndarray, step: np.ndarray) -> list[np.ndarray]:
        order = order_of(int(epoch))
        chosen = [clips[k % len(clips)] for k in order[step * batch_size : (step + 1) * batch_size]]
        # Every worker draws for the whole batch.
        rng = np.random.default_rng([seed, int(epoch), 1 + int(step)])
        middles = [
            int(share * len(clip.known)) for share, clip in zip(rng.uniform(size=batch_size), chosen, strict=True)
        ]
        xyz_mm, known = (np.stack(one) for one in zip(*map(_cut, chosen, middles, [length] * batch_size), strict=True))
        sizes, fps = (np.array([getattr(clip, name) for clip in chosen]) for name in ("size_mm", "fps"))
        views = view(rng, xyz_mm, known, sizes, fps, skeleton, options)
        draws = rng.uniform(size=(batch_size, 1))
        joints, labels = windows(views, np.zeros((batch_size, 1), int), length, draws, options)
        about = [clip.about([middle]) for clip, middle in zip(chosen, middles, strict=True)]
        labels |= {name: np.concatenate([one[name] for one in about]) for name in about[0]}
        return [joints[rows], *(labels[name][rows] for name in names)]

    spec_joints, spec_labels = _signature(manifest, names, len(range(*rows.indices(batch_size))), length)

    def load(epoch: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        specs = [spec_joints, *spec_labels.values()]
        found = tf.numpy_function(batch, [epoch, step], [spec.dtype for spec in specs], stateful=False)
        found = [tf.ensure_shape(value, spec.shape) for value, spec in zip(found, specs, strict=True)]
        return found[0], dict(zip(spec_labels, found[1:], strict=True))

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        begin = tf.where(epoch == first[0], tf.cast(first[1], tf.int64), 0)
        return tf.data.Dataset.range(begin, steps).map(lambda step: (epoch, step))

    stream = tf.data.Dataset.range(first[0], epochs).flat_map(one_epoch)
    return stream.map(load, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _cut(clip: Clip, middle: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """A window about a frame; beyond the clip's ends nothing is known."""
    frames = middle - length // 2 + np.arange(length)
    there = (frames >= 0) & (frames < len(clip.known))
    rows = np.clip(frames, 0, len(clip.known) - 1)
    return clip.xyz_mm[rows], clip.known[rows] & there[:, None]


def _signature(
    manifest: Manifest, names: Sequence[str], count: int | None, length: int
) -> tuple[tf.TensorSpec, dict[str, tf.TensorSpec]]:
    if unknown := [name for name in names if name not in (*LABELS, "key")]:
        raise ValueError(f"windows of sequences have no field {unknown[0]}; they have {', '.join(LABELS)}, key")
    joints = manifest.skeleton.num_joints

    def spec(name: str) -> tf.TensorSpec:
        field = LABELS[name] if name != "key" else LABELS["dataset"]
        dtype = tf.string if field.dtype == "bytes" else field.dtype
        return tf.TensorSpec([count, *field.sized(joints, length)], dtype)

    return spec("window"), {name: spec(name) for name in names}
