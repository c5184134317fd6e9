"""Drawing skeletons, captions and grids of pictures. Everything takes and returns uint8 RGB (H, W, 3)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pose.skeleton import Skeleton

# Told apart by people with red-green blindness as well (Okabe and Ito's palette).
COLORS = {"left": (86, 180, 233), "right": (230, 159, 0), "middle": (240, 228, 66)}
_PLATE, _INK = (20, 20, 20), (255, 255, 255)
_SUBPIXEL_BITS = 4


def _fixed(xy: np.ndarray) -> tuple[int, int]:
    x, y = np.clip(np.round(np.asarray(xy) * (1 << _SUBPIXEL_BITS)), -(1 << 20), 1 << 20).astype(int)
    return int(x), int(y)


def draw_skeleton(
    picture: np.ndarray,
    xy_px: np.ndarray,
    shown: np.ndarray,
    skeleton: Skeleton,
    *,
    thickness: int = 2,
    color: tuple[int, int, int] | None = None,
) -> np.ndarray:
    """Draws limbs and joints onto a copy of a picture; left is blue, right orange, the middle yellow.

    Args:
        picture: uint8 RGB (H, W, 3).
        xy_px: float (J, 2).
        shown: bool or int (J,): joints to draw; a limb is drawn where both its ends are. Visibility works as it is:
            joints labelled but hidden (1) become open circles.
        skeleton: names and limbs of the J joints.
        thickness: of the lines, in px.
        color: one colour for all, instead of a colour for each side.
    """
    canvas = np.ascontiguousarray(picture).copy()
    shown = np.asarray(shown)
    drawable = (shown > 0) & np.isfinite(xy_px).all(axis=-1)
    style = {"lineType": cv2.LINE_AA, "shift": _SUBPIXEL_BITS}
    for a, b in skeleton.limbs:
        if drawable[a] and drawable[b]:
            side = skeleton.sides[b] if skeleton.sides[b] == skeleton.sides[a] else "middle"
            cv2.line(canvas, _fixed(xy_px[a]), _fixed(xy_px[b]), color or COLORS[side], thickness, **style)
    for joint in np.flatnonzero(drawable):
        hidden = shown.dtype != bool and shown[joint] == 1
        radius = int((thickness + 1) * (1 << _SUBPIXEL_BITS))
        fill = 1 if hidden else -1
        cv2.circle(canvas, _fixed(xy_px[joint]), radius, color or COLORS[skeleton.sides[joint]], fill, **style)
    return canvas


def draw_text(picture: np.ndarray, text: str, xy_px: tuple[int, int] = (0, 0), *, scale: float = 0.4) -> np.ndarray:
    """Writes white text on a dark plate into the picture itself, and returns it; `xy_px` is the plate's top left."""
    if not text:
        return picture
    margin = round(12 * scale)
    (width, height), descent = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    left, top = xy_px
    picture[top : top + height + descent + 2 * margin, left : left + width + 2 * margin] = _PLATE
    place = (left + margin, top + height + margin)
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, _INK, 1, cv2.LINE_AA)
    return picture


def picture_grid(pictures: Sequence[np.ndarray], columns: int, *, gap_px: int = 4) -> np.ndarray:
    """Lays out pictures of one size in rows on a white sheet.

    Raises:
        ValueError: there are no pictures, or their sizes differ.
    """
    shapes = {picture.shape for picture in pictures}
    if len(shapes) != 1:
        raise ValueError(f"a grid needs one or more pictures of one size, got sizes {sorted(shapes)}")
    height, width, _ = shapes.pop()
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * (height + gap_px) + gap_px, columns * (width + gap_px) + gap_px, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = gap_px + i // columns * (height + gap_px), gap_px + i % columns * (width + gap_px)
        sheet[top : top + height, left : left + width] = picture
    return sheet
