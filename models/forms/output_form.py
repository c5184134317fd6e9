"""Output forms: how a net's outputs encode the answers of a task."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from keras import ops

from models.blocks import SCORES, Head, Neck, no_neck
from pose.tasks import POSE_2D, Task


class Term(NamedTuple):
    """A part of the loss.

    Attributes:
        value: scalar, a mean over what is counted.
        counted: bool, of any shape: what the mean is over; it weights the parts of a batch on several devices.
    """

    value: Any
    counted: Any


#: (labels by name, outputs of one stage by name, size=side of the image in px) -> the terms of the loss by name. A
#: loss that is a layer has weights of its own, which are trained and kept in checkpoints, but are not part of the net.
Loss = Callable[..., dict[str, Term]]


@dataclass(frozen=True)
class OutputForm:
    """How a net's outputs encode the answers of a task.

    Attributes:
        name: Name of the form.
        outputs: Names of the outputs that identify a net of this form, scores included.
        head: Computes these outputs from features.
        loss: Returns the loss function, whose terms are summed over the net's stages.
        terms: Names of the loss's terms.
        decode: Turns outputs, and the side of the image in pixels, into the task's answers.
        joint_layers: The layers whose weights belong to single joints, and how many channels K each joint has there:
            the last axis of their weights has J * K, joint by joint. All other layers serve all joints alike.
        limb_layers: The same for single limbs, those of `pose.grouping.limb_fields.limbs_of`.
        evidence: Per-joint inputs of the score layer, which is one of these, after the pooled features, in order: the
            number of values that each has for a joint. The last rows of the layer's kernel belong to them.
        layers: Prefixes of the names of the head's layers; no backbone layer has one.
        neck: The head's default neck.
        task: The task that is answered.
    """

    name: str
    outputs: frozenset[str]
    head: Head
    loss: Callable[[], Loss]
    decode: Callable[[Mapping[str, Any], int], dict[str, Any]]
    joint_layers: Mapping[str, int] = field(default_factory=dict, hash=False)
    limb_layers: Mapping[str, int] = field(default_factory=dict, hash=False)
    evidence: tuple[int, ...] = ()
    layers: tuple[str, ...] = ()
    neck: Neck = no_neck
    task: Task = POSE_2D
    terms: tuple[str, ...] = ("joint_loss",)


def pose_form(
    name: str,
    outputs: set[str],
    head: Head,
    loss: Callable[[], Loss],
    decode_joints: Callable[[Mapping[str, Any], int], Any],
    joint_layers: Mapping[str, int],
    *evidence: int,
    layers: tuple[str, ...],
    neck: Neck = no_neck,
) -> OutputForm:
    """Make a form of one person's joints in two dimensions, with a score for each.

    Args:
        name: Name of the form.
        outputs: Names of its outputs beside the scores.
        head: Computes these outputs from features.
        loss: Returns the loss function of the joints.
        decode_joints: Turns outputs into joints (B, J, 2) in pixels.
        joint_layers: See `OutputForm`; without the score layer.
        evidence: See `OutputForm`.
        layers: See `OutputForm`; without the score layer.
        neck: See `OutputForm`.
    """

    def decode(outputs: Mapping[str, Any], size: int) -> dict[str, Any]:
        return {"joints_xy_px": decode_joints(outputs, size), "scores": ops.sigmoid(outputs[SCORES])}

    return OutputForm(
        name,
        frozenset(outputs | {SCORES}),
        head,
        loss,
        decode,
        {**joint_layers, SCORES: 1},
        evidence=evidence,
        layers=(*layers, "score"),
        neck=neck,
    )
