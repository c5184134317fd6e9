"""Joints as coordinates: one (x, y) point and one score for each joint, regressed from pooled features.

The points are normalized to the picture: -1 and 1 are its left and right, top and bottom edges. Since the
center of the top-left pixel is (0, 0), the edges of an image of S pixels lie at -0.5 and S - 0.5.
"""

from collections.abc import Mapping
from typing import Any

import keras

from models.blocks import Normalization, readout
from models.forms.losses import joint_term, visible_l1
from models.forms.output_form import Term, pose_form
from models.forms.scores import score_head


def coordinate_head(
    features: list, num_joints: int, *, normalization: Normalization | None = None, prefix: str = ""
) -> dict[str, Any]:
    """Regress the joints' coordinates, and a score for each, from the coarsest features, globally averaged.

    The direct regression of DeepPose (Toshev and Szegedy, arXiv 1312.4659), with average pooling in place of
    its fully connected layers.

    Args:
        features: Features (B, h, w, C) from fine to coarse.
        num_joints: Number of joints J.
        normalization: Not used; heads of other forms normalize.
        prefix: Prefix of the layers' names.

    Returns:
        "coordinates" (B, J, 2) float32, (x, y) where -1 and 1 are the image's edges, and "score_logits"
        (B, J) float32, whose sigmoid estimates the probability that the predicted joint is right.
    """
    # In float32 under any policy: bfloat16's steps are half a pixel wide near the edges of a 224 px image.
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{prefix}pooled")(features[-1])
    return {
        "coordinates": point_layer(pooled, num_joints, prefix=prefix),
        "score_logits": score_head(pooled, num_joints, prefix=prefix),
    }


def point_layer(pooled, num_joints: int, *, prefix: str = ""):
    """Regress "coordinates" (B, J, 2) float32 from pooled features (B, C), in the layer `coordinates_dense`."""
    # Small weights and no bias start every joint near the center, from where an L1 loss converges.
    points = readout(pooled, 2 * num_joints, name=f"{prefix}coordinates_dense")
    return keras.layers.Reshape((num_joints, 2), dtype="float32", name=f"{prefix}coordinates")(points)


def encode(joints_xy_px, size: int):
    """Normalize joints in pixels to the coordinates that the head predicts.

    Uses arithmetic operators only, so it works on NumPy arrays, Keras tensors of any backend and tf.data tensors.

    Args:
        joints_xy_px: Float joints (..., 2), (x, y) in pixels of the image.
        size: Side of the square image in pixels.

    Returns:
        Joints (..., 2), (x, y) where -1 and 1 are the image's edges.

    Raises:
        ValueError: If `size` is below 1.
    """
    _check_size(size)
    return (joints_xy_px + 0.5) / size * 2.0 - 1.0


def decode(coordinates, size: int):
    """Turn predicted coordinates into joints in pixels: the inverse of `encode`.

    Args:
        coordinates: Joints (..., 2), (x, y) where -1 and 1 are the image's edges.
        size: Side of the square image in pixels.

    Returns:
        Joints (..., 2), (x, y) in pixels of the image.

    Raises:
        ValueError: If `size` is below 1.
    """
    _check_size(size)
    return (coordinates + 1.0) * (size / 2.0) - 0.5


def decode_coordinates(outputs: Mapping[str, Any], size: int):
    """Turn the output "coordinates" into joints in pixels.

    Args:
        outputs: The head's outputs.
        size: Side of the square image in pixels.

    Returns:
        Joints (B, J, 2) float32, (x, y) in pixels of the image.
    """
    return decode(outputs["coordinates"], size)


def coordinate_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the mean absolute error of the labeled joints' coordinates."""
    target = encode(labels["joints_xy_px"], size)
    return joint_term(visible_l1(target, outputs["coordinates"], labels["visible"]), labels)


def _check_size(size):
    if size < 1:
        raise ValueError(f"size must be at least 1 px, got {size}; pass the side of the square picture.")


FORM = pose_form(
    "coordinates",
    {"coordinates"},
    coordinate_head,
    lambda: coordinate_loss,
    decode_coordinates,
    {"coordinates_dense": 2},
    layers=("coordinates",),
)
