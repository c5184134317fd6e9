"""Which files in an output folder are a shard set's own: others are never replaced or removed."""

from __future__ import annotations

import re
from pathlib import Path

# In the folder of unfinished work: the lock, the journal, shards with their notes, and the parts they are made of.
_UNFINISHED = re.compile(
    r"lock|(journal|inputs)\.json(\.tmp)?|(train|val|test)-\d{5}\.(tfrecord|json)(\.tmp)?|parts(/\d{6}\..+)?"
    r"|\.\d+-\d+\.partial\.(journal|inputs|(train|val|test)-\d{5})\.json"
)
_FINISHED = re.compile(r"(train|val|test)-\d{5}-of-\d{5}\.tfrecord|inputs\.json")


def foreign_in(partial: Path) -> list[str]:
    """Names of files in the folder of unfinished work that no run of ours writes."""
    found = sorted(path.relative_to(partial).as_posix() for path in partial.rglob("*"))
    return [name for name in found if not _UNFINISHED.fullmatch(name)]


def check_free(folder: Path, partial: Path) -> None:
    """Checks that a folder without a shard set holds nothing that a new set would replace or remove.

    Raises:
        ValueError: a new set would replace or remove what is there.
    """
    named = sorted(path.name for path in folder.glob("*") if _FINISHED.fullmatch(path.name))
    others = [f"{partial.name}/{name}" for name in foreign_in(partial)]
    if named or others:
        raise ValueError(
            f"{folder} holds {', '.join([*named, *others][:3])}, which no shard set here accounts for and a new one "
            "would replace; choose another output folder, or move that away"
        )
