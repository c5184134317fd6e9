"""The 3D pose files of a CMU Panoptic Studio sequence: one JSON per frame, in a folder or in the tar."""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from pose import PANOPTIC19, Skeleton, joint_map
from pose.panoptic_cameras import MM_PER_CM
from pose.panoptic_poses import MISSING, POSES, pose_file
from records import BadInput

#: The studio's older poses, of 15 joints; some sequences have only these.
OLD_POSES = "hdPose3d_stage1"
#: Their joints. The second is the top of the head, as in the studio's `Visualize3DPose.m`, and not the nose.
_OLD_JOINTS = Skeleton(
    "mpi15",
    (PANOPTIC19.joints[0], "head_top", *PANOPTIC19.joints[2:15]),
    limbs=(),
    torso=PANOPTIC19.torso,
    head=None,
)
_SKELETONS = {"joints19": PANOPTIC19, "joints15": _OLD_JOINTS}
_FILE = re.compile(r"body3DScene_(\d{8})\.json")
# The studio's dome is five meters wide.
_FARTHEST_CM = 1e5
_WITHOUT_BYTES = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.DIRTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.FIFOTYPE,
)


@dataclass(frozen=True, eq=False)
class PoseFiles:
    """The place of each frame's JSON.

    Attributes:
        source: the folder or tar.
        frames: int64 (F,), the numbers of the frames, ascending.
        places: int64 (F, 2), offset and length of each in the tar, in bytes; None for a folder.
        broken: errors of the source itself.
    """

    source: Path
    frames: np.ndarray
    places: np.ndarray | None = None
    broken: tuple[BadInput, ...] = ()

    @classmethod
    def of_sequence(cls, sequence: Path, names: tuple[str, ...] = (POSES, OLD_POSES)) -> PoseFiles | None:
        """Indexes a sequence's poses, None if there are none.

        Args:
            sequence: its folder.
            names: names of folders of poses in it, in order of preference.
        """
        found = find_poses(sequence, names)
        return None if found is None else cls.of(found)

    @classmethod
    def of(cls, source: Path) -> PoseFiles:
        """Indexes a folder or a tar of poses."""
        if not source.is_dir():
            return cls._of_tar(source)
        return cls(source, np.array(sorted(_numbers(source)), np.int64))

    @classmethod
    def _of_tar(cls, path: Path) -> PoseFiles:
        frames, broken = {}, ()
        try:
            for member in _tar_members(path):
                name = PurePosixPath(member.name)
                match = _FILE.fullmatch(name.name)
                # Nothing is unpacked, so a hostile name could do no harm; but valid archives have none.
                safe = not name.is_absolute() and ".." not in name.parts
                if match and safe and member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                    frames[int(match[1])] = (member.offset_data, member.size)
        except (tarfile.TarError, OSError) as error:
            broken = (BadInput(str(path), f"damaged tar ({error}); {len(frames)} frames can be read"),)
        numbers = sorted(frames)
        places = np.array([frames[number] for number in numbers], np.int64).reshape(-1, 2)
        return cls(path, np.array(numbers, np.int64), places, broken)

    def files(self) -> list[str]:
        """All files that the poses are read from."""
        return [str(self.source)] if self.places is not None else [self.name(frame) for frame in self.frames.tolist()]

    def name(self, frame: int) -> str:
        """The frame's file, as if unpacked."""
        return f"{self.source}/{pose_file(frame)}"

    def read(self, frame: int) -> bytes:
        """The frame's JSON.

        Raises:
            BadInput: it cannot be read.
        """
        try:
            if self.places is None:
                return Path(self.name(frame)).read_bytes()
            offset, length = self.places[np.searchsorted(self.frames, frame)].tolist()
            with self.source.open("rb") as archive:
                archive.seek(offset)
                return archive.read(length)
        except OSError as error:
            raise BadInput(self.name(frame), f"cannot be read ({error.strerror})") from error


def find_poses(sequence: Path, names: tuple[str, ...]) -> Path | None:
    """A sequence's poses: for each name the unpacked folder, if not empty, else the tar; None if there are none."""
    for name in names:
        # Some sequences, 160224_haggling1 for one, keep the files one folder deeper.
        for folder in (sequence / name / "hd", sequence / name):
            if folder.is_dir() and any(True for _ in _numbers(folder)):
                return folder
        if (sequence / f"{name}.tar").is_file():
            return sequence / f"{name}.tar"
    return None


def _numbers(folder: Path) -> Iterator[int]:
    """The numbers of the frames with poses in a folder."""
    with os.scandir(folder) as entries:
        matches = (_FILE.fullmatch(entry.name) for entry in entries)
        yield from (int(match[1]) for match in matches if match)


