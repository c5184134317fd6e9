"""People as bodies: a camera, the rotations of the bones, and the values of the shape.

The camera is a weak perspective one: it has a scale and a place for each person in place of their distance. So a person
is shown as from straight ahead: the labels, in the frame of a camera that may see the person at the edge of its image,
are turned until the line of sight to the person's middle is the camera's axis.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from body import nets
from body.linear import free_body
from body.nets.rotations import multiplied, turned
from body.pool import NUM_VALUES, TWINS
from models.critic import build_critic, critic_loss, fooling_loss
from models.forms.coordinates import decode as to_px
from models.forms.coordinates import encode
from models.forms.losses import labeled_mean, visible_l1
from models.forms.output_form import OutputForm, Term
from pose import PANOPTIC19
from pose.tasks import POSE_BODY

#: Weights of the loss in the image, of those in space, and of the critic's: those of HMR (arXiv 1712.06584).
IN_IMAGE, IN_SPACE, OF_CRITIC = 60.0, 60.0, 1.0
#: The terms of the loss that there are where a critic is.
CRITIC_TERMS = ("critic_loss", "fooling_loss")
_MM_PER_M = 1000.0
_CENTER = PANOPTIC19.index("body_center")
# The mirror image of a bone's rotation is F R F, of the bone on the other side.
_FLIP = np.array([-1.0, 1.0, 1.0], np.float32)


def project(points_m: Any, camera: Any) -> Any:
    """Project points with a weak perspective: s (x + t).

    Args:
        points_m: Points (N, P, 3) in meters in the camera's frame, about the body's root.
        camera: Scale s and place t, (N, 3).

    Returns:
        Points (N, P, 2), (x, y) where -1 and 1 are the image's edges.
    """
    return camera[:, None, :1] * (points_m[..., :2] + camera[:, None, 1:])


def joints_m(outputs: Mapping[str, Any]) -> Any:
    """Return the joints (N, 19, 3) of PANOPTIC19 in meters, about the head of the hips, of a net's outputs."""
    body, values = free_body(NUM_VALUES), outputs["shape_values"]
    return nets.joints(body, values, nets.pose_bones(body, outputs["rotations"], values)) / _MM_PER_M


