"""Tasks: the inputs, labels and answers of a net."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from pose.fields import Field
from pose.grouping.assembly import assemble_people
from pose.skeleton import Skeleton

Value = TypeVar("Value")


@dataclass(frozen=True)
class Input(Field):
    """A named input of a net.

    Attributes:
        source: the field of the records that fills it.
    """

    source: str = ""


@dataclass(frozen=True)
class Answer(Field):
    """A named answer of an inference model.

    Attributes:
        unit: of its values; "" for none.
        tolerance: maximum difference of an exported file's values from the Keras model's; for points, their distance. 1
            % of them may exceed it.
        reduced_tolerance: the same for a file that computes with fewer bits.
    """

    unit: str = ""
    tolerance: float = 0.02
    reduced_tolerance: float = 0.1


@dataclass(frozen=True)
class Task:
    """The inputs, labels and answers of a net.

    Attributes:
        name: in run.json and pose.json.
        inputs: what the net takes, by the names of its inputs.
        labels: the fields of the records that the losses need.
        may_lack: those that only some records must have.
        answers: what an inference model answers, by name.
        assemble: the step after the graph, in NumPy, such as grouping joints into people: answers (N, ...) by name,
            the skeleton and the side of the images in px -> those that are measured; None if they are measured as they
            are.
        scored_by: the answer (N, K) with the scores of the rows (N, K, ...) of all answers, if these have no order and
            those of low scores are noise, as of people; "" if each row has its place.
        forms: names of the output forms (`models.FORMS`) that answer it; each is a module of `models.forms`.
        fits_8_bits: whether weights of 8 bits are fine enough, so that "all" exports have files with these.
        kind: the kind of records that it is trained and measured on, one of `records.features.KINDS`.
    """

    name: str
    inputs: Mapping[str, Input] = field(hash=False)
    labels: tuple[str, ...]
    answers: Mapping[str, Answer] = field(hash=False)
    forms: tuple[str, ...] = ()
    assemble: Callable[[dict[str, np.ndarray], Skeleton, int], dict[str, np.ndarray]] | None = None
    scored_by: str = ""
    fits_8_bits: bool = True
    kind: str = "people"
    may_lack: tuple[str, ...] = ()

    def assembled(self, answers: dict[str, np.ndarray], skeleton: Skeleton, size: int) -> dict[str, np.ndarray]:
        """The answers for images of `size` px after what follows the graph."""
        return answers if self.assemble is None else self.assemble(answers, skeleton, size)

    @property
    def takes_pictures(self) -> bool:
        """Whether its one input is an image."""
        return [one.geometry for one in self.inputs.values()] == ["picture"]

    def describe(self) -> dict:
        """The description in run.json and pose.json."""
        inputs = {name: one.describe() for name, one in self.inputs.items()}
        return {"task": self.name, "inputs": inputs, "outputs": {n: one.describe() for n, one in self.answers.items()}}


#: The joints of one person in an image, in two dimensions.
POSE_2D = Task(
    name="pose-2d",
    inputs={"pictures": Input(("H", "W", 3), "uint8", "picture", source="picture")},
    labels=("joints_xy_px", "visible", "left"),
    answers={
        "joints_xy_px": Answer(("J", 2), geometry="point", unit="px", tolerance=0.5, reduced_tolerance=2.0),
        "scores": Answer(("J",), tolerance=0.02, reduced_tolerance=0.1),
    },
    forms=("coordinates", "heatmaps", "integral", "simcc", "likelihood"),
)

#: The most people that a net of person centers finds in an image.
MAX_CENTERS = 30
#: The joints of everybody in an image, by a net that finds the middle of each person first.
POSES_2D_CENTERS = Task(
    name="poses-2d-centers",
    inputs=POSE_2D.inputs,
    labels=("joints_xy_px", "visible", "box_px", "unlabeled"),
    answers={
        "joints_xy_px": Answer(
            (MAX_CENTERS, "J", 2), geometry="point", unit="px", tolerance=0.5, reduced_tolerance=2.0
        ),
        "scores": Answer((MAX_CENTERS, "J"), tolerance=0.02, reduced_tolerance=0.1),
        "person_scores": Answer((MAX_CENTERS,), tolerance=0.02, reduced_tolerance=0.1),
    },
    forms=("centers",),
    scored_by="person_scores",
    # Joints are found many cells away from the center that they are predicted from.
    fits_8_bits=False,
    kind="frames",
)

#: The joints of everybody in an image, as maps and fields that are grouped after the graph.
POSES_2D_FIELDS = Task(
    name="poses-2d-fields",
    inputs=POSE_2D.inputs,
    labels=("joints_xy_px", "visible", "unlabeled"),
    answers={
        "joint_maps": Answer(("h", "w", "J"), tolerance=0.02, reduced_tolerance=0.1),
        "limb_fields": Answer(("h", "w", "2L"), tolerance=0.02, reduced_tolerance=0.1),
    },
    forms=("fields",),
    assemble=assemble_people,
    kind="frames",
)


#: The joints of one person in space, from where a 2D model puts them in several frames (`pose.space.lifting`): those of
#: the middle frame, about the hips.
POSE_LIFT = Task(
    name="pose-lift",
    inputs={"joints": Input(("T", "J", 3), source="window")},
    labels=("joints_xyz_mm", "xyz_known"),
    answers={"joints_xyz_mm": Answer(("J", 3), unit="mm", tolerance=2.0, reduced_tolerance=10.0)},
    forms=("lifted",),
    kind="sequences",
)

#: The joints of one person in space, in the camera's frame, from a depth image with the person in the middle.
POSE_DEPTH = Task(
    name="pose-depth",
    inputs={
        "depth_mm": Input(("H", "W"), "uint16", "nearest", source="depth_mm"),
        "camera_matrix": Input((3, 3), geometry="camera", source="camera_matrix"),
    },
    labels=("joints_xyz_mm", "xyz_known", "visible", "joints_xy_px"),
    answers={
        "joints_xyz_mm": Answer(("J", 3), geometry="direction", unit="mm", tolerance=2.0, reduced_tolerance=20.0),
        "scores": Answer(("J",), tolerance=0.02, reduced_tolerance=0.1),
    },
    forms=("cone", "depth-readout", "volumes"),
    # Voxels are chosen, and a choice may change.
    fits_8_bits=False,
)

#: The body of one person in an image: a camera of weak perspective, the rotations of the bones, the shape, and the
#: joints that follow, in space about the body's center as from straight ahead.
POSE_BODY = Task(
    name="pose-body",
    inputs=POSE_2D.inputs,
    labels=(
        *("joints_xy_px", "visible", "joints_xyz_mm", "xyz_known"),
        *("body_rotations", "body_shape", "to_frame"),
    ),
    answers={
        "joints_xy_px": Answer(("J", 2), geometry="point", unit="px", tolerance=0.5, reduced_tolerance=2.0),
        "joints_xyz_mm": Answer(("J", 3), geometry="direction", unit="mm", tolerance=2.0, reduced_tolerance=20.0),
        "camera": Answer((3,), tolerance=0.005, reduced_tolerance=0.05),
        "rotations": Answer((31, 3, 3), tolerance=0.01, reduced_tolerance=0.1),
        "shape_values": Answer((10,), tolerance=0.02, reduced_tolerance=0.2),
    },
    forms=("bodies",),
    may_lack=("joints_xyz_mm", "body_rotations", "body_shape"),
)

#: Where the person in the middle of an image is: 1 inside, 0 outside. No form of ours answers it; see `tools.mattes`.
PERSON_MATTE = Task(
    name="person-matte",
    inputs=POSE_2D.inputs,
    labels=(),
    answers={"matte": Answer(("H", "W"), geometry="picture", tolerance=0.01, reduced_tolerance=0.05)},
)

#: The tasks that are known by name, with what run.json and pose.json cannot hold.
TASKS = {
    task.name: task
    for task in (POSE_2D, POSES_2D_CENTERS, POSES_2D_FIELDS, POSE_LIFT, POSE_DEPTH, POSE_BODY, PERSON_MATTE)
}


def task_of(notes: Mapping) -> Task:
    """The task that a run.json or pose.json describes; `POSE_2D` if an earlier version wrote it.

    Raises:
        KeyError, TypeError: the notes are damaged.
    """
    name = notes.get("task", POSE_2D.name)
    if name in TASKS:
        return TASKS[name]
    inputs = {name: Input.from_description(one) for name, one in notes["inputs"].items()}
    answers = {name: Answer.from_description(one) for name, one in notes["outputs"].items()}
    return Task(name, inputs, (), answers)


def as_net_takes(inputs: Mapping[str, Any]) -> Any:
    """The inputs as a Keras model takes them: one array, or several by name."""
    return next(iter(inputs.values())) if len(inputs) == 1 else dict(inputs)


def stages_of(values: Mapping[str, Value]) -> dict[str, dict[str, Value]]:
    """A net's outputs or answers by stage, "stage1", "stage2" and so on, and "" for the last, and by name in each."""
    stages: dict[str, dict[str, Value]] = {}
    for key, value in values.items():
        stage, _, name = key.rpartition("/")
        stages.setdefault(stage, {})[name] = value
    return stages
