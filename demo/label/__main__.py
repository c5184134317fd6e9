"""Writes a model's predictions as a file that a labeling tool imports, to be corrected there.

    python -m demo.label pictures --out predictions.json                        COCO keypoints
    python -m demo.label pictures --to labelstudio --out tasks.json             and tasks-config.xml
    python -m demo.label pictures --to cvat --out predictions.xml --keep 200    and predictions-labels.json
    python -m demo.label walk.mp4 --every-s 0.5 --out predictions.json          and the folder predictions-frames

Images are ordered by the confidence of their least certain person, lowest first; those in which nobody was found come
last. The corrected labels are read by `python -m data_prep coco`, `labelstudio` or `cvat`; docs/labels.md shows how.

Exit codes:
    0: the file is written. Pictures that could not be read, and those in which nobody was found, are counted.
    2: wrong arguments, no exported model, or an output that cannot be written.
    3: no pictures, no such video, or none can be read.
    130: Ctrl-C; nothing is written.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import tyro

from demo.batch.counts import Counts
from demo.batch.find import rule_of, search
from demo.batch.inputs import Item, is_picture, pictures_in, read_folder, read_video
from demo.errors import ArgumentError, DemoError, SourceError
from demo.label.copies import Copies
from demo.label.files import ENDINGS, contents, written
from demo.label.predictions import LabeledImage, Person, least_certain
from demo.outputs.files import check_outputs
from demo.outputs.new_folder import check_new_folder
from demo.outputs.table import TableRow
from demo.runtimes.options import BatchOptions, check_people, check_score
from demo.video.bounded_queue import prefetch
from demo.video.capture import FrameSource
from machine.command import run_command
from machine.words import counted
from pose import Skeleton


@dataclass(frozen=True)
class Options(BatchOptions):
    """Writes a model's predictions as a file that a labeling tool imports.

    Attributes:
        source: a folder with pictures, a picture, or a video.
        out: file to write: .json, or .xml for CVAT.
        to: the file's format: coco (CVAT, COCO Annotator and others), labelstudio or cvat. For the latter two a second
            file is written beside it, which sets up the project.
        people: maximum number of people to search for in a picture; everybody, or four where squares are searched.
        min_score: minimum confidence of a person; by default the model's own.
        joint_score: joints of a lower score are not labeled; by default the model's own.
        keep: number of pictures to keep, the least certain.
        share: share of the pictures to keep, the least certain, above 0 to 1.
        every_s: seconds between the frames of a video that are taken.
        copies: new folder for copies of the pictures that are kept. By default of a video's frames alone: OUT's name
            with -frames.
        url: for Label Studio, the address of the folder of pictures; by default that of local files, if
            LOCAL_FILES_DOCUMENT_ROOT is the folder above it.
    """

    source: Annotated[Path, tyro.conf.Positional]
    out: Path
    to: Literal["coco", "labelstudio", "cvat"] = "coco"
    people: int | None = None
    min_score: float | None = None
    joint_score: float | None = None
    keep: int | None = None
    share: float | None = None
    every_s: float = 1.0
    copies: Path | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.out.suffix != ENDINGS[self.to]:
            raise ArgumentError(f"--out must end in {ENDINGS[self.to]} with --to {self.to}, got {str(self.out)!r}")
        check_people(self.people)
        check_score("--min-score", self.min_score)
        check_score("--joint-score", self.joint_score)
        if self.keep is not None and self.share is not None:
            raise ArgumentError("--keep and --share both say how many pictures to keep; give one of them")
        if self.keep is not None and self.keep < 1:
            raise ArgumentError(f"--keep must be 1 or more, got {self.keep}; leave it out for all pictures")
        if self.share is not None and not 0 < self.share <= 1:
            raise ArgumentError(f"--share must be above 0 to 1, got {self.share}; leave it out for all pictures")
        if not self.every_s > 0:
            raise ArgumentError(f"--every-s must be above 0, got {self.every_s}")
        if self.url is not None and self.to != "labelstudio":
            raise ArgumentError("--url is for Label Studio; give --to labelstudio")
        check_outputs({"--out": self.out, "the file beside --out": self.beside}, {"the source": self.source})
        for file in (self.out, self.beside):
            if file is not None and file.exists():
                raise ArgumentError(f"{str(file)!r} exists, maybe with corrected labels; choose another --out")

    @property
    def beside(self) -> Path | None:
        """The file that sets up the project; None if there is none."""
        name = {"labelstudio": "-config.xml", "cvat": "-labels.json"}.get(self.to)
        return None if name is None else self.out.with_name(f"{self.out.stem}{name}")


def run(options: Options) -> None:
    """Runs the command.

    Raises:
        DemoError: no model, nothing to read, or an output that cannot be written.
        ValueError: there is no such runtime, `threads` is below 1, or a score does not fit the model.
    """
    source = options.source
    if not source.exists():
        raise SourceError(f"{str(source)!r} does not exist; give a folder with pictures, or a video")
    video = FrameSource(str(source)) if source.is_file() and not is_picture(source) else None
    folder = source if source.is_dir() else source.parent
    target = options.copies
    if target is None and video is not None:
        target = options.out.with_name(f"{options.out.stem}-frames")
    if target is not None:
        check_new_folder("--copies", target, source)
    counts = Counts("picture", None, options.people)
    names = [] if video is not None else _names(source, counts)
    path = options.find_export(options.people)
    model, choice = options.load_for_batches(path, options.people)
    rule = rule_of(model, options.min_score)
    joint_score = rule.joint_score if options.joint_score is None else options.joint_score
    with ExitStack() as stack:
        copies = stack.enter_context(Copies(target)) if target is not None else None
        if video is not None and copies is not None:
            items = copies.frames(read_video(video), options.every_s, source.stem)
        else:
            items = read_folder(folder, names)
        read = stack.enter_context(prefetch(items, 2 * choice.batch))
        found = search(read, model, rule, people=options.people, batch=choice.batch, min_score=options.min_score)
        labeled = (_labeled(item, rows, model.skeleton, joint_score, counts) for item, rows in found)
        images = [image for image in labeled if image is not None]
        if not images:
            raise SourceError(f"none of the {len(counts.broken)} pictures of {str(source)!r} can be read")
        images = least_certain(images, options.keep, options.share)
        local = f"/data/local-files/?d={quote((target or folder).resolve().name)}/"
        url = local if options.url is None else options.url
        texts = contents(options.to, images, model.skeleton, url, str(options.model or path))
        files = [options.out, *([options.beside] if options.beside is not None else [])]
        outputs = [stack.enter_context(written(*file)) for file in zip(files, texts, strict=True)]
        if copies is not None:
            copies.keep([image.name for image in images], None if video is not None else folder)
            copies.finish()
        for output in outputs:
            output.finish()
    _report(options, counts, images, files, target, video)


def _names(source: Path, counts: Counts) -> list[str]:
    if not source.is_dir():
        return [source.name]
    names, others = pictures_in(source)
    counts.notes += [others] if others else []
    return names


def _labeled(
    item: Item, rows: list[TableRow] | None, skeleton: Skeleton, joint_score: float, counts: Counts
) -> LabeledImage | None:
    """An image with its people; None if it could not be read."""
    counts.add(item.key, rows)
    if rows is None or item.picture is None:
        return None
    size = item.picture.shape[0], item.picture.shape[1]
    people = tuple(Person.from_row(row, size, skeleton, joint_score) for row in rows)
    return LabeledImage(str(item.key), size, people)


def _report(
    options: Options,
    counts: Counts,
    images: list[LabeledImage],
    files: list[Path],
    copies: Path | None,
    video: FrameSource | None,
) -> None:
    people = [person.score for image in images for person in image.people]
    print(f"{counted(counts.read, 'picture')}, of which {len(images)} with {counted(len(people), 'person', 'people')}")
    for note in (*counts.report(options.source), *(video.notes if video else ())):
        print(note)
    if people:
        print(f"confidence of the people: {min(people):.2f} (the first) to {max(people):.2f}")
    folder = f" and {counted(len(images), 'picture')} in {copies}" if copies is not None else ""
    print(f"wrote {' and '.join(map(str, files))}{folder}; what to do with them: docs/labels.md")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code; see the top of the file."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m demo.label",
        description=__doc__,
        stopped="stopped; nothing was written",
        errors=(DemoError, ValueError),
    )


if __name__ == "__main__":
    sys.exit(main())
