"""Decoding by FFmpeg: which packet is which frame, where decoding can begin, and which pictures are whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import av
import numpy as np
from av.video.frame import PictureType

# The most frames that H.264 and HEVC show later than they decode them.
_MOST_HELD = 16
# Where decoding that begins at a key frame gives the very pictures of decoding from the beginning; HEVC's need not.
_SEEKABLE = ("h264", "mpeg4", "mjpeg")


class MistimedError(Exception):
    """The timestamps do not tell which frame is which after all."""


@dataclass(frozen=True, eq=False)
class Timing:
    """What the index of a file with evenly timed frames tells.

    Attributes:
        start: the timestamp of frame 0.
        step: between two frames.
        length: how many frames there should be.
        keys: int64 (K,), where decoding can begin: places in the order in which frames are decoded.
    """

    start: int
    step: int
    length: int
    keys: np.ndarray

    @classmethod
    def of(cls, container: av.container.InputContainer) -> Timing | None:
        """Reads the index; None where it is incomplete, its frames are not evenly timed or some are not shown."""
        stream = container.streams.video[0]
        entries = list(stream.index_entries)
        times = np.array([entry.timestamp for entry in entries], np.int64)
        if len(times) < 2 or len(times) != stream.frames or stream.start_time is None:
            return None
        steps = np.diff(times)
        if steps[0] <= 0 or (steps != steps[0]).any() or any(entry.is_discard for entry in entries):
            return None
        # A beginning that is damaged proves nothing against the index.
        with suppress(av.FFmpegError, StopIteration):
            if next(container.decode(stream)).pts != stream.start_time:
                return None
        keys = np.flatnonzero([entry.is_keyframe for entry in entries])
        return cls(stream.start_time, int(steps[0]), len(times), keys)

    def number(self, timestamp: int | None) -> int:
        """The number of the frame that is shown at a time."""
        if timestamp is None or (timestamp - self.start) % self.step:
            raise MistimedError
        return (timestamp - self.start) // self.step


def packets_from(
    container: av.container.InputContainer, timing: Timing | None, start: int
) -> tuple[int, Iterator[av.Packet]]:
    """The packets from the last key frame up to frame `start` on, and the number of that key frame."""
    stream = container.streams.video[0]
    seekable = timing is not None and stream.codec_context.name in _SEEKABLE
    keys = timing.keys[timing.keys <= start].tolist() if seekable else []
    if not keys[1:]:
        return 0, container.demux(stream)
    # Frames that are decoded after a key frame may be shown before it, so its place need not be its number.
    for place in reversed(keys[1:]):
        with suppress(av.FFmpegError):
            container.seek(timing.start + place * timing.step, stream=stream)
            packets = container.demux(stream)
            packet = next(packets, None)
            if packet is not None and packet.size and timing.number(packet.pts) <= start:
                return timing.number(packet.pts), chain([packet], packets)
    raise MistimedError


def decoded(
    stream: av.VideoStream, packets: Iterator[av.Packet], timing: Timing | None, wanted: frozenset[int]
) -> Iterator[tuple[int | None, av.VideoFrame | None]]:
    """Decodes packets into numbered frames in the order in which they are shown; None for one that fails.

    Without timing, the number is None after a failure.
    """
    context, count = stream.codec_context, 0
    prefix = _nal_prefix(context)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        if timing and packet.size and timing.number(packet.pts) not in wanted and _is_unneeded(packet, prefix):
            continue
        try:
            if packet.is_corrupt:
                raise av.InvalidDataError(0, "cut short")
            frames = context.decode(packet)
        except av.FFmpegError:
            yield (timing.number(packet.pts) if timing else None), None
            count = None
            continue
        for frame in frames:
            if timing:
                yield timing.number(frame.pts), frame
            else:
                yield count, frame
                count = None if count is None else count + 1


def _nal_prefix(context: av.VideoCodecContext) -> int:
    """How many bytes tell the length of each unit of an H.264 packet, as in MP4; 0 for what is written otherwise."""
    settings = context.extradata or b""
    # They begin with a 1 there, and with 0, 0, 1 where packets hold start codes.
    return (settings[4] & 3) + 1 if context.name == "h264" and len(settings) > 4 and settings[0] == 1 else 0


def _is_unneeded(packet: av.Packet, prefix: int) -> bool:
    """Whether no other frame refers to a frame, as its packet itself tells.

    FFmpeg's own `skip_frame` would keep damage to itself.
    """
    data = memoryview(packet)
    place, slices = prefix, 0
    while prefix and place < len(data):
        # H.264 7.3.1: two bits of how much the unit is referred to, five bits of its kind; 1 to 5 are of pictures.
        referred, kind = data[place] >> 5 & 3, data[place] & 31
        if 1 <= kind <= 5:
            if referred:
                return False
            slices += 1
        place += int.from_bytes(data[place - prefix : place]) + prefix
    return slices > 0 and place == len(data) + prefix


def sound(
    frames: Iterator[tuple[int | None, av.VideoFrame | None]],
) -> Iterator[tuple[int | None, av.VideoFrame | None]]:
    """Puts None in the place of frames that damage may have spoilt: those that refer to it, before and after.

    A frame that refers to none that is shown later ends a group. When it is sound, so is the group.
    """
    held: deque[tuple[int | None, av.VideoFrame | None]] = deque()
    spoilt, last_damage = False, -1
    for number, frame in frames:
        if number is None:
            spoilt = True
        elif frame is None or frame.is_corrupt:
            spoilt, last_damage = True, max(last_damage, number)
            yield from ((earlier, None) for earlier, _ in held)
            held.clear()
        elif frame.key_frame and number > last_damage:
            # One that is shown before the damage was decoded before it, and those after it were not.
            spoilt = False
        if spoilt:
            yield number, None
            continue
        held.append((number, frame))
        if frame.pict_type != PictureType.B:
            yield from held
            held.clear()
        elif len(held) > _MOST_HELD:
            yield held.popleft()
    yield from held
