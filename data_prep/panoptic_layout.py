"""Where the files of a CMU Panoptic Studio sequence lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from data_prep.panoptic_poses import POSES


@dataclass(frozen=True)
class Layout:
    """The names of what belongs to one kind of camera.

    Attributes:
        kind: as the calibration calls it.
        poses: the folder of the 3D poses, and the tar that it is downloaded as.
        images: the folder of a camera's extracted frames, {} standing for its name.
        videos: a camera's video, likewise.
        cameras: a regular expression of the cameras' names.
        short: how a number stands for a name.
    """

    kind: str
    poses: str
    images: str
    videos: str
    cameras: str
    short: str

    def camera_name(self, name: str) -> str:
        """A camera's full name.

        Raises:
            ValueError: there is no such name.
        """
        full = self.short.format(int(name)) if name.isdecimal() else name
        if not re.fullmatch(self.cameras, full):
            raise ValueError(f"a camera must be named as {self.short.format(3)}, or 3 for short, got {name!r}")
        return full

    def is_sequence(self, folder: Path) -> bool:
        """Whether a folder has a sequence's calibration or poses."""
        if folder.name.startswith(".") or not folder.is_dir():
            return False
        return any(folder.glob("calibration_*.json")) or any(folder.glob(f"{self.poses}*"))

    def calibration(self, folder: Path) -> Path:
        """The calibration file of a sequence.

        Raises:
            ValueError: there is none, or it cannot be told which it is.
        """
        path = folder / f"calibration_{folder.name}.json"
        others = sorted(folder.glob("calibration_*.json"))
        if path not in others and len(others) != 1:
            raise ValueError(f"{path} is missing; download it, or name the folder after its sequence")
        return path if path in others else others[0]

    def pictures(self, folder: Path) -> dict[str, Path]:
        """Camera -> its folder of extracted frames, or its video."""
        found = {}
        for pattern in (self.videos, self.images):
            path = re.compile(re.escape(pattern).replace(r"\{\}", f"({self.cameras})"))
            for place in folder.glob(pattern.format("*")):
                match = path.fullmatch(place.relative_to(folder).as_posix())
                if match and (pattern == self.videos or place.is_dir()):
                    found[match[1]] = place
        return found


HD = Layout("hd", POSES, "hdImgs/{}", "hdVideos/hd_{}.mp4", r"00_\d\d", "00_{:02d}")
