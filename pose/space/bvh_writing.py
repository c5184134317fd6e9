"""Writes motion capture as Biovision hierarchy (BVH) files."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pose.space.bvh import Bvh

_STEP = "  "


def bvh_text(bvh: Bvh) -> str:
    """The content of a file that `pose.space.bvh.read_bvh` reads: numbers to six decimals.

    Raises:
        ValueError: it has no frame, or its values are not finite or do not fit its channels.
    """
    columns = sum(map(len, bvh.channels))
    if bvh.values.ndim != 2 or not len(bvh.values) or bvh.values.shape[1] != columns:
        raise ValueError(f"values must be (F, {columns}) with F of 1 or more, got {bvh.values.shape}")
    if not np.isfinite(bvh.values).all():
        raise ValueError("values must be finite")
    lines = ["HIERARCHY", *_joint(bvh, bvh.parents.index(-1), ""), "MOTION", f"Frames: {len(bvh.values)}"]
    lines += [f"Frame Time: {bvh.frame_seconds:.8f}", *(_numbers(row) for row in bvh.values)]
    return "\n".join(lines) + "\n"


def _joint(bvh: Bvh, joint: int, indent: str) -> Iterator[str]:
    inner, channels = indent + _STEP, bvh.channels[joint]
    yield f"{indent}{'ROOT' if bvh.parents[joint] < 0 else 'JOINT'} {bvh.names[joint]}"
    yield f"{indent}{{"
    yield f"{inner}OFFSET {_numbers(bvh.offsets[joint])}"
    yield f"{inner}CHANNELS {' '.join([str(len(channels)), *channels])}"
    for child, parent in enumerate(bvh.parents):
        if parent == joint:
            yield from _joint(bvh, child, inner)
    if joint in bvh.ends:
        yield from (f"{inner}End Site", f"{inner}{{", f"{inner}{_STEP}OFFSET {_numbers(bvh.ends[joint])}", f"{inner}}}")
    yield f"{indent}}}"


def _numbers(values: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in values)
