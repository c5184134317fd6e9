"""Parses COCO keypoints files, also those of other tools: which annotations are people, and with which joints."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from data_prep.coco.full_body import with_feet
from data_prep.coco.naming import Naming
from data_prep.reader import Item, LeftOut, Remark
from pose import COCO17, SKELETONS, Skeleton
from pose.joint_names import in_words, joint_names
from records import BadInput

_PERSON = "person"
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, eq=False)
class CocoFile:
    """The people, animals or things of a keypoints file.

    Attributes:
        pictures: the images' entries by id.
        people: (image id, person number, annotation) of those with keypoints, sorted by the first two.
        skeleton: `COCO17` if the file names COCO's 17 keypoints, in whatever order; `BODY26` for Halpe's files;
            otherwise the file's own.
        order: the index in the skeleton of each of the file's K keypoints.
        items: people left out, broken annotations and remarks.
        unlabeled: (image id, annotation) of crowds, and of people without keypoints.
    """

    pictures: dict[str, dict]
    people: list[tuple[str, int, dict]]
    skeleton: Skeleton
    order: tuple[int, ...]
    items: tuple[Item, ...]
    unlabeled: list[tuple[str, dict]] = field(default_factory=list)


def load_coco(path: Path, *, outlines: bool = False) -> dict:
    """Loads a keypoints file, with outlines and masks only if they are asked for.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            return json.load(file, object_hook=None if outlines else _without_outline)
    except _MALFORMED as error:
        raise _no_coco(path, error) from error


def parse_coco(content: dict, path: Path, category: str | None = None, naming: Naming | None = None) -> CocoFile:
    """Reads the content of a keypoints file.

    Args:
        content: a dictionary with "images", "annotations" and "categories".
        path: the file, for messages.
        category: the category to read; by default the one with keypoints, or "person" if several have them.
        naming: what a user says of the keypoints.

    Raises:
        ValueError: it is no such content, its category is ambiguous, its keypoints' names are wrong, two images share
            an id, or no keypoints are labeled.
    """
    try:
        content = with_feet(content)
        images, annotations, categories = (list(content[key]) for key in ("images", "annotations", "categories"))
        ids = [identity(image["id"]) for image in images]
        names = {identity(kind["id"]): str(kind["name"]) for kind in categories}
        keypoints = {identity(kind["id"]): list(kind.get("keypoints") or ()) for kind in categories}
        limbs = {identity(kind["id"]): kind.get("skeleton") for kind in categories}
    except _MALFORMED as error:
        raise _no_coco(path, error) from error
    chosen = _chosen(names, keypoints, category, path)
    try:
        skeleton, order, assumed = (naming or Naming()).skeleton(
            names[chosen[0]], keypoints[chosen[0]], limbs[chosen[0]]
        )
    except ValueError as error:
        raise ValueError(f"{path}, category {names[chosen[0]]!r:.40}: {error}") from error
    pictures = _by_id(ids, images, path)
    listed, items, unlabeled = _people(annotations, names, chosen, path)
    people, repeated = _numbered(listed)
    if not people:
        why = "; ".join(f"{item.count} {item.reason}" for item in items if isinstance(item, LeftOut))
        raise ValueError(f"{path} labels no person's keypoints" + (f": {why}" if why else ""))
    items += [Remark("annotations of an id that another has, numbered by their place", repeated)] if repeated else []
    if skeleton != SKELETONS.get(skeleton.name):
        items += [Remark(text, skeleton.num_joints) for text in (*assumed, *in_words(skeleton))]
    return CocoFile(pictures, people, skeleton, order, tuple(items), unlabeled)


def _no_coco(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{path} is no COCO keypoints file ({type(error).__name__}: {error!s:.200}); "
        "give person_keypoints_train2017.json or one like it"
    )


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
    chosen = chosen or [number for number in with_keypoints if _are_cocos(keypoints[number])] or with_keypoints
    if len({names[number] for number in chosen}) > 1:
        found = ", ".join(repr(names[number][:40]) for number in chosen)
        raise ValueError(f"{path} has keypoints of several categories, {found}; choose one with --category NAME")
    if any(keypoints[number] != keypoints[chosen[0]] for number in chosen):
        raise ValueError(f"{path} lists the category {names[chosen[0]]!r:.40} twice, with other keypoints")
    return chosen


def _are_cocos(names: list) -> bool:
    try:
        return set(joint_names(names)) <= set(COCO17.joints)
    except ValueError:
        return False


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
) -> tuple[list[tuple[str, str, dict]], list[Item], list[tuple[str, dict]]]:
    """(image id, id, annotation) of people with keypoints; the counts of all others; and those who are people."""
    unlabeled: list[tuple[str, dict]] = []
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
            unlabeled.append((image, entry))
        elif not _has_keypoints(entry):
            left_out["no keypoint is labeled"] += 1
            unlabeled.append((image, entry))
        else:
            people.append((image, own, entry))
    return people, [*(LeftOut(*found) for found in left_out.items()), *broken], unlabeled


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
