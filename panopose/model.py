"""Exported models, run on images and videos."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demo.batch.find import Found, box_crops, estimate_crops, iter_crops, rule_of, search
from demo.batch.inputs import Item, pictures_in, read_folder
from demo.finding.choose import max_people, tracker_for
from demo.runtimes.pose_model import PoseModel
from demo.tracking.estimator import confidence
from demo.tracking.people import SMOOTH_BETA, SMOOTH_CUTOFF_HZ, SmoothedTracker
from demo.video.capture import Frame as VideoFrame
from demo.video.capture import FrameSource
from panopose.images import ImageLike, as_boxes, as_image
from panopose.people import Frame, Person, draw
from panopose.sources import as_frames, box_of, check_min_score, read_source
from pose import Skeleton

if TYPE_CHECKING:
    from demo.offline.recording import Recording

_BATCH = 8


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
        self, image: ImageLike, *, people: int | None = None, boxes: object = None, min_score: float | None = None
    ) -> list[Person]:
        """Finds the people in an image.

            people = model("squats.jpg")
            people = model(image, boxes=[[40, 20, 180, 420]])

        Without boxes everybody is found by the model itself, or its finder, if they see everybody. Otherwise the image
        is searched for the best place of a person, then again with that person masked, until nobody more is found:
        about 17 calls of the model for an image of one person, 9 with `people=1`.

        Args:
            image: uint8 RGB (H, W, 3), or the path of an image file, which is turned as its EXIF orientation says.
                OpenCV reads BGR: pass `image[..., ::-1]`.
            people: maximum number of people to search for; None is everybody, or four without a finder.
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
        check_min_score(min_score)
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
        people: int | None = None,
        min_score: float | None = None,
    ) -> Iterator[Frame]:
        """Finds the people in each image of a folder, or of a list of files.

            table = panopose.to_frame(model.images("pictures"))

        Files are read ahead in threads. A file that cannot be read is skipped with a warning.

        Args:
            source: a folder, whose images are taken in the order of their names, with those of its subfolders; or the
                paths of image files.
            people: maximum number of people in an image; None is everybody, or four without a finder.
            min_score: minimum `Person.score`, 0 to 1; None is the model's own.

        Yields:
            Each image with its people; its name is the path inside the folder, or the path as given.

        Raises:
            ValueError: there are no images, or a number is out of range.
        """
        check_min_score(min_score)
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
        people: int | None = None,
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
            people: maximum number of people; None is everybody, or four without a finder.
            min_score: minimum `Person.score`, 0 to 1; None is the model's own.
            fps: frames per second of the images, if these are passed; None takes the times at which they arrive.

        Yields:
            Each frame with its people, whose numbers stay the same while they are tracked.

        Raises:
            TypeError: an image is no array.
            ValueError: there is no such video, it cannot be read, an image has another type or shape, or a number is
                out of range.
        """
        check_min_score(min_score)
        rule = rule_of(self._net, min_score)
        net = self._net
        tracker = tracker_for(net, rule, people)
        smoothed = SmoothedTracker(tracker, rule.joint_score, SMOOTH_CUTOFF_HZ, SMOOTH_BETA)
        least = rule.lost_score if min_score is None else min_score
        if fps is not None and not fps > 0:
            raise ValueError(f"fps must be above 0, got {fps}")
        if isinstance(source, str | os.PathLike | int):
            if fps is not None:
                raise ValueError("fps is of images; a video has its own, leave fps out")
            frames = read_source(FrameSource(str(source)))
        else:
            frames = as_frames(source, fps)
        return self._tracked(smoothed, frames, rule.joint_score, least)

    def video(
        self,
        source: str | os.PathLike[str],
        *,
        people: int | None = None,
        min_score: float | None = None,
        cutoff_hz: float | None = 6.0,
    ) -> Recording:
        """Tracks people through a whole video file, and smooths their joints without lag, as `panopose video` does.

            recording = model.video("walk.mp4")
            panopose.to_frame(recording, angles=True).to_csv("walk.csv", index=False)

        Left and right are exchanged back where the model has mistaken them for some frames, joints that leap away and
        back are rejected, gaps of up to a quarter of a second are interpolated, and a Butterworth filter runs forwards
        and backwards.

        Args:
            source: a video file.
            people: maximum number of people at once; None is everybody, or four without a finder.
            min_score: minimum `Person.score` in a frame, 0 to 1; None is the model's own.
            cutoff_hz: cutoff of the filter: lower is smoother, higher keeps faster motion. None does nothing of all
                this: the joints are as the model estimates them in each frame.

        Returns:
            The joints of everybody over time: `recording.times_s` (F,), and for each number in `recording.people`
            `xy_px, scores, filled = recording.joints(number)`, of shape (F, J, 2), (F, J) and (F, J); NaN where a joint
            is missing.

        Raises:
            ValueError: there is no such video, it cannot be read, or a number is out of range.
        """
        from demo.offline.smooth import Smoothing, smooth
        from demo.offline.track import track_frames

        check_min_score(min_score)
        smoothing = None if cutoff_hz is None else Smoothing(cutoff_hz=cutoff_hz)
        if not os.path.isfile(source):
            raise ValueError(f"there is no video file {str(source)!r}; of a camera, use model.track")
        frames, rule = read_source(FrameSource(str(source))), rule_of(self._net, min_score)
        recording = track_frames(frames, self._net, rule, people=people, min_score=min_score)
        return recording if smoothing is None else smooth(recording, smoothing)

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

    def _search(self, items: Iterable[Item], people: int | None, min_score: float | None) -> Iterator[Found]:
        people = max_people(self._net, people)
        rule = rule_of(self._net, min_score)
        return search(items, self._net, rule, people=people, batch=_BATCH, min_score=min_score)

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
                Person(one.xy_px, one.scores, box_of(one), one.number - 1, self.skeleton, joint_score)
                for one in tracker(frame).people
                if confidence(one.scores, self.skeleton) >= least
            ]
            yield Frame(frame.picture, people, self.skeleton, "", frame.index, frame.time_s)
