"""The layout of a CMU Panoptic Studio sequence's files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from data_prep.panoptic.pictures import Places, has_frames
from data_prep.panoptic.poses import OLD_POSES, POSES, find_poses


@dataclass(frozen=True)
class Layout:
    """The names of the files of one kind of camera.

    Attributes:
        kind: the kind's name in the calibration.
        poses: the folder of the 3D poses, and the tar that it is downloaded as.
        old_poses: the same of the poses of 15 joints; some sequences have only these.
        images: the folder of a camera's extracted frames, with {} for its name.
        videos: a camera's video, likewise.
        cameras: a regular expression of the cameras' names.
        short: the format that turns a number into a name.
        download: the command that downloads the images.
        tables: further files of the calibration, with {} for the sequence's name.
    """

    kind: str
    poses: str
    old_poses: str
    images: str
    videos: str
    cameras: str
    short: str
    download: str
    tables: tuple[str, ...] = ()

    def camera_name(self, name: str) -> str:
        """A camera's full name.

        Raises:
            ValueError: no camera has such a name.
        """
        full = self.short.format(int(name)) if name.isdecimal() else name
        if not re.fullmatch(self.cameras, full):
            raise ValueError(f"a camera must be named as {self.short.format(3)}, or 3 for short, got {name!r}")
        return full

    def is_sequence(self, folder: Path) -> bool:
        """Whether a folder has a sequence's calibration, poses or images."""
        if folder.name.startswith(".") or not folder.is_dir():
            return False
        parts = (
            "calibration_*.json",
            f"{self.old_poses}*",
            *(name.split("/")[0] for name in (self.images, self.videos)),
        )
        return any(any(folder.glob(part)) for part in parts)

    def calibration(self, folder: Path) -> Path:
        """The calibration file of a sequence.

        Raises:
            ValueError: it is missing or ambiguous.
        """
        path = folder / f"calibration_{folder.name}.json"
        others = sorted(folder.glob("calibration_*.json"))
        if path not in others and len(others) != 1:
            raise ValueError(f"{path} is missing; download it, or name the folder after its sequence")
        return path if path in others else others[0]

    def poses_of(self, folder: Path) -> Path | None:
        """The place of a sequence's 3D poses, None if there are none."""
        return find_poses(folder, (self.poses, self.old_poses))

    def are_old(self, poses: Path) -> bool:
        """Whether these are the poses of 15 joints."""
        return self.old_poses in (poses.stem, poses.parent.name)

    def pictures(self, folder: Path) -> dict[str, Places]:
        """Camera -> places of its images; both None if there is only an empty folder."""
        videos, frames = self._cameras(folder, self.videos), self._cameras(folder, self.images)
        frames = {camera: place for camera, place in frames.items() if place.is_dir()}
        return {
            camera: Places(
                frames[camera] if camera in frames and has_frames(frames[camera], camera) else None, videos.get(camera)
            )
            for camera in {**videos, **frames}
        }

    def _cameras(self, folder: Path, pattern: str) -> dict[str, Path]:
        path = re.compile(re.escape(pattern).replace(r"\{\}", f"({self.cameras})"))
        places = (
            (path.fullmatch(place.relative_to(folder).as_posix()), place) for place in folder.glob(pattern.format("*"))
        )
        return {match[1]: place for match, place in places if match}


HD = Layout(
    kind="hd",
    poses=POSES,
    old_poses=OLD_POSES,
    images="hdImgs/{}",
    videos="hdVideos/hd_{}.mp4",
    cameras=r"00_\d\d",
    short="00_{:02d}",
    download="`python -m data_prep download {}`",
)
