"""Contact of a body with the floor: placing, settling, and preventing feet from sliding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from body.human import BONES, Human, topology
from pose.space.turns import between

#: Points this near to the floor carry weight.
TOUCHING_MM = 12.0
_EXTREMES = 40
# A body turns one degree further when settling if that lowers its center of mass by this much.
_MM_FOR_A_DEGREE = 8.0

# Share of the body's mass by bone, at the middle of the bone (de Leva, 1996; the trunk's is divided among its bones).
_MASSES = {
    "Hips": 0.12,
    "LowerBack": 0.10,
    "Spine": 0.11,
    "Spine1": 0.11,
    "Head": 0.07,
    "UpLeg": 0.142,
    "Leg": 0.043,
    "Foot": 0.014,
    "Arm": 0.027,
    "ForeArm": 0.016,
    "Hand": 0.006,
}


@dataclass(frozen=True, eq=False)
class Contact:
    """The points of a body's skin that can touch the floor: the outermost ones around each bone.

    Attributes:
        weights: float64 (K, 124), how each point follows the 31 bones' 3 x 4 matrices.
        bone: int (K,), the bone that moves each point most.
        heads_mm: float64 (31, 3), heads of the bones at rest.
        masses: float64 (31, 124) weights of the bones' middles, times their share of the mass.
    """

    weights: np.ndarray
    bone: np.ndarray
    heads_mm: np.ndarray
    masses: np.ndarray

    @classmethod
    def of(cls, human: Human) -> Contact:
        """Chooses the points of a body: for each bone, the vertices that are outermost in many directions."""
        parts = topology()
        rest = np.asarray(human.rest_mm, np.float64)
        indices, shares = parts.weight_bones, parts.weights.astype(np.float64)
        skin = parts.vertex_group == 0
        strongest = indices[np.arange(len(rest)), shares.argmax(axis=1)]
        chosen = []
        for bone in range(len(BONES)):
            members = np.flatnonzero(skin & (strongest == bone))
            if len(members):
                chosen.extend(members[(_directions() @ rest[members].T).argmax(axis=1)])
        chosen = np.unique(chosen)
        table = np.zeros((len(chosen), len(BONES)))
        np.add.at(table, (np.arange(len(chosen))[:, None], indices[chosen]), shares[chosen])
        points = np.column_stack([rest[chosen], np.ones(len(chosen))])
        middles = np.column_stack([(human.heads_mm + human.tails_mm) / 2, np.ones(len(BONES))])
        masses = np.array([_mass(name) for name in BONES])
        return cls(
            weights=(table[:, :, None] * points[:, None]).reshape(len(chosen), -1),
            bone=strongest[chosen],
            heads_mm=np.asarray(human.heads_mm, np.float64),
            masses=(np.diag(masses / masses.sum())[:, :, None] * middles[:, None]).reshape(len(BONES), -1),
        )

    def points(self, heads: np.ndarray, orientations: np.ndarray) -> np.ndarray:
        """The points, float64 (F, K, 3), from posed bones: heads (F, 31, 3), orientations (F, 31, 3, 3)."""
        return self._follow(self.weights, heads, orientations)

    @cached_property
    def foot(self) -> np.ndarray:
        """Int (K,): 0 for points of the left foot, 1 for the right one's, -1 for others."""
        feet = {"LeftFoot": 0, "LeftToeBase": 0, "RightFoot": 1, "RightToeBase": 1}
        return np.array([feet.get(name, -1) for name in BONES])[self.bone]

    def balance(self, heads: np.ndarray, orientations: np.ndarray) -> np.ndarray:
        """The center of mass, float64 (F, 3)."""
        return self._follow(self.masses, heads, orientations).sum(axis=1)

    def _follow(self, weights: np.ndarray, heads: np.ndarray, orientations: np.ndarray) -> np.ndarray:
        origins = heads - np.einsum("fbij,bj->fbi", orientations, self.heads_mm)
        matrices = np.concatenate([orientations, origins[..., None]], axis=3)
        frames, bones = matrices.shape[:2]
        return (
            (matrices.transpose(0, 2, 1, 3).reshape(frames * 3, bones * 4) @ weights.T)
            .reshape(frames, 3, len(weights))
            .swapaxes(1, 2)
        )


def settle(points: np.ndarray, balance: np.ndarray, most_degrees: float) -> np.ndarray | None:
    """The rotation that lays a rigid body on the floor in a stable position: center of mass above the support.

    Args:
        points: float (K, 3), points of the body.
        balance: float (3,), its center of mass.
        most_degrees: the largest rotation.

    Returns:
        A rotation matrix (3, 3), or None if all stable positions need a larger rotation. Among the faces of the convex
        hull that can support the body, it prefers a small rotation and a low center of mass.
    """
    try:
        hull = ConvexHull(points)
    except (QhullError, ValueError):
        return None
    normals, corners = hull.equations[:, :3], points[hull.simplices]
    depth = normals @ balance + hull.equations[:, 3]
    foot = balance - depth[:, None] * normals
    inside = np.ones(len(normals), bool)
    turning = np.einsum("fi,fi->f", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), normals)
    for first, second in ((0, 1), (1, 2), (2, 0)):
        edge, away = corners[:, second] - corners[:, first], foot - corners[:, first]
        inside &= np.einsum("fi,fi->f", np.cross(edge, away), normals) * np.sign(turning) >= 0
    tilt = np.degrees(np.arccos(np.clip(-normals[:, 1], -1, 1)))
    cost = np.where(inside & (tilt < most_degrees), -depth + _MM_FOR_A_DEGREE * tilt, np.inf)
    best = int(cost.argmin())
    return between(normals[best], np.array([0.0, -1.0, 0.0])) if np.isfinite(cost[best]) else None


def hold(points: np.ndarray, flying: np.ndarray, bears: np.ndarray) -> np.ndarray:
    """The root's motion for which the points that carry the body do not slide.

    Args:
        points: float (F, K, 3), the contact points with the root above the origin, lowest at y = 0.
        flying: bool (F,), frames without contact, in which the body keeps its velocity.
        bears: float (F, K), 0 for points that carry no weight even near the floor, else 1.

    Returns:
        float (F, 2), x and z to add; 0 in the first frame.
    """
    bearing = bears * np.exp(-((points[..., 1] / TOUCHING_MM) ** 2)) + 1e-12
    shares = np.sqrt(bearing[1:] * bearing[:-1])
    steps = -np.einsum("fk,fki->fi", shares, np.diff(points[..., [0, 2]], axis=0)) / shares.sum(axis=1)[:, None]
    grounded = np.flatnonzero(~(flying[1:] | flying[:-1]))
    if len(grounded) and len(grounded) < len(steps):
        frames = np.arange(len(steps))
        steps = np.column_stack([np.interp(frames, grounded, steps[grounded, axis]) for axis in range(2)])
    return np.vstack([np.zeros(2), np.cumsum(steps, axis=0)])


def _mass(name: str) -> float:
    short = name.removeprefix("Left").removeprefix("Right")
    return _MASSES.get(short, 0.0)


def _directions() -> np.ndarray:
    """Unit vectors (N, 3) spread evenly over the sphere: a Fibonacci lattice."""
    number = np.arange(_EXTREMES) + 0.5
    y, angle = 1 - 2 * number / _EXTREMES, np.pi * (1 + 5**0.5) * number
    radius = np.sqrt(1 - y * y)
    return np.column_stack([radius * np.cos(angle), y, radius * np.sin(angle)])
