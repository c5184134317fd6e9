"""The outline of a person or a crowd in a COCO keypoints file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_prep.coco.person import FARTHEST_PX
from records import Region

# COCO measures outlines and boxes from the image's corner, we from the center of its first pixel.
_CORNER_PX = 0.5
_MALFORMED = (TypeError, ValueError, KeyError, OverflowError)


def read_region(entry: dict, size: tuple[int, int] | None) -> Region | None:
    """The part of an image that an annotation covers: its polygons or run lengths, or else its box.

    Args:
        entry: as in the file.
        size: (height, width) of the image that the labels are for, None if unknown.

    Returns:
        None where the annotation has none of them, or all are malformed.
    """
    region = _outline(entry, size)
    return None if region is None else replace(region, extent=_extent(entry))


def _extent(entry: dict) -> tuple[float, ...] | None:
    """The box, area and mark of a crowd, if the annotation has the first two."""
    try:
        x, y, width, height = _finite(entry["bbox"]).reshape(4).tolist()
        area, crowd = float(_finite(entry["area"])), float(bool(int(entry.get("iscrowd") or 0)))
    except _MALFORMED:
        return None
    return x - _CORNER_PX, y - _CORNER_PX, width, height, area, crowd


def _outline(entry: dict, size: tuple[int, int] | None) -> Region | None:
    outline = entry.get("segmentation")
    try:
        if isinstance(outline, dict):
            return _of_runs(outline, size)
        if outline:
            return Region(tuple(_polygon(points) for points in outline))
    except _MALFORMED:
        pass
    try:
        x, y, width, height = _finite(entry["bbox"]).reshape(4)
    except _MALFORMED:
        return None
    return Region.of_box(np.array([x - _CORNER_PX, y - _CORNER_PX, width, height])) if min(width, height) > 0 else None


def read_ignored(entry: dict) -> Region | None:
    """The parts of an image to ignore, which PoseTrack 2018 lists as polygons in the image's entry."""
    try:
        x, y = entry["ignore_regions_x"], entry["ignore_regions_y"]
        corners = [np.stack([_finite(xs), _finite(ys)], axis=1) for xs, ys in zip(x, y, strict=True)]
        return Region(tuple(_polygon(polygon) for polygon in corners)) if corners else None
    except _MALFORMED:
        return None


def _polygon(points: object) -> np.ndarray:
    polygon = _finite(points).reshape(-1, 2) - _CORNER_PX
    if len(polygon) < 3:
        raise ValueError("a polygon has three corners or more")
    return polygon


def _finite(values: object) -> np.ndarray:
    found = np.array(values, np.float64)
    # Comparing is false for NaN.
    if not (np.abs(found) < FARTHEST_PX).all():
        raise ValueError("a place is NaN, infinite or a million pixels away")
    return found


def _of_runs(outline: dict, size: tuple[int, int] | None) -> Region:
    """COCO's run lengths, as a list or packed into a text."""
    height, width = (int(side) for side in outline["size"])
    if size not in (None, (height, width)):
        raise ValueError(f"the outline is for {width} x {height} px")
    counts = outline["counts"]
    runs = np.array(_unpacked(counts) if isinstance(counts, str) else counts, np.int64).ravel()
    if (runs < 0).any() or (runs > height * width).any() or runs.sum() != height * width:
        raise ValueError("the runs do not fill the image")
    return Region(runs=runs, size=(height, width))


def _unpacked(text: str) -> list[int]:
    """Run lengths from the text that pycocotools packs them into.

    Groups of five bits, lowest first; from the fourth on, differences from the second before.
    """
    counts: list[int] = []
    value = shift = 0
    for code in text.encode("ascii"):
        bits = code - 48
        if not 0 <= bits < 64:
            raise ValueError(f"packed run lengths have no byte {code}")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (1 << shift) if bits & 16 else 0
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    return counts
