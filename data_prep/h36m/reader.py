"""Human3.6M (Ionescu et al., TPAMI 2014), with the 3D joints that VideoPose3D prepares (arXiv 1811.11742)."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from data_prep.h36m.labels import POINT_OF_JOINT, POSITIONS, read_cameras, read_positions
from data_prep.h36m.sequences import H36mSequences
from data_prep.reader import Item, LeftOut, Reader, Unit
from data_prep.video.pictures import PictureFile
from data_prep.video.video_file import Video
from pose import MPII16, Camera, Skeleton, box_from_joints
from records import BadInput, Person

CAMERAS = "camera-parameters.json"
_FRAMES_PER_UNIT = 1000
_FEWEST_JOINTS = 8
# VideoPose3D's names of two actions, and the names in the first subject's videos.
_OTHER_NAMES = {"Photo": "TakingPhoto", "WalkDog": "WalkingDog"}


@dataclass(frozen=True)
class H36m(Reader):
    """Reads one person in every chosen frame of every video, with joints in 3D.

        ROOT/data_3d_h36m.npz         `positions_3d` as VideoPose3D's prepare_data_h36m.py writes it
        ROOT/camera-parameters.json   of github.com/karfly/human36m-camera-parameters
        ROOT/S1/Videos/Directions 1.54138969.mp4    as the data set unpacks; or extracted frames, see `pictures`

    A pose's number is that of the video's frame. 15 of the 32 points are MPII's joints; the upper neck is not labeled.
    Joints in the image count as seen (2), since the data set does not say which are hidden, and the box is theirs.
    `sequence` is subject/action, and whole subjects go to one split, usually by `--published human36m`. The data set
    has no good poses for S11's Directions, and VideoPose3D leaves it out.

    Attributes:
        root: the folder with these files.
        subjects: such as S1; by default all with poses, cameras and images.
        cameras: such as 54138969; all four by default.
        stride: take frames 0, stride, 2 stride, ... of the 50 per second.
        pictures: the path of the videos under the root, or with {frame} that of the extracted frames, such as
            "{subject}/{action}.{camera}/{frame:06d}.jpg".
        first_frame: the number of the first extracted frame.
    """

    root: Path
    subjects: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    stride: int = 1
    pictures: str = "{subject}/Videos/{action}.{camera}.mp4"
    first_frame: int = 0

    def __post_init__(self) -> None:
        for name in (POSITIONS, CAMERAS):
            if not (Path(self.root) / name).is_file():
                raise ValueError(f"there is no {Path(self.root) / name}; see the reader's help for what makes it")
        for name, lowest in (("stride", 1), ("first_frame", 0)):
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} must be {lowest} or more, got {getattr(self, name)}")
        try:
            fields = {field for _, field, _, _ in string.Formatter().parse(self.pictures) if field is not None}
            self.pictures.format(subject="S1", action="Eating", camera="54138969", frame=0)
        except (IndexError, KeyError, ValueError) as error:
            raise ValueError(f"pictures must use no field but subject, action, camera and frame: {error!r}") from error
        if not {"subject", "action", "camera"} <= fields:
            raise ValueError(f"pictures must name {{subject}}, {{action}} and {{camera}}, got {self.pictures!r}")

    @property
    def skeleton(self) -> Skeleton:
        """MPII's joints; the upper neck is never labeled."""
        return MPII16

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "h36m"

    def for_sequences(self) -> H36mSequences:
        """The reader of the people over time, which needs no videos."""
        return H36mSequences(self.root, self.subjects, self.stride)

    def total(self) -> int:
        """The most people there may be."""
        return sum(len(unit.frames) for unit in self._units)

    def sequence_names(self) -> set[str]:
        """Subjects and actions."""
        return {unit.sequence for unit in self._units}

    def units(self) -> list[Unit]:
        """Lists spans of the videos by subject, action and camera.

        Raises:
            ValueError: poses or cameras cannot be read, lack the requested subjects or cameras, or have no images.
        """
        return list(self._units)

    @cached_property
    def _units(self) -> list[H36mUnit]:
        positions, placed = read_positions(Path(self.root) / POSITIONS), read_cameras(Path(self.root) / CAMERAS)
        known = sorted(positions.keys() & placed.keys())
        if unknown := sorted(set(self.subjects) - set(known)):
            raise ValueError(f"there are no poses or no cameras of {unknown}; there are those of {known}")
        units = []
        for subject in self.subjects or known:
            cameras, before = placed[subject], len(units)
            if unknown := sorted(set(self.cameras) - set(cameras)):
                raise ValueError(f"{subject} has no cameras {unknown}; it has {', '.join(cameras)}")
            for action, points_mm in positions[subject].items():
                joints_mm = np.where(POINT_OF_JOINT[:, None] >= 0, points_mm[:: self.stride, POINT_OF_JOINT], 0)
                for name in self.cameras or sorted(cameras):
                    units += self._spans(subject, action, cameras[name], joints_mm)
            if self.subjects and len(units) == before:
                raise ValueError(
                    f"{self.root} has no pictures of {subject} at {self.pictures!r}; unpack its videos there"
                )
        if not units:
            raise ValueError(f"{self.root} has no pictures at {self.pictures!r}; unpack them there")
        return units

    def _spans(self, subject: str, action: str, camera: Camera, joints_mm: np.ndarray) -> list[H36mUnit]:
        """One video's units; none if the video is missing."""
        source = self._source(subject, action, camera.name)
        if source is None:
            return []
        sequence, count = f"{subject}/{action}", max(_FRAMES_PER_UNIT // self.stride, 1)
        return [
            H36mUnit(
                name=f"{sequence}/{camera.name}/{start * self.stride:06d}",
                source=source,
                sequence=sequence,
                camera=camera,
                frames=range(start * self.stride, min(start + count, len(joints_mm)) * self.stride, self.stride),
                joints_world_mm=joints_mm[start : start + count],
            )
            for start in range(0, len(joints_mm), count)
        ]

    def _source(self, subject: str, action: str, camera: str) -> Source | None:
        """Where the frames are, None if there are none."""
        kind, space, number = action.partition(" ")
        for name in (action, _OTHER_NAMES.get(kind, kind) + space + number):
            names = {"subject": subject, "action": name, "camera": camera}
            source = Source(Path(self.root), self.pictures, names, self.first_frame)
            if source.path(0).is_file():
                return source
        return None


@dataclass(frozen=True)
class Source:
    """The frames of one camera and action.

    Attributes:
        root: the data set's folder.
        template: of the path of the video or of extracted frames in it.
        names: subject, action and camera.
        first_frame: the number of the first extracted frame.
    """

    root: Path
    template: str
    names: dict[str, str]
    first_frame: int

    @property
    def are_frames(self) -> bool:
        """Whether they are extracted frames, not a video."""
        return "{frame" in self.template

    def path(self, frame: int) -> Path:
        """The file of the frame, or the video."""
        return self.root / self.template.format(**self.names, frame=frame + self.first_frame)

    def pictures(self, frames: range, size: tuple[int, int]) -> Iterator[tuple[int, Callable] | BadInput]:
        """Streams frame numbers with lazy images of a (height, width), and broken or missing inputs."""
        if not self.are_frames:
            yield from Video(self.path(0), size).frames(frames)
            return
        for frame in frames:
            path = self.path(frame)
            yield (frame, PictureFile(str(path), size)) if path.is_file() else BadInput(str(path), "is missing")


@dataclass(frozen=True, eq=False)
class H36mUnit:
    """A span of one video.

    Attributes:
        name: subject/action/camera/first frame.
        source: where its frames are.
        sequence: subject/action.
        camera: the camera.
        frames: the N frames' numbers from 0.
        joints_world_mm: float32 (N, 16, 3), MPII's joints.
    """

    name: str
    source: Source
    sequence: str
    camera: Camera
    frames: range
    joints_world_mm: np.ndarray

    def files(self) -> Iterator[Path]:
        """The video, or the frames."""
        return map(self.source.path, self.frames if self.source.are_frames else (0,))

    def people(self) -> Iterator[Item]:
        """Streams the person, frame by frame, and broken inputs."""
        for item in self.source.pictures(self.frames, self.camera.size):
            yield item if isinstance(item, BadInput) else self._person(*item)

    def _person(self, frame: int, picture: Callable) -> Item:
        joints_mm = self.joints_world_mm[self.frames.index(frame)]
        if not np.isfinite(joints_mm).all():
            return BadInput(f"{self.name} frame {frame}", "a joint is NaN or infinite")
        known = POINT_OF_JOINT >= 0
        xy_px = self.camera.project(joints_mm)
        on_picture = known & self.camera.in_front(joints_mm) & self.camera.contains(xy_px)
        if on_picture.sum() < _FEWEST_JOINTS:
            return LeftOut(f"fewer than {_FEWEST_JOINTS} joints on the picture")
        visible = np.where(on_picture, 2, 0)
        return Person(
            picture=picture,
            box_px=box_from_joints(xy_px, visible),
            joints_xy_px=np.where(on_picture[:, None], xy_px, 0).astype(np.float32),
            visible=visible,
            dataset="h36m",
            sequence=self.sequence,
            camera=self.camera.name,
            frame=frame,
            joints_xyz_mm=np.where(known[:, None], self.camera.to_camera(joints_mm), 0).astype(np.float32),
            xyz_known=known,
            camera_model=self.camera,
        )
