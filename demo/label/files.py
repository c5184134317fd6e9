"""The files that labeling tools import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.label.coco_file import coco_text
from demo.label.cvat_file import cvat_text, labels_text
from demo.label.label_studio_file import config_text, tasks_text
from demo.label.predictions import LabeledImage
from demo.outputs.files import Output
from pose import Skeleton

#: The formats, with the endings of their files.
ENDINGS = {"coco": ".json", "labelstudio": ".json", "cvat": ".xml"}


def contents(to: str, images: list[LabeledImage], skeleton: Skeleton, url: str, version: str) -> tuple[str, ...]:
    """The text of the predictions, and of the file that sets up the project if the tool has one.

    Args:
        to: one of `ENDINGS`.
        images: in the order of the file.
        skeleton: of the people.
        url: the address of the folder of images.
        version: of the model.
    """
    if to == "coco":
        return (coco_text(images, skeleton),)
    if to == "cvat":
        return cvat_text(images, skeleton), labels_text(images, skeleton)
    return tasks_text(images, skeleton, url, version), config_text(skeleton)


@contextmanager
def written(file: Path, text: str) -> Iterator[Output]:
    """Writes a file, which has its final name only after `finish`.

    Raises:
        OutputError: it cannot be written.
    """
    output = Output("the file", file)
    try:
        with output.writing():
            output.file.write(text.encode())
        yield output
    finally:
        output.discard()
