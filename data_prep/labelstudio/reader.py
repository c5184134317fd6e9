"""Label Studio's JSON exports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from data_prep.coco.layout import find_export
from data_prep.coco.reader import Coco
from data_prep.labelstudio.annotations import read_label_studio
from data_prep.labelstudio.images import find_uploads
from data_prep.reader import Item


@dataclass(frozen=True)
class LabelStudio(Coco):
    """Reads Label Studio's export JSON (or JSON-MIN) of keypoints in images, and the folder of images.

        ROOT/project-1-at-2026-01-31-12-00-00.json, ROOT/images/*.jpg

    A keypoint belongs to the person whose rectangle is its parent or related to it. Without that: to the only rectangle
    around it, or the only person of an image without rectangles. One with the choice "hidden" or "occluded" is hidden.
    Of several annotations of a task the ground truth, or else the first completed, is read. Images are found by their
    path in the address, or by the name that an uploaded file had. Keypoints in videos are not read. Label Studio's COCO
    export, which `coco` reads, rounds keypoints to pixels and makes one person of all people in an image.

    Attributes:
        annotations: the JSON file, if it is elsewhere.
        config: the labeling configuration (Settings > Labeling Interface > Code), whose keypoint labels are the joints
            in order; needed unless the tasks come from `python -m demo.label`.
    """

    subset: tyro.conf.Suppress[str] = "images"
    config: Path | None = None

    def _find(self) -> tuple[Path, Path]:
        return find_export(Path(self.root), "*.json", self.annotations, self.images)

    def _load(self) -> tuple[dict, tuple[Item, ...]]:
        content, items = read_label_studio(self.annotations, self.config)
        names = find_uploads([image["file_name"] for image in content["images"]], self.images)
        for image, name in zip(content["images"], names, strict=True):
            image["file_name"] = name
        return content, items
