r"""COCO's keypoint AP of models, on the validation images of COCO or on a data set like it.

    python -m benchmarks.coco --root COCO
    python -m benchmarks.coco --root COCO --subset train2017 --model runs/mine/export --limit 500

A model of one person is measured in the labeled boxes, as papers do who compare poses alone, and on the people whom the
finder finds, which is what a user gets. A model that sees everybody is measured in the whole image and in closer views.
AP is pycocotools'. Models that lack joints of COCO have figures of arms and legs alone.

Times are of an image, from its pixels to its people, on the given number of threads in ONNX Runtime.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.many.labels import LabeledImages
from benchmarks.many.measure import measure
from benchmarks.many.ours import from_finder, from_pair, open_finder, open_model, title_of
from benchmarks.many.system import System
from demo.errors import DemoError
from demo.runtimes.pose_model import PoseModel
from demo.tracking.estimator import confidence
from evaluate.poses_2d.annotations import read_annotations
from evaluate.poses_2d.coco_ap import KeypointAP
from evaluate.poses_2d.frames import LabeledFrame
from machine.command import run_command
from machine.processor import processor_name
from machine.whole import whole
from pose import Crop, Skeleton
from pose.people import People
from pose.picture import read_picture
from tools.result_tables import markdown

_FIGURES = {"AP": "ap", "AP50": "ap50", "AP75": "ap75", "AP medium": "ap_medium", "AP large": "ap_large", "AR": "ar"}
_SHORT = ("AP", "AP75", "AR")
Find = Callable[[np.ndarray, LabeledFrame], People]


@dataclass(frozen=True)
class Options:
    """Measures models on COCO.

    Attributes:
        root: the data set, with annotations/person_keypoints_SUBSET.json and the folder SUBSET of its images.
        subset: which images.
        model: exports or names such as `fast`.
        finder: an export that sees everybody, or its name, for the models of one person.
        threads: number of threads.
        limit: take only the first images.
        out: the table to write, a .csv file.
    """

    root: Path
    subset: str = "val2017"
    model: tuple[Path, ...] = (Path("fast"), Path("accurate"), Path("crowd"))
    finder: Path = Path("crowd")
    threads: int = 2
    limit: int | None = None
    out: Path = Path("runs/coco.csv")

    def __post_init__(self) -> None:
        if min(self.threads, 1 if self.limit is None else self.limit) < 1 or not self.model:
            raise ValueError("--threads and --limit must be 1 or more, and --model must name at least one")


@dataclass(frozen=True, eq=False)
class Row:
    """A model, and a way to use it.

    Attributes:
        title: of both.
        skeleton: the model's.
        find: finds the people of an image, uint8 RGB (H, W, 3), whose labels are given.
    """

    title: str
    skeleton: Skeleton
    find: Find


def rows_of(options: Options) -> Iterator[Row]:
    """Each model in each way.

    Raises:
        DemoError: a model is not there.
        ValueError: the finder is a model of one person.
    """
    finder = open_finder(options.finder, options.threads)
    for path in options.model:
        model, title = open_model(path, options.threads), title_of(path)
        if not model.finds_everybody:
            yield Row(f"{title} in the labeled boxes", model.skeleton, in_boxes(model))
        systems = (
            from_finder(title, model) if model.finds_everybody else [from_pair(title, model, "the finder", finder)]
        )
        for system in systems:
            yield Row(system.title, system.skeleton, partial(_without_labels, system))


def _without_labels(system: System, picture: np.ndarray, _: LabeledFrame) -> People:
    return system.find(picture)


def in_boxes(model: PoseModel) -> Find:
    """A model of one person in the labeled boxes, square and padded as in its training."""

    def find(picture: np.ndarray, frame: LabeledFrame) -> People:
        crops = [Crop.from_box(box, model.size, model.padding) for box in frame.boxes_px]
        if not crops:
            return People.empty(model.skeleton.num_joints)
        each = [model.predict(crop.cut(picture)[None]) for crop in crops]
        joints = np.stack([crop.points_to_frame(xy[0]) for crop, (xy, _) in zip(crops, each, strict=True)])
        scores = np.stack([one[0] for _, one in each])
        return People(joints, scores, np.array([confidence(one, model.skeleton) for one in scores]))

    return find


def table(options: Options) -> pd.DataFrame:
    """One row for each model and way.

    Raises:
        DemoError: a model is not there.
        ValueError: the data set is not whole.
    """
    folder = options.root / options.subset
    truth = read_annotations(options.root / f"annotations/person_keypoints_{options.subset}.json")
    frames = truth.frames[: options.limit]
    rows = list(rows_of(options))
    found: list[list[People]] = [[] for _ in rows]
    seconds = np.zeros(len(rows))
    for number, frame in enumerate(frames, start=1):
        picture = read_picture(str(folder / frame.key))
        for k, row in enumerate(rows):
            start = time.perf_counter()
            found[k].append(row.find(picture, frame))
            seconds[k] += time.perf_counter() - start
        if number % 100 == 0:
            print(f"{number} of {len(frames)} images", file=sys.stderr, flush=True)
    images = LabeledImages(truth.skeleton, frames, [])
    cells = []
    for row, people, total in zip(rows, found, seconds, strict=True):
        figures = measure(people, row.skeleton, images)
        cells.append(
            {
                "model": row.title,
                **_cells(figures.all_joints),
                **{
                    f"{name}, arms and legs": value
                    for name, value in _cells(figures.main_joints).items()
                    if name in _SHORT
                },
                "ms": f"{1000 * total / len(frames):.0f}",
            }
        )
    return pd.DataFrame(cells)


def _cells(figures: KeypointAP | None) -> dict[str, str]:
    return {title: "" if figures is None else f"{100 * getattr(figures, name):.1f}" for title, name in _FIGURES.items()}


def run(options: Options) -> None:
    """Runs the benchmark."""
    found = table(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with whole(options.out) as unfinished:
        found.to_csv(unfinished, index=False)
    print(f"{options.root}, {options.subset}; ONNX Runtime on {processor_name()}\n\n{markdown(options.out)}")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m benchmarks.coco",
        description=__doc__,
        errors=(DemoError, ValueError, OSError),
    )


if __name__ == "__main__":
    sys.exit(main())
