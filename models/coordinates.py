"""Joints as coordinates: one (x, y) point and one score for each joint, regressed from pooled features.

The points are normalised to the picture: -1 and 1 are its left and right, top and bottom edges. Since the
centre of the top-left pixel is (0, 0), the edges of a picture of S pixels lie at -0.5 and S - 0.5.
"""

from typing import Any

import keras

from models.normalization import plain_copy


def coordinate_head(features, num_joints: int) -> dict[str, Any]:
    """Regress the joints' coordinates, and a score for each, from globally averaged features.

    The direct regression of DeepPose (Toshev and Szegedy, arXiv 1312.4659), with average pooling in place of
    its fully connected layers. The score is a probe: it reads the pooled features, and no gradient flows back
    from it, so that learning to score never disturbs the coordinates.

    Args:
        features: Features (B, h, w, C).
        num_joints: Number of joints J.

    Returns:
        "coordinates" (B, J, 2) float32, (x, y) where -1 and 1 are the picture's edges, and "score_logits"
        (B, J) float32, whose sigmoid estimates the probability that the predicted joint is right.
    """
    # In float32 under any policy: bfloat16's steps are half a pixel wide near the edges of a 224 px picture.
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name="pooled")(features)
    # Small weights and no bias put every joint near the centre at first, within the pull of an L1 loss.
    points = keras.layers.Dense(
        2 * num_joints,
        kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
        dtype="float32",
        name="coordinates_dense",
    )(pooled)
    coordinates = keras.layers.Reshape((num_joints, 2), dtype="float32", name="coordinates")(points)
    scores = keras.layers.Dense(
        num_joints,
        kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
        dtype="float32",
        name="score_logits",
    )(keras.ops.stop_gradient(pooled))
    return {"coordinates": coordinates, "score_logits": scores}


def encode(joints_xy_px, size: int):
    """Normalise joints in pixels to the coordinates that the head predicts.

    Arithmetic operators alone, so that NumPy arrays stay NumPy arrays, and Keras and tf.data tensors of any
    backend are served as they are.

    Args:
        joints_xy_px: Float joints (..., 2), (x, y) in pixels of the picture.
        size: Side of the square picture in pixels.

    Returns:
        Joints (..., 2), (x, y) where -1 and 1 are the picture's edges.

    Raises:
        ValueError: If `size` is below 1.
    """
    _check_size(size)
    return (joints_xy_px + 0.5) / size * 2.0 - 1.0


def decode(coordinates, size: int):
    """Turn predicted coordinates into joints in pixels: the inverse of `encode`.

    Args:
        coordinates: Joints (..., 2), (x, y) where -1 and 1 are the picture's edges.
        size: Side of the square picture in pixels.

    Returns:
        Joints (..., 2), (x, y) in pixels of the picture.

    Raises:
        ValueError: If `size` is below 1.
    """
    _check_size(size)
    return (coordinates + 1.0) * (size / 2.0) - 0.5


def _check_size(size):
    if size < 1:
        raise ValueError(f"size must be at least 1 px, got {size}; pass the side of the square picture.")


def inference_model(net: keras.Model, input_size: int) -> keras.Model:
    """Wrap a trained net so that it maps pictures to joints in pixels.

    The result is a float32 copy of plain Keras layers and operations: the net may go on training, and the
    saved `.keras` file loads without this package.

    Args:
        net: Functional model with outputs "coordinates" (B, J, 2) and "score_logits" (B, J).
        input_size: Side S of the net's square input in pixels.

    Returns:
        A model from uint8 RGB pictures (B, S, S, 3) to "joints_xy_px" (B, J, 2) float32, (x, y) in pixels of
        the S x S picture, and "scores" (B, J) float32 in [0, 1].

    Raises:
        ValueError: If the net's input has another size, or one of the two outputs is missing.
    """
    if net.input_shape[1:3] != (input_size, input_size):
        raise ValueError(
            f"input_size must be the net's own, {net.input_shape[1:3]}, got {input_size}; "
            "pass the input_size with which the net was built."
        )
    if not isinstance(net.output, dict) or not {"coordinates", "score_logits"} <= net.output.keys():
        names = sorted(net.output) if isinstance(net.output, dict) else net.output_names
        raise ValueError(
            f"net must have the outputs 'coordinates' and 'score_logits', got {names}; "
            "build it with head=coordinate_head."
        )
    pictures = keras.Input((input_size, input_size, 3), dtype="uint8", name="pictures")
    outputs = plain_copy(net)(keras.ops.cast(pictures, "float32"))
    joints = {
        "joints_xy_px": decode(outputs["coordinates"], input_size),
        "scores": keras.ops.sigmoid(outputs["score_logits"]),
    }
    return keras.Model(pictures, joints, name=f"{net.name}_inference")
