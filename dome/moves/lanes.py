"""Walks back and forth in lanes beside one another, so that people cross in images without meeting."""

from __future__ import annotations

import numpy as np

from dome.moves.motion import Motion
from dome.moves.paths import moved, turned

#: The radius of the circle in which lanes lie: inside the cameras, and beyond the sight of many of them.
RADIUS_MM = 2000.0
# The widest distance between lanes, the distance of the outer ones from the middle, and the shortest half of a lane.
_APART_MM, _OUTERMOST_MM, _SHORTEST_MM = 900.0, 1800.0, 1000.0
# Walkers turn about in a narrow curve, and look this far ahead along their lane.
_TURN_PER_MM, _AHEAD_MM = 1 / 220, 500.0


def lane_offset_mm(number: int, count: int) -> float:
    """How far one of several lanes lies from the middle, along z of the stage."""
    apart = min(_APART_MM, 2 * _OUTERMOST_MM / max(count - 1, 1))
    return apart * (number - (count - 1) / 2)


def along_lane(motion: Motion, offset_mm: float, start: float, forward: bool) -> Motion:
    """Leads a walk along a lane, parallel to x of the stage, and back at its ends.

    Args:
        motion: as made or recorded.
        offset_mm: z of the lane.
        start: where on the lane it begins, from -1 to 1.
        forward: whether it begins toward x.
    """
    half = max(float(np.sqrt(max(RADIUS_MM**2 - offset_mm**2, 0))), _SHORTEST_MM)
    steps = np.diff(motion.root_mm[:, [0, 2]], axis=0, prepend=motion.root_mm[:1, [0, 2]]).astype(float)
    facing = motion.rotations[:, 0, :, 2].astype(float)
    own = np.arctan2(facing[:, 0], facing[:, 2])
    place, sign = np.array([start * half, offset_mm]), 1.0 if forward else -1.0
    turn = sign * np.pi / 2 - own[0]
    places, turns = np.empty_like(steps), np.empty(len(steps))
    for frame, step in enumerate(steps):
        if sign * place[0] > half:
            sign = -sign
        wanted = np.arctan2(sign * _AHEAD_MM, offset_mm - place[1])
        off = (wanted - own[frame] - turn + np.pi) % (2 * np.pi) - np.pi
        most = _TURN_PER_MM * float(np.hypot(*step))
        turn += float(np.clip(off, -most, most))
        place = place + turned(step, turn)
        places[frame], turns[frame] = place, turn
    return moved(motion, places, turns)
