"""A recognizer of limps: mirror images, people left out, and made-up walks that it must tell apart."""

import numpy as np
import pytest

from benchmarks.gait.limps import KINDS, Walk, by_regression, row_of, told_by_others


@pytest.fixture
def walks():
    """Twelve people whose left and right differ clearly with a limp."""
    rng, made = np.random.default_rng(0), []
    for person in range(12):
        for kind in range(len(KINDS)):
            difference = {"N": 0.0, "AR": 1.0, "AL": -1.0}[KINDS[kind]] + rng.normal(0, 0.1)
            made.append(Walk(f"s{person:02d}", kind, np.array([difference]), np.ones(1)))
    return made


def test_the_mirror_image(walks):
    right = next(walk for walk in walks if KINDS[walk.kind] == "AR")
    left = right.mirrored()
    assert KINDS[left.kind] == "AL" and left.differences == -right.differences
    assert left.means == right.means and left.mirrored().kind == right.kind


def test_nobody_is_in_both_parts(walks):
    seen = []

    def recognize(learned, tested):
        assert not {walk.person for walk in learned} & {walk.person for walk in tested}
        seen.extend(walk.person for walk in tested)
        return np.array([walk.kind for walk in tested])

    told = told_by_others(walks, recognize)
    assert len(seen) == len(walks) and told.tolist() == [walk.kind for walk in walks]


def test_a_regression_tells_clear_differences(walks):
    walks[0] = Walk("s00", walks[0].kind, np.array([np.nan]), np.ones(1))
    kinds = np.array([walk.kind for walk in walks])
    assert (told_by_others(walks, by_regression)[1:] == kinds[1:]).all()


def test_rows_by_hand():
    row = row_of("mine", np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 2, 2, 0]))
    # Limps found: three of four, two of them on the right side; two usual walks, one found.
    assert row == {
        "recognizer": "mine",
        "walks": "6",
        "usual, right or left, %": "50",
        "limp or usual, %": "67",
        "side of limps found, %": "67",
    }
