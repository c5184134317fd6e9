"""The record: one Example schema, sharded writing, the tf.data pipeline, augmentation and inspection."""

from records.augment import Augmentation
from records.manifest import SPLITS, Manifest, read_manifest, shard_paths
from records.pipeline import dataset, steps_per_epoch, training_dataset
from records.schema import BadInput, Person, encode_example, read_picture
from records.writer import ShardSetWriter

__all__ = [
    "SPLITS",
    "Augmentation",
    "BadInput",
    "Manifest",
    "Person",
    "ShardSetWriter",
    "dataset",
    "encode_example",
    "read_manifest",
    "read_picture",
    "shard_paths",
    "steps_per_epoch",
    "training_dataset",
]
