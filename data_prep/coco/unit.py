"""Some images of a COCO data set with their people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from data_prep.coco.layout import find_picture
from data_prep.coco.outline import read_ignored, read_region
from data_prep.coco.person import FARTHEST_PX, Labels, read_labels
from data_prep.reader import ADDED, Item, LeftOut, Remark, Unlabeled
from data_prep.video.pictures import PictureFile, read_jpeg_header
from pose.picture import JpegHeader
from records import BadInput, Person, Region

Size = tuple[int, int]
# From this EXIF orientation on, the image as shown has width and height exchanged.
_LYING = 5


@dataclass(frozen=True)
class Wanted:
    """How people are read.

    Attributes:
        order: the index in the skeleton of each of the file's keypoints.
        min_keypoints: people with fewer labeled keypoints are left out.
        min_box_px: people whose box is smaller, on its longer side, are left out.
        orientation: what labels of images with an EXIF orientation are for: stored, turned or auto.
        shared_folders: how many leading folders all names of images share.
        min_score: people of a lower score are left out; None keeps all.
    """

    order: tuple[int, ...]
    min_keypoints: int
    min_box_px: float
    orientation: str
    shared_folders: int
    min_score: float | None = field(default=None, metadata=ADDED)

    def why_left_out(self, labels: Labels | None) -> str | None:
        """Why a person is left out, None if not."""
        if labels is None:
            return "no keypoint is labeled"
        if (labels.visible > 0).sum() < self.min_keypoints:
            return f"fewer than {self.min_keypoints} keypoints (--min-keypoints)"
        if max(labels.box_px[2:]) < self.min_box_px:
            return f"box smaller than {self.min_box_px:g} px (--min-box-px)"
        if self.min_score is not None and labels.score is not None and labels.score < self.min_score:
            return f"score below {self.min_score:g} (--min-score)"
        return None


@dataclass(frozen=True)
class LabeledPicture:
    """An image with people.

    Attributes:
        number: its id.
        sequence: the sequence's name.
        entry: its entry in the file, None if the list of images lacks its id.
        people: each one's number and annotation; None for the number of a crowd, or of a person without keypoints.
        frame: its number in records of frames, 0 in those of people.
    """

    number: str
    sequence: str
    entry: dict | None
    people: tuple[tuple[int | None, dict], ...]
    frame: int = field(default=0, metadata=ADDED)


@dataclass(frozen=True)
class CocoUnit:
    """Some images with their people.

    Attributes:
        name: the subset and the first image.
        pictures: with their annotations.
        images: the folder of images.
        annotations: the keypoints file, for messages.
        wanted: how people are read.
    """

    name: str
    pictures: tuple[LabeledPicture, ...]
    images: Path
    annotations: Path
    wanted: Wanted

    def files(self) -> Iterator[Path]:
        """The images that can be found."""
        for labeled in self.pictures:
            try:
                yield self._path(labeled)
            except BadInput as bad:
                yield Path(bad.what)

    def people(self) -> Iterator[Item]:
        """Streams the people, those left out, the remarks and the broken inputs."""
        for labeled in self.pictures:
            try:
                picture, size, remark = self._picture(labeled)
            except BadInput as bad:
                yield bad
                continue
            if remark is not None:
                yield remark
            if (ignored := read_ignored(labeled.entry)) is not None:
                yield self._unlabeled(labeled, picture, ignored)
            for number, entry in labeled.people:
                if number is None:
                    yield self._unlabeled(labeled, picture, read_region(entry, size))
                else:
                    yield from self._person(labeled, number, entry, picture, size)

    def _path(self, labeled: LabeledPicture) -> Path:
        name = labeled.entry and labeled.entry.get("file_name")
        if not isinstance(name, str) or not name:
            why = "not among the images" if labeled.entry is None else f"has no file_name, but {name!r:.100}"
            raise BadInput(f"{self.annotations} image {labeled.number}", why)
        return find_picture(self.images, name, self.wanted.shared_folders)

    def _picture(self, labeled: LabeledPicture) -> tuple[PictureFile, Size | None, Remark | None]:
        """A lazy image shared by its people, the (height, width) that their labels are for, and a remark or None.

        Raises:
            BadInput: it is missing, or its labels are for another size.
        """
        path, size = self._path(labeled), _labeled_size(labeled.entry)
        header = read_jpeg_header(path)
        if header is None or header.orientation == 1:
            return PictureFile(str(path), size), size or (header and (header.height, header.width)), None
        turn, remark = self._turn(header, size)
        stored = header.height, header.width
        found = stored[::-1] if turn and header.orientation >= _LYING else stored
        if size is not None and size != found:
            raise BadInput(
                str(path),
                f"is {found[1]} x {found[0]} px {'as it is shown' if turn else 'as it is stored'} "
                f"(EXIF orientation {header.orientation}), but its labels are for {size[1]} x {size[0]} px",
            )
        return PictureFile(str(path), found, turn=turn), found, remark

    def _turn(self, header: JpegHeader, size: Size | None) -> tuple[bool, Remark | None]:
        """Whether the labels of an image with an orientation are for the image as shown; and a remark or None."""
        if self.wanted.orientation != "auto":
            return self.wanted.orientation == "turned", None
        stored = header.height, header.width
        what = f"pictures with EXIF orientation {header.orientation}"
        if header.orientation >= _LYING and stored[0] != stored[1]:
            if size == stored:
                return False, Remark(f"{what}, read as stored, as their labels' width and height are (--orientation)")
            if size is not None:
                return True, None
        return True, Remark(
            f"{what}, whose labels may be for the picture as it is shown or as it is stored; taken as shown (otherwise "
            "give --orientation stored)"
        )

    @staticmethod
    def _unlabeled(labeled: LabeledPicture, picture: PictureFile, region: Region | None) -> Unlabeled:
        return Unlabeled(picture, "coco", labeled.sequence, frame=labeled.frame, region=region)

    def _person(
        self, labeled: LabeledPicture, number: int, entry: dict, picture: PictureFile, size: Size | None
    ) -> Iterator[Item]:
        wanted, labels = self.wanted, None
        try:
            labels = read_labels(entry, wanted.order, size)
            why = wanted.why_left_out(labels)
        except ValueError as error:
            yield BadInput(f"{self.annotations} annotation {entry.get('id', number)}", str(error))
            why = None
        if labels is None or why is not None:
            if why is not None:
                yield LeftOut(why)
            yield self._unlabeled(labeled, picture, read_region(entry, size))
        else:
            if labels.from_joints:
                yield Remark("people with the box of their keypoints, as the file has none or a wrong one")
            yield Person(
                picture=picture,
                box_px=labels.box_px,
                joints_xy_px=labels.xy_px,
                visible=labels.visible,
                dataset="coco",
                sequence=labeled.sequence,
                frame=labeled.frame,
                person=number,
                area_px=labels.area_px,
            )


def _labeled_size(entry: dict) -> Size | None:
    """The (height, width) that an image's labels are for, None if the file gives none that can be."""
    try:
        height, width = int(entry["height"]), int(entry["width"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return (height, width) if 0 < height < FARTHEST_PX and 0 < width < FARTHEST_PX else None
