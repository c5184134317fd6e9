"""Loading exported models, and running them on images and videos."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from artefact.origin import renewal_notice
from demo.batch.find import Found, box_crops, estimate_crops, iter_crops, rule_of, search
from demo.batch.inputs import Item, pictures_in, read_folder, read_frames
from demo.runtimes.exports import check_export
from demo.runtimes.pose_model import PoseModel
from demo.runtimes.pose_model import load as load_model
from demo.tracking.estimator import confidence
from demo.tracking.people import SMOOTH_BETA, SMOOTH_CUTOFF_HZ, SmoothedTracker, TrackedPerson
from demo.tracking.tracker import MAX_PEOPLE, Tracker
from demo.video.capture import Frame as VideoFrame
from demo.video.capture import FrameSource
from panopose.images import ImageLike, as_boxes, as_image
from panopose.people import Frame, Person, draw
from pose import Skeleton, box_from_joints
from weights import shipped

_BATCH = 8


def load(model: str | os.PathLike[str], *, runtime: str | None = None, threads: int | None = None) -> Model:
    """Loads a model in the fastest runtime of this machine.

        model = panopose.load("fast")

    The first time, the installed runtimes are timed for some seconds, which is printed; the result is kept in the
    user's cache folder.

    Args:
        model: "fast" or "accurate", which come with PanoPose; a training run's folder that holds an export; an export
            folder; or one of its files, such as model.onnx.
        runtime: litert, litert-fp16, litert-int8, onnx, openvino, saved-model or another format of `python -m export`;
            None takes the fastest. TensorFlow is imported for saved-model and frozen alone.
        threads: number of threads; None takes the fastest number.

    Raises:
        ValueError: there is no such model, runtime or number of threads; the run has no export; the runtime needs a
            package that is not installed; or the model estimates something other than people's joints in images.
    """
    run = shipped(Path(model))
    path = check_export(Path(model)) if run is None else run / "export"
    if notice := renewal_notice(path):
        warnings.warn(notice, stacklevel=2)
    return Model(load_model(path, runtime=runtime, threads=threads), str(model))


class Model:
    """A model that finds people and their joints; `panopose.load` makes it.

    Attributes:
        name: as it was loaded: a name or a path.
        skeleton: names and limbs of the J joints: `skeleton.joints`, `skeleton.limbs`.
        runtime: what runs it, such as "litert".
        threads: number of threads; None where the runtime decides.
    """

    def __init__(self, net: PoseModel, name: str) -> None:
        self._net = net
        self.name = name
        self.skeleton: Skeleton = net.skeleton
        self.runtime: str = net.runtime
        self.threads: int | None = net.threads

    def __repr__(self) -> str:
        how = f"runtime={self.runtime!r}, threads={self.threads}"
        return f"<panopose.Model {self.name}: {self.skeleton.num_joints} joints of {self.skeleton.name}, {how}>"

    def __call__(
        self, image: ImageLike, *, people: int = MAX_PEOPLE, boxes: object = None, min_score: float | None = None
    ) -> list[Person]:
        """Finds the people in an image.

            people = model("squats.jpg")
            people = model(image, boxes=[[40, 20, 180, 420]])

        Without boxes the image is searched, which takes about ten times as long as one box: for the best place of a
        person, then again with that person masked, until nobody more is found.

        Args:
            image: uint8 RGB (H, W, 3), or the path of an image file, which is turned as its EXIF orientation says.
                OpenCV reads BGR: pass `image[..., ::-1]`.
            people: maximum number of people to search for, 1 to 4.
            boxes: (N, 4), x and y of the top left corner, width and height in px of each person. Each box gives one
                person, and the image is not searched.
            min_score: minimum `Person.score`, 0 to 1; None is the model's own for people who are searched for, and 0
                for boxes.

        Returns:
            The people, in the order in which they were found or in that of the boxes; empty if there is nobody.

        Raises:
            TypeError: the image is neither an array nor a path.
            ValueError: the image or a box has another type or shape, the file is missing or no image, or a number is
                out of range.
        """
        _check_min_score(min_score)
        item = Item("", None, as_image(image))
        if boxes is None:
            found = self._search([item], people, min_score)
        else:
            find = box_crops({"": as_boxes(boxes)}, self._net)
            found = estimate_crops(iter_crops([item], find), self._net, batch=_BATCH, min_score=min_score or 0.0)
        return next(iter(self._frames(found))).people

    def images(
        self,
        source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        people: int = MAX_PEOPLE,
        min_score: float | None = None,
    ) -> Iterator[Frame]:
        """Finds the people in each image of a folder, or of a list of files.

            table = panopose.to_frame(model.images("pictures"))

        Files are read ahead in threads. A file that cannot be read is skipped with a warning.

        Args:
            source: a folder, whose images are taken in the order of their names, with those of its subfolders; or the
                paths of image files.
            people: maximum number of people in an image, 1 to 4.
            min_score: minimum `Person.score`, 0 to 1; None is the model's own.

        Yields:
            Each image with its people; its name is the path inside the folder, or the path as given.

        Raises:
            ValueError: there are no images, or a number is out of range.
        """
        _check_min_score(min_score)
        if isinstance(source, str | os.PathLike):
            folder = Path(source)
            if not folder.is_dir():
                raise ValueError(f"{str(source)!r} is no folder; pass a folder, or a list of paths")
            names = pictures_in(folder)[0]
        else:
            folder, names = Path(), [os.fspath(path) for path in source]
        return self._frames(self._search(read_folder(folder, names), people, min_score))

    def track(
        self,
        source: str | os.PathLike[str] | int | Iterable[np.ndarray],
        *,
        people: int = MAX_PEOPLE,
        min_score: float | None = None,
        fps: float | None = None,
    ) -> Iterator[Frame]:
        """Tracks people through a video or in front of a camera, frame by frame, and smooths their joints.

            for frame in model.track("squats.mp4"):
                print(frame.time_s, frame.people)

        A frame's result depends on the frames before it alone, as live use demands. Every frame of a file is taken;
        frames of a camera that arrive while the model is busy are dropped.

        Args:
            source: a video file, a camera's number, a stream's URL; or images, uint8 RGB (H, W, 3), in the order of
                their times.
            people: maximum number of people, 1 to 4.
            min_score: minimum `Person.score`, 0 to 1; None is the model's own.
            fps: frames per second of the images, if these are passed; None takes the times at which they arrive.

        Yields:
            Each frame with its people, whose numbers stay the same while they are tracked.

        Raises:
            TypeError: an image is no array.
            ValueError: there is no such video, it cannot be read, an image has another type or shape, or a number is
                out of range.
        """
        _check_min_score(min_score)
        rule = rule_of(self._net, min_score)
        net = self._net
        tracker = Tracker(net.predict, net.skeleton, net.size, net.padding, rule, people=people)
        smoothed = SmoothedTracker(tracker, rule.joint_score, SMOOTH_CUTOFF_HZ, SMOOTH_BETA)
        least = rule.lost_score if min_score is None else min_score
        if fps is not None and not fps > 0:
            raise ValueError(f"fps must be above 0, got {fps}")
        if isinstance(source, str | os.PathLike | int):
            if fps is not None:
                raise ValueError("fps is of images; a video has its own, leave fps out")
            frames = _read(FrameSource(str(source)))
        else:
            frames = _as_frames(source, fps)
        return self._tracked(smoothed, frames, rule.joint_score, least)

    def draw(self, image: ImageLike, people: Sequence[Person]) -> np.ndarray:
        """Draws people onto a copy of an image; the person's left is blue, right orange, the middle violet.

        Joints are drawn if they are visible, limbs if both their ends are. With several people, their numbers are
        written beside their boxes.

        Args:
            image: uint8 RGB (H, W, 3), or the path of an image file.
            people: in the image.

        Returns:
            uint8 RGB (H, W, 3).

        Raises:
            TypeError: the image is neither an array nor a path.
            ValueError: the image has another type or shape, or the file is missing or no image.
        """
        return draw(as_image(image), people)

    def _search(self, items: Iterable[Item], people: int, min_score: float | None) -> Iterator[Found]:
        if not 1 <= people <= MAX_PEOPLE:
            raise ValueError(f"people must be 1 to {MAX_PEOPLE}, got {people}")
        rule = rule_of(self._net, min_score)
        least = rule.lost_score if min_score is None else min_score
        return search(items, self._net, rule, people=people, batch=_BATCH, min_score=least)

    def _frames(self, found: Iterator[Found]) -> Iterator[Frame]:
        number, joint_score = 0, rule_of(self._net, None).joint_score
        for item, rows in found:
            if item.picture is None or rows is None:
                warnings.warn(f"{item.key} cannot be read as an image; it is skipped", stacklevel=2)
                continue
            people = [Person(row.xy_px, row.scores, row.box_px, row.number, self.skeleton, joint_score) for row in rows]
            yield Frame(item.picture, people, self.skeleton, str(item.key), number)
            number += 1

    def _tracked(
        self, tracker: SmoothedTracker, frames: Iterator[VideoFrame], joint_score: float, least: float
    ) -> Iterator[Frame]:
        for frame in frames:
            people = [
                Person(one.xy_px, one.scores, _box(one), one.number - 1, self.skeleton, joint_score)
                for one in tracker(frame).people
                if confidence(one.scores, self.skeleton) >= least
            ]
            yield Frame(frame.picture, people, self.skeleton, "", frame.index, frame.time_s)


def _check_min_score(min_score: float | None) -> None:
    if min_score is not None and not 0 <= min_score <= 1:
        raise ValueError(f"min_score must be 0 to 1, got {min_score}; leave it out for the model's own")


def _read(source: FrameSource) -> Iterator[VideoFrame]:
    yield from read_frames(source)
    for note in source.notes:
        warnings.warn(note, stacklevel=2)


def _as_frames(images: Iterable[np.ndarray], fps: float | None) -> Iterator[VideoFrame]:
    for number, image in enumerate(images):
        yield VideoFrame(as_image(image), time.perf_counter() if fps is None else number / fps, number)


def _box(person: TrackedPerson) -> np.ndarray:
    """Box around the visible joints; around all of them where none is visible."""
    box_px = person.box_px
    return box_from_joints(person.xy_px, np.isfinite(person.xy_px).all(axis=1)) if box_px is None else box_px
