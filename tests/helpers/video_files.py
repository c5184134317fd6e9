"""Writes small real videos, and decodes them the plain way."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

#: (height, width) of the videos.
VIDEO_SIZE = (96, 160)


def write_moving_video(
    path: Path, numbers: range | list[int], *, codec: str = "libx264", pixels: str = "yuv420p", **options: str
) -> Path:
    """Writes a video of a noisy texture that moves 3 px a frame, which no two frames share.

    Args:
        path: its suffix selects the container.
        numbers: of the frames, at 30 per second; a missing number leaves a gap.
        codec: an encoder of FFmpeg.
        pixels: their format.
        options: of the encoder.
    """
    height, width = VIDEO_SIZE
    columns = (width + 3 * max(numbers)) // 4 + 1
    texture = np.random.default_rng(0).integers(0, 256, (height // 4, columns, 3), np.uint8)
    texture = texture.repeat(4, axis=0).repeat(4, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30, options={"threads": "1", **options})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.time_base = Fraction(1, 30)
        for number in numbers:
            picture = np.ascontiguousarray(texture[:, 3 * number : 3 * number + width])
            frame = av.VideoFrame.from_ndarray(picture).reformat(format=pixels)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_clip(
    path: Path,
    pictures: list[np.ndarray],
    times_s: list[float],
    codec: str = "mpeg4",
    shape: Fraction | None = None,
    **options: str,
) -> Path:
    """Writes images, each to be shown at its own time.

    Args:
        path: its suffix selects the container.
        pictures: uint8 RGB (H, W, 3).
        times_s: of the images, ascending.
        codec: an encoder of FFmpeg.
        shape: width : height of a pixel, where they are not square.
        options: of the encoder.
    """
    with av.open(f"file:{path}", "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        if shape:
            stream.codec_context.sample_aspect_ratio = shape
        # MPEG-2 only has a few frame rates.
        clock = stream.codec_context.time_base = Fraction(1, 25 if codec == "mpeg2video" else 1000)
        for picture, time_s in zip(pictures, times_s, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(time_s / clock), clock
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def copy_video(source: Path, target: Path, *, skip: int = 0, **options: str) -> Path:
    """Puts a video's packets into another container.

    Args:
        source: the video.
        target: its suffix selects the container.
        skip: how many frames at the beginning not to show.
        options: of the container.
    """
    with av.open(str(source)) as reading, av.open(str(target), "w", options=options) as writing:
        stream = reading.streams.video[0]
        copied = writing.add_stream_from_template(stream)
        for packet in reading.demux(stream):
            if packet.size:
                packet.stream = copied
                packet.pts -= skip * packet.duration
                packet.dts -= skip * packet.duration
                writing.mux(packet)
    return target


def decode_all(path: Path) -> list[np.ndarray]:
    """The brightness, uint8 (H, W), of all frames, as FFmpeg shows them one after the other."""
    with av.open(str(path)) as container:
        return [brightness(frame) for frame in container.decode(video=0)]


def brightness(frame: av.VideoFrame) -> np.ndarray:
    """The Y plane of a frame, uint8 (H, W)."""
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(frame.height, plane.line_size)[:, : frame.width].copy()


def packets(path: Path) -> list[tuple[int, int]]:
    """Position and size of each frame's bytes in the file, in decoding order."""
    with av.open(str(path)) as container:
        return [(entry.pos, entry.size) for entry in container.streams.video[0].index_entries]