def _tar_members(path: Path) -> Iterator[tarfile.TarInfo]:
    """The headers of a tar, each checked against the size of the file.

    Archives are untrusted, but `tarfile` trusts them: a negative size makes it loop forever, a large one makes it
    allocate as much, and it recurses into nested headers of long names. The latter are skipped here, as the studio's
    archives have none.

    Raises:
        tarfile.TarError: a header is damaged, or claims more bytes than the file has.
    """
    with path.open("rb") as file:
        end, place = file.seek(0, os.SEEK_END), 0
        while True:
            file.seek(place)
            block = file.read(tarfile.BLOCKSIZE)
            if not block.strip(b"\0"):
                return
            member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            member.offset_data = place + tarfile.BLOCKSIZE
            # Links and folders may state a size, but have no content.
            size = 0 if member.type in _WITHOUT_BYTES else member.size
            if not 0 <= size <= end - member.offset_data:
                raise tarfile.ReadError(f"{member.name[:100]!r} claims {size} bytes, more than the file has")
            yield member
            place = member.offset_data - (-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


@dataclass(frozen=True, eq=False)
class Bodies:
    """All N bodies of some frames, sorted by frame; a whole sequence fits into memory.

    Attributes:
        frames: int64 (N,).
        ids: int64 (N,), the studio's number of the person.
        joints_world_mm: float32 (N, J, 3), the J joints of the requested skeleton.
        confidence: float32 (N, J); -1 for a missing joint, whose coordinates are 0.
    """

    frames: np.ndarray
    ids: np.ndarray
    joints_world_mm: np.ndarray
    confidence: np.ndarray

    def at(self, rows: np.ndarray) -> Bodies:
        """Some of the bodies, by their indices."""
        return Bodies(self.frames[rows], self.ids[rows], self.joints_world_mm[rows], self.confidence[rows])


def read_bodies(
    files: PoseFiles, frames: list[int], report: Callable[[BadInput], None], skeleton: Skeleton = PANOPTIC19
) -> Bodies:
    """Parses the JSON of some frames, each file once for all cameras.

    Args:
        files: where they are.
        frames: the frames to read, ascending.
        report: called with every broken file and body.
        skeleton: of the J joints to return.
    """
    numbers, ids, joints = [], [], []
    for frame in frames:
        try:
            bodies = parse_bodies(files.read(frame), files.name(frame), report, skeleton)
        except BadInput as bad:
            report(bad)
            continue
        for body_id, body in bodies.items():
            numbers.append(frame)
            ids.append(body_id)
            joints.append(body)
    table = np.stack(joints) if joints else np.zeros((0, skeleton.num_joints, 4), np.float32)
    joints_mm, confidence = table[..., :3] * MM_PER_CM, table[..., 3]
    return Bodies(np.array(numbers, np.int64), np.array(ids, np.int64), joints_mm, confidence)


def parse_bodies(
    data: bytes, name: str, report: Callable[[BadInput], None], skeleton: Skeleton = PANOPTIC19
) -> dict[int, np.ndarray]:
    """Reads one frame's JSON.

    Args:
        data: the file's content.
        name: the file's name, for messages.
        report: called with every broken body.
        skeleton: of the J joints to return; those that the file lacks are marked as missing.

    Returns:
        id -> float32 (J, 4), x, y, z in cm and the confidence, in the order of the file.

    Raises:
        BadInput: the file as a whole is malformed or truncated.
    """
    try:
        listed = json.loads(data)["bodies"]
        if not isinstance(listed, list):
            raise TypeError("`bodies` is no list")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(name, f"malformed or cut short ({type(error).__name__}: {error})") from error
    bodies: dict[int, np.ndarray] = {}
    for i, entry in enumerate(listed):
        try:
            body_id, joints = _body(entry, skeleton)
            if body_id in bodies:
                raise ValueError(f"a second body with the id {body_id}")
            bodies[body_id] = joints
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            report(BadInput(f"{name} body {i}", f"malformed ({type(error).__name__}: {error})"))
    return bodies


def _body(entry: dict, skeleton: Skeleton) -> tuple[int, np.ndarray]:
    key = "joints15" if "joints19" not in entry and "joints15" in entry else "joints19"
    source, joints = _SKELETONS[key], np.array(entry[key], np.float64)
    count = source.num_joints
    if joints.shape != (4 * count,):
        raise ValueError(f"{key} must hold {count} x 4 numbers, got an array of shape {joints.shape}")
    joints = joints.reshape(count, 4)
    # Comparisons are false for NaN.
    bad = np.flatnonzero(~(np.abs(joints) < _FARTHEST_CM).all(axis=1))
    if bad.size:
        raise ValueError(f"{', '.join(source.joints[j] for j in bad)} not finite, or a kilometer away")
    number = int(entry["id"])
    if abs(number) >= 1 << 63:
        raise ValueError(f"id must fit into 64 bits, got {number}")
    if source is not skeleton:
        order = joint_map(source, skeleton)
        joints = np.where(order[:, None] >= 0, joints[order], MISSING)
    return number, joints.astype(np.float32)
