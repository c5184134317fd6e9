"""Predictions as tasks of Label Studio, and the labeling configuration that their project needs.

The formats are those of labelstud.io, "Import pre-annotated data", "KeyPointLabels" and "RectangleLabels". Places are
per cents of the image, from its corner.
"""

from __future__ import annotations

import json
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from demo.label.predictions import LabeledImage, Person, category_of
from pose import Skeleton
from pose.draw import COLORS

_POINT_SIZE = 0.5
# Of per cents: 0.0001 px in the largest images.
_DECIMALS = 6


def tasks_text(images: list[LabeledImage], skeleton: Skeleton, url: str, version: str) -> str:
    """Writes tasks with predictions, and with the skeleton in their `meta`, where exports keep it.

    A person is a rectangle and keypoints, whose parent it is.

    Args:
        images: in the order of the tasks.
        skeleton: of the people.
        url: the address of the folder of images, to which their names are added.
        version: of the model.
    """
    edges = [[a + 1, b + 1] for a, b in skeleton.limbs]
    meta = {"skeleton": {"joints": list(skeleton.joints), "edges": edges}}
    tasks = []
    for image in images:
        people = enumerate(image.people)
        result = [region for n, person in people for region in _regions(image, person, f"p{n}", skeleton)]
        prediction = {"model_version": version, "score": round(image.score, 4), "result": result}
        predictions = [prediction] if image.people else []
        tasks.append({"data": {"image": url + quote(image.name)}, "meta": meta, "predictions": predictions})
    return json.dumps(tasks, ensure_ascii=False)


def _regions(image: LabeledImage, person: Person, number: str, skeleton: Skeleton) -> list[dict]:
    height, width = image.size
    scale = (100 / width, 100 / height)
    common = {"to_name": "image", "original_width": width, "original_height": height, "image_rotation": 0}
    sides = zip(("x", "y", "width", "height"), _rounded((person.box_px + (0.5, 0.5, 0, 0)) * (scale * 2)), strict=True)
    box = {**dict(sides), "rotation": 0, "rectanglelabels": [category_of(skeleton)]}
    own = {"from_name": "box", "type": "rectanglelabels", "score": round(person.score, 4)}
    regions = [{"id": number, **own, **common, "value": box}]
    for j in person.labeled.nonzero()[0]:
        x, y = _rounded((person.xy_px[j] + 0.5) * scale)
        point = {"x": x, "y": y, "width": _POINT_SIZE, "keypointlabels": [skeleton.joints[j]]}
        own = {"from_name": "keypoints", "type": "keypointlabels", "parentID": number}
        regions.append({"id": f"{number}j{j}", **own, **common, "value": point})
    return regions


def _rounded(percent: np.ndarray) -> list[float]:
    return [round(value, _DECIMALS) for value in percent.tolist()]


def config_text(skeleton: Skeleton) -> str:
    """Writes the labeling configuration: a rectangle for each person, keypoints, and whether a keypoint is hidden."""
    view = Element("View")
    SubElement(view, "Image", {"name": "image", "value": "$image", "zoom": "true", "zoomControl": "true"})
    boxes = SubElement(view, "RectangleLabels", {"name": "box", "toName": "image"})
    SubElement(boxes, "Label", {"value": category_of(skeleton), "background": _color("middle")})
    points = SubElement(view, "KeyPointLabels", {"name": "keypoints", "toName": "image", "strokeWidth": "3"})
    for j, (joint, side) in enumerate(zip(skeleton.joints, skeleton.sides, strict=True)):
        # `model_index` is the joint's number in Label Studio's COCO export.
        SubElement(points, "Label", {"value": joint, "background": _color(side), "model_index": str(j)})
    state = {"name": "visibility", "toName": "image", "perRegion": "true", "whenTagName": "keypoints"}
    SubElement(SubElement(view, "Choices", state), "Choice", {"value": "hidden"})
    indent(view)
    return tostring(view, encoding="unicode") + "\n"


def _color(side: str) -> str:
    return "#{:02x}{:02x}{:02x}".format(*COLORS[side])
