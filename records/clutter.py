"""Walls and things in depth images, so that a net learns to tell a person from what stands behind and beside."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pose.depth_sensor import in_steps

_THINGS = 3
#: How many numbers are drawn for an image: whether it is changed, the seed of its errors, the wall's tilt along x and y
#: and its distance; and of each thing whether it is there, its middle (x, y), its width and height, and its depth.
NUM_CLUTTER = 5 + 6 * _THINGS
# Most tilt of a wall over the image, and its least and greatest distance behind the person, in mm.
_TILT_MM, _BEHIND_MM = 1500.0, (150.0, 1500.0)
# Least and greatest side of a thing as a share of the image's, and its depth before and behind the person in mm.
_SIDES, _THING_MM = (0.08, 0.6), (-700.0, 900.0)
# A thing covers no joint nearer to it than this share of the image's side.
_CLEAR = 0.05


def with_clutter(depth_mm: np.ndarray, labels: Mapping[str, np.ndarray], draws: np.ndarray, share: float) -> np.ndarray:
    """Puts a wall behind the person and things beside, with a sensor's errors, into some images.

    Args:
        depth_mm: uint16 (B, S, S), 0 where unknown.
        labels: arrays (B, ...) by name, "joints_xyz_mm", "xyz_known" and "camera_matrix".
        draws: float (B, NUM_CLUTTER) in [0, 1).
        share: of the images that are changed.

    Returns:
        uint16 (B, S, S).
    """
    changed = depth_mm.copy()
    for row in np.flatnonzero(draws[:, 0] < share):
        known = labels["xyz_known"][row] != 0
        xyz = labels["joints_xyz_mm"][row][known].astype(np.float64)
        xyz = xyz[xyz[:, 2] > 0]
        if len(xyz):
            image = xyz @ labels["camera_matrix"][row].T.astype(np.float64)
            changed[row] = _changed(changed[row], image[:, :2] / image[:, 2:], xyz[:, 2], draws[row].astype(np.float64))
    return changed


def _changed(depth: np.ndarray, xy: np.ndarray, z: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """One image; joints are seen at xy (K, 2), and at depths (K,)."""
    size = len(depth)
    rows, columns = np.mgrid[:size, :size] / size - 0.5
    random = np.random.default_rng(int(draws[1] * 2**31))
    along, down = (2 * draws[2:4] - 1) * _TILT_MM
    # As far behind the nearest joint to it as is drawn.
    slope = along * (xy[:, 0] / size - 0.5) + down * (xy[:, 1] / size - 0.5)
    wall = along * columns + down * rows + (z - slope).max() + _between(draws[4], *_BEHIND_MM)
    behind = np.minimum(np.where(depth == 0, np.inf, depth), np.maximum(wall, 1.0))
    scene = np.where(depth == 0, 0.0, np.where(behind < depth, in_steps(wall, random), depth))
    for there, x, y, width, height, place in draws[5:].reshape(_THINGS, 6):
        half = (_between(width, *_SIDES) / 2, _between(height, *_SIDES) / 2)
        covers = (np.abs(xy / size - (x, y)) < np.add(half, _CLEAR)).all(axis=1)
        if there < 0.5 and not covers.any():
            thing = np.full(depth.shape, np.median(z) + _between(place, *_THING_MM))
            within = (np.abs(columns + 0.5 - x) < half[0]) & (np.abs(rows + 0.5 - y) < half[1])
            scene = np.where(within & ((scene == 0) | (scene > thing)), in_steps(thing, random), scene)
    return np.clip(np.round(scene), 0, np.iinfo(np.uint16).max).astype(np.uint16)


def _between(draw: float, low: float, high: float) -> float:
    return low + (high - low) * draw
