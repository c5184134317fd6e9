"""The record: one Example schema, sharded writing, the tf.data pipeline, augmentation and inspection."""

from machine.interrupts import end_quietly_while_importing
from pose.bad_input import BadInput
from pose.picture import read_picture
from records.augment import Augmentation
from records.frames import Frame, encode_frame
from records.manifest import SPLITS, Manifest, read_manifest, shard_paths, steps_per_epoch
from records.regions import Region
from records.schema import Person, encode_example
from records.writer import ShardSetWriter

__all__ = [
    "SPLITS",
    "Augmentation",
    "BadInput",
    "Frame",
    "Manifest",
    "Person",
    "Region",
    "ShardSetWriter",
    "dataset",
    "encode_example",
    "encode_frame",
    "read_manifest",
    "read_picture",
    "shard_paths",
    "steps_per_epoch",
    "training_dataset",
]

end_quietly_while_importing(__name__)


def __getattr__(name: str) -> object:
    """Imports the pipeline on first use: it needs TensorFlow, and making or checking records does not."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from records import pipeline

    return getattr(pipeline, name)
