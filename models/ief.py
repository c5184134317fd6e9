"""Iterative Error Feedback: Carreira et al., "Human Pose Estimation with Iterative Error Feedback", arXiv 1507.06550.

A net sees the image and, drawn beside it, the pose as estimated so far, and answers how to correct the pose. It starts
from the mean pose of the training set and is run T times.

A correction moves no joint by more than a bound L (equation 4), which also bounds how far T steps reach: 80 px of 224.

The labels fix the path of the pose in training (fixed path consolidation): each step goes from the pose before towards
the label, by L at most, and the net learns these steps whatever it would have answered itself. When it runs, its own
answers are drawn, whose errors it never saw.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from models.blocks import SCORES, Head, Neck, Normalization, no_neck, staged_net
from models.forms.coordinates import FORM, encode
from models.forms.losses import joint_term, labeled_mean
from models.forms.output_form import OutputForm, Term
from models.googlenet import googlenet
from models.mobilenet_v2 import mobilenet_v2

#: Steps T, and the bound L of a step in px of an image of `PAPER_SIZE`.
STEPS, BOUND_PX, PAPER_SIZE = 4, 20.0, 224
#: A point is drawn as K exp(-0.001 d^2) - 50 with d in px of an image of `PAPER_SIZE`, in gray levels.
PEAK, LOWEST, DECAY = 100.0, -50.0, 0.001
# Gray levels from the middle of an image's range to its ends.
_GRAY = 127.5


def render(points, size: int):
    """Draw a map for each point, and one more for the middle of the image, where the person is.

    Args:
        points: Coordinates (B, J, 2), (x, y) where -1 and 1 are the image's edges.
        size: Side S of the image in pixels.

    Returns:
        Maps (B, S, S, J + 1), scaled as the image is: 255 gray levels are 2.
    """
    points = ops.concatenate([points, ops.zeros_like(points[:, :1])], axis=1)
    cells = encode(np.arange(size, dtype="float32"), size)
    # Distances in px of the paper's image.
    away = (ops.reshape(cells, (1, 1, 1, size)) - points[..., None]) * (PAPER_SIZE / 2)
    along = ops.exp(-DECAY * away**2)
    x, y = along[:, :, 0], along[:, :, 1]
    maps = ops.transpose(y, (0, 2, 1))[:, :, None] * ops.transpose(x, (0, 2, 1))[:, None]
    return (PEAK * maps + LOWEST) / _GRAY


def bounded(correction):
    """Shorten vectors (B, J, 2) to a length of at most 1."""
    return correction / ops.maximum(ops.sqrt(ops.sum(correction**2, axis=-1, keepdims=True) + 1e-12), 1.0)


def unit(bound_px: float = BOUND_PX) -> float:
    """The length of the bound in coordinates, where the image's side is 2."""
    return 2 * bound_px / PAPER_SIZE


def build_ief(
    num_joints: int,
    mean_pose: np.ndarray,
    *,
    width: float | None = 1.0,
    steps: int = STEPS,
    is_bounded: bool = True,
    input_size: int = PAPER_SIZE,
    neck: Neck = no_neck,
    head: Head = FORM.head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str = "ief",
) -> keras.Model:
    """Build a net that corrects the mean pose in steps; all steps have the same weights, in the inner net "step".

    Args:
        num_joints: Number of joints J.
        mean_pose: The pose to start from, (J, 2), (x, y) where -1 and 1 are the image's edges.
        width: Multiplier of the channels of a MobileNetV2; None for the published net, a GoogLeNet. The first
            convolution of both takes 3 + J + 1 channels.
        steps: Number of steps T.
        is_bounded: Whether a step moves a joint by the bound at most.
        input_size: Side S of the square input in pixels, at least 32.
        neck: Must be `no_neck`.
        head: That of `coordinates`, which answers the corrections, as shares of the bound.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer of the MobileNetV2.
        name: Name of the model.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to "coordinates" (B, J, 2) after every step, those
        before the last named "stage1/coordinates" and so on, and "score_logits" (B, J) of the last.

    Raises:
        ValueError: If a number is too small, or there is a neck.
    """
    if steps < 1:
        raise ValueError(f"steps must be 1 or more, got {steps}; {STEPS} is the published number")
    if neck is not no_neck:
        raise ValueError("the head reads the coarsest features, without a neck; pass no_neck")
    backbone: Callable[..., list] = (
        googlenet if width is None else partial(mobilenet_v2, width=width, normalization=normalization)
    )

    def run(x) -> list[dict[str, Any]]:
        step = _step_net(backbone, num_joints, input_size, head)
        points, found = ops.zeros_like(x[:, :1, :1, 0]) + np.asarray(mean_pose, "float32"), []
        for _ in range(steps):
            outputs = step([x, points])
            correction = bounded(outputs["coordinates"]) if is_bounded else outputs["coordinates"]
            points = points + unit() * correction
            found.append({"coordinates": points, SCORES: outputs[SCORES]})
        return found

    return staged_net(run, num_joints, input_size=input_size, smallest=32, name=name)


