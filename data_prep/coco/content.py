"""Builds the content of a COCO keypoints file from annotations of other tools, drawn as skeletons or point by point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from data_prep.reader import Item, Remark
from records import BadInput

#: Of a keypoint: x and y, with (0, 0) the center of the top-left pixel, and COCO's visibility.
Keypoint = tuple[float, float, int]

_PERSON = "person"
# Of joints on the edge of the box that was drawn around them.
_ROUNDING_PX = 0.01


@dataclass(frozen=True)
class Point:
    """A keypoint drawn by itself.

    Attributes:
        name: of the joint.
        keypoint: x, y and visibility.
        group: what it shares with its person's other points and box; "" if it is in no group.
    """

    name: str
    keypoint: Keypoint
    group: str = ""


@dataclass(frozen=True)
class Box:
    """A person's box.

    Attributes:
        label: its label.
        xywh: x and y of the top-left corner, width and height in px, from the image's corner; None if unknown.
        group: that of its points; "" if it is in no group.
    """

    label: str
    xywh: tuple[float, float, float, float] | None
    group: str = ""

    def contains(self, keypoint: Keypoint) -> bool:
        """Whether a keypoint lies in the box."""
        if self.xywh is None:
            return False
        left, top, width, height = self.xywh
        x, y = keypoint[0] + 0.5 - left, keypoint[1] + 0.5 - top
        return -_ROUNDING_PX <= x <= width + _ROUNDING_PX and -_ROUNDING_PX <= y <= height + _ROUNDING_PX


@dataclass(eq=False)
class Content:
    """Collects images and people.

    Attributes:
        images: as in a keypoints file, by id.
        items: remarks and broken annotations.
    """

    images: dict[int | str, dict] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    _people: list[tuple[int | str, str | None, dict[str, Keypoint], Sequence[float] | None]] = field(
        default_factory=list
    )

    def add_person(
        self, image: int | str, category: str | None, keypoints: dict[str, Keypoint], box: Sequence[float] | None = None
    ) -> None:
        """Adds a person with keypoints by the joints' names, and a box (x, y, width, height) or None.

        The category None is that of the other people with keypoints if they have one, or else "person".
        """
        self._people.append((image, category, keypoints, box))

    def add_points(self, image: int | str, what: str, points: Sequence[Point], boxes: Sequence[Box]) -> None:
        """Adds the people of an image that are drawn point by point.

        Points of a group are one person, with the group's box if there is one. A point in no group belongs to the
        image's only box, or to the only box that contains it; in an image without boxes, to its only person.

        Args:
            image: the image's id.
            what: the image, for messages.
            points: its keypoints.
            boxes: its boxes.
        """
        people: dict[object, dict[str, Keypoint]] = {}
        grouped = {point.group for point in points if point.group}
        repeated, guessed = set(), 0
        for point in points:
            owner = _owner(point, boxes, bool(grouped))
            if owner is None:
                self.items.append(BadInput(what, f"the keypoint {point.name!r:.60} belongs to no person; {_HINT}"))
                continue
            guessed += not point.group
            own = people.setdefault(owner, {})
            if point.name in own:
                repeated.add(owner)
                self.items.append(BadInput(what, f"a person has two keypoints {point.name!r:.60}; {_HINT}"))
            own[point.name] = point.keypoint
        if guessed and boxes:
            self.items.append(Remark("keypoints in no group, taken for the person whose box holds them", guessed))
        for owner, keypoints in people.items():
            found = [box for b, box in enumerate(boxes) if owner in (box.group, b)]
            if owner not in repeated:
                xywh = found[0].xywh if len(found) == 1 else None
                self.add_person(image, found[0].label if found else None, keypoints, xywh)
        for b, box in enumerate(boxes):
            if box.group not in people and b not in people:
                self.add_person(image, box.label, {}, box.xywh)

    def categories(self) -> set[str]:
        """The categories of people with keypoints."""
        found = {category for _, category, keypoints, _ in self._people if keypoints}
        known = {category for category in found if category is not None}
        return known if known == found or len(known) == 1 else {*known, _PERSON}

    def build(self, joints: Mapping[str, Sequence[str]], edges: Mapping[str, Sequence[Sequence[int]]]) -> dict:
        """Returns the content: images, annotations and categories.

        Args:
            joints: the joints of each category with keypoints; others have only boxes.
            edges: pairs of joints by number, from 1, for each category.
        """
        found = self.categories()
        default = next(iter(found)) if len(found) == 1 else _PERSON
        people = [(image, default if category is None else category, *rest) for image, category, *rest in self._people]
        names = dict.fromkeys([*joints, *(category for _, category, _, _ in people)])
        numbers = {name: number for number, name in enumerate(names, start=1)}
        annotations = []
        for image, category, keypoints, box in people:
            own = [keypoints.get(joint, (0, 0, 0)) for joint in joints.get(category, ())]
            entry = {"id": len(annotations) + 1, "image_id": image, "category_id": numbers[category], "iscrowd": 0}
            entry["keypoints"] = [value for x, y, v in own for value in ((x, y, v) if v else (0, 0, 0))]
            annotations.append(entry | ({} if box is None else {"bbox": list(box)}))
        categories = [
            {"id": number, "name": name}
            | (
                {"keypoints": list(joints[name]), "skeleton": [list(edge) for edge in edges.get(name, ())]}
                if name in joints
                else {}
            )
            for name, number in numbers.items()
        ]
        return {"images": list(self.images.values()), "annotations": annotations, "categories": categories}


_HINT = "group the keypoints of each person, or draw each person's box"


def _owner(point: Point, boxes: Sequence[Box], grouped: bool) -> object:
    """A group, the number of a box without a group, or "" for the image's only person; None if unknown."""
    if point.group:
        return point.group
    own = [b for b, box in enumerate(boxes) if box.contains(point.keypoint)] if len(boxes) > 1 else range(len(boxes))
    if len(own) == 1:
        return boxes[own[0]].group or own[0]
    return None if boxes or grouped else ""
