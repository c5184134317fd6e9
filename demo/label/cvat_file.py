"""Predictions as an annotation file of CVAT ("CVAT 1.1"), and the label that its project needs.

The file is that of "CVAT for images 1.1" (docs.cvat.ai, "XML annotation format", version 1.1). Its coordinates start at
the image's corner.
"""

from __future__ import annotations

import json
from xml.etree.ElementTree import Element, SubElement, indent, tostring
from xml.sax.saxutils import quoteattr

import numpy as np

from demo.label.predictions import LabeledImage, category_of
from pose import Skeleton
from pose.draw import COLORS

# CVAT looks for an image by its name, and otherwise takes its number among the images of the task. No task has so many,
# so that an image of another name is an error, instead of people in a wrong image.
_FIRST_NUMBER = 10_000_000
# Of the drawing of a skeleton, in per cent of its side.
_MARGIN = 10
_LEAST_APART = 2.0


def cvat_text(images: list[LabeledImage], skeleton: Skeleton) -> str:
    """Writes an annotation file: each person is a skeleton, whose joints that are not labeled are outside."""
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    task = SubElement(SubElement(root, "meta"), "task")
    for tag, text in (("id", "0"), ("name", "predictions"), ("size", str(len(images))), ("mode", "annotation")):
        SubElement(task, tag).text = text
    labels = SubElement(task, "labels")
    (label,) = _labels(images, skeleton)
    _add_label(labels, label, {"svg": label["svg"]})
    for part in label["sublabels"]:
        _add_label(labels, part, {"parent": label["name"]})
    for number, image in enumerate(images, start=_FIRST_NUMBER):
        height, width = image.size
        attributes = {"id": str(number), "name": image.name, "width": str(width), "height": str(height)}
        entry = SubElement(root, "image", attributes)
        for person in image.people:
            shape = SubElement(entry, "skeleton", {"label": label["name"], "source": "auto", "z_order": "0"})
            # Joints outside stay in the image, where they can be found.
            places = np.clip(person.xy_px + 0.5, 0, (width, height))
            for joint, (x, y), labeled in zip(skeleton.joints, places, person.labeled, strict=True):
                outside = "0" if labeled else "1"
                state = {"label": joint, "source": "auto", "outside": outside, "occluded": "0"}
                SubElement(shape, "points", state | {"points": f"{x:.2f},{y:.2f}"})
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def labels_text(images: list[LabeledImage], skeleton: Skeleton) -> str:
    """Writes the label for CVAT's constructor, page Raw: a skeleton, drawn as the people of the images stand."""
    return json.dumps(_labels(images, skeleton), ensure_ascii=False, indent=2)


def _add_label(labels: Element, label: dict, more: dict[str, str]) -> None:
    entry = SubElement(labels, "label")
    for tag, text in {"name": label["name"], "color": label["color"], "type": label["type"], "attributes": ""}.items():
        SubElement(entry, tag).text = text
    for tag, text in more.items():
        SubElement(entry, tag).text = text


def _labels(images: list[LabeledImage], skeleton: Skeleton) -> list[dict]:
    points = [
        {"name": joint, "type": "points", "color": "#{:02x}{:02x}{:02x}".format(*COLORS[side]), "attributes": []}
        for joint, side in zip(skeleton.joints, skeleton.sides, strict=True)
    ]
    name, drawing = category_of(skeleton), _drawing(_places(images, skeleton), skeleton)
    color = "#{:02x}{:02x}{:02x}".format(*COLORS["middle"])
    return [{"name": name, "type": "skeleton", "color": color, "attributes": [], "sublabels": points, "svg": drawing}]


def _places(images: list[LabeledImage], skeleton: Skeleton) -> np.ndarray:
    """(J, 2) places of the joints in a drawing, in per cent: of the person whose joints are furthest apart."""
    angles = 2 * np.pi * np.arange(skeleton.num_joints) / skeleton.num_joints
    best, places = _LEAST_APART, np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    for person in (person for image in images for person in image.people if person.labeled.all()):
        low, high = person.xy_px.min(axis=0), person.xy_px.max(axis=0)
        spread = 100 * (person.xy_px - low) / np.maximum(high - low, 1e-6)
        apart = np.linalg.norm(spread[:, None] - spread[None], axis=-1)[~np.eye(len(spread), dtype=bool)]
        if apart.min(initial=100) > best:
            best, places = apart.min(initial=100), spread / 50 - 1
    return 50 + (50 - _MARGIN) * places


def _drawing(places: np.ndarray, skeleton: Skeleton) -> str:
    """The SVG of a skeleton, as CVAT's constructor makes it: lines and circles, without a root."""
    lines = [
        f'<line x1="{places[a][0]:.2f}" y1="{places[a][1]:.2f}" x2="{places[b][0]:.2f}" y2="{places[b][1]:.2f}" '
        f'stroke="black" data-type="edge" data-node-from="{a + 1}" stroke-width="0.5" data-node-to="{b + 1}"></line>'
        for a, b in skeleton.limbs
    ]
    circles = [
        f'<circle r="0.75" stroke="black" fill="#b3b3b3" cx="{x:.2f}" cy="{y:.2f}" stroke-width="0.1" data-type='
        f'"element node" data-element-id="{n}" data-node-id="{n}" data-label-name={quoteattr(joint)}></circle>'
        for n, (joint, (x, y)) in enumerate(zip(skeleton.joints, places, strict=True), start=1)
    ]
    return "".join(lines + circles)
