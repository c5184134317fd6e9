"""DeepPose's cascade: Toshev and Szegedy, "DeepPose: Human Pose Estimation via Deep Neural Networks", arXiv 1312.4659.

The first stage sees the whole image, shrunk to V px, and regresses all joints. Each later stage sees a sub-image of V
px about every joint, cut from the image at its own resolution, and regresses how far the joint is from its middle. So
images larger than V px are worth their size.

Equation 6 is printed with mistakes in some notes on the paper: y_i^(2-1) should be y_i^(s-1), and N(x; b^0) should be
N(x; b). Meant is, for stages s >= 2 and joints i, with the box b = b_i^(s-1) about y_i^(s-1) of side sigma *
diam(y^(s-1)):

    y_i^s = y_i^(s-1) + the displacement that the net of stage s sees for joint i in N(x; b), scaled back from the box

Each stage's net answers all joints in every box, of which the box's own is used. The published net has 58 396 060
weights a stage for 14 joints, without the layer of the scores, which is not the paper's: 37.8 million are those from 6
x 6 x 256 cells to 4096 units. The paper says 40 million, which do not follow from its table; 4 x 4 cells would make
37.4 million.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import ops

from models.alexnet import alexnet, dense_coordinate_head
from models.blocks import SCORES, Head, Neck, Normalization, no_neck, staged_net
from models.crops import crop, crop_whole
from models.forms.coordinates import FORM, coordinate_head, encode
from models.forms.losses import joint_term, labeled_mean
from models.forms.output_form import OutputForm, Term
from models.mobilenet_v2 import mobilenet_v2

#: Stages S, side V of what a net sees in px, and the side of a joint's box by the pose's diameter (on LSP; 1 on FLIC).
STAGES, VIEW_SIZE, SIGMA = 3, 220, 2.0
# The least diameter in coordinates, where the image's side is 2: a first stage may see all joints in one place.
_LEAST_DIAMETER = 0.1


def diameter(points, torso: tuple[int, int] | None, known=None):
    """Measure poses: the distance of opposing joints of the torso.

    Args:
        points: Coordinates (B, J, 2).
        torso: The two joints, such as the left shoulder and the right hip; None for a skeleton that has no such span.
        known: Bool (B, J), the joints that may be used; all if None.

    Returns:
        Diameters (B,), at least 0.1. Half the diagonal of the box about the known joints replaces a torso that is not
        known.
    """
    if known is None and torso is not None:
        return ops.maximum(_length(points[:, torso[0]] - points[:, torso[1]]), _LEAST_DIAMETER)
    shown = ops.ones_like(points[..., 0]) > 0 if known is None else known
    low = ops.min(ops.where(shown[..., None], points, 9.0), axis=1)
    high = ops.max(ops.where(shown[..., None], points, -9.0), axis=1)
    found = 0.5 * _length(ops.maximum(high - low, 0.0))
    if torso is not None:
        first, second = torso
        both = ops.logical_and(shown[:, first], shown[:, second])
        found = ops.where(both, _length(points[:, first] - points[:, second]), found)
    return ops.maximum(found, _LEAST_DIAMETER)


def build_deeppose(
    num_joints: int,
    torso: tuple[int, int] | None,
    *,
    width: float | None = 1.0,
    stages: int = STAGES,
    view_size: int = VIEW_SIZE,
    sigma: float = SIGMA,
    input_size: int = 448,
    neck: Neck = no_neck,
    head: Head = FORM.head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str = "deeppose",
) -> keras.Model:
    """Build the cascade, whose nets are inner ones named "stage1", "stage2" and so on.

    Args:
        num_joints: Number of joints J.
        torso: The two joints whose distance is the pose's diameter; see `diameter`.
        width: Multiplier of the channels of MobileNetV2s; None for the published net, AlexNets.
        stages: Number of stages S.
        view_size: Side V of what each net sees, in pixels.
        sigma: Side of a joint's box, by the pose's diameter.
        input_size: Side of the square images, in pixels.
        neck: Must be `no_neck`.
        head: Must be that of `coordinates`; the AlexNets have fully connected layers instead.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer of a MobileNetV2.
        name: Name of the model.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to "coordinates" (B, J, 2) of every stage, those
        before the last named "stage1/coordinates" and so on, and "score_logits" (B, J) of the last.

    Raises:
        ValueError: If a number is too small, or there is a neck or another head.
    """
    if stages < 1:
        raise ValueError(f"stages must be 1 or more, got {stages}; {STAGES} is the published number")
    smallest = 96 if width is None else 32
    if view_size < smallest:
        raise ValueError(f"view_size must be at least {smallest} px, got {view_size}; pass a larger one")
    if neck is not no_neck or head is not FORM.head:
        raise ValueError("the net regresses points from the coarsest features; pass no_neck and coordinate_head")

    def run(x) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for stage in range(1, stages + 1):
            net = _regressor(num_joints, view_size, width, normalization, f"stage{stage}")
            if stage == 1:
                found.append(net(crop_whole(x, view_size)))
            else:
                points = found[-1]["coordinates"]
                found.append(refined(net, x, points, sigma * diameter(points, torso)))
        return found

    return staged_net(run, num_joints, input_size=input_size, smallest=32, name=name)


def _regressor(num_joints: int, size: int, width: float | None, normalization: Normalization, name: str) -> keras.Model:
    """The net of a stage: images (B, V, V, 3) in [-1, 1] -> the outputs of `coordinates`."""
    pictures = keras.Input((size, size, 3), name="views")
    if width is None:
        return keras.Model(pictures, dense_coordinate_head(alexnet(pictures), num_joints), name=name)
    features = mobilenet_v2(pictures, width, normalization=normalization)
    return keras.Model(pictures, coordinate_head(features, num_joints), name=name)


def refined(net: keras.Model, x, points, side, training: bool | None = None, chosen=None) -> dict[str, Any]:
    """Look at a box about each joint, and move the joint as the net says.

    Args:
        net: Of a later stage.
        x: Images (B, S, S, 3).
        points: Coordinates (B, J, 2) of the boxes' middles.
        side: Sides of the boxes (B,), where the image's side is 2.
        training: Whether the net is trained.
        chosen: Int (K,), the joints that are looked at; all J if None. Others stay where they are.

    Returns:
        "coordinates" (B, J, 2) and "score_logits" (B, J).
    """
    joints, cells = points.shape[1], net.input_shape[1]
    # Of the answers for all joints in each box, that for the box's own.
    own = ops.eye(joints) if chosen is None else ops.one_hot(chosen, joints)
    boxes = own.shape[0]
    half = 0.5 * side[:, None]
    middles = points if chosen is None else ops.take(points, chosen, axis=1)
    views = crop(x, middles, half * ops.ones((1, boxes)), cells)
    outputs = net(ops.reshape(views, (-1, cells, cells, 3)), training=training)
    moves = ops.reshape(outputs["coordinates"], (-1, boxes, joints, 2))
    scores = ops.reshape(outputs[SCORES], (-1, boxes, joints))
    return {
        "coordinates": points + half[..., None] * ops.sum(moves * own[..., None], axis=1),
        SCORES: ops.sum(scores * own, axis=1),
    }


def deeppose_forward(
    stage: int,
    torso: tuple[int, int] | None,
    sigma: float = SIGMA,
    errors: tuple[np.ndarray, np.ndarray] | None = None,
    boxes: int | None = None,
) -> Callable[..., dict[str, Any]]:
    """Make the function that runs a stage's net alone in training: about simulated predictions of the stage before.

    Args:
        stage: The stage that is trained, 2 or more.
        torso: As for `build_deeppose`.
        sigma: As for `build_deeppose`.
        errors: Mean (J, 2) and covariance (J, 2, 2) of the errors of the stage before, in coordinates: the boxes lie
            about labels moved by errors drawn from these normal distributions (equation 8). If None, they lie about the
            predictions themselves.
        boxes: How many joints' boxes each step looks at, drawn anew; all if None. The paper trains on pairs of an image
            and a joint, which are many.

    Returns:
        `forward(net, inputs, labels, training=..., seeds=...)`, whose outputs hold those of the stage, the boxes' half
        sides by the name "half" (B,), and "visible" (B, J), the labels' without the joints that were not looked at.
    """
    mean, roots = (None, None) if errors is None else (errors[0], np.stack([_root(one) for one in errors[1]]))

    def forward(net: keras.Model, inputs: Any, labels: Mapping[str, Any], training: bool | None, seeds: Any) -> dict:
        x, size = net.get_layer("rescale")(inputs), net.input_shape[1]
        if mean is None:
            before = keras.Model(net.inputs, net.output[f"stage{stage - 1}/coordinates"])
            points = ops.stop_gradient(before(inputs, training=False))
            side = sigma * diameter(points, torso)
        else:
            labeled = labels["visible"] > 0
            true = ops.where(labeled[..., None], encode(labels["joints_xy_px"], size), 0.0)
            draws = keras.random.normal(ops.shape(true), seed=seeds)
            moved = ops.squeeze(ops.matmul(ops.cast(roots, "float32"), draws[..., None]), axis=-1)
            points = true + ops.cast(mean, "float32") + moved
            side = sigma * diameter(true, torso, labeled)
        visible, joints = labels["visible"], points.shape[1]
        chosen = None
        if boxes is not None and boxes < joints:
            chosen = keras.random.shuffle(ops.arange(joints), seed=seeds)[:boxes]
            visible = visible * ops.cast(ops.sum(ops.one_hot(chosen, joints), axis=0), visible.dtype)
        found = refined(net.get_layer(f"stage{stage}"), x, points, side, training, chosen)
        return {**found, "half": 0.5 * side, "visible": visible}

    return forward


def _root(covariance: np.ndarray) -> np.ndarray:
    """A matrix R with R R^T = the covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def deeppose_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the mean squared distance, in squares of half a box's side (in validation half the image's)."""
    labeled = labels["visible"] > 0
    true = ops.where(labeled[..., None], encode(labels["joints_xy_px"], size), 0.0)
    squares = ops.sum((outputs["coordinates"] - true) ** 2, axis=-1)
    if "half" in outputs:
        squares = squares / outputs["half"][:, None] ** 2
    return joint_term(labeled_mean(squares, ops.cast(labeled, "float32")), labels)


def deeppose_form() -> OutputForm:
    """Return the form of the net's outputs: coordinates under the paper's loss."""
    return replace(FORM, loss=lambda: deeppose_loss)


def _length(vectors):
    return ops.sqrt(ops.sum(vectors**2, axis=-1) + 1e-12)
