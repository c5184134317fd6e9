"""The labeled sequence, one person's joints over time, and the Examples that it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pose import BadInput, Skeleton, convert_joints
from pose.space.lifting import hips_of, size_mm
from records.schema import serialize

# A clip in which the hips are known in fewer frames says nothing of how a person moves.
_FEWEST_FRAMES = 2


@dataclass(frozen=True, eq=False)
class JointSequence:
    """One person's joints in F frames.

    Attributes:
        joints_xyz_mm: float (F, J, 3) in the world: x right, y down, z away.
        known: bool (F, J), which of them are known.
        number: int (F,), the number of each frame in the source, ascending.
        fps: frames per second.
        dataset: such as "panoptic".
        sequence: the recording or subject; the unit that splits keep together.
        person: the person's number in the sequence.
    """

    joints_xyz_mm: np.ndarray
    known: np.ndarray
    number: np.ndarray
    fps: float
    dataset: str
    sequence: str
    person: int = 0

    @property
    def frame(self) -> int:
        """The number of the first frame."""
        return int(self.number[0])

    @property
    def key(self) -> str:
        """dataset/sequence/person/frame, which identifies the record."""
        return f"{self.dataset}/{self.sequence}/{self.person}/{self.frame}"

    def at(self, rows: slice) -> JointSequence:
        """Some of its frames."""
        parts = (self.joints_xyz_mm[rows], self.known[rows], self.number[rows])
        return replace(self, joints_xyz_mm=parts[0], known=parts[1], number=parts[2])

    def in_skeleton(self, source: Skeleton, target: Skeleton) -> JointSequence:
        """The same with the joints of another skeleton."""
        if source == target:
            return self
        xyz_mm, known = convert_joints(self.joints_xyz_mm, self.known, source, target)
        return replace(self, joints_xyz_mm=xyz_mm, known=known > 0)


@np.errstate(over="ignore", invalid="ignore")
def encode_sequence(sequence: JointSequence, frames: int, skeleton: Skeleton) -> Iterator[bytes]:
    """Cuts a sequence into clips, and serializes an Example of each; its features are those of `SEQUENCE_FIELDS`.

    Clips are cut between frames that do not follow one another, too. Those without a frame that shows the hips twice
    are left out.

    Args:
        sequence: the sequence.
        frames: the most frames in a clip.
        skeleton: the names of its J joints.

    Raises:
        BadInput: a known joint is not finite, or legs and trunk are never known together, so that the person's size is
            unknown.
    """
    xyz_mm, known = np.asarray(sequence.joints_xyz_mm, np.float32), np.asarray(sequence.known, bool)
    if xyz_mm.shape != (len(sequence.number), skeleton.num_joints, 3) or known.shape != xyz_mm.shape[:2]:
        raise ValueError(
            f"{sequence.key}: {skeleton.name} has {skeleton.num_joints} joints, got joints of shape {xyz_mm.shape}, "
            f"known of {known.shape} and {len(sequence.number)} frames"
        )
    if not np.isfinite(xyz_mm[known]).all():
        raise BadInput(sequence.key, "a known joint is NaN or infinite")
    size = size_mm(xyz_mm, known, skeleton)
    if not size > 0:
        raise BadInput(sequence.key, "legs and trunk are never known together, so the person's size is unknown")
    steps = np.diff(sequence.number)
    usual = np.median(steps) if len(steps) else 1
    runs = np.split(np.arange(len(sequence.number)), np.flatnonzero(steps != usual) + 1)
    for run in runs:
        for start in range(0, len(run), frames):
            rows = slice(run[start], run[min(start + frames, len(run)) - 1] + 1)
            clip = sequence.at(rows)
            if known[rows][:, hips_of(skeleton)].all(axis=1).sum() < _FEWEST_FRAMES:
                continue
            yield serialize(
                clip.key,
                {
                    "joints/xyz_mm": np.where(known[rows][..., None], xyz_mm[rows], 0),
                    "joints/xyz_known": known[rows].astype(np.int64),
                    "frames/number": np.asarray(clip.number, np.int64),
                    "source/fps": np.float32(sequence.fps),
                    "person/size_mm": np.float32(size),
                    "source/dataset": sequence.dataset.encode(),
                    "source/sequence": sequence.sequence.encode(),
                    "source/person": np.int64(sequence.person),
                    "source/frame": np.int64(clip.frame),
                },
            )
