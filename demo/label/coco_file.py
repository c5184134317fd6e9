"""Predictions as a COCO keypoints file."""

from __future__ import annotations

import json

import numpy as np

from demo.label.predictions import LabeledImage, category_of
from pose import Skeleton


def coco_text(images: list[LabeledImage], skeleton: Skeleton) -> str:
    """Writes a COCO keypoints file, as read by CVAT, COCO Annotator and `python -m data_prep coco`.

    Keypoints are pixel indices, as COCO's are. Boxes start at the image's corner. `area` is the box's.
    """
    category = {
        "id": 1,
        "name": category_of(skeleton),
        "supercategory": category_of(skeleton),
        "keypoints": list(skeleton.joints),
        "skeleton": [[a + 1, b + 1] for a, b in skeleton.limbs],
    }
    annotations: list[dict] = []
    for number, image in enumerate(images, start=1):
        for person in image.people:
            visible = np.where(person.labeled, 2, 0)
            keypoints = np.column_stack([person.xy_px * person.labeled[:, None], visible])
            box = person.box_px + (0.5, 0.5, 0, 0)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "iscrowd": 0,
                    "num_keypoints": int(person.labeled.sum()),
                    "keypoints": [round(value, 2) for value in keypoints.ravel().tolist()],
                    "bbox": [round(value, 2) for value in box.tolist()],
                    # Required by Datumaro, the importer of CVAT.
                    "segmentation": [],
                    "score": round(person.score, 4),
                }
            )
    entries = [
        {"id": number, "file_name": image.name, "width": image.size[1], "height": image.size[0]}
        for number, image in enumerate(images, start=1)
    ]
    return json.dumps({"images": entries, "annotations": annotations, "categories": [category]}, ensure_ascii=False)
