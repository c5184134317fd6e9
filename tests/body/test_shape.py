"""The dome's shapes, and the file that they are blended from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from body import shape as shape_module
from body.human import GROUPS, PARTS, Human, Shape, topology
from body.shape import read_asset


def litres(human: Human) -> float:
    """What the skin encloses: about as many as the kilograms that a person weighs."""
    faces = topology().faces[topology().group == GROUPS.index("skin")]
    a, b, c = human.rest_mm[faces].astype(np.float64).transpose(1, 0, 2)
    return (a * np.cross(b, c)).sum() / 6 / 1e6


def test_shapes_have_ranges():
    with pytest.raises(ValueError, match="a shape's height must be from 0 to 1, got 1.8"):
        Shape(height=1.8)
    with pytest.raises(ValueError, match="a shape's sex must be from 0 to 1, got nan"):
        Shape(sex=float("nan"))
    with pytest.raises(ValueError, match="ancestry must be three shares"):
        Shape(ancestry=(0, 0, 0))


def test_shapes_do_what_they_say():
    def stature(**changes) -> float:
        return Human(replace(Shape(), **changes)).stature_mm

    assert stature(height=0.45) > stature() + 50
    assert stature(sex=1) > stature(sex=0) + 100
    assert stature(age=0) < stature() - 250
    trunk = np.isin(topology().part, [1 + PARTS.index("torso"), 1 + PARTS.index("pelvis")]) & (topology().group == 0)
    rows = np.unique(topology().faces[trunk])
    thin, fat = (Human(Shape(weight=weight, muscle=0.2)).rest_mm[rows] for weight in (0.2, 0.9))
    assert np.ptp(fat[:, 2]) > np.ptp(thin[:, 2]) + 50


def test_random_people_are_plausible_adults():
    rng = np.random.default_rng(11)
    shapes = [Shape.random(rng) for _ in range(150)]
    people = [Human(shape) for shape in shapes]
    statures = np.array([human.stature_mm for human in people])
    men = np.array([shape.sex > 0.5 for shape in shapes])
    assert 50 < men.sum() < 100
    assert 1590 < statures[~men].mean() < 1670 and 1710 < statures[men].mean() < 1800
    assert 45 < statures[men].std() < 90 and statures.min() > 1400 and statures.max() < 2000
    # A litre of a person weighs a kilogram, nearly: the body mass index.
    bulk = np.array([litres(human) for human in people]) / (statures / 1000) ** 2
    assert 15 < bulk.min() < 19 and 20.5 < np.median(bulk) < 24.5 and 28 < bulk.max() < 40
    assert Shape.random(np.random.default_rng(5)) == Shape.random(np.random.default_rng(5))


def test_the_asset_is_small_and_a_broken_one_raises(tmp_path):
    path = Path(shape_module.__file__).parent / "assets" / "body.npz"
    assert path.stat().st_size < 3_000_000 and (path.parent / "LICENSE-body.md").is_file()
    with pytest.raises(ValueError, match="nowhere.npz cannot be read .*; get it from the repository"):
        read_asset(tmp_path / "nowhere.npz")
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match="damaged.npz cannot be read"):
        read_asset(damaged)
    flipped = bytearray(path.read_bytes())
    flipped[len(flipped) // 2] ^= 255
    damaged.write_bytes(flipped)
    with pytest.raises(ValueError, match="damaged.npz cannot be read"):
        read_asset(damaged)
    np.savez(damaged, faces=np.zeros((0, 3)))
    with pytest.raises(ValueError, match="damaged.npz lacks group, part"):
        read_asset(damaged)
