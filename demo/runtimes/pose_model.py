"""Runs an exported model in the fastest runtime of this machine.

The artefact carries its own skeleton, crop size and padding. TensorFlow is imported only if nothing lighter can run the
artefact, or if it is asked for.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np

from artefact.formats import FORMATS, ArtefactError, installed, trusted
from artefact.model import Model, check
from demo.errors import ModelError
from demo.runtimes.choice import Choice, choose
from demo.runtimes.exports import check_export
from pose import Skeleton
from pose.people import People
from pose.tasks import POSE_2D, POSES_2D_CENTERS, POSES_2D_FIELDS, task_of

_TASKS = (POSE_2D, POSES_2D_CENTERS, POSES_2D_FIELDS)


class PictureModel:
    """An artefact that takes images, in one runtime.

    Attributes:
        skeleton: names and limbs of the J joints.
        size: height and width of the images or crops it takes, in px.
        padding: side of a crop as a multiple of the longer side of the person's box.
        runtime: one of `artefact.formats.FORMATS`.
        threads: number of threads; None if the runtime decides.

    Args:
        path: an export folder, or one artefact's file.
        runtime: one of `artefact.formats.FORMATS`.
        threads: number of threads; None lets the runtime decide.

    Raises:
        ModelError: there is no such artefact, its runtime is not installed, it cannot be loaded, it is a model of
            another task, or its description lacks the skeleton.
        ValueError: there is no such runtime, or `threads` is below 1.
    """

    def __init__(self, path: Path, runtime: str = "saved-model", threads: int | None = None) -> None:
        try:
            self._model = Model(path, runtime, threads)
        except ArtefactError as error:
            raise ModelError(str(error)) from error
        self._description = self._model.description
        self._task = task_of(self._description)
        self._check_task(path)
        self.skeleton = Skeleton.from_description(self._description["skeleton"])
        self.size = int(self._description["size"])
        self.padding = float(self._description["padding"])
        self.runtime = runtime
        self.threads = threads

    def _check_task(self, path: Path) -> None:
        if not self._task.takes_pictures:
            raise ModelError(f"{str(path)!r} is a model of the task {self._task.name}, which takes no images")

    def run(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        """The answers of the model's task for images uint8 RGB (B, size, size, 3), by name.

        Raises:
            ValueError: the pictures have another shape or type.
        """
        shape = (self.size, self.size, 3)
        if pictures.ndim != 4 or pictures.shape[1:] != shape or pictures.dtype != np.uint8 or not len(pictures):
            raise ValueError(
                f"pictures must be uint8 (B, {', '.join(map(str, shape))}) with B of 1 or more, got "
                f"{pictures.dtype} {pictures.shape}; cut them with `pose.Crop`"
            )
        return self._model.run({"pictures": pictures})

    def warm_up(self, *batch_sizes: int) -> None:
        """Runs once for each batch size, so that the first frame does not wait for allocation and compilation."""
        for count in batch_sizes:
            self.run(np.zeros((count, self.size, self.size, 3), np.uint8))


class PoseModel(PictureModel):
    """A model of the joints of one person or of everybody.

    Attributes:
        finds_everybody: whether it sees everybody in an image (`find`), or one person in a crop (`predict`).
        finder: a model that finds everybody, for this one to look at more closely; None if there is none.
        follow: scores of `demo.tracking.rule.FollowRule` that suit this model; may be empty.
    """

    def __init__(self, path: Path, runtime: str = "saved-model", threads: int | None = None) -> None:
        super().__init__(path, runtime, threads)
        self.finder: PoseModel | None = None
        self.finds_everybody = self._task is not POSE_2D
        self.follow: dict[str, float] = self._description.get("follow", {})

    def _check_task(self, path: Path) -> None:
        if self._task not in _TASKS:
            raise ModelError(
                f"{str(path)!r} is a model of the task {self._task.name}, and the demos run those of "
                f"{', '.join(task.name for task in _TASKS)}"
            )

    def predict(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates one person in each crop.

        Args:
            pictures: uint8 RGB (B, size, size, 3).

        Returns:
            float32 (B, J, 2), joints in crop px, and float32 (B, J), their scores from 0 to 1.

        Raises:
            ValueError: the pictures have another shape or type.
        """
        outputs = self.run(pictures)
        return outputs["joints_xy_px"], outputs["scores"]

    def find(self, pictures: np.ndarray) -> list[People]:
        """Finds everybody in each image, uint8 RGB (B, size, size, 3), in px of the image.

        Raises:
            ValueError: the pictures have another shape or type.
        """
        return People.of_each(self._task.assembled(self.run(pictures), self.skeleton, self.size))


def load(
    path: Path, *, runtime: str | None = None, threads: int | None = None, measure_again: bool = False
) -> PoseModel:
    """Loads a model in the fastest runtime of this machine.

    The first time, the candidates are timed in turns at several numbers of threads, which takes some seconds and is
    printed on stderr. The result is kept in the user's cache folder for a month, or until the model, the processor or a
    library changes; a result that other programs may have disturbed is measured again at the next start.
    Formats that failed the export check are not candidates.

    Args:
        path: an export folder, or one artefact's file.
        runtime: one of `artefact.formats.FORMATS`; None chooses.
        threads: number of threads; None chooses.
        measure_again: ignore the cached result.

    Raises:
        ModelError: there is no artefact, none whose runtime is installed, or it cannot be loaded.
        ValueError: there is no such runtime, or `threads` is below 1.
    """
    choice = fastest(path, runtime=runtime, threads=threads, measure_again=measure_again)
    return PoseModel(path, choice.runtime, choice.threads)


def fastest(
    path: Path,
    *,
    runtime: str | None = None,
    threads: int | None = None,
    batches: tuple[int, ...] = (1,),
    measure_again: bool = False,
) -> Choice:
    """Returns the fastest way to run a model; see `load`.

    Args:
        path: an export folder, or one artefact's file.
        runtime: one of `artefact.formats.FORMATS`; None chooses.
        threads: number of threads; None chooses.
        batches: batch sizes to choose from.
        measure_again: ignore the cached result.

    Raises:
        ModelError: see `load`.
        ValueError: see `load`.
    """
    check(runtime, threads)
    names = candidates(path) if runtime is None else [runtime]
    tell = partial(print, file=sys.stderr, flush=True)
    return choose(path, names, threads, batches, tell, measure_again=measure_again)


def candidates(path: Path) -> list[str]:
    """The formats to choose from: exported, within their limit of error, and with an installed runtime.

    TensorFlow takes seconds to import, so it is a candidate only if nothing lighter can run the model.

    Args:
        path: an export folder, or one artefact's file.

    Raises:
        ModelError: there is none.
    """
    try:
        close = trusted(check_export(path))
    except ArtefactError as error:
        raise ModelError(str(error)) from error
    if not close:
        raise ModelError(
            f"in {str(path)!r} every format is off by more than its limit; formats.json there says how much"
        )
    usable = [name for name in close if installed(name)]
    if not usable:
        packages = sorted({FORMATS[name].package for name in close})
        raise ModelError(f"{str(path)!r} needs one of these packages: pip install {' or '.join(packages)}")
    light = [name for name in usable if FORMATS[name].module != "tensorflow"]
    if "litert" in light and "litert-fp16" in light:
        # Its arithmetic is that of litert.
        light.remove("litert-fp16")
    # The last is the frozen graph, if there is one, else the SavedModel.
    return light or usable[-1:]
