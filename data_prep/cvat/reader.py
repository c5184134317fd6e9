"""CVAT's own annotation files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from data_prep.coco.layout import find_export
from data_prep.coco.reader import Coco
from data_prep.cvat.annotations import read_cvat
from data_prep.reader import Item


@dataclass(frozen=True)
class Cvat(Coco):
    """Reads an export of CVAT, "CVAT for images 1.1" or "CVAT for video 1.1", and its folder of images.

        ROOT/annotations.xml, ROOT/images/*.jpg

    A skeleton is a person, and its label names the joints and edges. Otherwise points with the joints' labels are read:
    those of a group are one person, and a group's box is theirs. Occluded points are hidden, points outside are not
    labeled. Keypoints are moved by half a pixel, since CVAT's coordinates start at the image's corner, and ours at the
    center of its first pixel. For "COCO Keypoints 1.0", use `coco`.

    Attributes:
        annotations: the XML file, if it is elsewhere.
    """

    subset: tyro.conf.Suppress[str] = "images"

    def _find(self) -> tuple[Path, Path]:
        return find_export(Path(self.root), "*.xml", self.annotations, self.images)

    def _load(self) -> tuple[dict, tuple[Item, ...]]:
        return read_cvat(self.annotations)
