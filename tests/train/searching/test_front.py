"""The front of a search: which nets are on it, and its files."""

import numpy as np
import pytest

from models import read_plan
from models.search_space import Space
from train.searching.front import Found, pareto, read_front, write_front


@pytest.fixture
def found():
    """Nets of two epochs; of the second one, the third and the fifth are beaten."""
    space, rng = Space(), np.random.default_rng(0)
    points = [(1, 2.0, 0.9), (1, 3.0, 0.95), (2, 1.0, 0.3), (2, 2.0, 0.5), (2, 2.5, 0.4), (2, 3.0, 0.6), (2, 3.0, 0.5)]
    return [Found(epoch, ms, worth, space.random(rng)) for epoch, ms, worth in points]


def test_of_the_last_epoch_those_that_no_other_beats(found):
    assert [(one.ms, one.worth) for one in pareto(found)] == [(1.0, 0.3), (2.0, 0.5), (3.0, 0.6)]
    assert pareto([]) == []


def test_the_files_are_read_again(found, tmp_path):
    (tmp_path / "blocks_9.99ms.json").touch()
    write_front(tmp_path, found, Space(), "litert, 1 thread", "val_pck@0.2", 3.0)
    assert read_front(tmp_path, 2) == found and read_front(tmp_path, 1) == found[:2]
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        *("blocks_1.00ms.json", "blocks_2.00ms.json", "blocks_3.00ms.json", "front.csv", "front.png")
    ]
    assert read_plan(tmp_path / "blocks_2.00ms.json") == Space().plan(found[3].choice)
    (tmp_path / "front.csv").write_text("epoch,ms\n1,2\n")
    with pytest.raises(ValueError, match="front.csv is damaged .*put it back, or start another run"):
        read_front(tmp_path, 2)
