"""Assigns sequences to splits."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Literal

#: Splits of the literature: training and test sequences. Neither has any for validation.
PUBLISHED = {
    # VoxelPose (Tu et al., arXiv 2004.06239), also used by most later work on the studio.
    "panoptic3d": {
        "train": (
            "160422_ultimatum1",
            "160224_haggling1",
            "160226_haggling1",
            "161202_haggling1",
            "160906_ian1",
            "160906_ian2",
            "160906_ian3",
            "160906_band1",
            "160906_band2",
            "160906_band3",
        ),
        "test": ("160906_pizza1", "160422_haggling1", "160906_ian5", "160906_band4"),
    },
    # Human3.6M's protocol 1, by subject (Martinez et al., arXiv 1705.03098).
    "human36m": {"train": ("S1", "S5", "S6", "S7", "S8"), "test": ("S9", "S11")},
}


@dataclass(frozen=True)
class SplitRule:
    """Assigns whole sequences (or subjects) to splits, so that no moment and no person is in two.

    Sequences named in a list go to that split; all others go by a seeded hash of their name, so that they stay where
    they are when others are added. If a name has a slash, the part before it is the subject, and the subject decides.

    Attributes:
        val: share of the sequences for validation.
        test: share of the sequences for the test.
        seed: of the hash.
        val_sequences: names of sequences for validation.
        test_sequences: names of sequences for the test.
        published: a split of the literature instead of the shares: "panoptic3d" (VoxelPose's ten training and four
            test sequences) or "human36m" (subjects 1, 5, 6, 7, 8 and 9, 11). Sequences that it does not name are for
            validation, so that training and test stay as published.
    """

    val: float = 0.05
    test: float = 0.05
    seed: int = 0
    val_sequences: tuple[str, ...] = ()
    test_sequences: tuple[str, ...] = ()
    published: Literal["panoptic3d", "human36m"] | None = None

    def __post_init__(self) -> None:
        if self.val < 0 or self.test < 0 or self.val + self.test > 1:
            raise ValueError(f"shares must be 0 or more and sum to 1 at most, got val {self.val} and test {self.test}")
        both = set(self.val_sequences) & set(self.test_sequences)
        if both:
            raise ValueError(f"a sequence belongs to one split, got {sorted(both)} for both val and test")
        if self.published is not None and self.published not in PUBLISHED:
            raise ValueError(f"published must be one of {', '.join(PUBLISHED)}, got {self.published!r}")

    def with_validation(self, sequences: Collection[str]) -> SplitRule:
        """The rule with one sequence named for validation, if the shares of few sequences leave that split empty.

        It takes the training sequence with the smallest hash, or a test sequence if only one is for training.

        Args:
            sequences: all names.
        """
        subjects = sorted({_subject(sequence) for sequence in sequences})
        splits = {subject: self.split(subject) for subject in subjects}
        chosen = self.val_sequences or self.published is not None or not self.val
        if chosen or len(subjects) < 2 or "val" in splits.values():
            return self
        free = [subject for subject in subjects if subject not in self.test_sequences]
        training = [subject for subject in free if splits[subject] == "train"]
        candidates = training if len(training) > 1 else [subject for subject in free if subject not in training]
        if not candidates:
            return self
        return replace(self, val_sequences=(min(candidates, key=self._draw),))

    def split(self, sequence: str) -> str:
        """Returns "train", "val" or "test"."""
        subject = _subject(sequence)
        if subject in self.test_sequences:
            return "test"
        if subject in self.val_sequences:
            return "val"
        if self.published is not None:
            named = PUBLISHED[self.published]
            return next((split for split, subjects in named.items() if subject in subjects), "val")
        draw = self._draw(subject)
        return "test" if draw < self.test else "val" if draw < self.test + self.val else "train"

    def _draw(self, subject: str) -> float:
        digest = hashlib.blake2b(f"{self.seed}/{subject}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def describe(self) -> dict:
        """Plain values for the manifest."""
        by = {"by": "sequence", "hash": "blake2b-64 of SEED/SEQUENCE"}
        return {**by, **{name: value for name, value in asdict(self).items() if name != "published" or value}}


def _subject(sequence: str) -> str:
    return sequence.partition("/")[0]
