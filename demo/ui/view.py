"""What the window shows: the picture, perhaps mirrored, with skeletons, and text that is not."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from demo.tracking.people import Person
from pose import Skeleton, draw_skeleton, draw_text


def render(
    picture: np.ndarray,
    people: Sequence[Person],
    skeleton: Skeleton,
    *,
    mirror: bool,
    numbers: bool = False,
) -> np.ndarray:
    """Draws one frame.

    The skeletons are drawn before the picture is mirrored, so that left and right keep the person's own
    colours; the numbers are written after.

    Args:
        picture: uint8 RGB (H, W, 3).
        people: whom to draw.
        skeleton: of their J joints.
        mirror: shows the people as in a mirror.
        numbers: writes each person's number beside the box.

    Returns:
        A new uint8 RGB (H, W, 3).
    """
    height, width = picture.shape[:2]
    view = picture
    for person in people:
        thickness = max(2, round(min(height, width) / 200))
        view = draw_skeleton(view, person.xy_px, person.shown, skeleton, thickness=thickness)
    view = cv2.flip(view, 1) if mirror else view.copy() if view is picture else view
    for person in people if numbers else ():
        _number(view, person, mirror=mirror)
    return view


def caption(picture: np.ndarray, text: str) -> np.ndarray:
    """Writes a line into the picture's top left corner, on a dark plate, and returns the picture."""
    return draw_text(picture, text, scale=_text_scale(picture))


def _text_scale(picture: np.ndarray) -> float:
    return max(0.4, min(picture.shape[:2]) / 900)


def _number(view: np.ndarray, person: Person, *, mirror: bool) -> None:
    box = person.box_px
    if box is None:
        return
    height, width = view.shape[:2]
    x = width - 1 - (box[0] + box[2]) if mirror else box[0]
    # Inside the picture, and below the line of text.
    place = np.clip([x, box[1]], [0, height * 0.08], [width * 0.95, height * 0.92]).astype(int)
    draw_text(view, str(person.number), tuple(place.tolist()), scale=_text_scale(view))
