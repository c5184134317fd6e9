"""The results of many images or of a video: as a table, and in the formats of other tools, several at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Self

import numpy as np

from demo.errors import ArgumentError, SourceError
from demo.outputs.files import Output, check_outputs
from demo.outputs.new_folder import NewFolder, check_new_folder
from demo.outputs.table import TABLE_ENDINGS, Table, TableRow, check_table
from machine.words import counted
from pose import Skeleton
from pose.results.coco import AnnotatedImages, coco_results, read_annotated_images
from pose.results.openpose import ENDING, openpose_frame
from pose.results.people import ImagePeople, image_numbers, number_in
from pose.results.posetrack import posetrack_content

_NO_NUMBERS = "the ids in {} are the pictures' places, from 1, as their names end in no numbers of their own"


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """The files that are written; several may be given.

    Attributes:
        out: table to write: .parquet or .csv.
        coco: COCO's keypoint results to write: .json. The id of a picture is the number at the end of its name, as in
            COCO's own names, that of a video's frame its number from 0.
        openpose: new folder for OpenPose's JSON files, one for each picture or frame.
        posetrack: PoseTrack 2018's JSON to write, of a video: .json.
        annotations: COCO annotation file that gives the pictures' ids for --coco, by their file names.
    """

    out: Path | None = None
    coco: Path | None = None
    openpose: Path | None = None
    posetrack: Path | None = None
    annotations: Path | None = None

    @property
    def table_ending(self) -> str:
        """That of further tables, as of the table of joints."""
        return self.out.suffix if self.out is not None else TABLE_ENDINGS[-1]

    def check_results(self, source: Path, others: dict[str, Path | None], *, others_written: bool = False) -> None:
        """Checks the files' names before the work begins.

        Args:
            source: what is read.
            others: what else is read, by its name in messages.
            others_written: whether other options name files, so that none of these need be given.

        Raises:
            ArgumentError, OutputError: a name cannot be used, or none is given.
        """
        files = {"--out": self.out, "--coco": self.coco, "--posetrack": self.posetrack}
        if not others_written and self.openpose is None and all(path is None for path in files.values()):
            raise ArgumentError("give a file to write: --out, --coco or --posetrack FILE, or --openpose FOLDER")
        for option, path in files.items():
            endings = TABLE_ENDINGS if option == "--out" else (".json",)
            if path is not None and path.suffix not in endings:
                raise ArgumentError(f"{option} must end in {' or '.join(endings)}, got {str(path)!r}")
        if self.annotations is not None and self.coco is None:
            raise ArgumentError("--annotations gives the ids for COCO's results; give --coco FILE too")
        read = {"the source": source, "the --annotations file": self.annotations, **others}
        check_outputs(files, read)
        if self.openpose is not None:
            check_new_folder("--openpose", self.openpose, source)

    def check_source(self, names: Sequence[str] | None) -> AnnotatedImages | None:
        """Checks that the formats fit the source, and reads the pictures' ids if they are given.

        Args:
            names: of the pictures; None for a video.

        Raises:
            DemoError: a format does not fit, its package is missing, or the annotations list none of the pictures.
            ValueError: the annotations cannot be read.
        """
        if self.out is not None:
            check_table(self.out)
        if self.posetrack is not None and names is not None:
            raise ArgumentError(
                "--posetrack is for a video, in which people keep their numbers; for pictures give --coco or --openpose"
            )
        if self.annotations is None:
            return None
        if names is None:
            raise ArgumentError("--annotations gives the ids of pictures; the frames of a video have their numbers")
        annotated = read_annotated_images(self.annotations)
        if all(annotated.number(name) is None for name in names):
            raise SourceError(
                f"{self.annotations} lists none of the pictures, such as {names[0]!r}; give their own file"
            )
        return annotated


class Results:
    """Collects the people of images, and writes the files; a context manager.

    Attributes:
        notes: what is to be said of the files that were written.

    Args:
        options: which files to write.
        skeleton: of the people.
        video: the name of the video; None for pictures.
        annotated: ids of the pictures; None for the numbers in their names.
        space: of the people's joints in space, which the table has; None if there are none.
    """

    def __init__(
        self,
        options: ResultOptions,
        skeleton: Skeleton,
        video: str | None,
        annotated: AnnotatedImages | None = None,
        space: Skeleton | None = None,
    ) -> None:
        self._options = options
        self._skeleton = skeleton
        self._video = video
        self._annotated = annotated
        self._table = Table(skeleton, "picture" if video is None else "frame", space)
        self._images: list[ImagePeople] = []
        self._folder: NewFolder | None = None
        self._stack = ExitStack()
        self.notes: list[str] = []

    def __enter__(self) -> Self:
        if self._options.openpose is not None:
            self._folder = self._stack.enter_context(NewFolder("--openpose", self._options.openpose))
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def __len__(self) -> int:
        """Number of people."""
        return len(self._table)

    def add(self, key: str | int, people: Sequence[TableRow]) -> None:
        """Adds an image or frame with its people, of whom there may be none.

        Raises:
            OutputError: a file cannot be written.
        """
        self._table.add(list(people))
        joints = self._skeleton.num_joints
        image = ImagePeople(
            key if isinstance(key, int) else number_in(key),
            f"{self._video}/{key:06d}.jpg" if isinstance(key, int) else key,
            np.array([row.xy_px for row in people], np.float64).reshape(-1, joints, 2),
            np.array([row.scores for row in people], np.float64).reshape(-1, joints),
            np.array([row.person_score(self._skeleton) for row in people], np.float64),
            # Pictures have numbers of their own, which mean nobody.
            np.array([row.number if isinstance(key, int) else -1 for row in people], np.int64),
        )
        if self._options.coco is not None or self._options.posetrack is not None:
            self._images.append(image)
        if self._folder is not None:
            self._write_openpose(self._folder, key, image)

    def _write_openpose(self, folder: NewFolder, key: str | int, image: ImagePeople) -> None:
        name = f"{self._video}_{key:012d}" if isinstance(key, int) else str(PurePosixPath(key).with_suffix(""))
        path = folder.partial / f"{name}{ENDING}"
        if path.exists():
            # Two pictures differ in their endings alone.
            path = folder.partial / f"{key}{ENDING}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(openpose_frame(image, self._skeleton)))
        except OSError as error:
            raise folder.problem(error) from error

    def write(self) -> list[Path]:
        """Writes the files, each completely or not at all, and returns their paths.

        Raises:
            OutputError: one cannot be written.
        """
        options, written = self._options, []
        if options.out is not None:
            self._table.write(options.out)
            written.append(options.out)
        if options.coco is not None:
            _write_json(
                "--coco",
                options.coco,
                coco_results(self._coco_images(), category=1 if self._annotated is None else self._annotated.category),
            )
            written.append(options.coco)
        if options.posetrack is not None:
            _write_json(
                "--posetrack", options.posetrack, posetrack_content(self._images, self._skeleton, self._video or "")
            )
            written.append(options.posetrack)
        if self._folder is not None and options.openpose is not None:
            self._folder.finish()
            written.append(options.openpose)
        return written

    def _coco_images(self) -> list[ImagePeople]:
        """The images with their ids."""
        if self._video is not None:
            return self._images
        if self._annotated is None:
            numbers: Sequence[int | None] = image_numbers([image.name for image in self._images])
            if numbers and any(image.number != number for image, number in zip(self._images, numbers, strict=True)):
                self.notes.append(_NO_NUMBERS.format(self._options.coco))
        else:
            numbers = [self._annotated.number(image.name) for image in self._images]
            if absent := numbers.count(None):
                self.notes.append(
                    f"{counted(absent, 'picture')} not in {self._annotated.path}, so not in {self._options.coco}"
                )
        return [
            replace(image, number=number)
            for image, number in zip(self._images, numbers, strict=True)
            if number is not None
        ]


def _write_json(option: str, path: Path, content: list | dict) -> None:
    output = Output(option, path)
    try:
        with output.writing():
            output.file.write(json.dumps(content, ensure_ascii=False).encode())
        output.finish()
    finally:
        output.discard()