def _step_net(backbone: Callable[..., list], num_joints: int, size: int, head: Head) -> keras.Model:
    """From images (B, S, S, 3) in [-1, 1] and points (B, J, 2) to the outputs of `coordinates` as corrections."""
    pictures = keras.Input((size, size, 3), name="scaled_pictures")
    points = keras.Input((num_joints, 2), name="points")
    x = keras.layers.Concatenate(dtype="float32", name="pictures_and_points")([pictures, render(points, size)])
    return keras.Model([pictures, points], head(backbone(x), num_joints), name="step")


def fixed_path(true, labeled, mean_pose: np.ndarray, steps: int, is_bounded: bool) -> list:
    """Return the poses from the mean pose to the label, by a bounded step each: T + 1 of (B, J, 2).

    Args:
        true: Coordinates (B, J, 2) of the labels.
        labeled: Bool (B, J); joints without a label stay where they are.
        mean_pose: Coordinates (J, 2).
        steps: Number of steps T.
        is_bounded: Whether a step is bounded; otherwise the first one leads to the label.
    """
    points = ops.zeros_like(true) + np.asarray(mean_pose, "float32")
    true = ops.where(labeled[..., None], true, points)
    path = [points]
    for _ in range(steps):
        step = (true - points) / unit()
        points = points + unit() * (bounded(step) if is_bounded else step)
        path.append(points)
    return path


def ief_forward(
    mean_pose: np.ndarray, steps: int = STEPS, is_bounded: bool = True, consolidated: bool = True
) -> Callable[..., dict[str, Any]]:
    """Make the function that runs the net in training: along the path that the labels fix.

    Args:
        mean_pose: As for `build_ief`.
        steps: Number of steps T.
        is_bounded: As for `build_ief`.
        consolidated: Whether the path is fixed; otherwise the net's own answers are drawn, as when it is used, and each
            step learns the bounded way from there to the label.

    Returns:
        `forward(net, inputs, labels, training=...)`, whose outputs hold the net's and, by the name "target", those that
        each step learns.
    """

    def forward(
        net: keras.Model, inputs: Any, labels: Mapping[str, Any], training: bool | None = None, **_: Any
    ) -> dict:
        step, size = net.get_layer("step"), net.input_shape[1]
        x = net.get_layer("rescale")(inputs)
        labeled = labels["visible"] > 0
        true = ops.where(labeled[..., None], encode(labels["joints_xy_px"], size), 0.0)
        path = fixed_path(true, labeled, mean_pose, steps, is_bounded)
        points, outputs = path[0], {}
        for number in range(1, steps + 1):
            found = step([x, points], training=training)
            prefix = f"stage{number}/" if number < steps else ""
            correction = unit() * ops.cast(found["coordinates"], "float32")
            outputs[f"{prefix}coordinates"] = points + correction
            away = ops.where(labeled[..., None], (true - points) / unit(), 0.0)
            outputs[f"{prefix}target"] = points + unit() * (bounded(away) if is_bounded else away)
            if consolidated:
                points = path[number]
            else:
                points = ops.stop_gradient(
                    points + (unit() * bounded(correction / unit()) if is_bounded else correction)
                )
        return {**outputs, SCORES: found[SCORES]}

    return forward


def ief_loss(labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
    """Take the mean squared distance of the corrections from what each step learns, in squares of the bound.

    In validation that is the label itself.
    """
    labeled = labels["visible"] > 0
    target = outputs.get("target")
    if target is None:
        target = ops.where(labeled[..., None], encode(labels["joints_xy_px"], size), 0.0)
    squares = ops.sum(((outputs["coordinates"] - target) / unit()) ** 2, axis=-1)
    return joint_term(labeled_mean(squares, ops.cast(labeled, "float32")), labels)


def ief_form() -> OutputForm:
    """Return the form of the net's outputs: coordinates, whose loss is that of the corrections."""
    return replace(FORM, loss=lambda: ief_loss)
