"""From a shard set to batches: parallel reading, decoding, augmentation, batching, prefetch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from pose.fields import Affine, warp
from records.augment import LABELS, NUM_DRAWS, OF_FRAMES, Augmentation, augment, changes_of
from records.clutter import NUM_CLUTTER, with_clutter
from records.example import Example
from records.features import KINDS
from records.manifest import Manifest, read_manifest, set_of, shard_paths, steps_per_epoch
from records.maps import decoded_maps
from records.mosaic import with_mosaics
from records.parsing import Labels, decode_picture, parse_example, resize_picture, usual_fields
from records.sequences.pipeline import USUAL_LENGTH, measured_windows, training_windows
from records.sequences.views import Viewing
from records.tfrecord import read_records

# What `with_clutter` needs.
_CLUTTERED = {"depth_mm", "joints_xyz_mm", "xyz_known", "camera_matrix"}


def dataset(
    folder: str | Path,
    split: str,
    *,
    batch_size: int,
    input_size: int | None = None,
    limit: int | None = None,
    fields: Sequence[str] | None = None,
    may_lack: Sequence[str] = (),
    kind: str = "people",
) -> tf.data.Dataset:
    """One pass over a split in its stored order, without augmentation: for validation and evaluation.

    Args:
        folder: the shard set.
        split: "train", "val" or "test".
        batch_size: records in a batch; the last batch may be smaller.
        input_size: height and width S of the images, the records' own size if None.
        limit: stop after this many records.
        fields: what to read beside the images, by the names of `records.features.KINDS`, or "key"; the usual ones if
            None.
        may_lack: fields that are NaN in records that lack them, of those whose default is NaN.
        kind: "people"; "frames" for whole images with P people, the manifest's `max_people`; or "sequences" for
            windows of `input_size` frames in place of images, see `records.sequences.pipeline`.

    Returns:
        Batches of images, uint8 (B, S, S, 3), and labels of the fields' shapes and types, in px of the image:
        joints_xy_px float32 (B, J, 2) or (B, P, J, 2), visible int32 (B, J) or (B, P, J) and so on; key string (B,).

    Raises:
        ValueError: no such set, split or field, a set of the other kind, a field that the records lack, or a shard
            missing or of the wrong size.
    """
    manifest = read_manifest(folder, kind)
    if kind == "sequences":
        length = input_size or USUAL_LENGTH
        return measured_windows(folder, split, manifest, batch_size=batch_size, length=length, fields=fields)
    size, fields = input_size or manifest.size, usual_fields(kind) if fields is None else fields
    _check_fields(folder, split, [name for name in fields if name not in may_lack], kind)

    def prepare(serialized: tf.Tensor) -> tuple[tf.Tensor, Labels]:
        jpeg, labels = _parsed(serialized, manifest, fields)
        picture = decode_picture(jpeg, manifest.size)
        return (picture if size == manifest.size else resize_picture(picture, manifest.size, size)), labels

    def resized(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        affine = Affine.resize(manifest.size, size, len(next(iter(values.values()))))
        return warp(decoded_maps(values, manifest.size), LABELS[kind], affine, size=size)

    def resize(pictures: tf.Tensor, labels: Labels) -> tuple[tf.Tensor, Labels]:
        return pictures, labels | _in_numpy(resized, _moved(labels, kind), manifest, size)

    examples = tf.data.TFRecordDataset(shard_paths(folder, split))
    if limit is not None:
        examples = examples.take(limit)
    batches = examples.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).batch(batch_size)
    # That also decodes the images among the labels.
    encoded = any(KINDS[kind][name].encoded for name in fields if name in KINDS[kind])
    if encoded or (size != manifest.size and _moved(batches.element_spec[1], kind)):
        batches = batches.map(resize, num_parallel_calls=tf.data.AUTOTUNE)
    return batches.prefetch(tf.data.AUTOTUNE)


def _parsed(serialized: tf.Tensor, manifest: Manifest, fields: Sequence[str]) -> tuple[tf.Tensor, Labels]:
    joints = manifest.skeleton.num_joints
    return parse_example(serialized, joints, fields, kind=manifest.kind, max_people=manifest.max_people)


def _check_fields(folder: str | Path, split: str, fields: Sequence[str], kind: str) -> None:
    """Raises where a field is unknown, or the first record lacks it."""
    known = KINDS[kind]
    if unknown := [name for name in fields if name not in (*LABELS[kind], "key")]:
        raise ValueError(f"records have no field {unknown[0]}; they have {', '.join(LABELS[kind])}, key")
    optional = [name for name in fields if name in known and not known[name].always_read]
    if not optional:
        return
    first = next(read_records(shard_paths(folder, split)[0]), None)
    found = Example.FromString(first).features.feature if first else {}
    if lacking := [name for name in optional if known[name].feature not in found]:
        raise ValueError(f"the records of {folder} lack {', '.join(lacking)}: their source does not know them")


def _moved(labels: dict[str, Any], kind: str) -> dict[str, Any]:
    """The labels that a warp of the image changes."""
    return {name: value for name, value in labels.items() if name in LABELS[kind] and LABELS[kind][name].is_moved}


def _in_numpy(
    function: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]], values: Labels, manifest: Manifest, size: int
) -> Labels:
    """Calls a NumPy function of named arrays, and returns those of its results that are named in `LABELS`."""
    known = LABELS[manifest.kind]
    names = [name for name in values if name in known]

    def call(*arrays: np.ndarray) -> list[np.ndarray]:
        results = function(dict(zip(values, arrays, strict=True)))
        return [results[name] for name in names]

    dtypes = [known[name].dtype for name in names]
    results = tf.numpy_function(call, list(values.values()), dtypes, stateful=False)
    count, joints, people = values[names[0]].shape[0], manifest.skeleton.num_joints, manifest.max_people
    return {
        name: tf.ensure_shape(result, [count, *known[name].sized(joints, size, people)])
        for name, result in zip(names, results, strict=True)
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
    augmentation: Augmentation | Viewing | None = None,
    shuffle_buffer: int = 8192,
    fields: Sequence[str] | None = None,
    may_lack: Sequence[str] = (),
    kind: str = "people",
) -> tf.data.Dataset:
    """Shuffled, augmented batches of several epochs, one after the other, each of `steps_per_epoch` full batches.

    A batch depends only on the seed, its epoch and its index there: a run that starts at `first_epoch` and `first_step`
        gets the same batches as an uninterrupted run from there on. Workers that train together each take a share of
        every batch: `shard` (0, N) ... (N - 1, N), concatenated, are the batches of (0, 1). Each worker reads all
        records, to keep their order, but decodes only its own, unless there are mosaics.

    Of a mix of sets (`python -m data_prep mix`), every batch has the given share of each set, however long they are.

    Side effect: limits OpenCV to one thread in this process.

    Args:
        folder: the shard set.
        split: "train", "val" or "test".
        batch_size: records in every batch of all workers together; those left over in an epoch are dropped.
        epochs: the epoch to stop before.
        seed: random seed of the order and of the augmentation.
        first_epoch: the epoch to start at.
        first_step: the batch of that epoch to start at; those before it are read, but not decoded.
        shard: the worker's index, and how many there are; their number divides the batch size.
        input_size: height and width S of the images, the records' own size if None.
        augmentation: how much to vary; if None, the defaults, `records.augment.OF_FRAMES` for frames, or
            `records.sequences.views.Viewing` for sequences.
        shuffle_buffer: how many serialized records to shuffle among.
        fields: as in `dataset`; also "left", bool (B, J) or (B, P, J), joints that augmentation put outside the image,
            which needs "visible".
        may_lack: as in `dataset`.
        kind: as in `dataset`.

    Returns:
        Batches as `dataset` gives them, of `batch_size` / N records.

    Raises:
        ValueError: as `dataset`, a split smaller than one batch, a `first_step` that an epoch does not have, a `shard`
            that does not fit, or mosaics of people or without "visible".
    """
    # Batches are made in parallel already; OpenCV's own threads would only wait for each other, at full load.
    cv2.setNumThreads(1)
    manifest = read_manifest(folder, kind)
    paths = _paths_by_set(folder, split, manifest)
    steps = steps_per_epoch(folder, split, batch_size)
    if not 0 <= first_step < steps:
        raise ValueError(f"first_step must lie between 0 and {steps - 1}, an epoch's last step, got {first_step}")
    own = _own_rows(batch_size, shard)
    if kind == "sequences":
        return training_windows(
            folder,
            split,
            manifest,
            batch_size=batch_size,
            epochs=epochs,
            seed=seed,
            first=(first_epoch, first_step),
            rows=own,
            length=input_size or USUAL_LENGTH,
            options=augmentation if isinstance(augmentation, Viewing) else Viewing(),
            fields=fields,
        )
    size, fields = input_size or manifest.size, (*usual_fields(kind), "left") if fields is None else fields
    _check_fields(folder, split, [name for name in fields if name not in may_lack], kind)
    if not isinstance(augmentation, Augmentation):
        augmentation = OF_FRAMES if kind == "frames" else Augmentation()
    options = augmentation
    if options.clutter and not _CLUTTERED <= set(fields):
        raise ValueError(f"clutter is for depth images with {', '.join(sorted(_CLUTTERED))}")
    if options.mosaic and (kind != "frames" or "visible" not in fields):
        raise ValueError(f"a mosaic is of whole images with visible, got records of {kind} with {', '.join(fields)}")
    # A mosaic may be of images of other workers.
    decoded = slice(None) if options.mosaic else own
    vary = _variation(manifest, size, options, decoded)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        # Traced into a graph of its own, whose seed this sets: the order must not depend on the caller's global seed.
        tf.random.set_seed(1)
        order = tf.random.stateless_uniform([2], tf.stack([tf.cast(seed, tf.int64), epoch]), 0, 2**31 - 1, tf.int64)
        shuffled = [_shuffled(some, shuffle_buffer, order) for some in paths]
        if manifest.shares:
            turns = tf.data.Dataset.from_tensor_slices(_turns(list(manifest.shares.values()), steps * batch_size))
            shuffled = [tf.data.Dataset.choose_from_datasets([one.repeat() for one in shuffled], turns)]
        batches = shuffled[0].batch(batch_size, drop_remainder=True)
        batches = batches.enumerate().skip(tf.where(epoch == first_epoch, tf.cast(first_step, tf.int64), 0))
        return batches.map(lambda step, batch: (batch[decoded], tf.stack([order[0], step])))

    def prepare(serialized: tf.Tensor, batch_seed: tf.Tensor) -> tuple[tf.Tensor, Labels]:
        jpegs, labels = _parsed(serialized, manifest, fields)
        # Every worker draws for the whole batch, so that augmentation does not depend on the number of workers.
        draws = tf.random.stateless_uniform([batch_size, NUM_DRAWS], batch_seed)
        if "left" in fields:
            labels["left"] = tf.zeros_like(labels["visible"], tf.bool)
        values = {"draws": draws, "picture": jpegs, **_moved(labels, kind)}
        if options.mosaic:
            seed_of_mosaics = tf.random.experimental.stateless_fold_in(batch_seed, 1)
            values["mosaic"] = tf.random.stateless_uniform([batch_size], seed_of_mosaics) < options.mosaic
        if options.clutter:
            seed_of_clutter = tf.random.experimental.stateless_fold_in(batch_seed, 2)
            values["clutter"] = tf.random.stateless_uniform([batch_size, NUM_CLUTTER], seed_of_clutter)
        labels |= _in_numpy(vary, values, manifest, size)
        if options.mosaic:
            labels = {name: value[own] for name, value in labels.items()}
        return labels.pop("picture"), labels

    stream = tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch)
    return stream.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _paths_by_set(folder: str | Path, split: str, manifest: Manifest) -> list[list[str]]:
    """The files of a split, those of each set of a mix by themselves."""
    paths = shard_paths(folder, split)
    if not manifest.shares:
        return [paths]
    of = [set_of(shard) for shard in manifest.shards[split]]
    if lacking := [name for name in manifest.shares if name not in of]:
        raise ValueError(
            f"the {split} split of {folder} has nobody of {lacking[0]}, which has a share; train on another"
        )
    return [[path for path, one in zip(paths, of, strict=True) if one == name] for name in manifest.shares]


def _shuffled(paths: list[str], shuffle_buffer: int, order: tf.Tensor) -> tf.data.Dataset:
    """The serialized records of some files; each repetition is in another order."""
    files = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths), seed=order[0])
    examples = files.interleave(
        tf.data.TFRecordDataset, cycle_length=min(8, len(paths)), num_parallel_calls=tf.data.AUTOTUNE
    )
    return examples.shuffle(shuffle_buffer, seed=order[1])


def _turns(shares: Sequence[float], count: int) -> np.ndarray:
    """Whose turn it is, int64 (count,): each of several in its share, as evenly as can be."""
    parts = np.array(shares) / np.sum(shares)
    # The k-th turn of one is due in the middle of the k-th of its equal intervals.
    due = [(np.arange(int(np.ceil(count * part)) + 1) + 0.5) / part for part in parts]
    whose = np.repeat(np.arange(len(parts)), [len(one) for one in due])
    return whose[np.argsort(np.concatenate(due), kind="stable")][:count]


def _variation(
    manifest: Manifest, size: int, options: Augmentation, rows: slice
) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """The function in NumPy from JPEGs and labels of some rows, and draws for the whole batch, to images and labels."""
    flip_order, options = np.array(manifest.skeleton.flip_order), options.fitting(manifest.skeleton)

    def vary(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        # Computed for the whole batch, then sliced: the last bit of a cosine may depend on its position in the array.
        changes = changes_of(values.pop("draws"), options, manifest.size, size).rows(rows)
        mosaics, clutter = np.flatnonzero(values.pop("mosaic", ())), values.pop("clutter", None)
        jpegs, values = values.pop("picture"), decoded_maps(values, manifest.size)
        pictures, labels = augment(jpegs, values, changes, size=size, flip_order=flip_order, kind=manifest.kind)
        pictures, labels = with_mosaics(pictures, labels, mosaics)
        if clutter is not None:
            labels["depth_mm"] = with_clutter(labels["depth_mm"], labels, clutter[rows], options.clutter)
        return {"picture": pictures, **labels}

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
