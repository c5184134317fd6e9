"""Parses COCO keypoints files, also those of other tools: which annotations are people, and with which joints."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from data_prep.reader import Item, LeftOut, Remark
from pose import COCO17
from records import BadInput

_PERSON = "person"
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, eq=False)
class CocoFile:
    """The people of a keypoints file.

    Attributes:
        pictures: the images' entries by id.
        people: (image id, person number, annotation) of people with keypoints, sorted by the first two.
        joints: K indices in `COCO17.joints`, one for each of the file's keypoints.
        items: people left out, broken annotations and remarks.
    """

    pictures: dict[str, dict]
    people: list[tuple[str, int, dict]]
    joints: tuple[int, ...]
    items: tuple[Item, ...]


def load_coco(path: Path) -> dict:
    """Loads a keypoints file, without outlines.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            return json.load(file, object_hook=_without_outline)
    except _MALFORMED as error:
        raise _not_coco(path, error) from error


def _not_coco(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{path} is no COCO keypoints file ({type(error).__name__}: {error!s:.200}); "
        "give person_keypoints_train2017.json or one like it"
    )


def parse_coco(content: dict, path: Path, category: str | None = None) -> CocoFile:
    """Reads the content of a keypoints file.

    Args:
        content: with images, annotations and categories.
        path: the file, for messages.
        category: the category to read; by default the one with keypoints, or "person" if several have them.

    Raises:
        ValueError: it is no keypoints file, its category is ambiguous, it names keypoints that COCO does not have, two
            images share an id, or no keypoints are labeled.
    """
    try:
        images, annotations, categories = (list(content[key]) for key in ("images", "annotations", "categories"))
        ids = [identity(image["id"]) for image in images]
        names = {identity(kind["id"]): str(kind["name"]) for kind in categories}
        keypoints = {identity(kind["id"]): list(kind.get("keypoints") or ()) for kind in categories}
    except _MALFORMED as error:
        raise _not_coco(path, error) from error
    chosen = _chosen(names, keypoints, category, path)
    joints = match_keypoints(keypoints[chosen[0]], path)
    pictures = _by_id(ids, images, path)
    listed, items = _people(annotations, names, chosen, path)
    people, repeated = _numbered(listed)
    if not people:
        why = "; ".join(f"{item.count} {item.reason}" for item in items if isinstance(item, LeftOut))
        raise ValueError(f"{path} labels no person's keypoints" + (f": {why}" if why else ""))
    items += [Remark("annotations of an id that another has, numbered by their place", repeated)] if repeated else []
    if lacking := [joint for j, joint in enumerate(COCO17.joints) if j not in joints]:
        items.append(Remark(f"joints of coco17 that the file does not label: {', '.join(lacking)}", len(lacking)))
    return CocoFile(pictures, people, joints, tuple(items))


def identity(value: object) -> str:
    """An id as text, the same whether a file writes it as 7, 7.0 or "7".

    Raises:
        TypeError: it is no id.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"{value!r:.100} is no id")
    return str(value)


def order(identifier: str) -> tuple[bool, int, str]:
    """The sort key of ids: numbers first."""
    try:
        return False, int(identifier), identifier
    except ValueError:
        return True, 0, identifier


def _without_outline(entry: dict) -> dict:
    # Dropped during parsing: the full set takes 0.6 GB without outlines, and 1.5 GB with them.
    entry.pop("segmentation", None)
    return entry


def _chosen(names: dict[str, str], keypoints: dict[str, list], category: str | None, path: Path) -> list[str]:
    """The ids of the category, which may be listed more than once."""
    listed = ", ".join(repr(name[:40]) for name in dict.fromkeys(names.values())) or "none"
    with_keypoints = [number for number in names if keypoints[number]]
    wanted = _PERSON if category is None else category
    chosen = [number for number in with_keypoints if names[number].casefold() == wanted.casefold()]
    if not with_keypoints:
        raise ValueError(
            f'{path} names no keypoints of any category ({listed}); give the person\'s category "keypoints", the list '
            "of their names in the order of the annotations"
        )
    if category is not None and not chosen:
        raise ValueError(f"{path} has no category {category!r} with keypoints; its categories are {listed}")
    chosen = chosen or [number for number in with_keypoints if _are_ours(keypoints[number])] or with_keypoints
    if len({names[number] for number in chosen}) > 1:
        found = ", ".join(repr(names[number][:40]) for number in chosen)
        raise ValueError(f"{path} has keypoints of several categories, {found}; choose one with --category NAME")
    if any(keypoints[number] != keypoints[chosen[0]] for number in chosen):
        raise ValueError(f"{path} lists the category {names[chosen[0]]!r:.40} twice, with other keypoints")
    return chosen


def _plain(name: object) -> str:
    return re.sub("[^a-z0-9]", "", str(name).lower())


def _spellings() -> dict[str, int]:
    """Indices of COCO's joints by all known spellings, reduced to letters and digits."""
    found = {}
    for j, joint in enumerate(COCO17.joints):
        side, _, stem = joint.rpartition("_")
        for mark in (side, side[:1]):
            found |= {mark + stem: j, stem + mark: j}
    return found


