"""Drawing skeletons, captions and grids of images. Everything takes and returns uint8 RGB (H, W, 3)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pose.skeleton import Skeleton

#: Distinguishable with any color blindness. Blue and orange are of Okabe and Ito's palette; its yellow is too close to
#: orange in thin lines, and white marks labels beside predictions.
COLORS = {"left": (86, 180, 233), "right": (230, 159, 0), "middle": (170, 90, 255)}
#: The names of `COLORS`.
COLOR_NAMES = {"left": "blue", "right": "orange", "middle": "violet"}
_SIDES = {"left": "the person's left", "right": "the person's right", "middle": "neither"}
_OUTLINE = (0, 0, 0)
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
    """Draws limbs and joints onto a copy of an image; the person's left is blue, right orange, the middle violet.

    A dark edge keeps them apart from any background.

    Args:
        picture: uint8 RGB (H, W, 3).
        xy_px: float (J, 2).
        shown: bool or int (J,): joints to draw; a limb is drawn where both its ends are. Visibility can be passed as it
            is: joints labeled but hidden (1) become hollow, larger circles.
        skeleton: names and limbs of the J joints.
        thickness: of the lines, in px.
        color: one color for all, instead of a color for each side.
    """
    canvas = np.ascontiguousarray(picture).copy()
    shown = np.asarray(shown)
    drawable = shown.astype(bool) & np.isfinite(xy_px).all(axis=1)
    hidden = (shown == 1) & (shown.dtype != bool)
    sides = np.array(skeleton.sides)
    limbs = [
        (_fixed(xy_px[a]), _fixed(xy_px[b]), color or COLORS[sides[a] if sides[a] == sides[b] else "middle"])
        for a, b in skeleton.limbs
        if drawable[a] and drawable[b]
    ]
    circles = [
        (_fixed(xy_px[joint]), (thickness + (2 if hidden[joint] else 1)) << _SUBPIXEL_BITS, joint)
        for joint in np.flatnonzero(drawable)
    ]
    style, edge = {"lineType": cv2.LINE_AA, "shift": _SUBPIXEL_BITS}, 1 << _SUBPIXEL_BITS
    for start, end, _ in limbs:
        cv2.line(canvas, start, end, _OUTLINE, thickness + 2, **style)
    for center, radius, _ in circles:
        cv2.circle(canvas, center, radius + edge, _OUTLINE, cv2.FILLED, **style)
    for start, end, paint in limbs:
        cv2.line(canvas, start, end, paint, thickness, **style)
    for center, radius, joint in circles:
        paint = color or COLORS[sides[joint]]
        if hidden[joint]:
            cv2.circle(canvas, center, radius, _OUTLINE, cv2.FILLED, **style)
            cv2.circle(canvas, center, radius, paint, max(1, thickness // 2), **style)
        else:
            cv2.circle(canvas, center, radius, paint, cv2.FILLED, **style)
    return canvas


def draw_text(picture: np.ndarray, text: str, xy_px: tuple[int, int] = (0, 0), *, scale: float = 0.4) -> np.ndarray:
    """Writes white text on a dark plate into the image itself, and returns it; `xy_px` is the plate's top left."""
    if not text:
        return picture
    margin = round(12 * scale)
    (width, height), descent = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    left, top = xy_px
    picture[top : top + height + descent + 2 * margin, left : left + width + 2 * margin] = _PLATE
    place = (left + margin, top + height + margin)
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, _INK, 1, cv2.LINE_AA)
    return picture


def captioned(picture: np.ndarray, text: str, *, height_px: int = 16) -> np.ndarray:
    """The image with a line of text below it, on white; a text that is too long is cut at its beginning."""
    scale, width = height_px / 44, picture.shape[1] - 4

    def width_of(text: str) -> int:
        return cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0]

    shown = text
    while width_of(shown) > width and len(shown) > 4:
        shown = "..." + shown[4:]
    strip = np.full((height_px, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, shown, (2, height_px - 5), cv2.FONT_HERSHEY_SIMPLEX, scale, _PLATE, 1, cv2.LINE_AA)
    return np.concatenate([picture, strip])


def legend(width_px: int, *more: str) -> np.ndarray:
    """A legend of the colors of `draw_skeleton`, (24, width_px, 3), followed by further texts."""
    canvas = np.full((24, width_px, 3), 255, np.uint8)
    signs = [(f"{COLOR_NAMES[side]}: {what}", COLORS[side], cv2.FILLED) for side, what in _SIDES.items()]
    signs += [("filled: seen", _PLATE, cv2.FILLED), ("hollow: labelled, but hidden", _PLATE, 1)]

    def write(text: str, x: int) -> int:
        cv2.putText(canvas, text, (x, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.4, _PLATE, 1, cv2.LINE_AA)
        return x + cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)[0][0] + 18

    x = 8
    for text, color, fill in signs:
        cv2.circle(canvas, (x + 4, 12), 5, color, fill, cv2.LINE_AA)
        x = write(text, x + 14)
    for text in more:
        x = write(text, x)
    return canvas


def picture_grid(pictures: Sequence[np.ndarray], columns: int, *, gap_px: int = 4) -> np.ndarray:
    """Lays out images of one size in rows on a white sheet.

    Raises:
        ValueError: there are no images, or their sizes differ.
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
