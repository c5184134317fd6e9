"""The units of work of a Panoptic sequence: its labels, and spans of frames of each camera."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from data_prep.panoptic.labels import read_labels
from data_prep.panoptic.pictures import Picture, pictures_of
from data_prep.panoptic.poses import Bodies
from data_prep.panoptic.selection import Selection, View
from data_prep.panoptic.true_bodies import true_bodies_of, with_body
from data_prep.reader import Item, LeftOut, Unlabeled
from data_prep.video.pictures import SharedPicture
from dome.depth_images import DEPTH, read_depth
from dome.true_bodies import BODIES
from dome.visible_joints import VISIBLE, read_visible
from pose import Camera
from pose.depth_sensor import measured
from records import BadInput, Person, Region


@dataclass(frozen=True)
class LeftOutUnit:
    """Reports why a sequence was left out; has no people.

    Attributes:
        folder: the sequence's folder.
        why: what it lacks.
    """

    folder: Path
    why: str

    @property
    def name(self) -> str:
        """SEQUENCE/left-out."""
        return f"{self.folder.name}/left-out"

    def files(self) -> tuple[Path, ...]:
        """None."""
        return ()

    def people(self) -> Iterator[BadInput]:
        """Streams the one broken input."""
        yield BadInput(str(self.folder), self.why)


@dataclass(frozen=True)
class LabelsUnit:
    """Reports the errors of a sequence's calibration and poses; has no people.

    Attributes:
        selection: which frames and cameras are read.
        folder: the sequence's folder.
        state: of the calibration and the poses, see `labels_state`.
    """

    selection: Selection
    folder: Path
    state: str

    @property
    def name(self) -> str:
        """SEQUENCE/labels."""
        return f"{self.folder.name}/labels"

    def files(self) -> tuple[Path, ...]:
        """None: `state` covers them."""
        return ()

    def people(self) -> Iterator[BadInput]:
        """Streams the broken inputs."""
        yield from read_labels(self.selection, self.folder, self.state).broken


# The dome's settings, which say how its depth images were made.
_SETTINGS = "dome.json"


class _DomeDepth(SharedPicture):
    """A depth image of the synthetic dome, shared by the people of a frame."""

    def __init__(self, folder: Path, camera: Camera, frame: int, *, as_sensor: bool) -> None:
        super().__init__(str(folder / DEPTH.format(camera.name, frame)), camera.size)
        self._folder, self._camera, self._frame, self._as_sensor = folder, camera, frame, as_sensor

    def load(self) -> None:
        """Reads the image; a sensor's errors depend on nothing but the image's name."""
        self.picture = read_depth(self._folder, self._camera.name, self._frame)
        if self._as_sensor:
            seed = zlib.crc32(f"{self._folder.name}/{self._camera.name}/{self._frame}".encode())
            focal_px = float(self._camera.matrix[0, 0])
            self.picture = measured(self.picture, focal_px, np.random.default_rng(seed))


@dataclass(frozen=True)
class CameraUnit:
    """A span of frames of one camera.

    Attributes:
        selection: which people to take.
        folder: the sequence's folder.
        camera: the camera's name.
        source: its video, or its folder of extracted frames.
        first: the first frame.
        last: the last frame.
        state: of the sequence's labels, see `labels_state`.
        frames: a digest of the names, sizes and times of the extracted frames that may be read.
    """

    #: Whether extracted frames have the same numbers as the poses.
    numbered_as_poses: ClassVar[bool] = True

    selection: Selection
    folder: Path
    camera: str
    source: Path
    first: int
    last: int
    state: str
    frames: str

    @property
    def name(self) -> str:
        """SEQUENCE/CAMERA/FRAME, with the first frame."""
        return f"{self.folder.name}/{self.camera}/{self.first:08d}"

    @staticmethod
    def wanted(folder: Path, camera: str, frames: list[int]) -> list[int]:
        """The numbers of the extracted frames for the poses of some frames."""
        return frames

    def files(self) -> tuple[Path, ...]:
        """The video, and the files of the truth."""
        video = () if self.source.is_dir() else (self.source,)
        depth = () if self.selection.depth == "none" else (self.folder / _SETTINGS,)
        truth = (self.folder / BODIES,) if self.selection.bodies else ()
        return (*video, self.folder / VISIBLE.format(self.camera), *depth, *truth)

    def people(self) -> Iterator[Item]:
        """Streams the people by frame and body, counts of those left out, and broken inputs."""
        labels = read_labels(self.selection, self.folder, self.state)
        camera = labels.cameras[self.camera]
        rows = np.flatnonzero((labels.bodies.frames >= self.first) & (labels.bodies.frames <= self.last))
        bodies = labels.bodies.at(rows)
        view = View.of(bodies, camera, self.selection.min_confidence)
        taken = self.selection.shown(view)
        yield from self._left_out(view, taken)
        if labels.chosen is not None:
            chosen = taken & labels.chosen[self.camera][rows]
            if left := int(taken.sum() - chosen.sum()):
                yield LeftOut(self.selection.why_not_chosen, left)
            taken = chosen
        visible = np.where(view.on_picture, 2, 0)
        try:
            visible = np.where(view.on_picture & self._hidden(bodies), 1, visible)
        except BadInput as bad:
            yield bad
        of_frames = self.selection.of_frames
        try:
            truth = true_bodies_of(self.folder, bodies) if self.selection.bodies and not of_frames else None
        except BadInput as bad:
            yield bad
            return
        frames = labels.frames if of_frames else bodies.frames[taken].tolist()
        by_frame: dict[int, list[int]] = {frame: [] for frame in frames if self.first <= frame <= self.last}
        for i in np.flatnonzero(view.on_picture.any(axis=1) if of_frames else taken).tolist():
            by_frame[int(bodies.frames[i])].append(i)
        try:
            for item in self._pictures(camera, list(by_frame)):
                if isinstance(item, BadInput):
                    yield item
                    continue
                frame, picture = item
                if isinstance(picture, LeftOut):
                    yield from [replace(picture, count=len(by_frame[frame]))] if by_frame[frame] else []
                    continue
                if of_frames:
                    yield self._unlabeled(camera, frame, picture)
                depth = self._depth(camera, frame)
                for i in by_frame[frame]:
                    if taken[i]:
                        person = self._person(camera, bodies, view, visible, i, picture, depth)
                        yield person if truth is None else with_body(person, truth, camera)
                    else:
                        yield self._unlabeled(camera, frame, picture, Region.of_box(view.whole_box_px(i)))
        except BadInput as bad:
            yield bad

    def _left_out(self, view: View, taken: np.ndarray) -> Iterator[LeftOut]:
        """Counts the people with too little in view."""
        joints, least = view.on_picture.sum(axis=1), self.selection.min_visible_joints
        for reason, left in (
            ("no joint in view", joints == 0),
            (f"fewer than {least} joints in view (--min-visible-joints)", (joints > 0) & (joints < least)),
            (f"box smaller than {self.selection.min_box_px:g} px (--min-box-px)", (joints >= least) & ~taken),
        ):
            if count := int(left.sum()):
                yield LeftOut(reason, count)

    def _pictures(self, camera: Camera, frames: list[int]) -> Iterator[tuple[int, Callable | LeftOut] | BadInput]:
        """Streams frame numbers, ascending, with their image or why it is left out; and broken inputs."""
        return pictures_of(self.source, camera, frames)

    def _hidden(self, bodies: Bodies) -> np.ndarray:
        """Mask (N, J) of joints known to be hidden; the synthetic dome knows them, the studio does not.

        Raises:
            BadInput: the truth is broken.
        """
        truth = read_visible(self.folder, self.camera)
        if truth is None:
            return np.zeros(bodies.confidence.shape, bool)
        frames, people, _ = truth.shape
        if not ((bodies.frames < frames) & (bodies.ids >= 0) & (bodies.ids < people)).all():
            raise BadInput(str(self.folder / VISIBLE.format(self.camera)), "lacks frames or people that have poses")
        return truth[bodies.frames, bodies.ids] == 1

    def _unlabeled(self, camera: Camera, frame: int, picture: Picture, region: Region | None = None) -> Unlabeled:
        return Unlabeled(picture, self.selection.dataset, self.folder.name, camera.name, frame, region)

    def _depth(self, camera: Camera, frame: int) -> SharedPicture | None:
        """The frame's depth image, shared by its people; here the dome's, if it is wanted."""
        if self.selection.depth == "none" or self.selection.of_frames:
            return None
        return _DomeDepth(self.folder, camera, frame, as_sensor=self.selection.depth == "sensor")

    def _person(
        self,
        camera: Camera,
        bodies: Bodies,
        view: View,
        visible: np.ndarray,
        i: int,
        picture: Picture,
        depth: SharedPicture | None,
    ) -> Person:
        return Person(
            picture=picture,
            box_px=view.box_px[i],
            joints_xy_px=np.where(view.on_picture[i, :, None], view.xy_px[i], 0).astype(np.float32),
            visible=visible[i],
            dataset=self.selection.dataset,
            sequence=self.folder.name,
            camera=camera.name,
            frame=int(bodies.frames[i]),
            person=int(bodies.ids[i]),
            joints_xyz_mm=np.where(view.known[i, :, None], view.xyz_mm[i], 0).astype(np.float32),
            xyz_known=view.known[i],
            camera_model=camera,
            depth_mm=depth,
        )
