"""A body of one shape as files and pictures want it: its skin at rest, and the bones that move it.

Lengths are mm, x is the person's left, y up, z forward, about the head of the hips.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from body.human import BONES, GROUPS, topology
from body.linear import Points, free_body
from body.pool import NUM_VALUES
from body.skinning import Skin, pose_bones

# The helper meshes of hair and skirt are left out.
_BARE = ("skin", "eyes")


@dataclass(frozen=True, eq=False)
class Rig:
    """A body of B bones and V vertices.

    Attributes:
        names: of the bones.
        parents: each bone's parent, which comes before it; -1 for the root, which is the first.
        heads_mm: float64 (B, 3), where the bones begin at rest.
        tails_mm: float64 (B, 3), where they end.
        rest_mm: float32 (V, 3), the vertices at rest.
        faces: int32 (T, 3), indices of vertices, counter-clockwise as seen from outside.
        weight_bones: int32 (V, 4), the bones that move each vertex.
        weights: float32 (V, 4), their weights, which sum to 1.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads_mm: np.ndarray
    tails_mm: np.ndarray
    rest_mm: np.ndarray
    faces: np.ndarray
    weight_bones: np.ndarray
    weights: np.ndarray

    @cached_property
    def _skin(self) -> Skin:
        return Skin(self.rest_mm, self.weight_bones, self.weights, self.heads_mm)

    def heads(self, rotations: np.ndarray, root_mm: np.ndarray) -> np.ndarray:
        """The bones' heads float64 (F, B, 3) in the poses that `vertices` describes."""
        return pose_bones(rotations, root_mm, self.heads_mm, self.parents)[0]

    def vertices(self, rotations: np.ndarray, root_mm: np.ndarray) -> np.ndarray:
        """The skin float32 (F, V, 3) in poses.

        Args:
            rotations: (F, B, 3, 3), each bone's rotation relative to its parent; identities are the body at rest.
            root_mm: (F, 3), the position of the root's head.
        """
        heads, orientations = pose_bones(rotations, root_mm, self.heads_mm, self.parents)
        return self._skin.posed(orientations, heads)


def free_rig(shape_values: np.ndarray) -> Rig:
    """The bare body of shape values (10,), as of `body.linear.free_body`."""
    values = np.asarray(shape_values, np.float64)
    if values.shape != (NUM_VALUES,) or not np.isfinite(values).all():
        raise ValueError(f"a body's shape has {NUM_VALUES} finite values, got {np.round(values, 2).tolist()}")
    body, (used, faces) = free_body(NUM_VALUES), _bare()
    if body.tails is None:
        raise ValueError("the free body has no tails")
    shared = topology()
    return Rig(
        names=BONES,
        parents=body.parents,
        heads_mm=_at(body.heads, values),
        tails_mm=_at(body.tails, values),
        rest_mm=_at(body.vertices.points, values)[used].astype(np.float32),
        faces=faces,
        weight_bones=shared.weight_bones[used],
        weights=shared.weights[used],
    )


def _at(points: Points, values: np.ndarray) -> np.ndarray:
    return points.rest_mm.astype(np.float64) + np.tensordot(values, points.shape_mm, 1)


@cache
def _bare() -> tuple[np.ndarray, np.ndarray]:
    """The vertices that are kept, and the faces between them."""
    shared = topology()
    kept = [GROUPS.index(name) for name in _BARE]
    used = np.isin(shared.vertex_group, kept)
    faces = shared.faces[np.isin(shared.group, kept)]
    return used, (np.cumsum(used) - 1)[faces].astype(np.int32)
