"""Estimates the pose in every picture of a folder, or every frame of a video, as fast as this machine can.

    python -m demo.batch pictures --out joints.parquet
    python -m demo.batch video.mp4 --out joints.csv --boxes boxes.csv
    python -m demo.batch pictures --coco results.json --openpose jsons
    python -m demo.batch pictures --mesh runs/hmr --bodies bodies --draw drawn

People are searched for in each picture, and tracked through a video. With `--boxes`, each row of the CSV file is a
person: picture (the name inside the folder) or frame (its number, from 0), x_px, y_px (the box's top left corner),
width_px, height_px. With `--whole-picture` each picture is one person's crop.
The table has a row for each person: picture, or frame and time_s; person (a number from 0 within the picture; in a
video it stays the same while the person is tracked); the box, given or around the joints found; and for each joint its
x_px and y_px in the picture and its score. Results can also be written in the forms of COCO (`--coco`), OpenPose
(`--openpose`) and, of a video, PoseTrack (`--posetrack`), several at once. With a model of
bodies (`--mesh`) each person's body is drawn (`--draw`) and written for other programs (`--bodies`).

Exit codes:
    0: the results are written. Pictures that could not be read, and those in which nobody was found, are counted and
        listed.
    2: wrong arguments, no exported model, or an output that cannot be written.
    3: no pictures, no such video, or none can be read.
    130: Ctrl-C; nothing is written.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from demo.batch.counts import Counts
from demo.batch.drawings import Drawings, check_drawings
from demo.batch.find import Found, box_crops, estimate_crops, iter_crops, rule_of, search, whole_image_crops
from demo.batch.inputs import Boxes, Item, is_picture, pictures_in, read_boxes, read_folder, read_video
from demo.bodies.options import BodyOptions
from demo.bodies.rows import rows_with_bodies
from demo.errors import ArgumentError, DemoError, SourceError
from demo.lifting.lifter import LiftOptions
from demo.lifting.rows import lifted_rows
from demo.outputs.results import ResultOptions, Results
from demo.runtimes.options import BatchOptions, check_people, check_score
from demo.runtimes.pose_model import PoseModel
from demo.tracking.rule import CompleteRule
from demo.video.bounded_queue import prefetch
from demo.video.capture import FrameSource
from machine.command import run_command
from machine.words import counted


@dataclass(frozen=True)
class Options(BatchOptions, ResultOptions, LiftOptions, BodyOptions):
    """Estimates the pose in every picture of a folder, or every frame of a video.

    Attributes:
        source: a folder with pictures, a picture, or a video.
        boxes: CSV file with the people's boxes, in place of a search.
        whole_picture: take each picture as one person's crop, without a search.
        people: maximum number of people to search for in a picture; everybody, or four where squares are searched.
        min_score: minimum confidence of a row: the mean score of the better half of a person's main joints. By default
            the model's own for people who are found or, in a video, tracked; with --boxes every box has a row.
        draw: new folder for copies of the pictures with skeletons, or with bodies (--mesh).
    """

    source: Annotated[Path, tyro.conf.Positional]
    boxes: Path | None = None
    whole_picture: bool = False
    people: int | None = None
    min_score: float | None = None
    draw: Path | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_people(self.people)
        check_score("--min-score", self.min_score)
        self.check_lifting()
        if self.space and self.out is None:
            raise ArgumentError("--space adds columns to the table; give --out FILE too")
        if self.whole_picture and self.boxes is not None:
            raise ArgumentError("--whole-picture and --boxes both say where people are; give one of them")
        self.check_results(self.source, {"the --boxes file": self.boxes}, others_written=self.bodies is not None)
        self.check_bodies(self.source)
        if self.mesh is not None and self.bodies is None and self.draw is None:
            raise ArgumentError("--mesh finds bodies; say where they go: --bodies FOLDER, --draw FOLDER or both")
        if self.draw is not None:
            check_drawings(self.draw, self.source)


def run(options: Options) -> None:
    """Runs the command.

    Raises:
        DemoError: no model, nothing to read, or an output that cannot be written.
        ValueError: there is no such runtime, `threads` is below 1, or `min_score` does not fit the model.
    """
    pictures = options.source.is_dir() or (options.source.is_file() and is_picture(options.source))
    key = "picture" if pictures else "frame"
    boxes = read_boxes(options.boxes, key) if options.boxes else None
    counts = Counts(key, boxes, None if options.whole_picture else options.people)
    video = None if pictures else _open_video(options.source)
    names = None if video else _names(options.source, boxes, counts)
    annotated = options.check_source(names)
    items = read_video(video) if video else read_folder(_folder(options.source), names or [])
    most = 1 if options.whole_picture or boxes is not None else options.people
    model, choice = options.load_for_batches(options.find_export(most), most)
    rule, lifter = rule_of(model, options.min_score), options.load_lifter(model.skeleton)
    body_model = options.load_mesh()
    start_s = time.perf_counter()
    with ExitStack() as stack:
        video_name = options.source.stem if video else None
        space = None if lifter is None else lifter.skeleton
        results = stack.enter_context(Results(options, model.skeleton, video_name, annotated, space))
        bodies = None
        if options.bodies is not None:
            from demo.bodies.folder import BodyFolder  # It imports SciPy.

            bodies = stack.enter_context(BodyFolder(options.bodies, options.focal, options.table_ending))
        drawings = options.draw and stack.enter_context(Drawings(options.draw, model.skeleton, rule.joint_score))
        for item, people in stack.enter_context(_find(items, boxes, model, rule, choice.batch, options)):
            counts.add(item.key, people)
            if lifter is not None and people is not None and item.picture is not None:
                people = lifted_rows(people, lifter, rule.joint_score, item.picture.shape[:2])
            if body_model is not None and people and item.picture is not None:
                people = rows_with_bodies(people, body_model, item.picture)
            if bodies is not None and people and item.picture is not None:
                bodies.add_all(people, item.picture.shape[:2])
            if people is not None:
                results.add(item.key, people)
            if drawings and people is not None and item.picture is not None:
                drawings.add(str(item.key), item.picture, people)
        seconds = time.perf_counter() - start_s
        if not counts.read or (boxes is not None and not len(results)):
            what = f"{len(counts.broken)} could not be read" if counts.broken else "no box lies in any"
            raise SourceError(
                f"there is nobody in the pictures of {str(options.source)!r}: {what}; nothing was written"
            )
        if drawings:
            drawings.finish()
        written = results.write()
        if bodies:
            bodies.finish()
    counts.notes += results.notes
    found = f"{counted(len(results), 'person', 'people')} in {seconds:.1f} s ({len(results) / seconds:.0f} people/s)"
    _report(options, counts, video, f"{found} with {choice}", written)


def _report(options: Options, counts: Counts, video: FrameSource | None, found: str, written: list[Path]) -> None:
    announced = f" of {video.count} announced" if video and counts.read < video.count else ""
    print(f"{counted(counts.read, counts.kind)}{announced}, {found}")
    for note in (*counts.report(options.source), *(video.notes if video else ())):
        print(note)
    written += [options.bodies] if options.bodies else []
    drawn = [f"{counted(counts.read, 'picture')} in {options.draw}"] if options.draw else []
    print(f"wrote {' and '.join([*map(str, written), *drawn])}")


@contextmanager
def _find(
    items: Iterator[Item], boxes: Boxes | None, model: PoseModel, rule: CompleteRule, batch: int, options: Options
) -> Iterator[Iterator[Found]]:
    """Yields the images with their people; images are read, and given crops are cut, ahead of the model."""
    if boxes is None and not options.whole_picture:
        with prefetch(items, 2 * batch) as read:
            yield search(read, model, rule, people=options.people, batch=batch, min_score=options.min_score)
        return
    find = whole_image_crops(model) if boxes is None else box_crops(boxes, model)
    min_score = rule.found_score if boxes is None else options.min_score or 0.0
    with prefetch(iter_crops(items, find), 2 * batch) as cropped:
        yield estimate_crops(cropped, model, batch=batch, min_score=min_score)


def _open_video(source: Path) -> FrameSource:
    if not source.is_file():
        raise SourceError(f"{str(source)!r} does not exist; give a folder with pictures, or a video")
    return FrameSource(str(source))


def _folder(source: Path) -> Path:
    return source if source.is_dir() else source.parent


def _names(source: Path, boxes: Boxes | None, counts: Counts) -> list[str]:
    """The names of the pictures to read, inside their folder."""
    names = [source.name]
    if source.is_dir():
        names, others = pictures_in(source)
        counts.notes += [others] if others else []
    if boxes is None:
        return names
    unknown = sorted(set(boxes) - set(names))
    if unknown:
        raise SourceError(f"--boxes names {unknown[0]!r}, which is no picture in {str(source)!r}")
    boxed = [name for name in names if name in boxes]
    if len(boxed) < len(names):
        counts.notes.append(f"{counted(len(names) - len(boxed), 'picture')} without a box not read")
    return boxed


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
