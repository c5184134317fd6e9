"""The units of work of a Panoptic sequence: its labels, and stretches of frames of each camera."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from data_prep.panoptic.layout import Layout
from data_prep.panoptic.pictures import Picture, Places, pictures_of
from data_prep.panoptic.poses import Bodies, PoseFiles, read_bodies
from data_prep.panoptic.selection import View, distinct, spread
from data_prep.reader import Item, LeftOut
from dome.visible_joints import VISIBLE, read_visible
from machine.file_state import file_state
from pose import PANOPTIC19, Camera, joint_map
from pose.panoptic_cameras import read_cameras
from records import BadInput, Person

if TYPE_CHECKING:
    from data_prep.panoptic.reader import Panoptic


@dataclass(frozen=True, eq=False)
class _Labels:
    """What a sequence's calibration and poses hold.

    Attributes:
        cameras: by name.
        bodies: all N of the chosen frames.
        chosen: by camera, bool (N,): which bodies may be taken; None if all that the camera sees.
        broken: what could not be read.
    """

    cameras: dict[str, Camera]
    bodies: Bodies
    chosen: dict[str, np.ndarray] | None
    broken: tuple[BadInput, ...]


# A process makes unit after unit of a sequence, all of the same labels.
@lru_cache(maxsize=2)
def _read_labels(reader: Panoptic, folder: Path, state: str) -> _Labels:
    """Reads them as they are in a `state`, which keeps a process from taking what it read of another."""
    layout = reader.layout
    cameras, broken = read_cameras(layout.calibration(folder), layout.kind)
    files = PoseFiles.of(layout.poses_of(folder))
    reports = [*broken.values(), *files.broken]
    frames = reader.frames(files) if cameras else []
    bodies = read_bodies(files, frames, reports.append, reader.skeleton)
    sources = layout.pictures(folder)
    for name in reader.views(folder) if cameras else []:
        if sources.get(name, Places()) == Places():
            images = layout.images.format(name)
            empty = "frames in " if name in sources else ""
            reports.append(BadInput(f"{folder} camera {name}", f"has neither {empty}{images} nor a video"))
        elif name not in cameras and name not in broken:
            reports.append(BadInput(f"{folder} camera {name}", "has pictures, but no calibration"))
    return _Labels(cameras, bodies, _choose(reader, folder, cameras, bodies), tuple(reports))


def _choose(reader: Panoptic, folder: Path, cameras: dict[str, Camera], bodies: Bodies) -> dict[str, np.ndarray] | None:
    """Which bodies each camera may take."""
    if not reader.min_pose_change_mm and reader.max_people is None:
        return None
    taken = np.ones(len(bodies.ids), bool)
    if reader.min_pose_change_mm:
        known = bodies.confidence > reader.min_confidence
        center = joint_map(PANOPTIC19, reader.skeleton).tolist().index(PANOPTIC19.index("body_center"))
        taken = distinct(bodies.joints_world_mm, known, reader.min_pose_change_mm, center)
    sources = reader.layout.pictures(folder)
    names = [name for name in reader.views(folder) if name in cameras and sources.get(name, Places()) != Places()]
    if reader.max_people is None or not names:
        return dict.fromkeys(names, taken)
    shown = np.stack([_shown(reader, View.of(bodies, cameras[name], reader.min_confidence)) & taken for name in names])
    return dict(zip(names, spread(shown, bodies.frames, reader.max_people), strict=True))


def _not_chosen(reader: Panoptic) -> str:
    """Why `_choose` leaves bodies out."""
    changed = "a pose like one before it (--min-pose-change-mm)" if reader.min_pose_change_mm else ""
    budget = "more than are wanted (--max-people)" if reader.max_people is not None else ""
    return " or ".join(filter(None, (changed, budget)))


def _shown(reader: Panoptic, view: View) -> np.ndarray:
    return view.shown(reader.min_visible_joints, reader.min_box_px)


@dataclass(frozen=True)
class LeftOutUnit:
    """Tells why a sequence was left out; has no people.

    Attributes:
        folder: the sequence's.
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
    """Tells what of a sequence's calibration and poses is broken; has no people.

    Attributes:
        reader: whose options say which frames and cameras are read.
        folder: the sequence's.
        state: that of the calibration and the poses, see `labels_state`.
    """

    reader: Panoptic
    folder: Path
    state: str

    @property
    def name(self) -> str:
        """SEQUENCE/labels."""
        return f"{self.folder.name}/labels"

    def files(self) -> tuple[Path, ...]:
        """None: their state is noted."""
        return ()

    def people(self) -> Iterator[BadInput]:
        """Streams the broken inputs."""
        yield from _read_labels(self.reader, self.folder, self.state).broken


