"""The labels of a CVAT task: skeletons with their joints and edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.parsers.expat import ExpatError

from data_prep.xml_file import parts_of


@dataclass(frozen=True)
class SkeletonLabel:
    """A label of the type skeleton.

    Attributes:
        joints: names, in the order of the drawing.
        edges: pairs of joints by number, from 1.
        drawn: whether the drawing, which has the edges, could be read.
    """

    joints: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    drawn: bool


def read_labels(meta: Element) -> tuple[dict[str, SkeletonLabel], list[str]]:
    """Reads the labels of a task, a job or a project.

    Returns:
        The skeletons by name, and the names of the labels that are neither skeletons nor their points.
    """
    skeletons: dict[str, str] = {}
    points: dict[str, list[str]] = {}
    others: list[str] = []
    for label in _labels(meta):
        name, parent = _text(label, "name"), _text(label, "parent")
        if parent:
            points.setdefault(parent, []).append(name)
        elif _text(label, "type") == "skeleton":
            skeletons[name] = _text(label, "svg")
        else:
            others.append(name)
    return {name: _skeleton(svg, points.get(name, [])) for name, svg in skeletons.items()}, others


def _labels(meta: Element) -> Iterator[Element]:
    for labels in meta.iter("labels"):
        yield from labels.iterfind("label")


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _skeleton(svg: str, points: list[str]) -> SkeletonLabel:
    """Reads a drawing: circles are joints, lines are edges between their `data-node-id`."""
    try:
        shapes = list(parts_of([f"<svg>{svg}</svg>".encode()], "svg"))
        circles = [shape for shape in shapes if shape.tag == "circle"]
        nodes = {circle.attrib["data-node-id"]: n for n, circle in enumerate(circles, start=1)}
        names = [circle.attrib["data-label-name"] for circle in circles]
        lines = [shape for shape in shapes if shape.tag == "line"]
        edges = [(nodes[line.attrib["data-node-from"]], nodes[line.attrib["data-node-to"]]) for line in lines]
        if len(nodes) < len(names) or (points and sorted(names) != sorted(points)):
            raise ValueError("it draws other points than the label has")
    except (ExpatError, ValueError, KeyError):
        return SkeletonLabel(tuple(dict.fromkeys(points)), (), False)
    return SkeletonLabel(tuple(names), tuple(edges), True)
