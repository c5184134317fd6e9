"""Forward kinematics and linear blend skinning, vectorized over frames."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array


def pose_bones(
    rotations: np.ndarray, root_mm: np.ndarray, heads_mm: np.ndarray, parents: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Forward kinematics: each bone rotates about its head, and its children with it.

    Args:
        rotations: (F, B, 3, 3), each bone's rotation relative to its parent; all bones have the body's axes at rest.
        root_mm: (F, 3), the position of the root's head.
        heads_mm: (B, 3), the heads at rest.
        parents: each bone's parent, which comes before it; -1 for the root, which is the first.

    Returns:
        float64 heads (F, B, 3) and orientations (F, B, 3, 3); all of the latter are the identity at rest.
    """
    rotations = np.asarray(rotations, np.float64)
    root_mm = np.asarray(root_mm, np.float64)
    count = len(parents)
    if rotations.ndim != 4 or rotations.shape[1:] != (count, 3, 3) or root_mm.shape != (len(rotations), 3):
        raise ValueError(
            f"rotations must be (F, {count}, 3, 3) and root_mm (F, 3), got {rotations.shape} and {root_mm.shape}; "
            "a single pose is one frame"
        )
    heads, orientations = np.empty((*rotations.shape[:2], 3)), np.empty_like(rotations)
    heads[:, 0], orientations[:, 0] = root_mm, rotations[:, 0]
    for bone, parent in enumerate(parents[1:], start=1):
        orientations[:, bone] = orientations[:, parent] @ rotations[:, bone]
        heads[:, bone] = heads[:, parent] + orientations[:, parent] @ (heads_mm[bone] - heads_mm[parent])
    return heads, orientations


class Skin:
    """Vertices bound to bones by fixed weights.

    Attributes:
        count: the number of vertices N.
    """

    def __init__(self, rest_mm: np.ndarray, bones: np.ndarray, weights: np.ndarray, heads_mm: np.ndarray) -> None:
        """Precomputes what all frames share.

        Args:
            rest_mm: (N, 3), the vertices at rest.
            bones: int (N, K), indices of the bones that move each vertex.
            weights: (N, K), their weights, which sum to 1.
            heads_mm: (B, 3), the bones' heads at rest.
        """
        self.count = len(rest_mm)
        self._heads = np.asarray(heads_mm, np.float64)
        # A vertex is sum w (G v + (p - G h)): its row holds w v and w for each bone, times a column of G and p - G h.
        # Relative to the root's head, so that float32 keeps its digits.
        local = np.column_stack([np.asarray(rest_mm, np.float64) - self._heads[0], np.ones(self.count)])
        values = np.asarray(weights, np.float64)[:, :, None] * local[:, None, :]
        columns = 4 * np.asarray(bones, np.int64)[:, :, None] + np.arange(4)
        used = np.broadcast_to((np.asarray(weights) != 0)[:, :, None], values.shape)
        starts = np.concatenate([[0], np.cumsum(used.sum(axis=(1, 2)))])
        size = (self.count, 4 * len(self._heads))
        self._matrix = csr_array((values[used].astype(np.float32), columns[used], starts), shape=size)

    def posed(self, orientations: np.ndarray, heads_mm: np.ndarray) -> np.ndarray:
        """Moves the vertices.

        Args:
            orientations: (F, B, 3, 3), as `pose_bones` gives them.
            heads_mm: (F, B, 3), likewise.

        Returns:
            float32 (F, N, 3) in mm.
        """
        frames, bones = heads_mm.shape[:2]
        turned = np.einsum("fbij,bj->fbi", orientations, self._heads - self._heads[0])
        columns = np.concatenate([np.swapaxes(orientations, 2, 3), (heads_mm - turned)[:, :, None]], axis=2)
        columns = columns.transpose(1, 2, 0, 3).reshape(4 * bones, 3 * frames).astype(np.float32)
        moved = (self._matrix @ columns).reshape(self.count, frames, 3)
        return np.ascontiguousarray(moved.transpose(1, 0, 2))
