"""Reads frames of a video by number, decoding each at most once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import av

from data_prep.video.decoding import MistimedError, Timing, decoded, packets_from, sound
from data_prep.video.frame import VideoFrame
from data_prep.video.pictures import check_size
from records import BadInput


class Video:
    """A video whose frames are read by number, in display order; the first is 0.

    Decoding goes forward and decodes no frame twice. It starts at the last key frame at or before the first wanted
    frame if the file's timestamps identify its frames reliably, and otherwise at the start. Frames that are neither
    wanted nor referenced by others are skipped without decoding.

    After damage in the file, frames are reported and skipped up to the next key frame.
    """

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        """Opens a video.

        Args:
            path: the file.
            size: the (height, width) that it must have.

        Raises:
            BadInput: FFmpeg cannot open it, or it is of another size.
        """
        self.path = path
        self.size = size
        with self._open() as container:
            self._timing = Timing.of(container)

    def _open(self) -> av.container.InputContainer:
        try:
            # Without the prefix, FFmpeg reads a relative name with a colon as a URL.
            container = av.open(f"file:{self.path}", metadata_errors="replace")
            stream = container.streams.video[0]
        except (av.FFmpegError, OSError, IndexError) as error:
            raise BadInput(str(self.path), "not a video that FFmpeg can open") from error
        context = stream.codec_context
        if context is None:
            raise BadInput(str(self.path), "a video of a codec that FFmpeg does not know")
        # A list of them would be as long as the file claims.
        if stream.frames > self.path.stat().st_size:
            raise BadInput(str(self.path), f"claims {stream.frames} frames, more than its bytes can hold")
        check_size(str(self.path), (context.height, context.width), self.size)
        # Videos are decoded in parallel, one per core.
        context.thread_count = 1
        # A larger frame later on would be damage. Decoders pad frames to whole blocks.
        context.options = {"max_pixels": str((self.size[0] + 256) * (self.size[1] + 256))}
        return container

    def frames(self, wanted: Sequence[int]) -> Iterator[tuple[int, VideoFrame] | BadInput]:
        """Decodes some frames.

        Args:
            wanted: their numbers, ascending.

        Yields:
            The numbered frames; and broken inputs: damaged frames and those beyond the end.
        """
        rest = deque(wanted)
        if not rest:
            return
        if self._timing:
            if rest[0] >= self._timing.length:
                yield self._beyond(self._timing.length, rest)
                return
            # From a key frame; if that fails, from the start.
            for start in (rest[0], 0):
                with suppress(MistimedError):
                    yield from self._read(rest, self._timing, start)
                    return
        yield from self._read(rest, None, 0)

    def _read(self, rest: deque[int], timing: Timing | None, start: int) -> Iterator[tuple[int, VideoFrame] | BadInput]:
        """Yields frames and reports, and removes them from `rest`.

        Raises:
            MistimedError: decoding must start at the beginning, or frames must be counted.
        """
        wanted, seen = frozenset(rest), -1
        with self._open() as container:
            first, packets = packets_from(container, timing, start)
            begun = first == 0
            for number, frame in sound(decoded(container.streams.video[0], packets, timing, wanted)):
                if number is None:
                    seen = rest[-1]
                    break
                seen = max(seen, number)
                # A decoder may also start where frames are only refreshed gradually.
                if not begun and number >= first and (number > first or frame is None or not frame.key_frame):
                    raise MistimedError
                begun |= number == first
                if frame is not None and number in wanted and begun:
                    yield from self._damaged(rest, number)
                    rest.popleft()
                    yield self._checked(number, frame)
                if not rest or seen >= rest[-1]:
                    break
        if not begun:
            raise MistimedError
        yield from self._damaged(rest, seen + 1)
        if rest:
            yield self._beyond(seen + 1, rest)

    def _checked(self, number: int, frame: av.VideoFrame) -> tuple[int, VideoFrame] | BadInput:
        name = f"{self.path} frame {number}"
        try:
            check_size(name, (frame.height, frame.width), self.size)
        except BadInput as bad:
            return bad
        return number, VideoFrame(name, frame)

    def _damaged(self, rest: deque[int], stop: int) -> Iterator[BadInput]:
        """Reports the wanted frames before `stop` as lost."""
        lost = []
        while rest and rest[0] < stop:
            lost.append(rest.popleft())
        if lost:
            what = f"{self.path} frames {lost[0]} to {lost[-1]}"
            yield BadInput(what, f"the video is damaged; {len(lost)} frames with poses are skipped")

    def _beyond(self, length: int, rest: Sequence[int]) -> BadInput:
        return BadInput(str(self.path), f"ends after {length} frames; {len(rest)} frames with poses lie beyond")
