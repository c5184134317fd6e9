"""Leeds Sports Pose and its extension, as archived: `images/im*.jpg` and `joints.mat`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

import numpy as np
import scipy.io

from pose import LSP14, Skeleton, box_from_joints
from records import BadInput, Person, read_picture


@dataclass(frozen=True)
class Lsp:
    """Reads LSP (2 000 people) or LSP-extended (10 000): one labelled person in each picture.

    The archives differ: LSP stores joints as (3, 14, N) and labels every joint, its third row saying which are
    hidden; LSP-extended stores (14, 3, N), its third column saying which are labelled at all, and an unlabelled joint
    holds rubbish coordinates. The person's box is that of the labelled joints. Each picture is a subject of its own.

    Johnson and Everingham, BMVC 2010 and CVPR 2011.

    Attributes:
        root: the unpacked archive, with images/ and joints.mat.
        min_visible_joints: people with fewer labelled joints are passed by.
    """

    root: Path
    min_visible_joints: int = 4

    def __post_init__(self) -> None:
        """Checks that the archive is there."""
        if not 1 <= self.min_visible_joints <= LSP14.num_joints:
            raise ValueError(f"min_visible_joints must lie between 1 and 14, got {self.min_visible_joints}")
        for name in ("joints.mat", "images"):
            if not (Path(self.root) / name).exists():
                raise ValueError(f"{self.root} is no LSP archive: it has no {name}; give the folder that holds both")

    @property
    def skeleton(self) -> Skeleton:
        """The 14 joints of LSP."""
        return LSP14

    @property
    def dataset(self) -> Literal["lsp", "lspet"]:
        """Which of the two archives this is, told by the layout of its joints."""
        return "lsp" if self._joints.shape[0] == 3 else "lspet"

    @cached_property
    def _joints(self) -> np.ndarray:
        path = Path(self.root) / "joints.mat"
        try:
            joints = np.asarray(scipy.io.loadmat(path)["joints"], np.float64)
        except Exception as error:  # SciPy raises a dozen kinds for a damaged file
            raise ValueError(f"{path} cannot be read as a MATLAB file with a matrix `joints`: {error}") from error
        if joints.ndim != 3 or joints.shape[:2] not in ((3, 14), (14, 3)):
            raise ValueError(f"{path}: `joints` must be (3, 14, N) or (14, 3, N), got {joints.shape}")
        return joints

    @cached_property
    def _pictures(self) -> list[Path]:
        return sorted((Path(self.root) / "images").glob("im*.jpg"))

    def total(self) -> int:
        """How many people there are at the most."""
        return self._joints.shape[2]

    def people(self) -> Iterator[Person | BadInput]:
        """Streams the labelled people in the order of the archive.

        Raises:
            ValueError: there are no pictures, or joints.mat cannot be read.
        """
        if not self._pictures:
            raise ValueError(f"{self.root}/images holds no im*.jpg; give the folder of the unpacked archive")
        names = {picture.stem: picture for picture in self._pictures}
        # Both archives number from 1; LSP with four digits, LSP-extended with five.
        digits = len(self._pictures[0].stem) - 2
        for i in range(self.total()):
            stem = f"im{i + 1:0{digits}d}"
            path = names.get(stem)
            if path is None:
                yield BadInput(f"{self.root}/images/{stem}.jpg", "labelled in joints.mat, but the picture is missing")
            else:
                yield from self._person(i, path)

    def _person(self, i: int, path: Path) -> Iterator[Person | BadInput]:
        if self.dataset == "lsp":
            x, y, hidden = self._joints[:, :, i]
            visible = np.where(hidden > 0, 1, 2)
        else:
            x, y, labelled = self._joints[:, :, i].T
            visible = np.where(labelled > 0, 2, 0)
        xy_px = np.stack([x, y], axis=1)
        if not np.isfinite(xy_px[visible > 0]).all():
            yield BadInput(str(path), "a labelled joint is NaN or infinite")
            return
        if (visible > 0).sum() < self.min_visible_joints:
            return
        box_px = box_from_joints(xy_px, visible)
        if not box_px[2:].any():
            yield BadInput(str(path), "all labelled joints stand on one point")
            return
        yield Person(
            picture=partial(read_picture, str(path)),
            box_px=box_px,
            joints_xy_px=xy_px,
            visible=visible,
            dataset=self.dataset,
            sequence=path.stem,
        )
