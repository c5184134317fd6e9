"""Where rays meet round cones, the shape that limbs are made of."""

from __future__ import annotations

import numpy as np


def times(vectors: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Vectors (N, 3) times a matrix (3, K) or a vector (3,), rounded alike wherever a vector stands in the batch.

    A BLAS rounds by position and by thread, so that pictures would depend on the machine's cores.
    """
    matrix = matrix.astype(np.float32)
    x, y, z = vectors.T if matrix.ndim == 1 else vectors.T[..., None]
    return x * matrix[0] + y * matrix[1] + z * matrix[2]


def meet_cone(
    start: np.ndarray, directions: np.ndarray, length: float, radii: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where rays first meet a round cone, the hull of two balls, that stands on the y axis.

    Args:
        start: (3,), where all rays begin, outside the cone.
        directions: float32 (N, 3), unit vectors.
        length: from the first ball's middle, at the origin, to the second's at (0, length, 0); more than the radii
            differ by.
        radii: of the first and the second ball.

    Returns:
        Indices of the M rays that meet it, their distances float32 (M,), and the outward unit normals float32 (M, 3).
    """
    start = np.asarray(start, np.float32)
    length, first, second = np.float32(length), np.float32(radii[0]), np.float32(radii[1])
    along = times(directions, start)
    to_first = _meet_ball(along, start @ start - first * first)
    other = start - np.array([0, length, 0], np.float32)
    to_second = _meet_ball(along - length * directions[:, 1], other @ other - second * second)
    to_side = _meet_side(start, directions, along, length, first, second)
    distance = np.minimum(np.minimum(to_first, to_second), to_side)
    rays = np.flatnonzero(np.isfinite(distance))
    distance = distance[rays]
    points = start + directions[rays] * distance[:, None]
    # Every point's normal points away from the ball, between the first and the second, that touches it.
    sin = (first - second) / length
    across = np.hypot(points[:, 0], points[:, 2])
    share = np.clip((points[:, 1] - across * sin / np.sqrt(1 - sin * sin)) / length, 0, 1)
    normals = points.copy()
    normals[:, 1] -= share * length
    return rays, distance, normals / (first + share * (second - first))[:, None]


def _meet_ball(b: np.ndarray, c: np.floating) -> np.ndarray:
    """The smaller root of t^2 + 2 b t + c, infinite where there is none."""
    discriminant = b * b - c
    return np.where(discriminant > 0, -b - np.sqrt(np.maximum(discriminant, 0)), np.float32(np.inf))


def _meet_side(
    start: np.ndarray,
    directions: np.ndarray,
    along: np.ndarray,
    length: np.floating,
    first: np.floating,
    second: np.floating,
) -> np.ndarray:
    """Distances (N,) to the cone that touches both balls, infinite where a ray does not meet it.

    It is where sqrt(x^2 + z^2) cos = first - y sin; sin is the share of the length by which the radii differ.
    """
    sin = (first - second) / length
    cos2 = 1 - sin * sin
    up = directions[:, 1]
    rim, slope = first - start[1] * sin, -up * sin
    a = (1 - up * up) * cos2 - slope * slope
    half_b = (along - start[1] * up) * cos2 - rim * slope
    c = (start[0] ** 2 + start[2] ** 2) * cos2 - rim * rim
    discriminant = half_b * half_b - a * c
    meets = (discriminant > 0) & (np.abs(a) > 1e-9)
    distance = (-half_b - np.sqrt(np.maximum(discriminant, 0))) / np.where(meets, a, 1)
    # Only between the circles in which it touches the balls.
    height = start[1] + up * distance
    meets &= (height > first * sin) & (height < length + second * sin) & (distance > 0)
    return np.where(meets, distance, np.float32(np.inf))