_JOINT_OF = _spellings()


def _are_ours(names: list) -> bool:
    return all(_plain(name) in _JOINT_OF for name in names)


def match_keypoints(names: list, path: Path) -> tuple[int, ...]:
    """Matches a file's keypoints to COCO's by name.

    Case, spaces, dashes and the like are ignored, and the side may come last or be one letter: "Left Shoulder",
    "shoulder_left", "LShoulder".

    Raises:
        ValueError: COCO has no such keypoint, or two names mean the same joint.
    """
    if unknown := [str(name)[:40] for name in names if _plain(name) not in _JOINT_OF]:
        raise ValueError(
            f"{path} has keypoints that coco17 does not have: {', '.join(map(repr, unknown))}; it may have, in any "
            f"order, {', '.join(COCO17.joints)}"
        )
    joints = tuple(_JOINT_OF[_plain(name)] for name in names)
    if twice := [names[k] for k, joint in enumerate(joints) if joints.count(joint) > 1]:
        raise ValueError(
            f"{path} has several keypoints for one joint: {', '.join(map(repr, twice))}; rename all but one"
        )
    return joints


def _by_id(ids: list[str], images: list[dict], path: Path) -> dict[str, dict]:
    pictures: dict[str, dict] = {}
    for number, image in zip(ids, images, strict=True):
        before = pictures.setdefault(number, image)
        if before.get("file_name") != image.get("file_name"):
            files = " and ".join(repr(entry.get("file_name"))[:200] for entry in (before, image))
            raise ValueError(f"{path} has two pictures of the id {number}, {files}; give each an id of its own")
    return pictures


def _people(
    annotations: list, names: dict[str, str], chosen: list[str], path: Path
) -> tuple[list[tuple[str, str, dict]], list[Item]]:
    """(image id, id, annotation) of people with keypoints; and the counts of all others."""
    people: list[tuple[str, str, dict]] = []
    left_out: Counter[str] = Counter()
    broken: list[Item] = []
    for place, entry in enumerate(annotations):
        try:
            kind = entry.get("category_id")
            kind = chosen[0] if kind is None and len(names) == 1 else identity(kind)
            image, own = entry["image_id"], entry.get("id")
            image, own = identity(image), identity(place + 1 if own is None else own)
        except (AttributeError, KeyError, TypeError) as error:
            broken.append(BadInput(f"{path} annotation {place}", f"malformed ({type(error).__name__}: {error})"))
            continue
        if kind not in chosen:
            other = repr(names[kind][:40]) if kind in names else f"{kind[:40]}, which is not on the list"
            left_out[f"of another category, {other} (--category)"] += 1
        elif entry.get("iscrowd") not in (None, 0, "0", False):
            left_out["crowd regions (iscrowd)"] += 1
        elif not _has_keypoints(entry):
            left_out["no keypoint is labeled"] += 1
        else:
            people.append((image, own, entry))
    return people, [*(LeftOut(*found) for found in left_out.items()), *broken]


def _has_keypoints(entry: dict) -> bool:
    """Whether any keypoint may be labeled, regardless of `num_keypoints`."""
    keypoints = entry.get("keypoints")
    try:
        return bool(keypoints) and any(keypoints[2::3])
    except (TypeError, KeyError):
        return True


def _numbered(listed: list[tuple[str, str, dict]]) -> tuple[list[tuple[str, int, dict]], int]:
    """Numbers people by id, or all by position if any id is no number or repeated; and counts the repeated ids."""
    repeated = len(listed) - len({own for _, own, _ in listed})
    try:
        numbers = [int(own) for _, own, _ in listed]
        numbered = not repeated and all(abs(number) < 1 << 63 for number in numbers)
    except ValueError:
        numbered = False
    numbers = numbers if numbered else list(range(1, len(listed) + 1))
    people = [(image, number, entry) for number, (image, _, entry) in zip(numbers, listed, strict=True)]
    return sorted(people, key=lambda person: (order(person[0]), person[1])), repeated
