"""The manifest of a shard set: what the folder contains, where it came from, and what was left out."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

from machine.whole import whole
from pose import SKELETONS, Skeleton
from records.features import KINDS, MOST_PEOPLE
from records.schema import SCHEMA_VERSION

FILE_NAME = "manifest.json"
#: Beside it: the fingerprint of what each part of the set was made from, by the part's name.
INPUTS_NAME = "inputs.json"
#: Of a clip of a sequence, training takes one window for so many frames in an epoch.
FRAMES_A_WINDOW = 25
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Shard:
    """One file of a shard set: its name, number of records, size in bytes and SHA-256."""

    name: str
    count: int
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        """Checks the types, and that the name leads to no other folder."""
        texts, numbers = (self.name, self.sha256), (self.count, self.bytes)
        if not all(isinstance(text, str) for text in texts) or not all(isinstance(n, int) and n >= 0 for n in numbers):
            raise ValueError("a shard has a name, a count, a size and a SHA-256, and one of them is of another type")
        if not self.name.endswith(".tfrecord") or set(self.name) & set("/\\\0"):
            raise ValueError(f"a shard's name is that of a .tfrecord file in the folder, got {self.name[:100]!r}")


def set_of(shard: Shard) -> str:
    """The name of the set that a shard of a mix comes from."""
    return shard.name.partition("-")[0]


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` holds.

    Attributes:
        skeleton: of the joints.
        size: height and width of every crop in px; of sequences, the most frames in a clip.
        shards: for each split its shards, in order.
        source: the data set and the options it was read with.
        split_rule: how sequences were assigned to splits.
        skipped: broken inputs, each {"what", "why"}.
        left_out: how many people were left out on purpose, by reason.
        remarks: further facts about the inputs, and the number of inputs that each is true of.
        schema_version: of the records.
        kind: "people", a crop of one person each; "frames", a whole image of all its people each; or "sequences", a
            clip of one person's joints each.
        max_people: the most people in a frame of the set, 0 in sets of people.
        shares: of a mix of several sets, how much of each batch of a training comes from each, by the sets' names,
            with which the shards' names begin (`set_of`); empty for a single set.
    """

    skeleton: Skeleton
    size: int
    shards: dict[str, list[Shard]]
    source: dict
    split_rule: dict
    skipped: list[dict[str, str]]
    left_out: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, int] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION
    kind: str = "people"
    max_people: int = 0
    shares: dict[str, float] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many records, people or frames, each split holds."""
        return {split: sum(shard.count for shard in shards) for split, shards in self.shards.items()}

    @property
    def samples_a_record(self) -> int:
        """How many samples of training a record gives in an epoch: 1, but several windows of a clip."""
        return max(self.size // FRAMES_A_WINDOW, 1) if self.kind == "sequences" else 1

    @property
    def notes(self) -> list[str]:
        """Lines to print: how many people were left out on purpose and why, and the remarks."""
        lines = [f"left out on purpose: {sum(self.left_out.values())}"] if self.left_out else []
        lines += [f"{count:>8}  {reason}" for reason, count in self.left_out.items()]
        lines += ["remarks:"] if self.remarks else []
        return lines + [f"{count:>8}  {text}" for text, count in self.remarks.items()]

    def write(self, folder: Path) -> None:
        """Writes the manifest into a shard set's folder."""
        content = {**asdict(self), "counts": self.counts}
        if self.kind == "people":  # As earlier versions wrote and read it.
            del content["kind"], content["max_people"]
        if not self.shares:
            del content["shares"]
        write_json(folder / FILE_NAME, content)


def write_json(path: Path, value: dict) -> None:
    """Writes JSON through a temporary name and a rename, so that a reader never sees half a file."""
    with whole(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n")


def inputs_digest(inputs: dict[str, str]) -> str:
    """The SHA-256 of the fingerprints in `inputs.json`, for the manifest's `source`."""
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: str | Path, kind: str | None = None) -> Manifest:
    """Reads a shard set's manifest.

    Args:
        folder: the shard set.
        kind: the kind of records that are needed, "people" or "frames"; None for either.

    Raises:
        ValueError: there is none, it is cut short, it was written by another version of the schema, or the set is of
            the other kind.
    """
    path = Path(folder) / FILE_NAME
    if not path.is_file():
        raise ValueError(f"{folder} is no shard set: it has no {FILE_NAME}; make one with `python -m data_prep`")
    try:
        content = json.loads(path.read_text())
        content.pop("counts")
        content["skeleton"] = _skeleton_of(content)
        content["shards"] = {split: [Shard(**shard) for shard in content["shards"][split]] for split in SPLITS}
        manifest = Manifest(**content)
        _check(manifest)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        why = str(error)[:200]
        raise ValueError(f"{path} is damaged ({why}); make the shard set again with `python -m data_prep`") from error
    if manifest.schema_version != SCHEMA_VERSION:
        raise ValueError(
            f"{path} has records of schema version {manifest.schema_version!r:.100}, this program reads "
            f"{SCHEMA_VERSION}; make the shard set again with `python -m data_prep`"
        )
    if kind not in (None, manifest.kind):
        raise ValueError(
            f"{folder} holds records of {manifest.kind}, and records of {kind} are needed; give another folder, or "
            f"make one with `python -m data_prep ... --kind {kind}`"
        )
    return manifest


