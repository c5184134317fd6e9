"""Rotations as matrices, as six numbers and as axis times angle, with gradients that are finite everywhere."""

from typing import Any

from keras import ops

# Below this squared angle the series are exact in float32, and the closed forms lose digits.
_SMALL = 1e-2
# A vector this short has no direction.
_SHORTEST = 1e-6


def from_six(six: Any) -> Any:
    """Turn two vectors into a rotation by Gram and Schmidt: Zhou et al., arXiv 1812.07035, equation 15.

    Args:
        six: Six numbers (..., 6), of which the first three point along the first column and the others, made
            perpendicular to it, along the second.

    Returns:
        Matrices (..., 3, 3), float32; no rotation where a vector is 0 or both are parallel.
    """
    six = ops.cast(six, "float32")
    first, second = _unit(six[..., :3]), six[..., 3:]
    second = _unit(second - ops.sum(first * second, axis=-1, keepdims=True) * first)
    return ops.stack([first, second, _cross(first, second)], axis=-1)


def six_of(matrices: Any) -> Any:
    """Return the first two columns (..., 6) of matrices (..., 3, 3), float32."""
    matrices = ops.cast(matrices, "float32")
    return ops.concatenate([matrices[..., 0], matrices[..., 1]], axis=-1)


def from_axis_angle(vectors: Any) -> Any:
    """Turn unit axes times angles in radians, (..., 3), into matrices (..., 3, 3), float32 (Rodrigues' formula)."""
    vectors = ops.cast(vectors, "float32")
    square = ops.sum(vectors * vectors, axis=-1)[..., None, None]
    near = square < _SMALL
    # Where the series is taken, the other branch must be finite too, or its gradient is NaN.
    angle = ops.sqrt(ops.where(near, 1.0, square))
    sine = ops.where(near, 1 - square / 6 * (1 - square / 20 * (1 - square / 42)), ops.sin(angle) / angle)
    half = ops.sin(angle / 2) / angle
    rest = ops.where(near, 0.5 - square / 24 * (1 - square / 30 * (1 - square / 56)), 2 * half * half)
    x, y, z = (vectors[..., axis] for axis in range(3))
    zero = ops.zeros_like(x)
    cross = _matrix([zero, -z, y, z, zero, -x, -y, x, zero])
    outer = vectors[..., :, None] * vectors[..., None, :]
    unit = ops.eye(3, dtype="float32")
    # The square of the cross product's matrix is v v' - |v|^2.
    return unit + sine * cross + rest * (outer - square * unit)


def axis_angle_of(matrices: Any) -> Any:
    """Turn matrices (..., 3, 3) into unit axes times angles from 0 to pi, (..., 3), float32.

    It goes by way of the unit quaternion, whose greatest part is at least a half: exact also near 0 and pi.
    """
    m = ops.cast(matrices, "float32")
    xx, yy, zz = (m[..., axis, axis] for axis in range(3))
    # Four times each part's square, and the products of each part with all four, w first.
    squares = ops.stack([1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz], axis=-1)
    wx, wy, wz = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    rows = [
        [squares[..., 0], wx, wy, wz],
        [wx, squares[..., 1], xy, xz],
        [wy, xy, squares[..., 2], yz],
        [wz, xz, yz, squares[..., 3]],
    ]
    products = ops.stack([ops.stack(row, axis=-1) for row in rows], axis=-2)
    greatest = ops.one_hot(ops.argmax(squares, axis=-1), 4, dtype="float32")
    quaternion = _unit(ops.sum(products * greatest[..., None], axis=-2))
    # Both signs are the same rotation; this one turns by pi at most.
    quaternion = quaternion * ops.where(quaternion[..., :1] < 0, -1.0, 1.0)
    scalar, vector = quaternion[..., :1], quaternion[..., 1:]
    square = ops.sum(vector * vector, axis=-1, keepdims=True)
    near = square < _SMALL
    sine = ops.sqrt(ops.where(near, 1.0, square))
    ratio = square / ops.where(near, scalar * scalar, 1.0)
    series = (1 - ratio * (1 / 3 - ratio * (1 / 5 - ratio / 7))) / ops.where(near, scalar, 1.0)
    return 2 * vector * ops.where(near, series, ops.arctan2(sine, scalar) / sine)


def multiplied(left: Any, right: Any) -> Any:
    """Return the products of matrices (..., 3, 3) and (..., 3, 3)."""
    return ops.sum(left[..., :, :, None] * right[..., None, :, :], axis=-2)


def turned(matrices: Any, vectors: Any) -> Any:
    """Return the products of matrices (..., 3, 3) and vectors (..., 3)."""
    return ops.sum(matrices * vectors[..., None, :], axis=-1)


def _matrix(entries: list) -> Any:
    """Nine arrays (...), row by row -> matrices (..., 3, 3)."""
    return ops.stack([ops.stack(entries[row : row + 3], axis=-1) for row in (0, 3, 6)], axis=-2)


def _unit(vectors: Any) -> Any:
    square = ops.sum(vectors * vectors, axis=-1, keepdims=True)
    return vectors / ops.sqrt(ops.maximum(square, _SHORTEST**2))


def _cross(left: Any, right: Any) -> Any:
    (a, b, c), (x, y, z) = (tuple(one[..., axis] for axis in range(3)) for one in (left, right))
    return ops.stack([b * z - c * y, c * x - a * z, a * y - b * x], axis=-1)
