"""The labels of MPII Human Pose: a MATLAB file of nested structures, many of them empty or with other fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_prep.mat_file import read_mat
from data_prep.reader import LeftOut
from pose import MPII16, box_from_joints
from records import BadInput, Region

#: The side of the box that is usually cropped, for a person of scale 1.
BOX_PX = 200.0
#: How far its center is below the labeled one, for a person of scale 1, so that it includes the legs.
DOWN_PX = 15.0
#: The normalizer of MPII's evaluation, as a share of the diagonal of the head's box (its SC_BIAS).
HEAD_SHARE = 0.6

_MALFORMED = (AttributeError, KeyError, OverflowError, TypeError, ValueError)


@dataclass(frozen=True, eq=False)
class LabeledPerson:
    """One person.

    Attributes:
        number: the person's number in the image, from 1.
        box_px: float64 (4,), x_min, y_min, width, height.
        xy_px: float32 (16, 2), 0 where not labeled.
        visible: int64 (16,), 0, 1 or 2.
        head_size_px: 0.6 of the diagonal of the head's box, None where there is none.
    """

    number: int
    box_px: np.ndarray
    xy_px: np.ndarray
    visible: np.ndarray
    head_size_px: float | None


@dataclass(frozen=True, eq=False)
class LabeledPicture:
    """One image with at least one labeled person.

    Attributes:
        name: its file's name.
        number: the image's number in the labels, from 1.
        video: the YouTube name of its video, or "unknown".
        people: the people, broken ones and those left out; and, for frames, where those without joints are.
    """

    name: str
    number: int
    video: str
    people: list[LabeledPerson | BadInput | LeftOut | Region]


def read_labels(path: Path, *, separate: bool, unlabeled: bool = False) -> list[LabeledPicture | BadInput | LeftOut]:
    """Reads the people of the training images; the file has no other people's joints.

    Args:
        path: `mpii_human_pose_v1_u12_1.mat`.
        separate: only people whom the file lists as well separated from others.
        unlabeled: also where people without joints are.

    Raises:
        ValueError: the file as a whole cannot be used.
    """
    try:
        release = _fields(read_mat(path, "RELEASE", squeeze=True))
        columns = [_listed(release[name]) for name in ("annolist", "img_train")]
        # SciPy unwraps a cell array of one cell.
        columns.append(_listed(release["single_person"]) if len(columns[0]) > 1 else [release["single_person"]])
        videos = [str(name) for name in _listed(release["video_list"])]
        if len({len(column) for column in columns}) != 1:
            raise ValueError(f"lists of {[len(column) for column in columns]} pictures")
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ValueError(f"{path} cannot be read as MPII's labels ({type(error).__name__}: {error!s:.300})") from error
    pictures: list[LabeledPicture | BadInput | LeftOut] = []
    for number, (entry, train, apart) in enumerate(zip(*columns, strict=True), 1):
        if not _truth(train):
            if count := np.size(getattr(entry, "annorect", ())):
                pictures.append(LeftOut("in a picture of the test, whose joints have never been published", count))
            continue
        what = f"{path} picture {number}"
        try:
            labels = _fields(entry)
            chosen = {int(index) for index in np.ravel(apart)} if separate else None
            people = list(_people(labels, chosen, what, unlabeled))
            if all(isinstance(person, LeftOut) for person in people):
                pictures += people
            else:
                name = str(_fields(labels["image"])["name"])
                pictures.append(LabeledPicture(name, number, _video(labels, videos), people))
        except _MALFORMED as error:
            pictures.append(BadInput(what, f"malformed ({type(error).__name__}: {error})"))
    return pictures


def _fields(struct: object) -> dict:
    """A MATLAB structure as a dictionary.

    Raises:
        TypeError: it is none.
    """
    if not hasattr(struct, "_fieldnames"):
        raise TypeError(f"{struct!r:.100} is no structure")
    return {name: getattr(struct, name) for name in struct._fieldnames}


def _listed(value: object) -> list:
    """A list from an array, which SciPy unwraps if it has one element."""
    return list(value.ravel()) if isinstance(value, np.ndarray) else [value]


def _truth(value: object) -> bool:
    return bool(np.size(value)) and bool(np.ravel(value)[0])


def _video(entry: dict, videos: list[str]) -> str:
    index = np.ravel(entry.get("vidx", ()))
    # All images of unknown origin are one sequence, so that no video is in two splits.
    return videos[int(index[0]) - 1] if index.size and 1 <= int(index[0]) <= len(videos) else "unknown"


def _people(
    entry: dict, chosen: set[int] | None, what: str, unlabeled: bool
) -> Iterator[LabeledPerson | BadInput | LeftOut | Region]:
    """The labeled people of one image; those without joints are left out."""
    for number, struct in enumerate(_listed(entry["annorect"]), 1):
        if chosen is not None and number not in chosen:
            yield LeftOut("not listed as well apart from others (--separate)")
            continue
        try:
            labels = _fields(struct)
            if np.size(labels.get("annopoints", ())):
                yield _person(number, labels, _listed(_fields(labels["annopoints"])["point"]))
            else:
                yield LeftOut("no joint is labeled")
                box_px = _square(labels) if unlabeled else None
                if box_px is not None:
                    yield Region.of_box(box_px)
        except _MALFORMED as error:
            yield BadInput(f"{what} person {number}", f"malformed ({type(error).__name__}: {error})")


def _person(number: int, labels: dict, points: list) -> LabeledPerson:
    xy_px = np.zeros((MPII16.num_joints, 2), np.float32)
    visible = np.zeros(MPII16.num_joints, np.int64)
    for point in map(_fields, points):
        joint = int(point["id"])
        if not 0 <= joint < MPII16.num_joints or visible[joint]:
            raise ValueError(f"joint {joint} is none of 0 to 15, or labelled twice")
        # MATLAB counts pixels from 1.
        xy_px[joint] = float(point["x"]) - 1, float(point["y"]) - 1
        mark = np.ravel(point.get("is_visible", ()))
        # Empty for the joints of the head, and sometimes a string.
        visible[joint] = 2 if not mark.size or int(mark[0]) else 1
    if not points or not np.isfinite(xy_px).all():
        raise ValueError("no joint, or one that is NaN or infinite")
    return LabeledPerson(number, _box(labels, xy_px, visible), xy_px, visible, _head_size(labels))


def _head_size(labels: dict) -> float | None:
    if not all(np.size(labels.get(name, ())) for name in ("x1", "y1", "x2", "y2")):
        return None
    x1, y1, x2, y2 = (float(labels[name]) for name in ("x1", "y1", "x2", "y2"))
    size_px = HEAD_SHARE * float(np.hypot(x2 - x1, y2 - y1))
    return size_px if np.isfinite(size_px) and size_px > 0 else None


def _box(labels: dict, xy_px: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """The square that is usually cropped, or the joints' box for the few people without scale or position."""
    square = _square(labels)
    return box_from_joints(xy_px, visible) if square is None else square


def _square(labels: dict) -> np.ndarray | None:
    """The square that is usually cropped, None without scale or position."""
    if not (np.size(labels.get("objpos", ())) and np.size(labels.get("scale", ()))):
        return None
    place, scale = _fields(labels["objpos"]), float(labels["scale"])
    x, y, side = float(place["x"]) - 1, float(place["y"]) - 1 + DOWN_PX * scale, BOX_PX * scale
    box_px = np.array([x - side / 2, y - side / 2, side, side])
    if not np.isfinite(box_px).all() or side <= 0:
        raise ValueError(f"scale {scale} and place {place} give no box")
    return box_px
