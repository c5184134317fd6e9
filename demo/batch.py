"""Estimates the pose in every picture of a folder, or every frame of a video, as fast as this machine can.

    python -m demo.batch pictures --out joints.parquet
    python -m demo.batch video.mp4 --out joints.csv --boxes boxes.csv

Without `--boxes` each picture as a whole counts as one person's. With it, a row of the CSV file is a person: picture
(the name inside the folder) or frame (its number, from 0), x_px, y_px (the box's left top corner), width_px, height_px.
The table has a row for each person: picture, or frame and time_s; person (a number from 0 inside the picture); the
box; and for each joint its x_px and y_px in the picture and its score.

Exit codes:
    0: the table is written. Pictures that could not be read are counted and named.
    2: wrong arguments, no exported model, or an output that cannot be written.
    3: no pictures, no such video, or none that can be read.
    130: Ctrl-C; nothing is written.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from demo.artefact import check_runtime, find_export
from demo.batch_input import Boxes, Item, ahead, pictures_in, read_boxes, read_folder, read_video
from demo.batch_table import TABLE_ENDINGS, Person, Table, check_table
from demo.capture import FrameSource
from demo.errors import ArgumentError, DemoError, SourceError
from demo.outputs import check_outputs
from demo.runtime import PoseModel, fastest
from demo.words import counted
from machine.command import run_command
from pose import Crop

# On a processor more pictures at once bring no more pictures a second.
_BATCHES = (1, 8)
_MOST_NAMED = 5


@dataclass(frozen=True)
class Options:
    """Estimates the pose in every picture of a folder, or every frame of a video.

    Attributes:
        source: a folder with pictures, or a video.
        out: table to write: .parquet or .csv.
        boxes: CSV file with the people's boxes; without it each picture as a whole is one person's.
        model: an exported model, its folder or one of its files, or `fast`, which comes with PanoPose; by default the
            newest folder `runs/*/export`, or `fast` where there is none.
        runs: where training runs and their exports lie.
        runtime: what runs the model, such as openvino or litert; auto takes the fastest that is installed.
        threads: number of threads of the model; the fastest number if not given.
        measure_again: find the fastest anew, instead of taking what was measured on this machine before.
        batch: number of pictures at once; by default the number that is fastest.
    """

    source: Annotated[Path, tyro.conf.Positional]
    out: Path
    boxes: Path | None = None
    model: Path | None = None
    runs: Path = Path("runs")
    runtime: str = "auto"
    threads: int | None = None
    measure_again: bool = False
    batch: int | None = None

    def __post_init__(self) -> None:
        """Checks the values."""
        check_runtime(self.runtime)
        if self.batch is not None and self.batch < 1:
            raise ArgumentError(f"--batch must be 1 or more, got {self.batch}; leave it out for the fastest")
        if self.out.suffix not in TABLE_ENDINGS:
            raise ArgumentError(f"--out must end in {' or '.join(TABLE_ENDINGS)}, got {str(self.out)!r}")
        check_outputs({"--out": self.out}, {"the source": self.source, "the --boxes file": self.boxes})


@dataclass(eq=False)
class Counts:
    """What became of the pictures: how many were read, and which could not be."""

    read: int = 0
    broken: list[str | int] = field(default_factory=list)


def look(
    items: Iterable[Item], boxes: Boxes | None, size: int, padding: float, counts: Counts
) -> Iterator[tuple[Person, np.ndarray]]:
    """Yields the people of each picture, those of its boxes or one that is the whole picture, with their crops.

    Args:
        items: the pictures.
        boxes: of all pictures, or None.
        size: height and width of the crops in px.
        padding: side of a crop as a multiple of the longer side of a box.
        counts: counts the pictures.
    """
    for item in items:
        if item.picture is None:
            counts.broken.append(item.key)
            continue
        counts.read += 1
        if boxes is None:
            height, width = item.picture.shape[:2]
            crop = Crop.centered(((width - 1) / 2, (height - 1) / 2), max(height, width), size)
            crops = [(np.array([-0.5, -0.5, width, height]), crop)]
        else:
            crops = [(box_px, Crop.from_box(box_px, size, padding)) for box_px in boxes.get(item.key, ())]
        for number, (box_px, crop) in enumerate(crops):
            yield Person(item.key, item.time_s, number, box_px, crop), crop.cut(item.picture)


def estimate(looks: Iterator[tuple[Person, np.ndarray]], model: PoseModel, batch: int, table: Table) -> None:
    """Runs the model on people and their crops, so many at once, and adds them to the table."""
    while chunk := list(islice(looks, batch)):
        people, crops = zip(*chunk, strict=True)
        table.add(list(people), *model.predict(np.stack(crops)))


def run(options: Options) -> None:
    """Runs the command.

    Raises:
        DemoError: no model, nothing to read, or an output that cannot be written.
        ValueError: there is no such runtime, or `threads` is below 1.
    """
    check_table(options.out)
    key = "picture" if options.source.is_dir() else "frame"
    boxes = read_boxes(options.boxes, key) if options.boxes else None
    video = None if options.source.is_dir() else _open_video(options.source)
    items = read_video(video) if video else _pictures(options.source, boxes)
    path = find_export(options.model, options.runs)
    batches = (options.batch,) if options.batch else _BATCHES
    choice = fastest(
        path,
        runtime=None if options.runtime == "auto" else options.runtime,
        threads=options.threads,
        batches=batches,
        measure_again=options.measure_again,
    )
    model = PoseModel(path, choice.runtime, choice.threads)
    model.warm_up(choice.batch)
    table = Table(model.skeleton, key)
    start_s = time.perf_counter()
    counts = Counts()
    with ahead(look(items, boxes, model.size, model.padding, counts), 2 * choice.batch) as looks:
        estimate(looks, model, choice.batch, table)
    seconds = time.perf_counter() - start_s
    if not len(table):
        what = f"{len(counts.broken)} could not be read" if counts.broken else "no box lies in any"
        raise SourceError(f"there is nobody in the pictures of {str(options.source)!r}: {what}; nothing was written")
    table.write(options.out)
    read = counted(counts.read, key) + (f" of {video.count} announced" if video and counts.read < video.count else "")
    people, rate = counted(len(table), "person", "people"), len(table) / seconds
    print(f"{read}, {people} in {seconds:.1f} s ({rate:.0f} people/s) with {choice}")
    if counts.broken:
        names = ", ".join(map(str, counts.broken[:_MOST_NAMED])) + (", ..." if len(counts.broken) > _MOST_NAMED else "")
        print(f"{len(counts.broken)} could not be read: {names}")
    absent = sorted(set(boxes or ()) - table.keys() - set(counts.broken))
    if absent:
        print(f"not in {options.source}: {counted(len(absent), key)} with boxes, the first of them {absent[0]}")
    for note in video.notes if video else ():
        print(note)
    print(f"wrote {options.out}")


def _open_video(source: Path) -> FrameSource:
    if not source.is_file():
        raise SourceError(f"{str(source)!r} does not exist; give a folder with pictures, or a video")
    return FrameSource(str(source))


def _pictures(source: Path, boxes: Boxes | None) -> Iterator[Item]:
    names = pictures_in(source)
    if boxes is None:
        return read_folder(source, names)
    unknown = sorted(set(boxes) - set(names))
    if unknown:
        raise SourceError(f"--boxes names {unknown[0]!r}, which is no picture in {str(source)!r}")
    return read_folder(source, [name for name in names if name in boxes])


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code; see the top of the file."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m demo.batch",
        description=__doc__,
        stopped="stopped; nothing was written",
        errors=(DemoError, ValueError),
    )


if __name__ == "__main__":
    sys.exit(main())