def _skeleton_of(content: dict) -> Skeleton:
    """The skeleton that a manifest describes, or names, as earlier versions did."""
    if "skeleton_name" in content:
        return SKELETONS[content.pop("skeleton_name")]
    return Skeleton.from_description(content["skeleton"])


def _check(manifest: Manifest) -> None:
    """Raises unless the fields are of the types that `Manifest.write` writes."""
    if type(manifest.size) is not int or manifest.size < 1:
        raise ValueError(f"a size of 1 px or more was expected, got {manifest.size!r}")
    if not (isinstance(manifest.source, dict) and isinstance(manifest.split_rule, dict)):
        raise ValueError("the source and the split rule must be objects")
    if manifest.kind not in KINDS:
        raise ValueError(f"a kind of record is one of {', '.join(KINDS)}, got {manifest.kind!r:.100}")
    fewest, most = (1, MOST_PEOPLE) if manifest.kind == "frames" else (0, 0)
    if type(manifest.max_people) is not int or not fewest <= manifest.max_people <= most:
        raise ValueError(f"max_people must lie between {fewest} and {most}, got {manifest.max_people!r:.100}")
    bad = manifest.skipped
    if not isinstance(bad, list) or not all(isinstance(one[key], str) for one in bad for key in ("what", "why")):
        raise ValueError("what was skipped must be a list of what and why")
    check_counts(manifest.left_out, manifest.remarks)
    shares = manifest.shares
    if not isinstance(shares, dict) or not all(
        type(share) in (int, float) and 0 < share < math.inf for share in shares.values()
    ):
        raise ValueError(f"shares must be numbers above 0 by the sets' names, got {shares!r:.100}")
    if shares and {set_of(shard) for shard in manifest.shards["train"]} != set(shares):
        raise ValueError("each set that has a share must have shards to train on, and no other set")


def check_counts(*counts: dict[str, int]) -> None:
    """Checks dictionaries of counts by text that were read from a file.

    Raises:
        ValueError: they are anything else.
    """
    for found in counts:
        pairs = found.items() if isinstance(found, dict) else [(None, found)]
        if not all(isinstance(text, str) and isinstance(count, int) and count > 0 for text, count in pairs):
            raise ValueError(f"numbers by reason were expected, got {found!r:.100}")


def shard_paths(folder: str | Path, split: str) -> list[str]:
    """Returns the files of one split, in order, after checking that each is there at its full size.

    Raises:
        ValueError: no such split, an empty one, or a shard that is missing or of another size.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if split not in SPLITS:
        raise ValueError(f"a split is one of {', '.join(SPLITS)}, got {split!r}")
    if not manifest.counts.get(split):
        filled = [name for name, count in manifest.counts.items() if count] or ["none"]
        remedy = "smaller --val and --test" if split == "train" else f"--{split}-sequences NAME"
        raise ValueError(
            f"{folder} holds no {manifest.kind} in its {split} split; splits with {manifest.kind}: "
            f"{', '.join(filled)}; make it again in another folder with {remedy}"
        )
    for shard in manifest.shards[split]:
        path = folder / shard.name
        found = path.stat().st_size if path.is_file() else None
        if found != shard.bytes:
            state = "is missing" if found is None else f"has {found} bytes instead of {shard.bytes}"
            raise ValueError(
                f"{path} {state}; `python -m records {folder}` checks every shard, "
                "and with --drop-damaged goes on with the whole ones"
            )
    return [str(folder / shard.name) for shard in manifest.shards[split]]


def steps_per_epoch(folder: str | Path, split: str, batch_size: int) -> int:
    """How many full batches an epoch has.

    Raises:
        ValueError: the split is smaller than one batch.
    """
    manifest = read_manifest(folder)
    count = manifest.counts.get(split, 0) * manifest.samples_a_record
    if count < batch_size:
        what = "windows of sequences" if manifest.kind == "sequences" else manifest.kind
        raise ValueError(
            f"a batch of {batch_size} needs at least as many {what}, the {split} split of {folder} has "
            f"{count}; take a smaller batch size"
        )
    return count // batch_size
