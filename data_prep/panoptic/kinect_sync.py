"""Finds the images of a Kinect nearest in time to an HD frame of the studio."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from records import BadInput

# As in the studio's demo_kinoptic_gen_ptcloud.m, in ms. Frame 0 of the HD videos is the table's second entry, and color
# has late timestamps. Its limit of 30 ms for color follows from the two limits.
_HD_ENTRY, _COLOR_LATE_MS = 1, 6.25
_FARTHEST_DEPTH_MS, _FARTHEST_APART_MS = 17.0, 6.5


@dataclass(frozen=True, eq=False)
class KinectSync:
    """The timestamps of all images on the studio's clock, in ms; below 0 where there is no image.

    Attributes:
        hd: float64, of the table's HD entries.
        color: float64, of one Kinect's color images.
        depth: float64, of its depth images.
    """

    hd: np.ndarray
    color: np.ndarray
    depth: np.ndarray

    @classmethod
    def of_sequence(cls, folder: Path, number: int) -> KinectSync:
        """Reads `synctables_SEQUENCE.json` and `ksynctables_SEQUENCE.json` for a Kinect, numbered from 1.

        Raises:
            BadInput: a table is missing or malformed.
        """
        node = f"KINECTNODE{number}"
        paths = [folder / f"{name}_{folder.name}.json" for name in ("synctables", "ksynctables")]
        try:
            hd = json.loads(paths[0].read_bytes())["hd"]
            kinect = json.loads(paths[1].read_bytes())["kinect"]
            tables = [hd, kinect["color"][node], kinect["depth"][node]]
            return cls(*(np.array(table["univ_time"], np.float64).reshape(-1) for table in tables))
        except (KeyError, OSError, OverflowError, RecursionError, TypeError, ValueError) as error:
            what = " and ".join(map(str, paths))
            raise BadInput(f"{what} {node}", f"malformed or missing ({type(error).__name__}: {error})") from error

    def pictures(self, frame: int) -> tuple[int, int] | None:
        """The numbers, from 0, of the color and depth images nearest to an HD frame.

        None if the depth is too far from the frame, or the two from each other: the Kinects are not synchronized.
        """
        entry = frame + _HD_ENTRY
        if not (0 <= entry < len(self.hd) and self.color.size and self.depth.size) or self.hd[entry] < 0:
            return None
        depth_off = np.abs(self.hd[entry] - self.depth)
        color = int(np.abs(self.hd[entry] - (self.color - _COLOR_LATE_MS)).argmin())
        depth = int(depth_off.argmin())
        apart = abs(self.depth[depth] - self.color[color])
        return (color, depth) if depth_off[depth] <= _FARTHEST_DEPTH_MS and apart <= _FARTHEST_APART_MS else None
