"""The average body as sheets, from which all skin and clothes are cut."""

from __future__ import annotations

from functools import cache

import numpy as np

from body.human import GROUPS, topology
from dome.dress.sheet import Sheet, Web


@cache
def group_sheet(group: str) -> Sheet:
    """One of `GROUPS` on the average body, at rest."""
    body = topology()
    canonical = body.canonical_mm
    bones, weights = body.weight_bones.astype(np.uint8), body.weights.astype(np.float32)
    whole = Sheet(canonical, canonical, canonical, bones, weights, body.faces, body.part)
    return whole.kept(body.group == GROUPS.index(group))


@cache
def group_vertices(group: str) -> np.ndarray:
    """The body's vertices that `group_sheet` is made of, in its order."""
    body = topology()
    return np.unique(body.faces[body.group == GROUPS.index(group)])


@cache
def skin_web() -> Web:
    """Neighborhood of the skin's vertices."""
    skin = group_sheet("skin")
    return Web(skin.faces, len(skin.rest_mm))


@cache
def smoothed_points(times: int) -> np.ndarray:
    """The skin's vertices on the average body, smoothed as cloth is, which also moves them along the skin."""
    return skin_web().smooth(group_sheet("skin").canonical_mm, times)
