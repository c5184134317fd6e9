"""The evaluation of bodies, with pictures of them over their images, from the front and from the side."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np

from body.drawing import body_color, draw_meshes, mesh_of, turned_mesh
from body.rig import Rig
from body.seen import SeenBody
from evaluate.measures import measure_of
from evaluate.pose_2d.collect import Progress, answered
from evaluate.pose_3d.bodies import FIGURES, LABELS, measured, straight_ahead
from evaluate.pose_3d.evaluation import SpaceEvaluation, Subject, evaluated
from evaluate.pose_3d.lifting import camera_of, kinds_before_camera
from evaluate.pose_3d.metrics import PCK_MM
from evaluate.predictor import Predictor
from machine.words import counted
from pose import Crop
from pose.draw import captioned, draw_skeleton
from pose.space.drawing import CELL_PX, REACH_MM
from pose.space.lifting import hips_of
from records.damage import named_damage
from records.inputs import fields_of, joined
from records.manifest import read_manifest
from records.pipeline import dataset

_FIELDS = (*LABELS, "dataset", "key")
#: What shows the true pose through a body.
_TRUE, _OPACITY = (40, 40, 40), 0.7
#: From where a body is shown, by the name of the view.
_VIEWS = {"front": 0.0, "side": 90.0}


def _notes(evaluation: SpaceEvaluation) -> list[str]:
    hidden = (evaluation.labels["visible"] == 1).mean()
    people = counted(len(evaluation.predicted_mm), *evaluation.subject.noun)
    return [
        f"{people}, as seen from straight ahead, about the middle of the hips. {100 * hidden:.1f} % of the joints are "
        "hidden.",
        "The mean pose is that of the train split, as seen from straight ahead.",
    ]


def _draw(evaluation: SpaceEvaluation, row: int) -> np.ndarray:
    """The image, the body over it, and the body from the front and from the side with the true pose in it."""
    picture, skeleton, answers = evaluation.shown[row], evaluation.skeleton, evaluation.answers
    side = picture.shape[0]
    crop = Crop.centered(((CELL_PX - 1) / 2, (CELL_PX - 1) / 2), CELL_PX, side)
    body = SeenBody(answers["camera"][row], answers["rotations"][row], answers["shape_values"][row], crop)
    shown = cv2.resize(picture, (CELL_PX, CELL_PX), interpolation=cv2.INTER_CUBIC)
    cells = {"shown": shown, "body": draw_meshes(shown, [mesh_of(body, shown.shape[:2], body_color(0))])}
    rig, points = body.skin()
    points = points - _hips(body, rig)
    known = evaluation.labels["xyz_known"][row] > 0
    true = straight_ahead(np.where(known[:, None], evaluation.labels["joints_xyz_mm"][row], 0.0)[None], skeleton)[0]
    # Without both hips nothing is known about the middle.
    known = known & known[list(hips_of(skeleton))].all()
    for name, deg in _VIEWS.items():
        mesh = turned_mesh(points, rig.faces, CELL_PX, body_color(0), reach_mm=REACH_MM, deg=deg)
        cell = draw_meshes(np.full((CELL_PX, CELL_PX, 3), 255, np.uint8), [mesh], opacity=_OPACITY)
        across = true[:, 2] if deg else true[:, 0]
        xy = (np.stack([across, true[:, 1]], axis=1) / REACH_MM + 1) / 2 * CELL_PX - 0.5
        cells[name] = draw_skeleton(cell, xy, known, skeleton, color=_TRUE, thickness=1)
    return np.concatenate([captioned(cell, name) for name, cell in cells.items()], axis=1)


def _hips(body: SeenBody, rig: Rig) -> np.ndarray:
    """The middle of the hips, float32 (3,), about the root's head."""
    heads = rig.heads(body.rotations[None], np.zeros((1, 3)))[0]
    return heads[[rig.names.index("LeftUpLeg"), rig.names.index("RightUpLeg")]].mean(axis=0).astype(np.float32)


def bodies_in(size: int) -> Subject:
    """How bodies in images of this side are reported."""
    return Subject(
        noun=("person", "people"),
        figures=FIGURES,
        tiles=("MPJPE about the hips", "MPJPE of hidden joints", "PA-MPJPE", "PCK3D at 150 mm"),
        within_mm=PCK_MM,
        shown="the image, the body over it, and the body from straight ahead and from the side with the true pose",
        meanings={
            "MPJPE": "The mean distance of the joints from their true places, about the middle of the hips.",
            "PA-MPJPE": "The same after the pose is moved, turned and scaled to fit.",
            "PCK3D": "The share of joints within 150 mm.",
            "mean error in the image": "As a share of the image's side.",
            "mean pose": "The mean of the train split's poses, which looks at nothing.",
        },
        kinds=kinds_before_camera,
        notes=_notes,
        draw=_draw,
        summarize=partial(measured, size=size),
        group=camera_of,
        colors={"true": _TRUE, "predicted": body_color(0)},
    )


def evaluate_bodies(
    predictor: Predictor,
    records: Path,
    split: str,
    *,
    batch_size: int = 64,
    gallery: int = 24,
    seed: int = 0,
    progress: Progress | None = None,
) -> SpaceEvaluation:
    """Measures a net of bodies and the mean pose on the people of a split whose joints in space are known.

    Args:
        predictor: the net.
        records: a shard set with joints in space.
        split: "train", "val" or "test".
        batch_size: people in a batch.
        gallery: how many of the worst people to keep, of the best and of random ones.
        seed: of the random choice.
        progress: updated with the number of people done.

    Raises:
        ValueError: the records or the split are missing, label other joints than the net predicts, or know nobody's
            place in space.
    """
    predictor.check_records(read_manifest(records))
    size = predictor.input_size
    with named_damage(records, split):
        fields = fields_of(predictor.task, _FIELDS)
        may_lack = predictor.task.may_lack
        batches = dataset(records, split, batch_size=batch_size, input_size=size, fields=fields, may_lack=may_lack)
        shown, answers, labels = zip(*answered(predictor, batches.as_numpy_iterator(), progress), strict=True)
    true = joined(labels)
    # Of a mix, those with joints in space.
    known = (true["xyz_known"][:, list(hips_of(predictor.skeleton))] > 0).all(axis=1)
    if not known.any():
        raise ValueError(f"nobody in {records}, split {split}, has hips whose places in space are known")
    found, true = ({name: value[known] for name, value in one.items()} for one in (joined(answers), true))
    baseline = measure_of(predictor.task.name).baseline
    if baseline is None:
        raise ValueError(f"there is no mean pose for the task {predictor.task.name}")
    return evaluated(
        bodies_in(size),
        predictor,
        records,
        split,
        shown=np.concatenate(shown)[known],
        labels=true,
        answers=found,
        mean=baseline(records, size, true),
        gallery=gallery,
        seed=seed,
    )
