"""Reads Label Studio's exports JSON and JSON-MIN of keypoints in images.

The format is described at labelstud.io, "Label Studio Task Format" and "KeyPointLabels"; read from these and from
exports of Label Studio 1.23. Places are per cents of the image, from its top-left corner, half a pixel from our pixel
centers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from data_prep.coco.content import Box, Content, Point
from data_prep.labelstudio.groups import KEYPOINT, group_regions
from data_prep.labelstudio.images import image_name
from data_prep.labelstudio.tasks import Task, read_tasks
from data_prep.reader import Item, Remark
from data_prep.xml_file import read_parts
from records import BadInput

_RECTANGLE = "rectanglelabels"
# Choices of a keypoint that make it hidden.
_HIDDEN = {"hidden", "occluded"}
_CORNER_PX = 0.5
_VIDEO = "regions of videos, not read"
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, OverflowError)


def read_label_studio(path: Path, config: Path | None = None) -> tuple[dict, tuple[Item, ...]]:
    """Reads an export.

    Keypoints belong to the person whose rectangle is their parent or is related to them, or who has keypoints that
    are; others as `Content.add_points` says. A keypoint with the choice "hidden" or "occluded" is hidden.

    Args:
        path: the JSON file.
        config: the labeling configuration, which has the joints in order. Without it the order is that of the tasks'
            `meta`, which `python -m demo.label` writes, or else alphabetical.

    Returns:
        The content of a COCO keypoints file; and remarks and broken annotations.

    Raises:
        ValueError: one is no such file, or there are no keypoints.
        OSError: one cannot be read.
    """
    tasks, items = read_tasks(path)
    found, counts, names = Content(items=items), Counter[str](), set[str]()
    for task in tasks:
        what = f"{path} task {task.number!s:.60}"
        name = image_name(task.data)
        if name is None:
            items.append(BadInput(what, "shows no image file"))
        elif task.number in found.images:
            items.append(BadInput(what, "has the id of another task"))
        else:
            found.images[task.number] = {"id": task.number, "file_name": name}
            names.update(_add(found, task, what, counts))
    if not found.categories():
        videos = "; keypoints in videos are not read: label their frames as images" if counts[_VIDEO] else ""
        raise ValueError(f"{path} has no keypoints (regions of the type {KEYPOINT}){videos}")
    joints, edges = _carried(tasks, None if config is None else _configured(config))
    if not joints:
        items.append(Remark("joints, in alphabetical order; give the labeling configuration with --config", len(names)))
    joints = (*joints, *sorted(names.difference(joints)))
    items += [Remark(text, count) for text, count in counts.items()]
    categories = found.categories()
    return found.build(dict.fromkeys(categories, joints), dict.fromkeys(categories, edges)), tuple(items)


def _add(found: Content, task: Task, what: str, counts: Counter[str]) -> Iterator[str]:
    """Adds the people of a task; yields the names of their joints."""
    result = task.result or []
    # The export JSON-MIN leaves the ids out.
    named = [(str(region.get("id", f"#{place}")), region) for place, region in enumerate(result)]
    regions = [(number, region) for number, region in named if isinstance(region.get("value"), dict)]
    hidden = {number for number, region in regions if _HIDDEN.intersection(_words(region["value"].get("choices")))}
    regions = [(number, region) for number, region in regions if "choices" not in region["value"]]
    groups = group_regions(dict(regions), [region for region in result if region.get("type") == "relation"])
    points, boxes = list[Point](), list[Box]()
    for number, region in regions:
        value, image, group = region["value"], found.images[task.number], groups.get(number, "")
        try:
            if KEYPOINT in value:
                (x, y), label = _px(region, image, "x", "y"), _label(value[KEYPOINT])
                points.append(Point(label, (x - _CORNER_PX, y - _CORNER_PX, 1 if number in hidden else 2), group))
                yield label
            elif _RECTANGLE in value:
                x, y, width, height = _px(region, image, "x", "y", "width", "height")
                xywh = None if value.get("rotation") else (x, y, width, height)
                boxes.append(Box(_label(value[_RECTANGLE]), xywh, group))
            elif "sequence" in value:
                counts[_VIDEO] += 1
            else:
                kind = f"{region.get('type')!s:.40}"
                counts[f"regions that are neither keypoints nor rectangles, not read: {kind}"] += 1
        except _MALFORMED as error:
            found.items.append(BadInput(what, f"the region {number:.40}: {type(error).__name__}: {error!s:.200}"))
    found.add_points(task.number, what, points, boxes)


def _words(choices: object) -> list[str]:
    return [str(choice).casefold() for choice in choices] if isinstance(choices, list) else []


def _label(labels: object) -> str:
    if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str) or not labels[0]:
        raise ValueError(f"it must have one label, got {labels!r:.100}")
    return labels[0]


def _px(region: dict, image: dict, *keys: str) -> list[float]:
    """Values of a region in px, which are per cents of the image's width or height; sets the image's size."""
    if region.get("image_rotation") or region.get("item_index"):
        raise ValueError("it was drawn on a turned image or a further page, which is not read")
    size = int(region["original_width"]), int(region["original_height"])
    if min(size) < 1 or (image.setdefault("width", size[0]), image.setdefault("height", size[1])) != size:
        raise ValueError(f"it is of another image, of {size[0]} x {size[1]} px")
    sides = (size[0] if key in ("x", "width") else size[1] for key in keys)
    values = [float(region["value"][key]) / 100 * side for key, side in zip(keys, sides, strict=True)]
    if not all(map(math.isfinite, values)):
        raise ValueError(f"its place is no number: {values}")
    return values


def _configured(config: Path) -> tuple[str, ...]:
    """The labels of keypoints in a labeling configuration."""
    found = [
        label.get("value", "")
        for part in read_parts(config, "View")
        for tag in part.iter("KeyPointLabels")
        for label in tag.iter("Label")
    ]
    if not found or len(set(found)) < len(found) or not all(found):
        raise ValueError(f"{config} must have <KeyPointLabels> with a <Label value=...> for each joint, got {found}")
    return tuple(found)


def _carried(tasks: list[Task], joints: tuple[str, ...] | None) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """The skeleton in the meta of the first task that has one; of these joints, if given.

    Returns:
        The joints in order and their edges by number, from 1; empty if unknown.
    """
    for task in tasks:
        try:
            skeleton = task.meta["skeleton"]
            names = tuple(map(str, skeleton["joints"]))
            edges = tuple((int(a), int(b)) for a, b in skeleton["edges"])
        except _MALFORMED:
            continue
        if joints in (None, names) and len(set(names)) == len(names):
            if all(1 <= joint <= len(names) for edge in edges for joint in edge):
                return names, edges
    return joints or (), ()
