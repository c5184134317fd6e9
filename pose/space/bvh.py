"""Reads motion capture from Biovision hierarchy (BVH) files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pose import BadInput
from pose.space.turns import turn

#: Larger files are not read; twenty minutes of 31 joints at 120 frames per second are smaller.
MAX_BYTES = 1 << 27
_MOST_JOINTS = 1000
_LARGEST_VALUE = 1e6
_CHANNELS = tuple(f"{axis}{what}" for what in ("position", "rotation") for axis in "XYZ")


@dataclass(frozen=True, eq=False)
class Bvh:
    """A hierarchy of J joints and F frames of its channels; lengths are in the file's own unit.

    Attributes:
        path: the file it was read from.
        names: the joints, parents first.
        parents: number of each joint's parent, -1 for the root.
        offsets: float64 (J, 3), place of each joint in its parent's frame at rest.
        ends: end sites, joint number -> float64 (3,) in that joint's frame.
        channels: for each joint its channels in the file's order, such as ("Zrotation", "Xrotation", "Yrotation").
        values: float64 (F, C), all joints' channels one after another; rotations in degrees.
        frame_seconds: time from one frame to the next.
    """

    path: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    ends: dict[int, np.ndarray]
    channels: tuple[tuple[str, ...], ...]
    values: np.ndarray
    frame_seconds: float

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return (len(self.values) - 1) * self.frame_seconds

    def local(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each joint's rotation and position in its parent's frame.

        Args:
            frames: int (N,), numbers of frames.

        Returns:
            Rotations (N, J, 3, 3) and translations (N, J, 3), float64.
        """
        values = self.values[frames]
        rotations = np.tile(np.eye(3), (len(values), len(self.names), 1, 1))
        translations = np.tile(self.offsets, (len(values), 1, 1))
        column = 0
        for joint, channels in enumerate(self.channels):
            for channel in channels:
                axis = "XYZ".index(channel[0])
                if channel.endswith("position"):
                    translations[:, joint, axis] = values[:, column]
                else:
                    rotations[:, joint] = rotations[:, joint] @ turn(axis, np.radians(values[:, column]))
                column += 1
        return rotations, translations

    def forward(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Forward kinematics of the joints.

        Args:
            frames: int (N,), numbers of frames.

        Returns:
            Positions (N, J, 3) in the file's unit and orientations (N, J, 3, 3).
        """
        rotations, places = self.local(frames)
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                places[:, joint] = places[:, parent] + np.einsum("nij,nj->ni", rotations[:, parent], places[:, joint])
                rotations[:, joint] = rotations[:, parent] @ rotations[:, joint]
        return places, rotations


def read_bvh(path: str | os.PathLike) -> Bvh:
    """Reads a BVH file: any hierarchy with one root, channels in any order.

    Args:
        path: the file.

    Raises:
        BadInput: the file cannot be read, is no BVH, is truncated, or holds numbers that are not finite or absurdly
            large; the message names the file and the line.
    """
    name = str(path)
    try:
        size = os.path.getsize(name)
        if size > MAX_BYTES:
            raise BadInput(name, f"holds {size} bytes; files of up to {MAX_BYTES} are read")
        lines = Path(name).read_text("latin-1").splitlines()
    except OSError as error:
        raise BadInput(name, f"cannot be read ({error.strerror})") from error
    parser = _Hierarchy(name, lines)
    parser.read()
    if not any(parser.channels):
        raise BadInput(name, "no joint has channels")
    values, frame_seconds = _read_motion(name, lines, parser.line, sum(map(len, parser.channels)))
    return Bvh(
        path=name,
        names=tuple(parser.names),
        parents=tuple(parser.parents),
        offsets=np.array(parser.offsets),
        ends=parser.ends,
        channels=tuple(parser.channels),
        values=values,
        frame_seconds=frame_seconds,
    )


@dataclass
class _Hierarchy:
    """Reads the lines up to MOTION; `line` is the number (from 0) of the next line."""

    path: str
    lines: list[str]
    line: int = 0
    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[list[float]] = field(default_factory=list)
    ends: dict[int, np.ndarray] = field(default_factory=dict)
    channels: list[tuple[str, ...]] = field(default_factory=list)

    def fail(self, why: str) -> BadInput:
        return BadInput(self.path, f"line {self.line}: {why}")

    def words(self) -> list[str]:
        """The words of the next line that is not blank."""
        while self.line < len(self.lines):
            self.line += 1
            words = self.lines[self.line - 1].split()
            if words:
                return words
        raise self.fail("the file ends before its MOTION block")

    def read(self) -> None:
        if self.words() != ["HIERARCHY"]:
            raise self.fail("a BVH file begins with HIERARCHY")
        # Open joints, innermost last; None is an end site.
        stack: list[int | None] = []
        words = self.words()
        while words[0] != "MOTION":
            if words[0] == "}":
                if not stack:
                    raise self.fail("a brace is closed that was not opened")
                stack.pop()
            elif words[0] in ("ROOT", "JOINT", "End"):
                stack.append(self._open(words, stack))
            elif not stack:
                raise self.fail(f"expected ROOT, JOINT or MOTION, got {words[0][:40]!r}")
            elif words[0] == "OFFSET":
                self._offset(words, stack)
            elif words[0] == "CHANNELS" and stack[-1] is not None:
                self._channels(words, stack[-1])
            else:
                raise self.fail(f"unknown word {words[0][:40]!r}")
            words = self.words()
        if stack or not self.names:
            raise self.fail(f"MOTION begins while {len(stack)} braces are open" if stack else "there is no ROOT")

    def _open(self, words: list[str], stack: list[int | None]) -> int | None:
        if bool(stack) == (words[0] == "ROOT") or (stack and stack[-1] is None) or (words[0] == "ROOT" and self.names):
            raise self.fail(f"{words[0]} cannot stand here")
        if self.words() != ["{"]:
            raise self.fail("expected an opening brace")
        parent = stack[-1] if stack else None
        if words[0] == "End" and parent is not None:
            self.ends[parent] = np.zeros(3)
            return None
        if len(self.names) >= _MOST_JOINTS:
            raise self.fail(f"a figure has up to {_MOST_JOINTS} joints")
        name = " ".join(words[1:])
        if not name or name in self.names:
            raise self.fail(f"a joint's name must be there and its own, got {name[:40]!r}")
        self.names.append(name)
        self.parents.append(-1 if parent is None else parent)
        self.offsets.append([0.0, 0.0, 0.0])
        self.channels.append(())
        return len(self.names) - 1

    def _offset(self, words: list[str], stack: list[int | None]) -> None:
        numbers = _numbers(words[1:])
        if numbers is None or len(numbers) != 3:
            raise self.fail(f"OFFSET takes three finite numbers, got {' '.join(words[1:])[:60]!r}")
        joint = next(one for one in reversed(stack) if one is not None)
        if stack[-1] is None:
            self.ends[joint] = numbers
        else:
            self.offsets[joint] = numbers.tolist()

    def _channels(self, words: list[str], joint: int) -> None:
        channels = tuple(words[2:])
        right = len(set(channels)) == len(channels) and all(channel in _CHANNELS for channel in channels)
        if words[1:2] != [str(len(channels))] or not right or self.channels[joint]:
            raise self.fail(f"CHANNELS takes a count and as many of {', '.join(_CHANNELS)}, once for a joint")
        self.channels[joint] = channels


def _read_motion(path: str, lines: list[str], start: int, columns: int) -> tuple[np.ndarray, float]:
    """The values (F, columns) and the seconds of a frame; `start` is the number (from 0) of the line after MOTION."""
    head = [(number, lines[number].split()) for number in range(start, min(start + 50, len(lines)))]
    head = [(number, words) for number, words in head if words][:2]
    if len(head) < 2 or head[0][1][0] != "Frames:" or head[1][1][:2] != ["Frame", "Time:"]:
        raise BadInput(path, f"line {start + 1}: MOTION is followed by Frames: and Frame Time:")
    seconds = _numbers(head[1][1][2:])
    digits = "".join(head[0][1][1:2])
    count = int(digits) if digits.isdecimal() and len(digits) <= 12 and len(head[0][1]) == 2 else 0
    if count < 1:
        raise BadInput(path, f"line {head[0][0] + 1}: Frames: takes a whole number of at least 1")
    if seconds is None or len(seconds) != 1 or not 1e-5 <= seconds[0] <= 10:
        raise BadInput(path, f"line {head[1][0] + 1}: Frame Time: takes seconds between 0.00001 and 10")
    # The claimed size is checked against the file before anything of that size is allocated.
    first = head[1][0] + 1
    words = " ".join(lines[first:]).split()
    values = _numbers(words)
    if values is None or len(values) != count * columns:
        raise BadInput(path, _what_is_wrong(lines, first, columns, count))
    return values.reshape(count, columns), float(seconds[0])


def _what_is_wrong(lines: list[str], first: int, columns: int, count: int) -> str:
    """Names the first bad line among the frames."""
    frames = 0
    for number in range(first, len(lines)):
        words = lines[number].split()
        if words and _numbers(words) is None:
            return f"line {number + 1}: a frame takes finite numbers below {_LARGEST_VALUE:g}"
        if words and len(words) != columns:
            return f"line {number + 1}: a frame takes {columns} numbers, got {len(words)}"
        frames += bool(words)
    return f"line {len(lines)}: {count} frames are announced, {frames} are there"


def _numbers(words: list[str]) -> np.ndarray | None:
    """The words as float64 (N,), or None if one is no number, not finite or absurdly large."""
    try:
        numbers = np.array(words, np.float64)
    except ValueError:
        return None
    # Comparisons are false for NaN.
    return numbers if (np.abs(numbers) < _LARGEST_VALUE).all() else None
