"""Labeled images from an official annotation file of COCO's form, without records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluate.poses_2d.frames import Ignored, LabeledFrame, known_areas
from evaluate.poses_2d.predictions import ImageNames
from pose import COCO17, Skeleton
from pose.joint_names import joint_names, own_skeleton
from pose.results.json_file import entry_error, load_json, number_of

#: The head's size, as a share of the diagonal of its box (MPII's SC_BIAS).
HEAD_SHARE = 0.6
_MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError)
# COCO measures boxes from the image's corner, we from the center of its first pixel.
_CORNER = np.array([0.5, 0.5, 0, 0])


@dataclass(frozen=True, eq=False)
class Annotations:
    """The images of an annotation file.

    Attributes:
        skeleton: COCO's 17 joints, or the file's own.
        frames: the images, by id.
        names: what each may be called.
    """

    skeleton: Skeleton
    frames: list[LabeledFrame]
    names: list[ImageNames]


def read_annotations(path: Path) -> Annotations:
    """Reads an annotation file: COCO's, CrowdPose's, PoseTrack's or one like them.

    People without labeled keypoints and crowds (`iscrowd`) are not to be found, as in COCO's evaluation.

    Raises:
        ValueError: it cannot be read, or has no category with keypoints.
    """
    content = load_json(path)
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no annotations: a file of COCO's form has images, annotations and categories")
    try:
        kinds = {number_of(kind["id"]): kind for kind in content["categories"] if kind.get("keypoints")}
        images = {number_of(image["id"]): str(image.get("file_name", "")) for image in content["images"]}
        videos = {number_of(image["id"]): _video(image) for image in content["images"]}
        entries = list(content["annotations"])
    except _MALFORMED as error:
        raise entry_error(path, "images, annotations or categories", error) from error
    if len(kinds) != 1:
        raise ValueError(f"{path} must have one category with keypoints, it has {len(kinds)}")
    number, kind = next(iter(kinds.items()))
    skeleton, order = _skeleton(kind, path)
    people: dict[int, list[dict]] = {image: [] for image in images}
    for place, entry in enumerate(entries):
        try:
            if number_of(entry.get("category_id", number)) == number:
                people[number_of(entry["image_id"])].append(_person(entry, order))
        except _MALFORMED as error:
            raise entry_error(path, f"annotation {place}", error) from error
    ids = sorted(images)
    return Annotations(
        skeleton,
        [_frame(images[image] or str(image), people[image], len(order), videos[image]) for image in ids],
        [ImageNames(image, _names(images[image])) for image in ids],
    )


def _names(file_name: str) -> tuple[str, ...]:
    bare = re.sub(r"\.\w+$", "", file_name.replace("\\", "/"))
    return tuple(dict.fromkeys(name for name in (bare, bare.rsplit("/", 1)[-1]) if name))


def _video(image: dict) -> tuple[str, int]:
    """The video of an image, by PoseTrack's `vid_id` or the folder, and its number in it."""
    folder = str(image.get("file_name", "")).replace("\\", "/").rpartition("/")[0]
    return str(image.get("vid_id", folder)), number_of(image.get("frame_id", image["id"]))


def _skeleton(kind: dict, path: Path) -> tuple[Skeleton, list[int]]:
    """The skeleton of a category, and the place in it of each of the file's keypoints."""
    try:
        joints = joint_names(kind["keypoints"])
        if set(joints) == set(COCO17.joints):
            return COCO17, [COCO17.index(joint) for joint in joints]
        return own_skeleton(str(kind.get("name", "person")), joints), list(range(len(joints)))
    except _MALFORMED as error:
        raise entry_error(path, "keypoints of the category", error) from error


def _person(entry: dict, order: list[int]) -> dict:
    keypoints = np.array(entry.get("keypoints") or [0] * 3 * len(order), np.float64).reshape(-1, 3)
    if len(keypoints) != len(order) or not np.isfinite(keypoints).all():
        raise ValueError(f"{len(keypoints)} keypoints instead of {len(order)}, or one that is not finite")
    joints, visible = np.zeros((len(order), 2)), np.zeros(len(order), np.int64)
    joints[order], visible[order] = keypoints[:, :2], keypoints[:, 2]
    box = np.array(entry.get("bbox") or (0, 0, 0, 0), np.float64).reshape(4) - _CORNER
    area, crowd = float(entry.get("area") or 0), bool(int(entry.get("iscrowd") or 0))
    # PoseTrack's.
    head = np.array(entry.get("bbox_head") or (0, 0, 0, 0), np.float64).reshape(4)
    size = HEAD_SHARE * float(np.hypot(*head[2:]))
    found = {"joints": joints, "visible": visible, "box": box, "area": area, "crowd": crowd, "head": size}
    return found | {"number": number_of(entry.get("track_id", -1))}


def _frame(key: str, people: list[dict], joints: int, video: tuple[str, int]) -> LabeledFrame:
    labeled = [person for person in people if person["visible"].any() and not person["crowd"]]
    others = [person for person in people if not person["visible"].any() or person["crowd"]]
    xy = np.array([person["joints"] for person in labeled]).reshape(-1, joints, 2)
    visible = np.array([person["visible"] for person in labeled], np.int64).reshape(-1, joints)
    boxes, areas = _boxes(labeled), np.array([person["area"] for person in labeled])
    return LabeledFrame(
        key,
        xy,
        visible,
        boxes,
        known_areas(xy, visible, boxes, areas),
        np.array([person["head"] for person in labeled]),
        Ignored(
            _boxes(others),
            np.array([person["area"] for person in others]),
            np.array([person["crowd"] for person in others], bool),
        ),
        np.array([person["number"] for person in labeled], np.int64),
        video,
    )


def _boxes(people: list[dict]) -> np.ndarray:
    return np.array([person["box"] for person in people]).reshape(-1, 4)
