"""A folder with the images to label: copies of files, or frames of a video."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2

from demo.batch.inputs import Item
from demo.outputs.new_folder import NewFolder

_QUALITY = 95
# Of times that are multiples of a frame's.
_NOISE_S = 1e-6


class Copies(NewFolder):
    """A folder of images, as a context manager; it has its final name after `keep` and `finish` only.

    Args:
        folder: its final name, checked by `check_new_folder`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__("--copies", folder)

    def frames(self, items: Iterable[Item], every_s: float, stem: str) -> Iterator[Item]:
        """Yields a video's frames about every `every_s` seconds as images, and writes them as JPEG.

        Args:
            items: the frames, in the order of their times.
            every_s: the least time between two.
            stem: the beginning of their names.
        """
        due_s = 0.0
        for item in items:
            if item.picture is None or item.time_s is None or item.time_s < due_s - _NOISE_S:
                continue
            due_s = max(due_s, item.time_s - every_s / 2) + every_s
            name = f"{stem}_{item.key:06d}.jpg"
            data = cv2.imencode(".jpg", item.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
            try:
                (self.partial / name).write_bytes(data.tobytes())
            except OSError as error:
                raise self.problem(error) from error
            yield Item(name, None, item.picture)

    def keep(self, names: Iterable[str], source: Path | None) -> None:
        """Removes the frames of other names; or copies the images of these names from a folder.

        Raises:
            OutputError: a file cannot be written.
        """
        kept = set(names)
        try:
            for path in [path for path in self.partial.iterdir() if path.name not in kept]:
                path.unlink()
            if source is not None:
                for name in kept:
                    (self.partial / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source / name, self.partial / name)
        except OSError as error:
            raise self.problem(error) from error
