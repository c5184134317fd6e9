"""The command that draws silhouettes of walking people."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from machine.processor import usable_cpus
from machine.workers import worker_pool


@dataclass(frozen=True)
class Walkers:
    """Draws silhouettes of people who walk, seen from all sides, for gait recognition.

    They are written in the layout of CASIA-B (Yu et al., 2006): `OUT/001/nm-01/090/001.png`. "nm" are walks in a
    person's first clothes, "cl" those in other clothes. A view of 0 degrees is from the front, one of 180 from behind,
    one of 90 from the person's left. Beside them lie the joints, joints.npy, float32 (frames, 19, 2) in px, of
    `PANOPTIC19`. A stopped run goes on with the next person.

    Attributes:
        out: folder to write to, created if missing.
        people: number of people.
        first: number of the first person; people of the same number are the same.
        walks: walks of each person in the first clothes.
        clothes: other clothes of each person, with one walk each.
        views: where the camera is, in whole degrees from the front.
        frames: images of each walk.
        fps: images per second.
        silhouettes: whether to draw; without, there are the joints alone, within seconds.
        workers: processes that draw; the result does not depend on it.
    """

    out: Path
    people: int = 100
    first: int = 1
    walks: int = 2
    clothes: int = 1
    views: tuple[int, ...] = (0, 30, 60, 90, 120, 150, 180)
    frames: int = 30
    fps: float = 25.0
    silhouettes: bool = True
    workers: int = field(default_factory=usable_cpus)

    def __post_init__(self) -> None:
        for name, least in (("people", 1), ("first", 0), ("walks", 1), ("clothes", 0), ("frames", 1), ("workers", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be {least} or more, got {getattr(self, name)}")
        if not 0 < self.fps < np.inf:
            raise ValueError(f"fps must be above 0, got {self.fps}")
        if not self.views or len(set(self.views)) < len(self.views) or not all(0 <= view < 360 for view in self.views):
            raise ValueError(f"views must be different degrees from 0 to 359, got {self.views}")

    def write(self) -> list[Path]:
        """Writes the folders of the people, and returns them."""
        # Imported late, because the renderer is slow to import.
        from dome.silhouettes import write_person

        folders = [self.out / f"{number:03d}" for number in range(self.first, self.first + self.people)]
        missing = [folder for folder in folders if not folder.is_dir()]
        of_each = ("walks", "clothes", "views", "frames", "fps", "silhouettes")
        write = partial(write_person, **{name: getattr(self, name) for name in of_each})
        with tqdm(total=len(missing), unit="person", desc=str(self.out), disable=None) as progress:
            if self.workers == 1 or len(missing) < 2:
                for folder in missing:
                    write(folder)
                    progress.update()
            else:
                with worker_pool(self.workers, write_person.__module__, cv2.setNumThreads, 1) as pool:
                    for _ in pool.map(write, missing):
                        progress.update()
        return folders
