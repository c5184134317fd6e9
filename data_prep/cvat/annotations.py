"""Reads CVAT's annotation files, "CVAT for images 1.1" and "CVAT for video 1.1" (`annotations.xml`, version 1.1).

The format is described at docs.cvat.ai, "XML annotation format"; tried with exports of CVAT 2.15. Coordinates start at
the image's top-left corner, half a pixel from our pixel centers.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

from data_prep.coco.content import Box, Content, Keypoint, Point
from data_prep.cvat.labels import SkeletonLabel, read_labels
from data_prep.reader import Item, Remark
from data_prep.xml_file import read_parts
from records import BadInput

# Of the frames of videos, which CVAT exports as frame_000000.PNG, and names without the ending.
_FRAME_ENDING = ".png"
_CORNER_PX = 0.5
# Of a number of a frame, or of a width and a height.
_DIGITS = 12
_INTERPOLATED = "shapes that CVAT interpolated between key frames"
# A task of a project, and a frame in it.
Key = tuple[str, int]


def read_cvat(path: Path) -> tuple[dict, tuple[Item, ...]]:
    """Reads an annotation file of images, or of tracks in a video.

    A skeleton is a person, with the box of its group if it has one. Points in no skeleton are joints by their labels,
    and belong to people as `Content.add_points` says. A point that is outside is not labeled, one that is occluded is
    hidden.

    Returns:
        The content of a COCO keypoints file, with a category for each skeleton; and remarks and broken annotations.

    Raises:
        ValueError: it is no such file, it names no images, or it has no keypoints.
        OSError: it cannot be read.
    """
    reading = _Reading(path)
    for part in read_parts(path, "annotations"):
        reading.take(part)
    return reading.content()


@dataclass(eq=False)
class _Frame:
    """What is drawn in one image: loose points and boxes, and skeletons with their labels and groups."""

    points: list[Point] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    skeletons: list[tuple[str, str, dict[str, Keypoint]]] = field(default_factory=list)


class _Reading:
    """Collects the parts of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._skeletons: dict[str, SkeletonLabel] = {}
        self._labels: list[str] = []
        self._modes: dict[str, str] = {}
        self._sizes: dict[str, tuple[int, int] | None] = {}
        self._images: dict[Key, dict] = {}
        self._frames: dict[Key, _Frame] = {}
        self._items: list[Item] = []
        self._counts: Counter[str] = Counter()
        self._has_tracks = False

    def take(self, part: Element) -> None:
        """Takes an element below the root."""
        if part.tag == "meta":
            self._skeletons, self._labels = read_labels(part)
            for task in [*part.iterfind("task"), *part.iterfind("job"), *part.iterfind("project/tasks/task")]:
                number = task.findtext("id", "").strip()
                self._modes[number] = task.findtext("mode", "").strip()
                self._sizes[number] = _size(*(task.findtext(f"original_size/{side}") for side in ("width", "height")))
        elif part.tag == "image":
            self._take_image(part)
        elif part.tag == "track":
            self._take_track(part)

    def _task(self, part: Element) -> str:
        """The task of an image or a track, which files of a single task leave out."""
        return part.get("task_id") or next(iter(self._modes), "")

    def _take_image(self, image: Element) -> None:
        name = image.get("name", "")
        if (key := self._key(image, image.get("id"), f"image {name!r:.200}")) is None:
            return
        self._add_image(key, name, image.get("subset"), _size(image.get("width"), image.get("height")))
        for shape in image:
            self._take_shape(key, shape, shape)

    def _take_track(self, track: Element) -> None:
        self._has_tracks = True
        for shape in track:
            if (key := self._key(track, shape.get("frame"), f"track {track.get('id')!r:.60}")) is None:
                return
            if _is_outside(shape):
                continue
            if key not in self._images:
                self._add_image(key, f"frame_{key[1]:06d}", track.get("subset"), self._sizes.get(key[0]))
            self._counts[_INTERPOLATED] += shape.get("keyframe") == "0"
            self._take_shape(key, shape, track)

    def _key(self, part: Element, frame: str | None, what: str) -> Key | None:
        if frame is None or not frame.isdecimal() or len(frame) > _DIGITS:
            self._items.append(BadInput(f"{self._path} {what}", f"its frame must be a number, got {frame!r:.60}"))
            return None
        return self._task(part), int(frame)

    def _add_image(self, key: Key, name: str, subset: str | None, size: tuple[int, int] | None) -> None:
        video = self._modes.get(key[0]) == "interpolation"
        if video and not PurePosixPath(name).suffix:
            name += _FRAME_ENDING
        entry: dict = {"file_name": f"{subset}/{name}" if subset else name}
        entry |= {} if size is None else {"width": size[0], "height": size[1]}
        self._images[key] = entry | ({"video_id": key[0]} if video else {})

    def _take_shape(self, key: Key, shape: Element, labeled: Element) -> None:
        label, group = labeled.get("label", ""), labeled.get("group_id", "")
        group = "" if group == "0" else group
        frame = self._frames.setdefault(key, _Frame())
        try:
            if shape.tag == "skeleton":
                frame.skeletons.append((label, group, self._joints(shape, label)))
            elif shape.tag == "points":
                frame.points.append(Point(label, _keypoint(shape), group))
            elif shape.tag == "box":
                frame.boxes.append(Box(label, _xywh(shape), group))
            elif shape.tag != "attribute":
                self._counts[f"shapes that are neither points nor boxes, not read: {shape.tag:.20}"] += 1
        except ValueError as error:
            self._items.append(BadInput(self._what(key), f"the {shape.tag} {label!r:.60} {error}"))

    def _what(self, key: Key) -> str:
        return f"{self._path} {self._images[key]['file_name']:.200}"

    def _joints(self, shape: Element, label: str) -> dict[str, Keypoint]:
        known = self._skeletons.get(label)
        if known is None:
            raise ValueError("is no skeleton among the labels of the task")
        joints: dict[str, Keypoint] = {}
        for point in shape.iterfind("points"):
            name = point.get("label", "")
            if name not in known.joints or name in joints:
                raise ValueError(f"has a point {name!r:.60} {'twice' if name in joints else 'that its label lacks'}")
            joints[name] = _keypoint(point)
        return joints

    def content(self) -> tuple[dict, tuple[Item, ...]]:
        """The content of a COCO keypoints file; remarks and broken annotations.

        Raises:
            ValueError: the file does not name its images, or has no keypoints.
        """
        if self._has_tracks and "annotation" in self._modes.values():
            raise ValueError(
                f"{self._path} holds tracks of a task of images, whose names it lacks; export the task as "
                '"CVAT for images 1.1"'
            )
        found = Content(items=self._items)
        one_task = len({task for task, _ in self._images}) < 2
        skeletons = any(frame.skeletons for frame in self._frames.values())
        for place, (key, entry) in enumerate(sorted(self._images.items(), key=lambda image: image[0])):
            number = key[1] if one_task else place
            found.images[number] = {"id": number, **entry}
            self._add_people(found, number, key, skeletons)
        if not found.categories():
            raise ValueError(
                f"{self._path} has no keypoints; it must have skeletons, or points with the joints' labels"
            )
        labels = self._skeletons if skeletons else {}
        joints = {name: label.joints for name, label in labels.items()}
        edges = {name: label.edges for name, label in labels.items()}
        names = dict.fromkeys(point.name for frame in self._frames.values() for point in frame.points)
        ordered = [*(name for name in self._labels if name in names), *sorted(names.keys() - set(self._labels))]
        joints |= {name: tuple(ordered) for name in found.categories() if name not in joints}
        undrawn = sum(not label.drawn for label in labels.values())
        self._counts["skeletons without limbs, as their drawing (svg) cannot be read"] = undrawn
        remarks = [Remark(text, count) for text, count in self._counts.items() if count]
        return found.build(joints, edges), (*remarks, *found.items)

    def _add_people(self, found: Content, number: int, key: Key, skeletons: bool) -> None:
        frame = self._frames.get(key, _Frame())
        boxes = list(frame.boxes)
        for label, group, joints in frame.skeletons:
            own = [box for box in frame.boxes if group and box.group == group]
            found.add_person(number, label, joints, own[0].xywh if len(own) == 1 else None)
            boxes = [box for box in boxes if box not in own]
        if skeletons:
            self._counts["points in no skeleton, not read"] += len(frame.points)
        found.add_points(number, self._what(key), () if skeletons else frame.points, boxes)


