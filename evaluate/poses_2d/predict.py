"""Runs a model that finds many people on frame records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluate.poses_2d.frames import found_of
from evaluate.poses_2d.records import KIND, FrameRecords
from evaluate.predictor import Predictor
from pose.results.people import ImagePeople
from pose.tasks import stages_of
from records.damage import named_damage
from records.inputs import fields_of, inputs_of
from records.pipeline import dataset

if TYPE_CHECKING:
    from evaluate.pose_2d.collect import Progress


def predict_frames(
    predictor: Predictor, records: FrameRecords, *, batch_size: int, progress: Progress | None = None
) -> dict[str, list[ImagePeople]]:
    """The people that a model finds in each image, in px of the originals, as "", and those of its earlier stages.

    Args:
        predictor: the model.
        records: the images.
        batch_size: images in a batch.
        progress: updated with the number of images done.

    Raises:
        ValueError: a record is damaged.
    """
    folder, split = records.folder, records.split
    found: dict[str, list[ImagePeople]] = {"": []}
    fields = fields_of(predictor.task, ("to_frame", "key"))
    with named_damage(folder, split):
        batches = dataset(
            folder, split, batch_size=batch_size, input_size=predictor.input_size, fields=fields, kind=KIND
        )
        for pictures, labels in batches.as_numpy_iterator():
            answers = predictor.predict(inputs_of(predictor.task, pictures, labels))
            for stage, values in stages_of(answers).items():
                found.setdefault(stage, []).extend(found_of(values, labels["to_frame"]))
            if progress is not None:
                progress.update(len(pictures))
    return found
