"""Estimates the pose in every picture of a folder, or every frame of a video, as fast as this machine can.

    python -m demo.batch pictures --out joints.parquet
    python -m demo.batch video.mp4 --out joints.csv --boxes boxes.csv

In each picture people are searched for, as in a video's frame; through a video they are followed. With `--boxes`, a row
of the CSV file is a person: picture (the name inside the folder) or frame (its number, from 0), x_px, y_px (the box's
left top corner), width_px, height_px. With `--whole-picture` each picture is one person's crop.
The table has a row for each person: picture, or frame and time_s; person (a number from 0 inside the picture; in a
video it stays while the person is followed); the box, which is given or about the joints found; and for each joint its
x_px and y_px in the picture and its score.

Exit codes:
    0: the table is written. Pictures that could not be read, and those in which nobody was found, are counted and
        named.
    2: wrong arguments, no exported model, or an output that cannot be written.
    3: no pictures, no such video, or none that can be read.
    130: Ctrl-C; nothing is written.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import tyro

from demo.batch.counts import Counts
from demo.batch.drawings import Drawings, check_drawings
from demo.batch.find import Found, cut, in_crops, search, whole_picture, within
from demo.batch.inputs import Boxes, Item, ahead, is_picture, pictures_in, read_boxes, read_folder, read_video
from demo.batch.table import TABLE_ENDINGS, Table, check_table
from demo.errors import ArgumentError, DemoError, SourceError
from demo.outputs.files import check_outputs
from demo.runtimes.exports import check_runtime, find_export
from demo.runtimes.pose_model import PoseModel, fastest
from demo.tracking.rule import FollowRule
from demo.tracking.tracker import MOST_PEOPLE
from demo.video.capture import FrameSource
from machine.command import run_command
from machine.words import counted

# On a processor more pictures at once bring no more pictures a second.
_BATCHES = (1, 8)


@dataclass(frozen=True)
class Options:
    """Estimates the pose in every picture of a folder, or every frame of a video.

    Attributes:
        source: a folder with pictures, a picture, or a video.
        out: table to write: .parquet or .csv.
        boxes: CSV file with the people's boxes, for who is not to be searched for.
        model: an exported model, its folder or one of its files, or `fast`, which comes with PanoPose; by default the
            newest folder `runs/*/export`, or `fast` where there is none.
        runs: where training runs and their exports lie.
        runtime: what runs the model, such as openvino or litert; auto takes the fastest that is installed.
        threads: number of threads of the model; the fastest number if not given.
        measure_again: find the fastest anew, instead of taking what was measured on this machine before.
        batch: the most crops that the model gets at once; by default the number that is fastest.
        whole_picture: take each picture as one person's crop, and search for nobody.
        people: the most people to search for in a picture, 1 to 4.
        min_score: the mean score of the better half of a person's limb joints that a row needs. By default what the
            model's description says of who is found or, in a video, followed; with --boxes every box has a row.
        draw: new folder for copies of the pictures with the people drawn into them.
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
    whole_picture: bool = False
    people: int = MOST_PEOPLE
    min_score: float | None = None
    draw: Path | None = None

    def __post_init__(self) -> None:
        """Checks the values."""
        check_runtime(self.runtime)
        if self.batch is not None and self.batch < 1:
            raise ArgumentError(f"--batch must be 1 or more, got {self.batch}; leave it out for the fastest")
        if not 1 <= self.people <= MOST_PEOPLE:
            raise ArgumentError(f"--people must be 1 to {MOST_PEOPLE}, got {self.people}")
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise ArgumentError(f"--min-score must be 0 to 1, got {self.min_score}; leave it out for the model's own")
        if self.whole_picture and self.boxes is not None:
            raise ArgumentError("--whole-picture and --boxes both say where people are; give one of them")
        if self.out.suffix not in TABLE_ENDINGS:
            raise ArgumentError(f"--out must end in {' or '.join(TABLE_ENDINGS)}, got {str(self.out)!r}")
        check_outputs({"--out": self.out}, {"the source": self.source, "the --boxes file": self.boxes})
        if self.draw is not None:
            check_drawings(self.draw, self.source)


