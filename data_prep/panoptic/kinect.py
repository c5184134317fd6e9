"""CMU Panoptic Studio: the color and depth images of its ten Kinects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from data_prep.panoptic.kinect_depth import DepthFile, Sensor
from data_prep.panoptic.kinect_sync import KinectSync
from data_prep.panoptic.layout import Layout
from data_prep.panoptic.pictures import pictures_of
from data_prep.panoptic.poses import OLD_POSES, POSES
from data_prep.panoptic.reader import Panoptic
from data_prep.panoptic.units import CameraUnit
from data_prep.reader import Item, LeftOut
from data_prep.video.pictures import SharedPicture
from pose import Camera
from records import BadInput

KINECT = Layout(
    kind="kinect-color",
    poses=POSES,
    old_poses=OLD_POSES,
    images="kinectImgs/{}",
    videos="kinectVideos/kinect_{}.mp4",
    cameras=r"50_(?:0[1-9]|10)",
    short="50_{:02d}",
    download="the studio's own scripts/getData_kinoptic.sh {}",
    tables=("kcalibration_{}.json", "synctables_{}.json", "ksynctables_{}.json"),
)


# The studio numbers the extracted frames of its Kinects from 1.
_FIRST_EXTRACTED = 1


class _Depth(SharedPicture):
    """A depth image registered to the color camera, shared by the people of a frame."""

    def __init__(self, file: DepthFile, number: int, sensor: Sensor, camera: Camera) -> None:
        super().__init__(f"{file.path} picture {number}", camera.size)
        self._file, self._number, self._sensor, self._camera = file, number, sensor, camera

    def load(self) -> None:
        self.picture = self._sensor.register(self._file.read(self._number), self._camera)


@dataclass(frozen=True, eq=False)
class _Kinect:
    """The calibration, clock and depth of one Kinect in a sequence."""

    sensor: Sensor
    sync: KinectSync
    depth: DepthFile


# Cached, since a process makes many units of the same Kinect.
@lru_cache(maxsize=2)
def _kinect(folder: Path, camera: str, state: str) -> _Kinect:
    number = _number(camera)
    depth = DepthFile(_depth_path(folder, camera))
    if not len(depth):
        raise BadInput(str(depth.path), "is missing or empty")
    sensor = Sensor.of_calibration(folder / f"kcalibration_{folder.name}.json", number)
    return _Kinect(sensor, KinectSync.of_sequence(folder, number), depth)


def _number(camera: str) -> int:
    return int(camera.partition("_")[2])


def _depth_path(folder: Path, camera: str) -> Path:
    return folder / "kinect_shared_depth" / f"KINECTNODE{_number(camera)}" / "depthdata.dat"


@dataclass(frozen=True)
class KinectUnit(CameraUnit):
    """A span of frames of one Kinect."""

    numbered_as_poses: ClassVar[bool] = False

    @staticmethod
    def wanted(folder: Path, camera: str, frames: list[int]) -> list[int]:
        """The numbers of the extracted frames for some HD frames."""
        try:
            sync = KinectSync.of_sequence(folder, _number(camera))
        except BadInput:  # Reported when the unit is read.
            return []
        return [found[0] + _FIRST_EXTRACTED for frame in frames if (found := sync.pictures(frame)) is not None]

    def files(self) -> tuple[Path, ...]:
        """The video and the depth."""
        return (*super().files(), _depth_path(self.folder, self.camera))

    def people(self) -> Iterator[Item]:
        """Streams the people by frame and body, each with its depth, and the broken inputs.

        Raises:
            BadInput: the Kinect's calibration or sync tables cannot be read, or its depth is missing.
        """
        _kinect(self.folder, self.camera, self.state)
        yield from super().people()

    def _depth(self, camera: Camera, frame: int) -> SharedPicture:
        kinect = _kinect(self.folder, self.camera, self.state)
        _, number = kinect.sync.pictures(frame)
        return _Depth(kinect.depth, number, kinect.sensor, camera)

    def _pictures(self, camera: Camera, frames: list[int]) -> Iterator[tuple[int, Callable | LeftOut] | BadInput]:
        """Takes the images nearest in time; HD frames without one are left out."""
        kinect = _kinect(self.folder, self.camera, self.state)
        found = {frame: pictures for frame in frames if (pictures := kinect.sync.pictures(frame)) is not None}
        count = len(kinect.depth)
        if lost := sum(depth >= count for _, depth in found.values()):
            yield BadInput(str(kinect.depth.path), f"ends after {count} pictures; {lost} frames with poses lie beyond")
        # Of two HD frames with the same color image the first is taken.
        first = _FIRST_EXTRACTED if self.source.is_dir() else 0
        frame_of = {color + first: frame for frame, (color, depth) in reversed(found.items()) if depth < count}
        for frame in frames:
            if frame not in found:
                yield frame, LeftOut("no color and depth picture of the Kinect near in time")
            elif found[frame][1] < count and frame_of[found[frame][0] + first] != frame:
                yield frame, LeftOut("another HD frame has the same color picture of the Kinect")
        for item in pictures_of(self.source, camera, sorted(frame_of)):
            yield item if isinstance(item, BadInput) else (frame_of[item[0]], item[1])


@dataclass(frozen=True)
class PanopticKinect(Panoptic):
    """Reads the studio's Kinects: 1920 x 1080 px color, with depth in the feature `depth/png`.

        SEQUENCE/calibration_SEQUENCE.json
        SEQUENCE/hdPose3d_stage1_coco19/body3DScene_%08d.json    or hdPose3d_stage1_coco19.tar, as downloaded
        SEQUENCE/kinectVideos/kinect_50_01.mp4                   or kinectImgs/50_01/50_01_%08d.jpg (.png), from 1
        SEQUENCE/kinect_shared_depth/KINECTNODE1/depthdata.dat
        SEQUENCE/kcalibration_SEQUENCE.json, synctables_SEQUENCE.json, ksynctables_SEQUENCE.json

    The Kinects are not synchronized. As in the studio's own tools, an HD frame gets the color and depth images nearest
    to it on the studio's clock, and is left out if they are more than 30 and 17 ms from it or 6.5 ms apart. `frame` is
    the HD frame's number. Depth is registered to the color image, z in millimeters, 0 where unknown. Everything else
    is as for the HD cameras.

    Attributes:
        cameras: Kinects, such as 50_01 or 1; by default all with images.
        stride: take HD frames start, start + stride, start + 2 stride, ...
        start: the first HD frame.
        stop: the HD frame to stop before; after the last one by default.
    """

    layout: ClassVar[Layout] = KINECT
    unit: ClassVar[type[CameraUnit]] = KinectUnit

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "panoptic_kinect"
