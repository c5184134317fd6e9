"""What the output forms of depth images share: the depth of the body, projection and what a pixel's depth says."""

from typing import Any

from keras import ops

from models.forms.parabola import first_argmax

#: How far before and behind the depth of the body a joint may lie, in mm.
REACH_MM = 1000.0
#: What these forms compute from is handed on by the net, under its inputs' names and this one.
DEPTH, CAMERA, BODY = "depth_mm", "camera_matrix", "body_mm"
# Depth of the body: this quantile of the known depths in the middle third of the image, at about this many
# pixels along a side.
_QUANTILE, _SAMPLES = 0.25, 16
# The pixels along a side of the patch whose median is the depth of a place: about a limb's width.
_PATCH = 5
_UNKNOWN_MM = 1e6


def body_depth(depth_mm: Any) -> Any:
    """Estimate how far away the person in the middle of the image is.

    Args:
        depth_mm: Float (B, S, S) in mm, 0 where unknown.

    Returns:
        Float (B,) in mm: nearer than most of the depths in the middle, so that background between limbs does not count;
        0 where none is known.
    """
    size = depth_mm.shape[1]
    step = max(size // 3 // _SAMPLES, 1)
    rows = slice(size // 3, size - size // 3, step)
    middle = depth_mm[:, rows, rows]
    return _quantile(ops.reshape(middle, (-1, middle.shape[1] * middle.shape[2])), _QUANTILE)


def project(joints_xyz_mm: Any, camera_matrix: Any) -> Any:
    """Project joints (B, J, 3) of the camera's frame to (x, y) in pixels, by a matrix (B, 3, 3); any for z <= 0."""
    image = ops.matmul(joints_xyz_mm, ops.swapaxes(camera_matrix, 1, 2))
    return image[..., :2] / ops.maximum(image[..., 2:], 1.0)


def back_project(joints_xy_px: Any, z_mm: Any, camera_matrix: Any) -> Any:
    """Find the points (B, J, 3) in mm at depths (B, J) that are seen at (x, y) (B, J, 2) in pixels."""
    a, b, c, d = (camera_matrix[:, row, column, None] for row in (0, 1) for column in (0, 1))
    x, y = (joints_xy_px[..., axis] - camera_matrix[:, axis, 2, None] for axis in (0, 1))
    # The inverse of the 2 x 2 matrix, because not every runtime inverts matrices.
    scale = z_mm / (a * d - b * c)
    return ops.stack([(d * x - b * y) * scale, (a * y - c * x) * scale, z_mm], axis=-1)


def depth_at(joints_xy_px: Any, depth_mm: Any, body_mm: Any) -> Any:
    """Read the depth (B, J) at places (B, J, 2): the median of what is known around; that of the body if nothing is."""
    size, half = depth_mm.shape[1], _PATCH // 2
    middle = ops.clip(ops.round(joints_xy_px), half, size - 1 - half)
    at = ops.arange(size, dtype="float32")
    steps = ops.arange(-half, half + 1, dtype="float32")
    # One of all rows and columns, because not every runtime has a gather.
    chosen = ops.cast(ops.equal(at, middle[..., None, None] + steps[:, None]), "float32")
    rows, columns = chosen[:, :, 1], chosen[:, :, 0]
    patch = ops.matmul(ops.matmul(rows, depth_mm[:, None]), ops.swapaxes(columns, 2, 3))
    found = _quantile(ops.reshape(patch, (-1, _PATCH * _PATCH)), 0.5)
    found = ops.reshape(found, (-1, joints_xy_px.shape[1]))
    return ops.where(found > 0, found, body_mm[:, None])


def near_maximum(logits: Any, reach: int) -> Any:
    """Return the mean place (...) among the N values (..., N) about the greatest, weighted by their softmax."""
    at = ops.arange(logits.shape[-1], dtype="float32")
    near = ops.abs(at - first_argmax(logits)[..., None]) <= reach
    weights = ops.where(near, ops.exp(logits - ops.max(logits, axis=-1, keepdims=True)), 0.0)
    return ops.sum(weights * at, axis=-1) / ops.sum(weights, axis=-1)


def _quantile(values: Any, share: float) -> Any:
    """Return a quantile (N,) of the values above 0 in rows (N, K), one of these; 0 where none is."""
    known = values > 0
    count = ops.sum(ops.cast(known, "float32"), axis=1)
    ordered = ops.sort(ops.where(known, values, _UNKNOWN_MM), axis=1)
    place = ops.floor(share * ops.maximum(count - 1, 0.0))
    chosen = ops.equal(ops.arange(values.shape[1], dtype="float32"), place[:, None])
    return ops.where(count > 0, ops.sum(ops.where(chosen, ordered, 0.0), axis=1), 0.0)
