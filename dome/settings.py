"""The settings of a dome sequence."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dome.view.rig import MAX_CAMERAS
from machine.file_state import file_state

_EXCLUDE = {"poses": ("motion", "dome's own motions"), "places": ("photographs", "dome's own places")}
_NOT_CROSSING = ("motion", "poses")
#: A person's number and a body part must fit into the 8 bits of a part image.
MAX_PEOPLE = 7
#: Suffixes of photographs.
PHOTOGRAPHS = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class SequenceSettings:
    """Everything that a sequence depends on.

    Attributes:
        seed: of everything random.
        frames: number of frames.
        cameras: number of HD cameras, named 00_00, 00_01, ...
        people: the fewest and the most people; the number is random.
        height: of the images in px.
        width: of the images in px.
        fps: frames per second.
        poses: groups of poses for the project's own motions; all if empty.
        places: kinds of place, of which one is drawn; all if empty.
        motion: folder of BVH files to take the motions from, None for the project's own.
        photographs: folder of photographs to use as backgrounds, None for drawn places.
        calibration: a calibration file whose HD cameras to use, None for a dome of random ones.
        maps: whether to write images of depth and of body parts.
        crossing: whether people walk back and forth in lanes, instead of each in a place of their own.
    """

    seed: int
    frames: int
    cameras: int
    people: tuple[int, int]
    height: int
    width: int
    fps: float
    poses: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    motion: Path | None = None
    photographs: Path | None = None
    calibration: Path | None = None
    maps: bool = False
    crossing: bool = False

    def __post_init__(self) -> None:
        limits = {
            "seed": (0, None),
            "frames": (1, None),
            "cameras": (1, MAX_CAMERAS),
            "height": (32, None),
            "width": (32, None),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if value < low or (high is not None and value > high):
                upper = f" and {high} or less" if high is not None else ""
                raise ValueError(f"{name} must be {low} or more{upper}, got {value}")
        fewest, most = self.people
        if not 1 <= fewest <= most <= MAX_PEOPLE:
            raise ValueError(f"people must be one number or a range from 1 to {MAX_PEOPLE}, got {fewest}-{most}")
        if self.height % 2 or self.width % 2:
            raise ValueError(f"height and width must be even for the video, got {self.height} and {self.width}")
        if self.height > self.width and self.calibration is None:
            raise ValueError(
                f"height must be at most width, as the studio's lenses do not reach farther, got {self.height} and "
                f"{self.width}"
            )
        if not 0.1 <= self.fps <= 240:
            raise ValueError(f"fps must be from 0.1 to 240, got {self.fps}")
        if self.poses or self.places:
            self._check_kinds()
        for name, (other, of) in _EXCLUDE.items():
            if getattr(self, name) and getattr(self, other):
                raise ValueError(f"{name} are kinds of the {of}, which {other} replaces; leave one of them out")
        if self.crossing and (given := [name for name in _NOT_CROSSING if getattr(self, name)]):
            raise ValueError(f"crossing people walk, and {given[0]} are other motions; leave one of them out")
        for name, wanted in (("motion", "folder"), ("photographs", "folder"), ("calibration", "file")):
            path = getattr(self, name)
            if path is not None and not (path.is_dir() if wanted == "folder" else path.is_file()):
                raise ValueError(f"{name} must be a {wanted}, got {path}")

    def _check_kinds(self) -> None:
        # Imported late: half a second, which `--help` should not take.
        from dome.moves.archetypes import archetypes
        from dome.place.places import PLACES

        for name, known in (("poses", archetypes().groups), ("places", PLACES)):
            if unknown := [value for value in getattr(self, name) if value not in known]:
                raise ValueError(f"{name} must be of {', '.join(known)}, got {', '.join(unknown)}")

    def rng(self, *purpose: int) -> np.random.Generator:
        """A random generator for one purpose, independent of those of others."""
        return np.random.default_rng((self.seed, *purpose))

    def as_json(self) -> dict:
        """The settings as plain values."""
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        if not self.crossing:  # As in sequences of earlier versions.
            del values["crossing"]
        return {key: str(value.resolve()) if isinstance(value, Path) else value for key, value in values.items()}

    def inputs(self) -> str | None:
        """A digest of the files of motion, photographs and calibration, to detect changes; None if there are none."""
        if not (self.motion or self.photographs or self.calibration):
            return None
        digest = hashlib.blake2b(self.calibration.read_bytes() if self.calibration else b"", digest_size=16)
        for folder, endings in ((self.motion, (".bvh",)), (self.photographs, PHOTOGRAPHS)):
            for path in sorted(folder.rglob("*")) if folder else ():
                if path.suffix.lower() in endings:
                    digest.update(f"{path.relative_to(folder)} {file_state(path)}".encode())
        return digest.hexdigest()
