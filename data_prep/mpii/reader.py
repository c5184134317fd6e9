"""MPII Human Pose (Andriluka et al., CVPR 2014)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from data_prep.mpii.labels import LabeledPerson, LabeledPicture, read_labels
from data_prep.reader import PICTURES_A_UNIT, Item, LeftOut, Reader, Unit, Unlabeled
from data_prep.video.pictures import PictureFile
from pose import MPII16, Skeleton
from records import BadInput, Person, Region

LABELS = "mpii_human_pose_v1_u12_1.mat"


@dataclass(frozen=True)
class Mpii(Reader):
    """Reads the labeled people of the training images; the test images' joints have never been published.

    The labels count pixels from 1, as MATLAB does, and are moved by one. A joint is hidden (1) where `is_visible` is
    0, and seen (2) where it is 1 or empty, as for the head. The box is the square that is usually cropped: 200 px times
    the person's scale, its center 15 px times the scale below the labeled one. `sequence` is the image's video, so that
    splits are by video; `frame` is the image's number in the labels and `person` the person's number there, both from
    1. In records of frames, the squares of people without labeled joints, or with few, are where people are not
    labeled.

        ROOT/images/*.jpg
        ROOT/mpii_human_pose_v1_u12_1.mat    or one folder deeper, as its archive unpacks

    Attributes:
        root: the folder with both.
        separate: only people well separated from others, those of the single-person benchmark.
        min_visible_joints: people with fewer labeled joints are left out.
    """

    root: Path
    separate: bool = False
    min_visible_joints: int = 4

    def __post_init__(self) -> None:
        if not self.images.is_dir():
            raise ValueError(f"there is no folder {self.images}; unpack mpii_human_pose_v1.tar.gz into the root")
        if not 1 <= self.min_visible_joints <= MPII16.num_joints:
            raise ValueError(f"min_visible_joints must lie between 1 and 16, got {self.min_visible_joints}")
        if not self.labels.is_file():
            raise ValueError(f"there is no {self.labels}; unpack mpii_human_pose_v1_u12_2.zip into the root")

    @property
    def images(self) -> Path:
        """The folder of images."""
        return Path(self.root) / "images"

    @property
    def labels(self) -> Path:
        """The labels' file."""
        return next(iter(sorted(Path(self.root).glob(f"*/{LABELS}"))), Path(self.root) / LABELS)

    @property
    def skeleton(self) -> Skeleton:
        """MPII's 16 joints."""
        return MPII16

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "mpii"

    @cached_property
    def _pictures(self) -> list[LabeledPicture | BadInput | LeftOut]:
        pictures = read_labels(self.labels, separate=self.separate, unlabeled=self.of_frames)
        if not any(isinstance(picture, LabeledPicture) for picture in pictures):
            raise ValueError(f"{self.labels} labels no person in a training picture")
        return pictures

    def for_frames(self) -> Self:
        """The reader whose units also stream where people are not labeled."""
        if self.separate:
            raise ValueError("separate chooses people, and frames have all of theirs; leave it out")
        return super().for_frames()

    def total(self) -> int:
        """The most people there may be."""
        return sum(
            len(item.people) if isinstance(item, LabeledPicture) else getattr(item, "count", 1)
            for item in self._pictures
        )

    def sequence_names(self) -> set[str]:
        """The people's videos."""
        return {person.sequence for person in self.people() if isinstance(person, Person)}

    def units(self) -> list[Unit]:
        """Lists spans of the images, in the order of the labels.

        Raises:
            ValueError: the labels cannot be read, or label nobody.
        """
        starts = range(0, len(self._pictures), PICTURES_A_UNIT)
        return [
            _Span(f"{start:06d}", self.images, self.min_visible_joints, self._pictures[start : start + PICTURES_A_UNIT])
            for start in starts
        ]


@dataclass(frozen=True, eq=False)
class _Span:
    """Some images with their labels. It holds the labels, as their file is slow to read."""

    name: str
    images: Path
    min_visible_joints: int
    pictures: list[LabeledPicture | BadInput | LeftOut]

    def files(self) -> Iterator[Path]:
        """The images."""
        return (self.images / picture.name for picture in self.pictures if isinstance(picture, LabeledPicture))

    def people(self) -> Iterator[Item]:
        """Streams their people."""
        for picture in self.pictures:
            if not isinstance(picture, LabeledPicture):
                yield picture
            elif Path(picture.name).name != picture.name:
                yield BadInput(picture.name, f"lies outside {self.images}")
            elif not os.path.isfile(self.images / picture.name):
                yield BadInput(str(self.images / picture.name), "labeled, but missing")
            else:
                yield from self._people(picture)

    def _people(self, labels: LabeledPicture) -> Iterator[Item]:
        picture = PictureFile(str(self.images / labels.name), None)
        for person in labels.people:
            if isinstance(person, Region):
                yield self._unlabeled(person, labels, picture)
            elif not isinstance(person, LabeledPerson):
                yield person
            elif (person.visible > 0).sum() < self.min_visible_joints:
                yield LeftOut(f"fewer than {self.min_visible_joints} joints (--min-visible-joints)")
                yield self._unlabeled(Region.of_box(person.box_px), labels, picture)
            else:
                yield self._person(person, labels, picture)

    @staticmethod
    def _unlabeled(region: Region, labels: LabeledPicture, picture: PictureFile) -> Unlabeled:
        return Unlabeled(picture, "mpii", labels.video, frame=labels.number, region=region)

    @staticmethod
    def _person(person: LabeledPerson, labels: LabeledPicture, picture: PictureFile) -> Person:
        return Person(
            picture=picture,
            box_px=person.box_px,
            joints_xy_px=person.xy_px,
            visible=person.visible,
            dataset="mpii",
            sequence=labels.video,
            frame=labels.number,
            person=person.number,
            head_size_px=person.head_size_px,
        )