def labels_state(layout: Layout, folder: Path, poses: PoseFiles) -> str:
    """What tells whether a sequence's labels have changed: the calibration's content, the poses' sizes and times."""
    digest = hashlib.blake2b(digest_size=16)
    for path in (layout.calibration(folder), *(folder / name.format(folder.name) for name in layout.tables)):
        digest.update(path.read_bytes() if path.is_file() else b"missing")
    for name in poses.files():
        digest.update(file_state(name).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class CameraUnit:
    """A stretch of a sequence before one camera.

    Attributes:
        reader: whose options say which people to take.
        folder: the sequence's.
        camera: its name.
        source: its video, or its folder of extracted frames.
        first: the first frame.
        last: the last frame.
        state: that of the sequence's labels, see `labels_state`.
        frames: of extracted frames, the number, size and time of each that may be read.
    """

    #: Whether extracted frames have the numbers of the poses.
    numbered_as_poses: ClassVar[bool] = True

    reader: Panoptic
    folder: Path
    camera: str
    source: Path
    first: int
    last: int
    state: str
    frames: str

    @property
    def name(self) -> str:
        """SEQUENCE/CAMERA/FRAME, the frame being the first."""
        return f"{self.folder.name}/{self.camera}/{self.first:08d}"

    @staticmethod
    def wanted(folder: Path, camera: str, frames: list[int]) -> list[int]:
        """The numbers of the extracted frames that the poses of some frames need."""
        return frames

    def files(self) -> tuple[Path, ...]:
        """The video, and which joints it shows where that is known."""
        video = () if self.source.is_dir() else (self.source,)
        return (*video, self.folder / VISIBLE.format(self.camera))

    def people(self) -> Iterator[Item]:
        """Streams the people by frame and body, those left out, and the broken inputs."""
        labels = _read_labels(self.reader, self.folder, self.state)
        camera = labels.cameras[self.camera]
        rows = np.flatnonzero((labels.bodies.frames >= self.first) & (labels.bodies.frames <= self.last))
        bodies = labels.bodies.at(rows)
        view = View.of(bodies, camera, self.reader.min_confidence)
        taken = _shown(self.reader, view)
        yield from self._left_out(view, taken)
        if labels.chosen is not None:
            chosen = taken & labels.chosen[self.camera][rows]
            if left := int(taken.sum() - chosen.sum()):
                yield LeftOut(_not_chosen(self.reader), left)
            taken = chosen
        visible = np.where(view.on_picture, 2, 0)
        try:
            visible = np.where(view.on_picture & self._hidden(bodies), 1, visible)
        except BadInput as bad:
            yield bad
        by_frame: dict[int, list[int]] = {}
        for i in np.flatnonzero(taken).tolist():
            by_frame.setdefault(int(bodies.frames[i]), []).append(i)
        try:
            for item in self._pictures(camera, list(by_frame)):
                if isinstance(item, BadInput):
                    yield item
                    continue
                frame, picture = item
                if isinstance(picture, LeftOut):
                    yield replace(picture, count=len(by_frame[frame]))
                    continue
                for i in by_frame[frame]:
                    yield self._person(camera, bodies, view, visible, i, picture)
        except BadInput as bad:
            yield bad

    def _left_out(self, view: View, taken: np.ndarray) -> Iterator[LeftOut]:
        """Counts the people of whom too little is in view."""
        joints, least = view.on_picture.sum(axis=1), self.reader.min_visible_joints
        for reason, left in (
            ("no joint in view", joints == 0),
            (f"fewer than {least} joints in view (--min-visible-joints)", (joints > 0) & (joints < least)),
            (f"box smaller than {self.reader.min_box_px:g} px (--min-box-px)", (joints >= least) & ~taken),
        ):
            if count := int(left.sum()):
                yield LeftOut(reason, count)

    def _pictures(self, camera: Camera, frames: list[int]) -> Iterator[tuple[int, Callable | LeftOut] | BadInput]:
        """Streams frames' numbers, ascending, with their pictures or why those are left out, and what is broken."""
        return pictures_of(self.source, camera, frames)

    def _hidden(self, bodies: Bodies) -> np.ndarray:
        """Tells (N, J) which joints are known to be hidden; the studio knows of none, the synthetic dome of all.

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

    def _person(
        self, camera: Camera, bodies: Bodies, view: View, visible: np.ndarray, i: int, picture: Picture
    ) -> Person:
        return Person(
            picture=picture,
            box_px=view.box_px[i],
            joints_xy_px=np.where(view.on_picture[i, :, None], view.xy_px[i], 0).astype(np.float32),
            visible=visible[i],
            dataset=self.reader.dataset,
            sequence=self.folder.name,
            camera=camera.name,
            frame=int(bodies.frames[i]),
            person=int(bodies.ids[i]),
            joints_xyz_mm=np.where(view.known[i, :, None], view.xyz_mm[i], 0).astype(np.float32),
            xyz_known=view.known[i],
            camera_model=camera,
        )
