"""COCO person keypoints (Lin et al., arXiv 1405.0312)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path, PurePosixPath

import numpy as np

from data_prep.pictures import PictureFile
from data_prep.reader import PICTURES_A_UNIT, Reader
from pose import COCO17, Skeleton
from records import BadInput, Person

_FARTHEST_PX = 1e6


@dataclass(frozen=True)
class Coco(Reader):
    """Reads `person_keypoints_*.json` and its folder of pictures.

    COCO's keypoints are the indices of pixels, so that (0, 0) is the centre of the top-left pixel as it is
    here, and they are taken as they are. Its boxes are measured from the picture's top-left corner, half a
    pixel off, and are moved by that. Crowd regions are passed by. `sequence` is the picture's id, `person`
    the annotation's.

        ROOT/SUBSET/*.jpg
        ROOT/annotations/person_keypoints_SUBSET.json

    Attributes:
        root: the folder with both, as COCO's archives unpack.
        subset: such as train2017 or val2017.
        min_keypoints: people with fewer labelled keypoints are passed by.
        min_box_px: people whose box is smaller, on its longer side, are passed by.
    """

    root: Path
    subset: str = "train2017"
    min_keypoints: int = 6
    min_box_px: float = 32.0

    def __post_init__(self) -> None:
        """Checks that the files are there, and the ranges."""
        if not self.images.is_dir():
            raise ValueError(f"{self.images} is no folder of pictures; give the root and the subset of COCO")
        if not self.annotations.is_file():
            raise ValueError(f"there is no {self.annotations}; unpack COCO's annotations into the root")
        if not 1 <= self.min_keypoints <= COCO17.num_joints:
            raise ValueError(f"min_keypoints must lie between 1 and 17, got {self.min_keypoints}")
        if not self.min_box_px >= 1:
            raise ValueError(f"min_box_px must be 1 or more, got {self.min_box_px}")

    @property
    def images(self) -> Path:
        """The folder of pictures."""
        return Path(self.root) / self.subset

    @property
    def annotations(self) -> Path:
        """The keypoints file."""
        return Path(self.root) / "annotations" / f"person_keypoints_{self.subset}.json"

    @property
    def skeleton(self) -> Skeleton:
        """COCO's 17 joints."""
        return COCO17

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "coco"

    @cached_property
    def _content(self) -> tuple[dict, list[dict]]:
        """Pictures by id, and the annotations with keypoints, sorted by picture and id."""
        try:
            with self.annotations.open(encoding="utf-8") as file:
                content = json.load(file, object_hook=_without_outline)
            pictures = {int(picture["id"]): picture for picture in content["images"]}
            listed = [entry for entry in content["annotations"] if entry.get("num_keypoints", 1)]
            listed = [entry for entry in listed if not entry.get("iscrowd", 0)]
            listed.sort(key=lambda entry: (int(entry["image_id"]), int(entry["id"])))
            names = [kind["keypoints"] for kind in content["categories"] if kind["name"] == "person"]
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(
                f"{self.annotations} is no COCO keypoints file ({type(error).__name__}: {error!s:.200}); "
                "give person_keypoints_train2017.json or one like it"
            ) from error
        if names != [list(COCO17.joints)]:
            raise ValueError(f"{self.annotations} must label {list(COCO17.joints)} of a person, got {names!r:.300}")
        if not listed:
            raise ValueError(f"{self.annotations} labels no person's keypoints")
        return pictures, listed

    def total(self) -> int:
        """How many people there are at the most."""
        return len(self._content[1])

    def units(self) -> list[CocoUnit]:
        """Lists the labelled people by picture id and annotation id.

        Raises:
            ValueError: the annotations cannot be read, label other joints, or hold no person.
        """
        pictures, listed = self._content
        labelled = [
            (number, pictures.get(number, {}), list(entries))
            for number, entries in groupby(listed, key=lambda entry: int(entry["image_id"]))
        ]
        options = (self.images, self.annotations, self.min_keypoints, self.min_box_px)
        chunks = (labelled[i : i + PICTURES_A_UNIT] for i in range(0, len(labelled), PICTURES_A_UNIT))
        return [CocoUnit(f"{self.subset}/{chunk[0][0]:012d}", tuple(chunk), *options) for chunk in chunks]


def _without_outline(entry: dict) -> dict:
    # Dropped while the file is read: the full set takes 0.6 GB so, and 1.5 GB with its outlines.
    entry.pop("segmentation", None)
    return entry


@dataclass(frozen=True)
class CocoUnit:
    """Some pictures with their people.

    Attributes:
        name: of the subset and the first picture.
        pictures: each one's id, its entry and its people's annotations, as in the file.
        images: the folder of pictures.
        annotations: the keypoints file, for reports.
        min_keypoints: people with fewer labelled keypoints are passed by.
        min_box_px: people whose box is smaller, on its longer side, are passed by.
    """

    name: str
    pictures: tuple[tuple[int, dict, list[dict]], ...]
    images: Path
    annotations: Path
    min_keypoints: int
    min_box_px: float

    def files(self) -> Iterator[Path]:
        """The pictures, of those whose entries name one."""
        for _, entry, _ in self.pictures:
            if isinstance(name := entry.get("file_name"), str):
                yield self.images / name

    def people(self) -> Iterator[Person | BadInput]:
        """Streams the labelled people and the broken inputs."""
        for number, entry, people in self.pictures:
            try:
                picture = self._picture(number, entry)
            except BadInput as bad:
                yield bad
                continue
            for labelled in people:
                yield from self._person(labelled, picture)

    def _picture(self, number: int, entry: dict) -> PictureFile:
        """A lazy picture that its people share."""
        try:
            name, size = PurePosixPath(entry["file_name"]), (int(entry["height"]), int(entry["width"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            why = f"not described ({type(error).__name__}: {error})"
            raise BadInput(f"{self.annotations} image {number}", why) from error
        path = self.images / name
        if name.is_absolute() or ".." in name.parts:
            raise BadInput(str(name), f"lies outside {self.images}")
        # `Path.is_file` raises for a name that is too long.
        if not os.path.isfile(path):
            raise BadInput(str(path), "labelled, but missing")
        return PictureFile(str(path), size)

    def _person(self, entry: dict, picture: PictureFile) -> Iterator[Person | BadInput]:
        what = f"{self.annotations} annotation {entry['id']}"
        try:
            keypoints = np.array(entry["keypoints"], np.float64).reshape(COCO17.num_joints, 3)
            box_px = np.array(entry["bbox"], np.float64).reshape(4) - [0.5, 0.5, 0, 0]
            number, area_px = int(np.int64(int(entry["id"]))), float(entry["area"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            yield BadInput(what, f"malformed ({type(error).__name__}: {error})")
            return
        # Comparing is false for NaN.
        if not (np.abs(keypoints) < _FARTHEST_PX).all() or not np.isfinite([*box_px, area_px]).all():
            yield BadInput(what, "a keypoint or the box is NaN, infinite or a million pixels away, or the area is")
            return
        if not np.isin(keypoints[:, 2], (0, 1, 2)).all():
            yield BadInput(what, f"visibility must be 0, 1 or 2, got {sorted(set(keypoints[:, 2].tolist()))}")
            return
        visible = keypoints[:, 2].astype(np.int64)
        if (visible > 0).sum() < self.min_keypoints or max(box_px[2:]) < self.min_box_px:
            return
        yield Person(
            picture=picture,
            box_px=box_px,
            joints_xy_px=keypoints[:, :2].astype(np.float32),
            visible=visible,
            dataset="coco",
            sequence=str(entry["image_id"]),
            person=number,
            area_px=area_px,
        )
