"""Leads motions to places on the stage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dome.moves.motion import Motion

_TURN_PER_MM = 2.5 / 1000


def placed(motion: Motion, home_mm: np.ndarray, heading: float, roam_mm: float) -> Motion:
    """Moves a motion to a place on the stage, and turns it back where it strays.

    Args:
        motion: as made or recorded.
        home_mm: float (2,), x and z of the place on the stage.
        heading: radians by which to turn it about the vertical at the start.
        roam_mm: how far from there it may go. It turns back in a curve.
    """
    steps = np.diff(motion.root_mm[:, [0, 2]], axis=0, prepend=motion.root_mm[:1, [0, 2]])
    place, turn = np.array(home_mm, float), heading
    places, turns = np.empty_like(steps), np.empty(len(steps))
    for frame, step in enumerate(steps.astype(float)):
        step = turned(step, turn)
        away, length = place - home_mm, float(np.hypot(*step))
        if np.hypot(*away) > 0.4 * roam_mm and away @ step > 0:
            # Toward the side of home, as fast as a walker turns.
            side = np.sign(step[1] * away[0] - step[0] * away[1]) or 1.0
            bend = -side * _TURN_PER_MM * length
            step, turn = turned(step, bend), turn + bend
        place = place + step
        away = place - home_mm
        place = home_mm + away * min(1.0, roam_mm / max(np.hypot(*away), 1e-9))
        places[frame], turns[frame] = place, turn
    return moved(motion, places, turns)


def turned(step: np.ndarray, angle: float) -> np.ndarray:
    """Turns x and z about the vertical, from z toward x."""
    sin, cos = np.sin(angle), np.cos(angle)
    return np.array([cos * step[0] + sin * step[1], cos * step[1] - sin * step[0]])


def moved(motion: Motion, places: np.ndarray, turns: np.ndarray) -> Motion:
    """The motion at places (F, 2), x and z in mm, and turned about the vertical by angles (F,)."""
    sin, cos, zero, one = np.sin(turns), np.cos(turns), np.zeros_like(turns), np.ones_like(turns)
    about_up = np.stack([cos, zero, sin, zero, one, zero, -sin, zero, cos], axis=-1).reshape(-1, 3, 3)
    rotations = np.array(motion.rotations)
    rotations[:, 0] = about_up @ rotations[:, 0]
    root_mm = np.array(motion.root_mm)
    root_mm[:, [0, 2]] = places
    return replace(motion, rotations=rotations, root_mm=root_mm)
