"""Skirts, made from MakeHuman's skirt mesh."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.spatial import cKDTree

from body.human import Human
from dome.dress.dresser import Dresser
from dome.dress.mannequin import group_sheet, group_vertices
from dome.dress.sheet import Sheet, Web, cut

_LEAST_GAP_MM = 3.0


def skirt(human: Human, dresser: Dresser, *, end_mm: float, flare: float) -> tuple[Sheet, Sheet]:
    """A skirt over the other clothes.

    Args:
        human: the body.
        dresser: with the other clothes.
        end_mm: height of its lower edge on the average body.
        flare: how much wider than MakeHuman's it is at the bottom, as a fraction.

    Returns:
        Its outer side, and its inner side.
    """
    whole = group_sheet("skirt")
    rest = human.rest_mm[group_vertices("skirt")]
    canonical = whole.canonical_mm
    down = np.clip((canonical[:, 1].max() - canonical[:, 1]) / 800, 0, 1)[:, None]
    middle = rest.mean(axis=0) * np.float32((0, 0, 1))
    rest = middle + (rest - middle) * (1 + np.float32(flare) * down * np.float32((1, 0, 1)))
    near = _nearest()
    for _ in range(2):
        # Move the skirt outside the clothes beneath it where it is close to them.
        normals, base = dresser.normals[near], dresser.rest_mm[near]
        height = ((rest - base) * normals).sum(axis=1)
        away = np.linalg.norm(rest - base, axis=1)
        lift = np.maximum(dresser.height_mm[near] + _LEAST_GAP_MM - height, 0) * (away < 60)
        rest = _web().smooth(rest + normals * lift[:, None], 1)
    sheet = whole.at(rest.astype(np.float32))
    outer, _ = cut(sheet, [canonical[:, 1] - end_mm])
    return outer, outer.flipped()


@cache
def _web() -> Web:
    sheet = group_sheet("skirt")
    return Web(sheet.faces, len(sheet.rest_mm))


@cache
def _nearest() -> np.ndarray:
    """The nearest skin vertex for each of the skirt's vertices."""
    return cKDTree(group_sheet("skin").canonical_mm).query(group_sheet("skirt").canonical_mm)[1]
