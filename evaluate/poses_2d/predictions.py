"""Results files of any tool, fitted to labeled images: which image is which, and which joint."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from machine.words import counted
from pose import SKELETONS, Skeleton, convert_joints
from pose.joint_names import joint_names
from pose.results.openpose import BODY_25, COCO_18
from pose.results.people import ImagePeople, Results


@dataclass(frozen=True)
class ImageNames:
    """What an image may be called in a results file.

    Attributes:
        number: its id; None if it has none of its own.
        names: its names, without endings.
    """

    number: int | None
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Fitted:
    """The found people of labeled images.

    Attributes:
        found: of each image.
        known: bool (J,), the joints that the results can have.
        notes: what a reader of the metrics needs to know.
    """

    found: list[ImagePeople]
    known: np.ndarray
    notes: list[str]


def names_of_records(keys: Sequence[str]) -> list[ImageNames]:
    """What frame records may be called: their keys, with and without the data set, and frames' numbers if unique.

    Args:
        keys: dataset/sequence/camera/frame each.
    """
    numbers = [int(key.rsplit("/", 1)[1]) for key in keys]
    unique = len(set(numbers)) == len(numbers)
    return [
        ImageNames(number if unique else None, (key, key.split("/", 1)[1]))
        for key, number in zip(keys, numbers, strict=True)
    ]


def named(results: Results, joints: str | None) -> Results:
    """Results with the names of their joints, as a user gives them.

    Args:
        results: of a file.
        joints: a skeleton's name, or names separated by commas; None for those that the file has.

    Raises:
        ValueError: there is no such skeleton, the names are no joints', or they are too many or few.
    """
    if joints is None:
        return results
    skeletons = SKELETONS | {one.name: one for one in (BODY_25, COCO_18)}
    if joints in skeletons:
        names = skeletons[joints].joints
    elif "," in joints:
        names = joint_names(joints.split(","))
    else:
        known = ", ".join(skeletons)
        raise ValueError(f"--joints must be one of {known}, or joints' names separated by commas, got {joints!r}")
    if results.num_joints not in (None, len(names)):
        raise ValueError(f"{results.path} has people of {results.num_joints} joints, --joints names {len(names)}")
    return replace(results, joints=names)


def fit(results: Results, images: Sequence[ImageNames], skeleton: Skeleton) -> Fitted:
    """Finds the found people of each image, with the joints of a skeleton.

    Images are found by name, or by their folder and number, as the frames of a video, or else by id. Images that the
    results lack are those in which nobody was found.

    Args:
        results: of a file.
        images: N labeled images.
        skeleton: of the labels.

    Raises:
        ValueError: none of the results' images is among them, or the joints do not fit.
    """
    by_name = {name: n for n, image in enumerate(images) for name in image.names}
    by_number = {image.number: n for n, image in enumerate(images) if image.number is not None}
    places = [by_name.get(_bare(one.name)) for one in results.images]
    if all(place is None for place in places):
        places = [by_name.get(f"{one.name.rpartition('/')[0]}/{one.number}") for one in results.images]
    if all(place is None for place in places):
        places = [None if one.number is None else by_number.get(one.number) for one in results.images]
    if results.images and all(place is None for place in places):
        raise ValueError(_no_image(results, images))
    pieces: dict[int, list[ImagePeople]] = {}
    for place, one in zip(places, results.images, strict=True):
        if place is not None:
            pieces.setdefault(place, []).append(one)
    if twice := next((parts for parts in pieces.values() if len(parts) > 1), None):
        names = " and ".join(repr(one.name or one.number) for one in twice)
        raise ValueError(f"{results.path} has results of one image under several names, {names}; keep one of them")
    known, convert = _conversion(results, skeleton)
    joints = skeleton.num_joints
    nobody = ImagePeople(None, "", np.zeros((0, joints, 2)), np.zeros((0, joints)), np.zeros(0), np.zeros(0, np.int64))
    there = {n: people for n, (people,) in pieces.items() if len(people.xy_px)}
    found = [convert(there[n]) if n in there else nobody for n in range(len(images))]
    return Fitted(found, known, _notes(results, len(images), len(pieces), skeleton, known))


def _bare(name: str) -> str:
    """A name without its ending."""
    return re.sub(r"\.\w+$", "", name)


def _no_image(results: Results, images: Sequence[ImageNames]) -> str:
    theirs = ", ".join(str(one.name or one.number) for one in results.images[:3])
    numbers = [image.number for image in images[:3] if image.number is not None]
    ours = ", ".join(map(str, numbers)) or ", ".join(image.names[0] for image in images[:3])
    how = "ids" if numbers else "names, as their numbers are not unique"
    return (
        f"none of the images of {results.path} ({theirs}, ...) is labeled; the labeled ones have the {how} {ours}, "
        "...: give results whose image_id is the labels', or whose file_name is the record's key; of videos, a folder "
        "with a file SEQUENCE/CAMERA.json for each"
    )


def _conversion(results: Results, skeleton: Skeleton) -> tuple[np.ndarray, Callable[[ImagePeople], ImagePeople]]:
    """The joints (J,) that the results can have, and what brings an image's people into the skeleton's order."""
    joints = skeleton.num_joints
    if results.joints is None:
        count = results.num_joints
        if count not in (None, joints):
            raise ValueError(
                f"{results.path} has people of {count} joints without names, the labels have the {joints} of "
                f"{skeleton.name}; name theirs with --joints, such as --joints lsp14"
            )
        return np.ones(joints, bool), lambda people: people
    source = Skeleton("results", results.joints)
    every = np.ones((1, source.num_joints))
    known = convert_joints(np.zeros((1, source.num_joints, 2)), every, source, skeleton)[1][0] > 0
    if not known.any():
        raise ValueError(
            f"{results.path} has none of the labeled joints: its own are {', '.join(results.joints)}, the labels' "
            f"{', '.join(skeleton.joints)}"
        )

    def convert(people: ImagePeople) -> ImagePeople:
        xy, scores = convert_joints(people.xy_px, people.scores, source, skeleton)
        nowhere = ~known | ((xy == 0).all(axis=-1) & (scores == 0))
        return replace(people, xy_px=np.where(nowhere[..., None], np.nan, xy), scores=scores)

    return known, convert


def _notes(results: Results, images: int, fitted: int, skeleton: Skeleton, known: np.ndarray) -> list[str]:
    notes = []
    if without := images - fitted:
        notes.append(
            f"{results.path} has no results for {without} of {counted(images, 'image')}: nobody was found there."
        )
    if others := len(results.images) - fitted:
        notes.append(f"{counted(others, 'image')} of {results.path} left out, as they are not labeled here.")
    if not known.all():
        lacking = ", ".join(joint for joint, there in zip(skeleton.joints, known, strict=True) if not there)
        notes.append(f"{results.path} has no {lacking}: wrong in AP and AR, left out where people are counted.")
    return notes