def labeled_bodies(labels: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the labels of bodies into the image as it was augmented, seen from straight ahead.

    Args:
        labels: "joints_xyz_mm" (N, 19, 3) and "xyz_known" (N, 19), and from the records "body_rotations" (N, 31, 3, 3),
            "body_shape" (N, 10) and "to_frame" (N, 2, 3).

    Returns:
        "joints_m" (N, 19, 3) about the body's center and "joints_known" bool (N, 19); "rotations" (N, 31, 3, 3),
        "shape_values" (N, 10) and "body_known" bool (N,): whether the body and the line of sight are known.
    """
    known = labels["xyz_known"] > 0
    xyz = ops.where(known[..., None], labels["joints_xyz_mm"], 0.0) / _MM_PER_M
    center, has_center = xyz[:, _CENTER], known[:, _CENTER]
    view = _turn_to_axis(ops.where(has_center[:, None], center, np.array([0.0, 0.0, 1.0], "float32")))
    # From the image to the frame: a scale, a rotation, perhaps a mirroring.
    linear = labels["to_frame"][:, :, :2]
    determinant = linear[:, 0, 0] * linear[:, 1, 1] - linear[:, 0, 1] * linear[:, 1, 0]
    back = ops.transpose(linear, (0, 2, 1)) / ops.sqrt(ops.abs(determinant))[:, None, None]
    in_plane = ops.pad(back, [[0, 0], [0, 1], [0, 1]]) + np.diag([0.0, 0.0, 1.0]).astype("float32")
    has_body = ops.all(ops.isfinite(labels["body_rotations"]), axis=(1, 2, 3))
    turns = ops.where(has_body[:, None, None, None], labels["body_rotations"], np.eye(3, dtype="float32"))
    mirrored = (determinant < 0)[:, None, None, None]
    turns = ops.where(mirrored, ops.take(turns, TWINS, axis=1) * (_FLIP[:, None] * _FLIP), turns)
    # A mirrored image mirrors the body itself too, which is `_FLIP` on the other side of its rotation.
    in_plane = ops.where(mirrored[:, 0], in_plane * _FLIP, in_plane)
    root = multiplied(multiplied(view, in_plane), turns[:, 0])
    return {
        "joints_m": turned(view[:, None], xyz - center[:, None]),
        "joints_known": ops.logical_and(known, has_center[:, None]),
        "rotations": ops.concatenate([root[:, None], turns[:, 1:]], axis=1),
        "shape_values": ops.where(has_body[:, None], labels["body_shape"], 0.0),
        "body_known": ops.logical_and(has_body, has_center),
    }


class BodyLoss(keras.layers.Layer):
    """The losses of HMR: joints in the image and in space, rotations and shape, and those of its critic.

    What a record does not know has no loss: of images with joints alone there is that in the image, and the critic's.

    A layer, as the critic has weights, which are trained beside the net's and are no part of it. Both learn in the same
    step: from the critic's loss the net gets no gradient, and from the net's the critic gets none.
    """

    def __init__(self, has_critic: bool = False, paired: bool = True) -> None:
        """Creates the critic, if there is one: of all bones but the root, and of the shape.

        Args:
            has_critic: whether there is one.
            paired: whether images' joints in space and bodies are used where they are known.
        """
        super().__init__(dtype="float32", name="body_loss")
        self._paired = paired
        self.critic = build_critic(len(TWINS) - 1, NUM_VALUES) if has_critic else None
        self.built = True

    def call(self, labels: Mapping[str, Any], outputs: Mapping[str, Any], size: int) -> dict[str, Term]:
        """Labels of the task and outputs -> the terms; those of the critic if the outputs have bodies to judge.

        These are "fake_rotations" (M, 30, 3, 3) and "fake_shape" (M, 10) of the net, of all its iterations, and
        "real_rotations" and "real_shape" of people.
        """
        true, found = labeled_bodies(labels), joints_m(outputs)
        seen = encode(labels["joints_xy_px"], size)
        flat = visible_l1(seen, project(found, outputs["camera"]), labels["visible"])
        away = ops.mean(ops.square(found - found[:, _CENTER, None] - true["joints_m"]), axis=-1)
        count = len(TWINS) * 9
        numbers = [
            ops.concatenate([ops.reshape(one["rotations"], (-1, count)), one["shape_values"]], axis=-1)
            for one in (true, outputs)
        ]
        off = ops.mean(ops.square(numbers[0] - numbers[1]), axis=-1)
        terms = {
            "joint_loss": Term(IN_IMAGE * flat, labels["visible"] > 0),
            "space_loss": self._half_mean(away, true["joints_known"]),
            "body_loss": self._half_mean(off, true["body_known"]),
        }
        if self.critic is not None and "real_rotations" in outputs:
            real, fake = (
                {"rotations": outputs[f"{kind}_rotations"], "shape_values": outputs[f"{kind}_shape"]}
                for kind in ("real", "fake")
            )
            still = [ops.stop_gradient(weight.value) for weight in self.critic.trainable_variables]
            judged, _ = self.critic.stateless_call(still, [], fake)
            fake = {name: ops.stop_gradient(value) for name, value in fake.items()}
            bodies = ops.ones_like(judged[:, 0], dtype="bool")
            terms["critic_loss"] = Term(OF_CRITIC * critic_loss(self.critic(real), self.critic(fake)), bodies)
            terms["fooling_loss"] = Term(OF_CRITIC * fooling_loss(judged), bodies)
        return terms

    def _half_mean(self, squares: Any, known: Any) -> Term:
        counted = known if self._paired else ops.zeros_like(known)
        return Term(IN_SPACE / 2 * labeled_mean(squares, ops.cast(counted, "float32")), counted)


def decode_bodies(outputs: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Turn outputs into joints in px, joints in mm about the body's center, seen from straight ahead, and the body."""
    found = joints_m(outputs)
    return {
        "joints_xy_px": to_px(project(found, outputs["camera"]), size),
        "joints_xyz_mm": (found - found[:, _CENTER, None]) * _MM_PER_M,
        **{name: outputs[name] + 0.0 for name in ("camera", "rotations", "shape_values")},
    }


def no_head(features: list, num_joints: int, **_: Any) -> dict[str, Any]:
    """Raise ValueError: only nets that correct their estimates answer bodies."""
    raise ValueError("bodies are not read from features at once; build the net with `build_hmr`")


def _turn_to_axis(points: Any) -> Any:
    """Return the smallest rotations (N, 3, 3) that take points (N, 3) before the camera to its axis."""
    x, y, z = ops.unstack(points / ops.sqrt(ops.sum(ops.square(points), axis=-1, keepdims=True)), axis=-1)
    share = 1 / (1 + z)
    rows = [[1 - x * x * share, -x * y * share, -x], [-x * y * share, 1 - y * y * share, -y], [x, y, z]]
    return ops.stack([ops.stack(row, axis=-1) for row in rows], axis=-2)


FORM = OutputForm(
    "bodies",
    frozenset({"camera", "rotations", "shape_values"}),
    no_head,
    BodyLoss,
    decode_bodies,
    layers=("body_",),
    task=POSE_BODY,
    terms=("joint_loss", "space_loss", "body_loss"),
)
