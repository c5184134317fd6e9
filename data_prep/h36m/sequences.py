"""Human3.6M's people over time, from VideoPose3D's positions alone: neither cameras nor videos are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_prep.h36m.labels import POINT_OF_JOINT, POSITIONS, read_positions
from data_prep.reader import Item, Reader, Unit
from pose import MPII16, Skeleton
from records import BadInput
from records.sequences.schema import JointSequence

_FPS = 50.0


@dataclass(frozen=True)
class H36mSequences(Reader):
    """Reads every subject and action over time; its options are those of `H36m`.

    Attributes:
        root: as of `H36m`, like the rest.
        subjects: such as S1.
        stride: take frames 0, stride, 2 stride, ... of the 50 per second.
    """

    root: Path
    subjects: tuple[str, ...]
    stride: int

    @property
    def skeleton(self) -> Skeleton:
        """MPII's joints; the upper neck is never known."""
        return MPII16

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "h36m"

    def total(self) -> None:
        """Unknown."""

    def sequence_names(self) -> set[str]:
        """Subjects and actions."""
        return {unit.name for unit in self.units()}

    def units(self) -> list[Unit]:
        """A unit for each subject and action."""
        path = Path(self.root) / POSITIONS
        positions = read_positions(path)
        if unknown := sorted(set(self.subjects) - set(positions)):
            raise ValueError(f"there are no poses of {unknown}; there are those of {', '.join(positions)}")
        return [
            H36mSequenceUnit(f"{subject}/{action}", path, points_mm[:: self.stride, POINT_OF_JOINT], self.stride)
            for subject in self.subjects or positions
            for action, points_mm in positions[subject].items()
        ]


@dataclass(frozen=True, eq=False)
class H36mSequenceUnit:
    """One action.

    Attributes:
        name: subject/action.
        path: the file of all positions.
        joints_mm: float32 (T, 16, 3), z up.
        stride: of the frames.
    """

    name: str
    path: Path
    joints_mm: np.ndarray
    stride: int

    def files(self) -> Iterator[Path]:
        """The file of all positions."""
        yield self.path

    def people(self) -> Iterator[Item]:
        """Streams the one person; frames that are not finite are left out, and named."""
        whole = np.isfinite(self.joints_mm).all(axis=(1, 2))
        if not whole.all():
            yield BadInput(f"{self.name} frame {int(np.flatnonzero(~whole)[0]) * self.stride}", "a joint is not finite")
        if not whole.any():
            return
        x, y, z = np.moveaxis(self.joints_mm[whole], -1, 0)
        yield JointSequence(
            joints_xyz_mm=np.stack([x, -z, y], axis=-1),
            known=np.broadcast_to(POINT_OF_JOINT >= 0, (int(whole.sum()), len(POINT_OF_JOINT))),
            number=np.flatnonzero(whole) * self.stride,
            fps=_FPS / self.stride,
            dataset="h36m",
            sequence=self.name,
        )
