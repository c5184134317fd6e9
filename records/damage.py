"""Error messages for records that TensorFlow cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from records.inspect import check_shard
from records.manifest import read_manifest

_KINDS = (tf.errors.DataLossError, tf.errors.InvalidArgumentError, tf.errors.UnknownError, tf.errors.NotFoundError)


@contextmanager
def named_damage(folder: str | Path, *splits: str) -> Iterator[None]:
    """Context manager that turns TensorFlow's error about a damaged shard into one that names the shard.

    Args:
        folder: the shard set that is read.
        *splits: those of its splits that are read.

    Raises:
        ValueError: in place of TensorFlow's error, if a shard is damaged, or a record holds no whole image.
    """
    try:
        yield
    except _KINDS as error:
        manifest = read_manifest(folder)
        for split in splits:
            for shard in manifest.shards[split]:
                if problem := check_shard(Path(folder) / shard.name, shard, manifest):
                    raise _damaged(folder, split, f"{shard.name} {problem}") from error
        if isinstance(error, tf.errors.DataLossError) or "JPEG" in str(error) or "whole PNG" in str(error):
            raise _damaged(folder, " or ".join(splits), str(error).splitlines()[0]) from error
        raise


def _damaged(folder: str | Path, split: str, reason: str) -> ValueError:
    return ValueError(
        f"{folder} has a damaged record in its {split} split ({reason}); `python -m records {folder}` checks every "
        "shard, and with --drop-damaged goes on with the whole ones"
    )