def run(options: Options) -> None:
    """Runs the command.

    Raises:
        DemoError: no model, nothing to read, or an output that cannot be written.
        ValueError: there is no such runtime, `threads` is below 1, or `min_score` does not fit the model.
    """
    check_table(options.out)
    pictures = options.source.is_dir() or (options.source.is_file() and is_picture(options.source))
    key = "picture" if pictures else "frame"
    boxes = read_boxes(options.boxes, key) if options.boxes else None
    counts = Counts(key, boxes, None if options.whole_picture else options.people)
    video = None if pictures else _open_video(options.source)
    items = read_video(video) if video else _pictures(options.source, boxes, counts)
    path = find_export(options.model, options.runs)
    choice = fastest(
        path,
        runtime=None if options.runtime == "auto" else options.runtime,
        threads=options.threads,
        batches=(options.batch,) if options.batch else _BATCHES,
        measure_again=options.measure_again,
    )
    model = PoseModel(path, choice.runtime, choice.threads)
    rule = _rule(options, model)
    model.warm_up(choice.batch)
    table = Table(model.skeleton, key)
    start_s = time.perf_counter()
    with ExitStack() as stack:
        drawings = options.draw and stack.enter_context(Drawings(options.draw, model.skeleton, rule.joint_score))
        for item, people in stack.enter_context(_find(items, boxes, model, rule, choice.batch, options)):
            counts.add(item.key, people)
            table.add(people or [])
            if drawings and people is not None:
                drawings.add(item.key, item.picture, people)
        seconds = time.perf_counter() - start_s
        if not counts.read or (boxes is not None and not len(table)):
            what = f"{len(counts.broken)} could not be read" if counts.broken else "no box lies in any"
            raise SourceError(
                f"there is nobody in the pictures of {str(options.source)!r}: {what}; nothing was written"
            )
        if drawings:
            drawings.finish()
        table.write(options.out)
    announced = f" of {video.count} announced" if video and counts.read < video.count else ""
    people, rate = counted(len(table), "person", "people"), len(table) / seconds
    print(f"{counted(counts.read, key)}{announced}, {people} in {seconds:.1f} s ({rate:.0f} people/s) with {choice}")
    for note in (*counts.report(options.source), *(video.notes if video else ())):
        print(note)
    print(f"wrote {options.out}" + (f" and {counted(counts.read, 'picture')} in {options.draw}" if drawings else ""))


def _rule(options: Options, model: PoseModel) -> FollowRule:
    """The model's own rule, with the minimum score that is given."""
    own = FollowRule().for_model(model.follow)
    if options.min_score is None:
        return own
    return replace(own, found_score=options.min_score, lost_score=min(own.lost_score, options.min_score))


@contextmanager
def _find(
    items: Iterator[Item], boxes: Boxes | None, model: PoseModel, rule: FollowRule, batch: int, options: Options
) -> Iterator[Iterator[Found]]:
    """Goes through the pictures: reads them, and cuts their crops where these are known, ahead of the model."""
    if boxes is None and not options.whole_picture:
        least = options.min_score if options.min_score is not None else rule.lost_score
        with ahead(items, 2 * batch) as read:
            yield search(read, model, rule, people=options.people, batch=batch, min_score=least)
        return
    crops = whole_picture(model) if boxes is None else within(boxes, model)
    least = rule.found_score if boxes is None else options.min_score or 0.0
    with ahead(cut(items, crops), 2 * batch) as views:
        yield in_crops(views, model, batch=batch, min_score=least)


def _open_video(source: Path) -> FrameSource:
    if not source.is_file():
        raise SourceError(f"{str(source)!r} does not exist; give a folder with pictures, or a video")
    return FrameSource(str(source))


def _pictures(source: Path, boxes: Boxes | None, counts: Counts) -> Iterator[Item]:
    folder, names = source, [source.name]
    if source.is_dir():
        names, others = pictures_in(source)
        counts.notes += [others] if others else []
    else:
        folder = source.parent
    if boxes is None:
        return read_folder(folder, names)
    unknown = sorted(set(boxes) - set(names))
    if unknown:
        raise SourceError(f"--boxes names {unknown[0]!r}, which is no picture in {str(source)!r}")
    boxed = [name for name in names if name in boxes]
    if len(boxed) < len(names):
        counts.notes.append(f"{counted(len(names) - len(boxed), 'picture')} without a box not read")
    return read_folder(folder, boxed)


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
