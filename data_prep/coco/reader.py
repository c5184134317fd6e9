"""COCO keypoints (Lin et al., arXiv 1405.0312), of COCO and of other tools: people, or any category's own joints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Literal

from data_prep.coco.annotations import CocoFile, load_coco, order, parse_coco
from data_prep.coco.layout import find_files, inner_path, shared_folders
from data_prep.coco.naming import Naming
from data_prep.coco.unit import CocoUnit, LabeledPicture, Wanted
from data_prep.reader import ADDED, PICTURES_A_UNIT, Item, Reader, Remark, Tally, Unit
from pose import Skeleton
from records import Person

# Up to this many people, all are read to find their sequences.
_FEW = 5000
# The key of an image's video in YouTube-VIS and others, and in PoseTrack.
_VIDEO = ("video_id", "vid_id")


@dataclass(frozen=True)
class Coco(Reader):
    """Reads a keypoints file of COCO's form and its folder of images.

        ROOT/annotations/person_keypoints_SUBSET.json, ROOT/SUBSET/*.jpg           COCO
        ROOT/annotations/person_keypoints_SUBSET.json, ROOT/images/SUBSET/*.jpg    CVAT, or ROOT/images/*.jpg
        ROOT/SUBSET/_annotations.coco.json, ROOT/SUBSET/*.jpg                      Roboflow

    COCO's keypoints are pixel indices, with (0, 0) the center of the top-left pixel, as here; they are unchanged. Its
    boxes start at the image's top-left corner, half a pixel off, and are moved by that. If the category's keypoints are
    COCO's 17, in whatever order and spelling (`pose.joint_names`), the skeleton is `COCO17`; otherwise it is the file's
    own. A missing or wrong box is replaced by that of the labeled keypoints; a missing or wrong area is unknown. Crowd
    regions and other categories are left out. `person` is the annotation's id, or its position if ids are no numbers.

    In records of frames, `frame` is the image's id, and the outlines (or else the boxes) of crowds, of people without
    keypoints and of people who are left out for having few keypoints or a small box are where people are not labeled.
    An image of only such people becomes a frame too; an image without any person does not. `person` is the track's
    number where the file tells it, and its regions to ignore are not labeled either, both as in PoseTrack 2018.

    Attributes:
        root: the folder with both.
        subset: such as train2017, val2017, default or train.
        annotations: the keypoints file, if it is elsewhere.
        images: the folder of images, if it is elsewhere.
        category: the category to read; by default the one with keypoints, or "person" if several have them.
        group_by: what is one sequence, and so in one split: each image; each folder; each video by the images'
            video_id; or the match of a regular expression in the file's name (its first group, if it has one).
        orientation: whether labels of images with an EXIF orientation are for the stored pixels ("stored") or for the
            image as shown ("turned"); "auto" decides by width and height, and takes them as shown if ambiguous.
        min_keypoints: people with fewer labeled keypoints are left out; by default a third of those that the file
            names, which is 6 of 17.
        min_box_px: people whose box is smaller, on its longer side, are left out.
        min_score: people with a lower "score" in the file, as predictions have, are left out; labels without a score
            stay.
        pairs: mirror images whose names do not say left and right, each as LEFT:RIGHT.
        sigmas: constants of OKS, as JOINT=NUMBER, or one number for all others. By default those of COCO for joints
            with COCO's names, and 0.072, the median of COCO's 17, for other joints.
        rename: other names for keypoints, as OLD=NEW; with a name of COCO, training can start from weights for that
            joint.
    """

    root: Path = Path(".")
    subset: str = "train2017"
    annotations: Path | None = None
    images: Path | None = None
    category: str | None = None
    group_by: str = "image"
    orientation: Literal["auto", "stored", "turned"] = "auto"
    min_keypoints: int | None = None
    min_box_px: float = 32.0
    min_score: float | None = field(default=None, metadata=ADDED)
    pairs: tuple[str, ...] = ()
    sigmas: tuple[str, ...] = ()
    rename: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        annotations, images = self._find()
        object.__setattr__(self, "annotations", annotations)
        object.__setattr__(self, "images", images)
        if self.min_keypoints is not None and self.min_keypoints < 1:
            raise ValueError(f"min_keypoints must be 1 or more, got {self.min_keypoints}")
        Naming(self.pairs, self.sigmas, self.rename)
        if not self.min_box_px >= 1:
            raise ValueError(f"min_box_px must be 1 or more, got {self.min_box_px}")
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise ValueError(f"min_score must lie between 0 and 1, got {self.min_score}")
        if self.orientation not in ("auto", "stored", "turned"):
            raise ValueError(f"orientation must be auto, stored or turned, got {self.orientation!r}")
        try:
            re.compile(self.group_by)
        except re.error as error:
            raise ValueError(
                f"group_by must be image, folder, video or a regular expression, got {self.group_by!r} ({error})"
            ) from error

    @property
    def skeleton(self) -> Skeleton:
        """COCO's 17 joints, or the file's own."""
        return self._content.skeleton

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "coco"

    def _find(self) -> tuple[Path, Path]:
        """The annotations and the folder of images."""
        return find_files(Path(self.root), self.subset, self.annotations, self.images)

    def _load(self) -> tuple[dict, Iterable[Item]]:
        """The content of a keypoints file, and what is to be said of it."""
        return load_coco(self.annotations, outlines=self.of_frames), ()

    @cached_property
    def _content(self) -> CocoFile:
        naming = Naming(self.pairs, self.sigmas, self.rename)
        loaded, items = self._load()
        content = parse_coco(loaded, self.annotations, self.category, naming)
        # What is not labeled is large, and needed for frames only.
        unlabeled = content.unlabeled if self.of_frames else []
        content = replace(content, items=(*items, *content.items), unlabeled=unlabeled)
        if self.min_keypoints is not None and self.min_keypoints > len(content.order):
            raise ValueError(
                f"min_keypoints must be {len(content.order)} or less, as {self.annotations} names no more keypoints, "
                f"got {self.min_keypoints}"
            )
        return content

    def total(self) -> int:
        """The most people there may be."""
        return len(self._content.people) + sum(
            getattr(item, "count", 1) for item in self._items if not isinstance(item, Remark)
        )

    @cached_property
    def _wanted(self) -> Wanted:
        joints = self._content.order
        least = -(-len(joints) // 3) if self.min_keypoints is None else self.min_keypoints
        shared = shared_folders(str(entry.get("file_name")) for entry in self._content.pictures.values())
        return Wanted(joints, least, self.min_box_px, self.orientation, shared, self.min_score)

    @cached_property
    def _pictures(self) -> list[LabeledPicture]:
        """The images with people, by id."""
        entries, first = self._content.pictures, {}
        for number, entry in entries.items():
            # An image listed twice is in one split.
            first.setdefault(str(entry.get("file_name")), number)
        rows: list[tuple[str, int | None, dict]] = [*self._content.people]
        rows += [(number, None, annotation) for number, annotation in self._content.unlabeled]
        # Stable, and the people are in this order already.
        rows.sort(key=lambda row: order(row[0]))
        pictures = []
        for place, (number, people) in enumerate(groupby(rows, key=lambda row: row[0])):
            entry = entries.get(number)
            sequence = "" if entry is None else self._sequence(first[str(entry.get("file_name"))], entry)
            frame = 0 if not self.of_frames else int(number) if number.isdecimal() else place
            own = tuple(row[1:] for row in people)
            pictures.append(LabeledPicture(number, sequence, entry, _by_track(own) if self.of_frames else own, frame))
        return pictures

    def _sequence(self, number: str, entry: dict) -> str:
        name = str(entry.get("file_name"))
        path = inner_path(self.images, PurePosixPath(name.replace("\\", "/")))
        if self.group_by == "image":
            found = number
        elif self.group_by == "folder":
            found = str(path.parent)
        elif self.group_by == "video":
            found = next((entry[key] for key in _VIDEO if entry.get(key) is not None), None)
            if found is None:
                raise ValueError(f"{self.annotations} tells no video_id of {name!r:.200}; group by folder or a REGEX")
        else:
            match = re.search(self.group_by, str(path))
            found = match and match[1 if match.re.groups else 0]
            if not found:
                raise ValueError(
                    f"group_by {self.group_by!r} finds nothing in {str(path)!r:.200}; change the expression"
                )
        # The part before a slash would decide the split of all sequences that begin with it.
        return str(found).replace("/", ":")

    @cached_property
    def _items(self) -> list[Item]:
        """Remarks and counts that are known before any image is read."""
        paths = [
            inner_path(self.images, PurePosixPath(str(p.entry.get("file_name")))) for p in self._pictures if p.entry
        ]
        many = len({path.parent for path in paths}) > 1
        videos = all(picture.entry and not picture.entry.keys().isdisjoint(_VIDEO) for picture in self._pictures)
        named = all("frame" in path.name.lower() for path in paths)
        numbered = many and all(path.stem[-1:].isdigit() for path in paths)
        items = list(self._content.items)
        if self.group_by == "image" and len(paths) > 1 and (videos or named or numbered):
            how = "video" if videos else "folder" if many else "REGEX"
            items.append(
                Remark(
                    "pictures that look like frames of videos, each a sequence of its own; to keep a video on one side "
                    f"of the split, give --group-by {how}",
                    len(paths),
                )
            )
        return items

    def sequence_names(self) -> set[str]:
        """The people's sequences; in large sets also those whose people may all be left out."""
        if len(self._content.people) > _FEW:
            return {picture.sequence for picture in self._pictures}
        return {item.sequence for item in self.people() if isinstance(item, Person)}

    def units(self) -> list[Unit]:
        """Lists the labeled people by image id and annotation id.

        Raises:
            ValueError: the annotations cannot be read, label none of these joints, or have no person.
        """
        pictures, files = self._pictures, (self.images, self.annotations)
        chunks = (pictures[i : i + PICTURES_A_UNIT] for i in range(0, len(pictures), PICTURES_A_UNIT))
        units: list[Unit] = [Tally(f"{self.subset}/items", tuple(self._items))] if self._items else []
        for chunk in chunks:
            number = chunk[0].number
            name = f"{int(number):012d}" if number.isdecimal() else number
            units.append(CocoUnit(f"{self.subset}/{name}", tuple(chunk), *files, self._wanted))
        return units


def _by_track(people: tuple[tuple[int | None, dict], ...]) -> tuple[tuple[int | None, dict], ...]:
    """An image's people with the numbers of their tracks, if all have one of their own."""
    labeled = [entry.get("track_id") for number, entry in people if number is not None]
    are_numbers = all(isinstance(track, int) and 0 <= track < 1 << 63 for track in labeled)
    if not are_numbers or len(set(labeled)) < len(labeled):
        return people
    return tuple((None if number is None else entry["track_id"], entry) for number, entry in people)
