"""Leeds Sports Pose and its extension, as archived: `images/im*.jpg` and `joints.mat`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Literal, Self

import numpy as np

from data_prep.mat_file import read_mat
from data_prep.reader import PICTURES_A_UNIT, Item, LeftOut, Reader
from pose import LSP14, Skeleton, box_from_joints
from records import BadInput, Person, read_picture


@dataclass(frozen=True)
class Lsp(Reader):
    """Reads LSP (2 000 people) or LSP-extended (10 000): one labeled person in each image.

    The archives differ: LSP stores joints as (3, 14, N) and labels all of them, and its third row marks hidden ones;
    LSP-extended stores (14, 3, N), and its third column marks labeled ones; coordinates of the others are arbitrary.
    The person's box is that of the labeled joints. Each image is its own subject.

    Johnson and Everingham, BMVC 2010 and CVPR 2011.

    Attributes:
        root: the unpacked archive, with images/ and joints.mat.
        min_visible_joints: people with fewer labeled joints are left out.
    """

    root: Path
    min_visible_joints: int = 4

    def __post_init__(self) -> None:
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
        """Which of the two archives this is, by the layout of its joints."""
        return "lsp" if self._joints.shape[0] == 3 else "lspet"

    @cached_property
    def _joints(self) -> np.ndarray:
        path = Path(self.root) / "joints.mat"
        try:
            joints = np.asarray(read_mat(path, "joints").real, np.float64)
        except (AttributeError, TypeError, ValueError, OSError) as error:
            raise ValueError(f"{path} cannot be read as a MATLAB file with a matrix `joints`: {error}") from error
        if joints.ndim != 3 or joints.shape[:2] not in ((3, 14), (14, 3)):
            raise ValueError(f"{path}: `joints` must be (3, 14, N) or (14, 3, N), got {joints.shape}")
        return joints

    def for_frames(self) -> Self:
        """Raises: one person of each image is labeled, and whether there are others is not said.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            "the lsp archives label one person of each image and not where others are; make records of people, or "
            "frames from coco, mpii, panoptic or the dome"
        )

    def total(self) -> int:
        """The most people there may be."""
        return self._joints.shape[2]

    def sequence_names(self) -> set[str]:
        """The people's images."""
        return {person.sequence for person in self.people() if isinstance(person, Person)}

    def units(self) -> list[LspUnit]:
        """Lists the people, in the order of the archive.

        Raises:
            ValueError: there are no images, or joints.mat cannot be read.
        """
        images = Path(self.root) / "images"
        first = min((path.stem for path in images.glob("im*.jpg")), default=None)
        if first is None:
            raise ValueError(f"{images} holds no im*.jpg; give the folder of the unpacked archive")
        # Both archives number from 1; LSP with four digits, LSP-extended with five.
        stems = [f"im{i + 1:0{len(first) - 2}d}" for i in range(self.total())]
        # (N, 14, 3) for both archives.
        joints = self._joints.transpose(2, 1, 0) if self.dataset == "lsp" else self._joints.transpose(2, 0, 1)
        starts = range(0, len(stems), PICTURES_A_UNIT)
        return [
            LspUnit(
                name=stems[start],
                dataset=self.dataset,
                images=images,
                stems=tuple(stems[start : start + PICTURES_A_UNIT]),
                joints=joints[start : start + PICTURES_A_UNIT],
                min_visible_joints=self.min_visible_joints,
            )
            for start in starts
        ]


@dataclass(frozen=True, eq=False)
class LspUnit:
    """Some consecutive images of an archive.

    Attributes:
        name: of the first image.
        dataset: which of the two archives it is, lsp or lspet.
        images: the folder of images.
        stems: the N images' names without suffix.
        joints: float64 (N, 14, 3), x and y in px, and the third number with the archive's meaning.
        min_visible_joints: people with fewer labeled joints are left out.
    """

    name: str
    dataset: str
    images: Path
    stems: tuple[str, ...]
    joints: np.ndarray
    min_visible_joints: int

    def files(self) -> Iterator[Path]:
        """The images."""
        return (self.images / f"{stem}.jpg" for stem in self.stems)

    def people(self) -> Iterator[Item]:
        """Streams the labeled people, and broken inputs: missing images and impossible joints."""
        for stem, joints in zip(self.stems, self.joints, strict=True):
            path = self.images / f"{stem}.jpg"
            if path.is_file():
                yield from self._person(path, joints)
            else:
                yield BadInput(str(path), "labeled in joints.mat, but the image is missing")

    def _person(self, path: Path, joints: np.ndarray) -> Iterator[Item]:
        xy_px, third = joints[:, :2], joints[:, 2]
        visible = np.where(third > 0, 1, 2) if self.dataset == "lsp" else np.where(third > 0, 2, 0)
        if not np.isfinite(xy_px[visible > 0]).all():
            yield BadInput(str(path), "a labeled joint is NaN or infinite")
            return
        if (visible > 0).sum() < self.min_visible_joints:
            yield LeftOut(f"fewer than {self.min_visible_joints} joints (--min-visible-joints)")
            return
        box_px = box_from_joints(xy_px, visible)
        if not box_px[2:].any():
            yield BadInput(str(path), "all labeled joints are at one point")
            return
        yield Person(
            picture=partial(read_picture, str(path)),
            box_px=box_px,
            joints_xy_px=xy_px,
            visible=visible,
            dataset=self.dataset,
            sequence=path.stem,
        )
