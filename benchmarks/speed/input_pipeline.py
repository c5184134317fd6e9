"""Images per second of the training pipeline, stage by stage, beside alternatives.

    python -m benchmarks.speed.input_pipeline --records data/lspet

Every row reads the same shards, shuffles them, and is consumed by an empty loop. A round times each row once, from the
creation of its iterator to its last batch. Printed are medians over the rounds: images per second, processor
microseconds per image (which other programs on the machine disturb less), and both speeds as a share of decoding alone
in the same round. Rows:

- read: the records as they lie in the shards.
- decode alone: read, parsed, JPEGs decoded by TensorFlow, batched. The upper limit of such a pipeline.
- warp alone: ours with the default geometry; no change of color, no patches.
- ours: `records.training_dataset` with the default augmentation.
- plain map: the same augmentation in TensorFlow's operations, one image at a time.
- Keras layers: Keras's own random layers on batches of images; labels are not transformed.

With LSP-extended on two cores of an AMD EPYC that others used as well (load 5 to 8), Python 3.11, OpenCV 5.0, at the
records' own 224 px and with `--input-size 96`:

                     pictures/s  of decoding   processor us  of decoding
    224 decode alone       2866         1.00            401         1.00
        ours               1170         0.44            719         0.54
        plain map           185         0.07           4040         0.10
        Keras layers         49         0.02          10339         0.04
     96 decode alone       1613         1.00            386         1.00
        ours                992         0.65            469         0.83
        plain map           350         0.20           1411         0.27
        Keras layers        146         0.07           2698         0.15
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tyro

from benchmarks.speed.plain_augment import plain_augment
from records import Augmentation, read_manifest, training_dataset
from records.manifest import shard_paths
from records.pipeline import decode_picture, parse_example

_ORDER_SEED = 7
_SHUFFLE_BUFFER = 2048


@dataclass(frozen=True)
class InputPipeline:
    """Times the input pipeline.

    Attributes:
        records: the shard set; its train split is read.
        input_size: height and width of the net's images in px; the records' own if not given.
        batch_size: people in a batch.
        people: number that each row reads in a round; slow rows read a quarter of them.
        rounds: number of rounds, whose median is printed.
    """

    records: Path
    input_size: int | None = None
    batch_size: int = 32
    people: int = 4096
    rounds: int = 5

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"rounds must be 1 or more, got {self.rounds}")
        if self.people < 4 * self.batch_size:
            raise ValueError(
                f"people must be 4 batches or more, got {self.people} people in batches of {self.batch_size}"
            )

    @property
    def size(self) -> int:
        """Height and width of the net's images in px."""
        return self.input_size or read_manifest(self.records).size

    def examples(self) -> tf.data.Dataset:
        """Shuffled serialized people, repeated forever."""
        paths = shard_paths(self.records, "train")
        files = tf.data.Dataset.from_tensor_slices(paths).repeat()
        read = files.interleave(tf.data.TFRecordDataset, cycle_length=8, num_parallel_calls=tf.data.AUTOTUNE)
        return read.shuffle(_SHUFFLE_BUFFER, seed=_ORDER_SEED)

    def decoded(self) -> tf.data.Dataset:
        """Images and labels of one person after the other."""
        manifest = read_manifest(self.records)

        def decode(example: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
            jpeg, labels = parse_example(example, manifest.skeleton.num_joints)
            return decode_picture(jpeg, manifest.size), labels

        return self.examples().map(decode, num_parallel_calls=tf.data.AUTOTUNE)

    def batched(self, people: tf.data.Dataset) -> tf.data.Dataset:
        """Full batches."""
        return people.batch(self.batch_size, drop_remainder=True)

    def ours(self, augmentation: Augmentation) -> tf.data.Dataset:
        """The pipeline that training uses."""
        return training_dataset(
            self.records,
            "train",
            batch_size=self.batch_size,
            epochs=1_000_000,
            seed=0,
            input_size=self.size,
            augmentation=augmentation,
            shuffle_buffer=_SHUFFLE_BUFFER,
        )

    def plain(self) -> tf.data.Dataset:
        """One image at a time, in TensorFlow's operations."""

        def vary(i: tf.Tensor, person: tuple[tf.Tensor, dict[str, tf.Tensor]]) -> tuple:
            picture, labels = person
            seed = tf.stack([tf.zeros((), tf.int64), i])
            return plain_augment(picture, seed, Augmentation(), self.size), labels

        return self.batched(self.decoded().enumerate().map(vary, num_parallel_calls=tf.data.AUTOTUNE))

    def keras_layers(self) -> tf.data.Dataset:
        """Keras's random layers, on batches."""
        layers = keras_augmentation(Augmentation(), self.size)
        return self.batched(self.decoded()).map(
            lambda pictures, labels: (layers(pictures), labels), num_parallel_calls=tf.data.AUTOTUNE
        )

    def rows(self) -> dict[str, tuple[Callable[[], tf.data.Dataset], int]]:
        """For each row the function that makes its batches, and the number of batches to take."""
        whole = self.people // self.batch_size
        geometry = Augmentation(brightness=0, contrast=0, color=0, occlusion=0)
        return {
            "read": (lambda: self.batched(self.examples()), whole),
            "decode alone": (lambda: self.batched(self.decoded()), whole),
            "warp alone": (lambda: self.ours(geometry), whole),
            "ours": (lambda: self.ours(Augmentation()), whole),
            "plain map": (self.plain, whole // 4),
            "Keras layers": (self.keras_layers, whole // 4),
        }


def keras_augmentation(options: Augmentation, size: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Keras's layers for similar augmentation; patches are always there, and each axis has its own zoom."""
    zoom = (1 / (1 + options.scale) - 1, options.scale)
    layers = [
        keras.layers.Resizing(size, size),
        keras.layers.RandomFlip("horizontal", seed=1),
        keras.layers.RandomRotation(options.rotation_deg / 360, fill_mode="constant", seed=2),
        keras.layers.RandomZoom(zoom, fill_mode="constant", seed=3),
        keras.layers.RandomTranslation(options.shift, options.shift, fill_mode="constant", seed=4),
        keras.layers.RandomBrightness(options.brightness, seed=5),
        keras.layers.RandomContrast(options.contrast, value_range=(0, 255), seed=6),
        keras.layers.RandomErasing(options.occlusion, scale=(0.0, options.occlusion_size**2), seed=7),
    ]

    def vary(pictures: tf.Tensor) -> tf.Tensor:
        pictures = tf.cast(pictures, tf.float32)
        for layer in layers:
            pictures = layer(pictures, training=True) if "Random" in type(layer).__name__ else layer(pictures)
        return tf.cast(tf.round(tf.clip_by_value(pictures, 0, 255)), tf.uint8)

    return vary


def time_row(batches: tf.data.Dataset, count: int) -> tuple[float, float]:
    """Wall-clock and processor seconds for a number of batches."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in batches.take(count).prefetch(tf.data.AUTOTUNE):
        pass
    return time.perf_counter() - wall, time.process_time() - processor


def main(options: InputPipeline) -> None:
    """Times all rows, round after round, and prints the table."""
    made = {name: (make(), count) for name, (make, count) in options.rows().items()}
    seconds: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for round_number in range(options.rounds + 1):
        for name, (batches, count) in made.items():
            times = time_row(batches, count)
            if round_number:  # The first round warms up.
                seconds[name].append(tuple(value / count / options.batch_size for value in times))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{options.size} px, batches of {options.batch_size}, {os.cpu_count()} cores, load of the machine {load:.1f}")
    print(f"{'':16}{'pictures/s':>12}{'of decoding':>13}{'processor us':>15}{'of decoding':>13}")
    limit = np.array(seconds["decode alone"])
    for name, found in seconds.items():
        wall, processor = np.median(found, axis=0)
        wall_share, processor_share = np.median(limit / found, axis=0)
        print(f"{name:16}{1 / wall:12.0f}{wall_share:13.2f}{1e6 * processor:15.0f}{processor_share:13.2f}")


if __name__ == "__main__":
    main(tyro.cli(InputPipeline, description=__doc__))
