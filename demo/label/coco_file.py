"""Predictions as a COCO keypoints file."""

from __future__ import annotations

import json

import numpy as np

from demo.label.predictions import LabeledImage, category_of
from pose import Skeleton
from pose.coco import coco_annotation, coco_category, coco_image


def coco_text(images: list[LabeledImage], skeleton: Skeleton) -> str:
    """Writes a COCO keypoints file, as read by CVAT, COCO Annotator and `panopose records coco`."""
    annotations: list[dict] = []
    for number, image in enumerate(images, start=1):
        for person in image.people:
            visible, own = np.where(person.labeled, 2, 0), len(annotations) + 1
            entry = coco_annotation(own, number, person.xy_px, visible, person.box_px, score=person.score)
            # The area of a person is not known; the box's would be taken for it.
            del entry["area"]
            annotations.append(entry)
    content = {
        "images": [coco_image(number, image.name, image.size) for number, image in enumerate(images, start=1)],
        "annotations": annotations,
        "categories": [coco_category(skeleton, name=category_of(skeleton))],
    }
    return json.dumps(content, ensure_ascii=False)
