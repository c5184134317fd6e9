"""Which split a sequence belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Literal

#: Splits of the literature: the sequences for training and for the test. Neither keeps any for validation.
PUBLISHED = {
    # VoxelPose (Tu et al., arXiv 2004.06239), and with it most work on the studio since.
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
    """Assigns whole sequences (or subjects) to splits, so that no moment and no person stands on both sides.

    A sequence named in a list goes where the list says; any other goes by a seeded hash of its name, so that it stays
    where it is when others are added. Where a name has a slash, what stands before it is the subject, and the subject
    alone decides.

    Attributes:
        val: share of the sequences for validation.
        test: share of the sequences for the test.
        seed: of the hash.
        val_sequences: sequences that are for validation by name.
        test_sequences: sequences that are for the test by name.
        published: a split of the literature in place of the shares: "panoptic3d" (VoxelPose's ten sequences for
            training and four for the test) or "human36m" (subjects 1, 5, 6, 7, 8 and 9, 11). Sequences that it
            does not name are for validation, so that training and test stay as published.
    """

    val: float = 0.05
    test: float = 0.05
    seed: int = 0
    val_sequences: tuple[str, ...] = ()
    test_sequences: tuple[str, ...] = ()
    published: Literal["panoptic3d", "human36m"] | None = None

    def __post_init__(self) -> None:
        """Checks shares and lists."""
        if self.val < 0 or self.test < 0 or self.val + self.test > 1:
            raise ValueError(f"shares must be 0 or more and sum to 1 at most, got val {self.val} and test {self.test}")
        both = set(self.val_sequences) & set(self.test_sequences)
        if both:
            raise ValueError(f"a sequence belongs to one split, got {sorted(both)} for both val and test")
        if self.published is not None and self.published not in PUBLISHED:
            raise ValueError(f"published must be one of {', '.join(PUBLISHED)}, got {self.published!r}")

    def with_validation(self, sequences: Collection[str]) -> SplitRule:
        """The rule with one sequence named for validation, where the shares of a few sequences would leave it none.

        It is that of the training sequences whose hash is nearest, or of the test's where there is but one for
        training.

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
