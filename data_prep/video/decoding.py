"""Decoding by FFmpeg: which packet is which frame, where decoding can start, and which frames are undamaged."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import av
import numpy as np
from av.video.frame import PictureType

# The most frames by which H.264 and HEVC delay display after decoding.
_MOST_HELD = 16
# Codecs for which decoding from a key frame gives the same frames as decoding from the start; with HEVC it may not.
_SEEKABLE = ("h264", "mpeg4", "mjpeg")


class MistimedError(Exception):
    """The timestamps do not identify the frames after all."""


@dataclass(frozen=True, eq=False)
class Timing:
    """The index of a file with evenly timed frames.

    Attributes:
        start: the timestamp of frame 0.
        step: the time between two frames.
        length: how many frames there should be.
        keys: int64 (K,), the key frames' positions in decoding order.
    """

    start: int
    step: int
    length: int
    keys: np.ndarray

    @classmethod
    def of(cls, container: av.container.InputContainer) -> Timing | None:
        """Reads the index; None if it is incomplete, or frames are not evenly timed or not all shown."""
        stream = container.streams.video[0]
        entries = list(stream.index_entries)
        times = np.array([entry.timestamp for entry in entries], np.int64)
        if len(times) < 2 or len(times) != stream.frames or stream.start_time is None:
            return None
        steps = np.diff(times)
        if steps[0] <= 0 or (steps != steps[0]).any() or any(entry.is_discard for entry in entries):
            return None
        # A damaged first frame does not disprove the index.
        with suppress(av.FFmpegError, StopIteration):
            if next(container.decode(stream)).pts != stream.start_time:
                return None
        keys = np.flatnonzero([entry.is_keyframe for entry in entries])
        return cls(stream.start_time, int(steps[0]), len(times), keys)

    def number(self, timestamp: int | None) -> int:
        """The number of the frame with a timestamp."""
        if timestamp is None or (timestamp - self.start) % self.step:
            raise MistimedError
        return (timestamp - self.start) // self.step


def packets_from(
    container: av.container.InputContainer, timing: Timing | None, start: int
) -> tuple[int, Iterator[av.Packet]]:
    """The number of the last key frame at or before frame `start`, and the packets from there on."""
    stream = container.streams.video[0]
    seekable = timing is not None and stream.codec_context.name in _SEEKABLE
    keys = timing.keys[timing.keys <= start].tolist() if seekable else []
    if not keys[1:]:
        return 0, container.demux(stream)
    # Frames decoded after a key frame may be shown before it, so its position may differ from its number.
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
    """Decodes packets into numbered frames in display order; the frame is None where decoding fails.

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
    """The size in bytes of the length prefix of H.264 units, as in MP4; 0 for other formats."""
    settings = context.extradata or b""
    # Extradata begin with 1 in MP4, and with 0, 0, 1 where packets hold start codes.
    return (settings[4] & 3) + 1 if context.name == "h264" and len(settings) > 4 and settings[0] == 1 else 0


def _is_unneeded(packet: av.Packet, prefix: int) -> bool:
    """Whether a packet's frame is not referenced by others, according to its own header.

    FFmpeg's `skip_frame` is no alternative: it hides damage.
    """
    data = memoryview(packet)
    place, slices = prefix, 0
    while prefix and place < len(data):
        # H.264 7.3.1: two bits nal_ref_idc, five bits nal_unit_type, of which 1 to 5 are slices.
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
    """Replaces every frame that may reference damaged data, before or after it, with None.

    A frame that is no B frame ends a group; if it is undamaged, so is the group.
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
            # Only a key frame shown after the damage was decoded after it.
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