def _is_outside(shape: Element) -> bool:
    """Whether a shape of a track is out of the frame."""
    if shape.tag == "skeleton":
        return all(point.get("outside") == "1" for point in shape.iterfind("points"))
    return shape.get("outside") == "1"


def _size(width: str | None, height: str | None) -> tuple[int, int] | None:
    """A (width, height) in px, None if unknown."""
    if not (width and height and width.strip().isdecimal() and height.strip().isdecimal()):
        return None
    return (int(width), int(height)) if len(width + height) <= _DIGITS else None


def _keypoint(point: Element) -> Keypoint:
    """The place and visibility of points that must be one."""
    pairs = point.get("points", "").split(";")
    if len(pairs) != 1:
        raise ValueError(f"has {len(pairs)} points, which have no names; draw each joint by itself, or a skeleton")
    x, y = _numbers(*pairs[0].split(","), count=2)
    visible = 0 if point.get("outside") == "1" else 1 if point.get("occluded") == "1" else 2
    return x - _CORNER_PX, y - _CORNER_PX, visible


def _xywh(box: Element) -> tuple[float, float, float, float] | None:
    """A box, None if it is rotated."""
    left, top, right, bottom = _numbers(*(box.get(side, "") for side in ("xtl", "ytl", "xbr", "ybr")), count=4)
    return None if float(box.get("rotation", 0)) else (left, top, right - left, bottom - top)


def _numbers(*texts: str, count: int) -> list[float]:
    numbers = [float(text) for text in texts]
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError(f"must have {count} numbers as its place, got {','.join(texts):.60}")
    return numbers
