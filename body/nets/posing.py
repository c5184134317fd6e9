"""Shape space, forward kinematics, linear blend skinning and joints of a `LinearBody`, for batches of N bodies."""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from body.linear import BoundPoints, LinearBody, Points
from body.nets.rotations import multiplied, turned


class Bones(NamedTuple):
    """The bones of N bodies.

    Attributes:
        rest_mm: Their heads at rest (N, B, 3).
        heads_mm: Their heads (N, B, 3).
        orientations: Each bone's rotation from rest (N, B, 3, 3).
        rotations: Each bone's rotation relative to its parent (N, B, 3, 3).
    """

    rest_mm: Any
    heads_mm: Any
    orientations: Any
    rotations: Any


def shaped(points: Points, values: Any) -> Any:
    """Return points at rest (N, P, 3), float32, of shape values (N, S)."""
    values = ops.cast(values, "float32")
    count = len(points.rest_mm)
    moved = ops.matmul(values, points.shape_mm.reshape(len(points.shape_mm), 3 * count))
    return ops.reshape(moved, (-1, count, 3)) + points.rest_mm


def pose_bones(body: LinearBody, rotations: Any, values: Any, root_mm: Any = None) -> Bones:
    """Forward kinematics: each bone rotates about its head, and its children with it.

    Args:
        body: The body.
        rotations: Each bone's rotation relative to its parent (N, B, 3, 3); identities are the body at rest.
        values: Shape values (N, S).
        root_mm: The root's head (N, 3); where it is at rest if None.

    Returns:
        The bones, float32.
    """
    rotations, rest = ops.cast(rotations, "float32"), shaped(body.heads, values)
    orientations = [rotations[:, :1]]
    heads = [rest[:, :1] if root_mm is None else ops.cast(root_mm, "float32")[:, None]]
    levels = _levels(body.parents)
    for above, level in zip(levels, levels[1:], strict=False):
        # The bones of a level all at once; their parents are in the level above.
        parents = [body.parents[bone] for bone in level]
        places = [above.index(parent) for parent in parents]
        turns = ops.take(orientations[-1], places, axis=1)
        offsets = ops.take(rest, level, axis=1) - ops.take(rest, parents, axis=1)
        heads.append(ops.take(heads[-1], places, axis=1) + turned(turns, offsets))
        orientations.append(multiplied(turns, ops.take(rotations, level, axis=1)))
    order = np.argsort([bone for level in levels for bone in level])
    heads_mm, turned_to = (ops.take(ops.concatenate(parts, axis=1), order, axis=1) for parts in (heads, orientations))
    return Bones(rest, heads_mm, turned_to, rotations)


def vertices(body: LinearBody, values: Any, bones: Bones) -> Any:
    """Return the vertices (N, V, 3) in mm, float32, of bones posed with the same shape values (N, S)."""
    rest = shaped(body.vertices.points, values)
    if body.pose_mm is not None:
        away = bones.rotations[:, 1:] - ops.eye(3, dtype="float32")
        size = 9 * (body.num_bones - 1)
        moved = ops.matmul(ops.reshape(away, (-1, size)), body.pose_mm.reshape(size, -1))
        rest = rest + ops.reshape(moved, (-1, *body.pose_mm.shape[1:]))
    return _skinned(body.vertices, rest, bones)


def joints(body: LinearBody, values: Any, bones: Bones) -> Any:
    """Return the joints (N, J, 3) in mm, float32, of bones posed with the same shape values (N, S)."""
    landmarks = _skinned(body.landmarks, shaped(body.landmarks.points, values), bones)
    return ops.sum(landmarks[:, None] * body.joint_mix[:, :, None], axis=2)


def _levels(parents: tuple[int, ...]) -> list[list[int]]:
    """The bones by their number of ancestors."""
    depths: list[int] = []
    for parent in parents:
        depths.append(depths[parent] + 1 if parent >= 0 else 0)
    return [[bone for bone, depth in enumerate(depths) if depth == level] for level in range(max(depths) + 1)]


def _skinned(skin: BoundPoints, rest: Any, bones: Bones) -> Any:
    """Move points at rest (N, P, 3) with their bones: linear blend skinning."""
    # Each bone takes a point p to R p + (head - R rest head).
    shifts = bones.heads_mm - turned(bones.orientations, bones.rest_mm)
    moves = ops.concatenate([bones.orientations, shifts[..., None]], axis=-1)
    blended: Any = 0.0
    for bone, weight in zip(skin.bones.T, skin.weights.T, strict=True):
        blended = blended + ops.take(moves, bone, axis=1) * weight[:, None, None]
    return turned(blended[..., :3], rest) + blended[..., 3]
