"""From the box around a person's joints to the box that the records were cut by, for demos that follow people."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# Share of the joints that a person must have labeled to be measured, and the least number of such people.
_MOST = 0.8
_PEOPLE = 5


def box_rule(labels: Mapping[str, np.ndarray], size: int, padding: float) -> dict[str, float]:
    """Measures how the labeled boxes lie about the boxes around the joints.

    The box of a whole person is larger than that of seven joints of the upper body, for one, and its center is lower. A
    demo knows the joints alone, and must cut crops as the records were cut.

    Args:
        labels: of people in crops about their boxes; "joints_xy_px" (N, J, 2) and "visible" (N, J).
        size: height and width of the crops in px.
        padding: the crop's side as a multiple of the box's longer side.

    Returns:
        "box_scale", the median ratio of the longer sides, and "box_shift", by which the center of the box is lower, as
        a share of the joints' longer side; empty where too few people have
        most of their joints labeled, and for frames of several people.
    """
    if not {"joints_xy_px", "visible"} <= labels.keys() or labels["visible"].ndim != 2:
        return {}
    xy_px, seen = labels["joints_xy_px"], labels["visible"] > 0
    most = seen.mean(axis=1) >= _MOST
    low = np.where(seen[..., None], xy_px, np.inf)[most].min(axis=1)
    high = np.where(seen[..., None], xy_px, -np.inf)[most].max(axis=1)
    sides = (high - low).max(axis=1)
    if np.count_nonzero(sides > 0) < _PEOPLE:
        return {}
    low, high, sides = low[sides > 0], high[sides > 0], sides[sides > 0]
    shift = ((size - 1) / 2 - (low + high)[:, 1] / 2) / sides
    scale = size / padding / sides
    return {"box_scale": round(float(np.median(scale)), 3), "box_shift": round(float(np.median(shift)), 3)}
