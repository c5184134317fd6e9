"""Which split a sequence belongs to."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class SplitRule:
    """Assigns whole sequences (or subjects) to splits, so that no moment and no person stands on both sides.

    A sequence named in a list goes where the list says; any other goes by a seeded hash of its name, so that it stays
    where it is when others are added.

    Attributes:
        val: share of the sequences for validation.
        test: share of the sequences for the test.
        seed: of the hash.
        val_sequences: sequences that are for validation by name.
        test_sequences: sequences that are for the test by name.
    """

    val: float = 0.05
    test: float = 0.05
    seed: int = 0
    val_sequences: tuple[str, ...] = ()
    test_sequences: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Checks shares and lists."""
        if self.val < 0 or self.test < 0 or self.val + self.test > 1:
            raise ValueError(f"shares must be 0 or more and sum to 1 at most, got val {self.val} and test {self.test}")
        both = set(self.val_sequences) & set(self.test_sequences)
        if both:
            raise ValueError(f"a sequence belongs to one split, got {sorted(both)} for both val and test")

    def split(self, sequence: str) -> str:
        """Returns "train", "val" or "test"."""
        if sequence in self.test_sequences:
            return "test"
        if sequence in self.val_sequences:
            return "val"
        digest = hashlib.blake2b(f"{self.seed}/{sequence}".encode(), digest_size=8).digest()
        draw = int.from_bytes(digest, "big") / 2**64
        return "test" if draw < self.test else "val" if draw < self.test + self.val else "train"

    def describe(self) -> dict:
        """Plain values for the manifest."""
        return {"by": "sequence", "hash": "blake2b-64 of SEED/SEQUENCE", **asdict(self)}
