"""COCO person keypoints (Lin et al., arXiv 1405.0312)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from data_prep.pictures import PictureFile
from pose import COCO17, Skeleton
from records import BadInput, Person


@dataclass(frozen=True)
class Coco:
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
            content = json.loads(self.annotations.read_bytes())
            pictures = {int(picture["id"]): picture for picture in content["images"]}
            listed = [entry for entry in content["annotations"] if entry.get("num_keypoints", 1)]
            listed = [entry for entry in listed if not entry.get("iscrowd", 0)]
            listed.sort(key=lambda entry: (int(entry["image_id"]), int(entry["id"])))
            names = [kind["keypoints"] for kind in content["categories"] if kind["name"] == "person"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{self.annotations} is no COCO keypoints file ({type(error).__name__}: {error}); "
                "give person_keypoints_train2017.json or one like it"
            ) from error
        if names != [list(COCO17.joints)]:
            raise ValueError(f"{self.annotations} must label {list(COCO17.joints)} of a person, got {names}")
        if not listed:
            raise ValueError(f"{self.annotations} labels no person's keypoints")
        return pictures, listed

    def total(self) -> int:
        """How many people there are at the most."""
        return len(self._content[1])

    def people(self) -> Iterator[Person | BadInput]:
        """Streams the labelled people by picture id and annotation id, and the broken inputs.

        Raises:
            ValueError: the annotations cannot be read, label other joints, or hold no person.
        """
        return self._stream(*self._content)

    def _stream(self, pictures: dict, listed: list[dict]) -> Iterator[Person | BadInput]:
        last, handle = None, None
        for entry in listed:
            picture_id = int(entry["image_id"])
            if picture_id != last:
                last, handle = picture_id, self._picture(picture_id, pictures)
                if isinstance(handle, BadInput):
                    yield handle
            if not isinstance(handle, BadInput):
                yield from self._person(entry, handle)

    def _picture(self, picture_id: int, pictures: dict) -> PictureFile | BadInput:
        """A lazy picture that its people share."""
        try:
            entry = pictures[picture_id]
            name, size = PurePosixPath(entry["file_name"]), (int(entry["height"]), int(entry["width"]))
        except (KeyError, TypeError, ValueError) as error:
            why = f"not described ({type(error).__name__}: {error})"
            return BadInput(f"{self.annotations} image {picture_id}", why)
        path = self.images / name
        if name.is_absolute() or ".." in name.parts:
            return BadInput(str(name), f"lies outside {self.images}")
        if not path.is_file():
            return BadInput(str(path), "labelled, but missing")
        return PictureFile(str(path), size)

    def _person(self, entry: dict, picture: PictureFile) -> Iterator[Person | BadInput]:
        what = f"{self.annotations} annotation {entry['id']}"
        try:
            keypoints = np.array(entry["keypoints"], np.float64).reshape(COCO17.num_joints, 3)
            box_px = np.array(entry["bbox"], np.float64).reshape(4) - [0.5, 0.5, 0, 0]
            area_px = float(entry["area"])
        except (KeyError, TypeError, ValueError) as error:
            yield BadInput(what, f"malformed ({type(error).__name__}: {error})")
            return
        if not (np.isfinite(keypoints).all() and np.isfinite(box_px).all()):
            yield BadInput(what, "a keypoint or the box is NaN or infinite")
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
            dataset=self.dataset,
            sequence=str(entry["image_id"]),
            person=int(entry["id"]),
            area_px=area_px,
        )
