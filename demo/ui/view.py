"""What the window shows: the frame with skeletons, mirrored if asked for, and text, which is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from demo.outputs.table import TableRow
from demo.tracking.people import TrackedPerson
from pose import Skeleton, draw_skeleton, draw_text

#: How many limbs' thicknesses fit the shorter side of an image.
LINES_PER_SIDE = 200


def render(
    picture: np.ndarray,
    people: Sequence[TrackedPerson],
    skeleton: Skeleton,
    *,
    mirror: bool,
    numbers: bool = False,
) -> np.ndarray:
    """Draws one frame: people as bodies where these are known, others as skeletons.

    The skeletons are drawn before the frame is mirrored, so that left and right keep the person's own colors; the
    numbers are written after.

    Args:
        picture: uint8 RGB (H, W, 3).
        people: of the frame.
        skeleton: of the people.
        mirror: mirrors the frame.
        numbers: writes each person's number beside the box.

    Returns:
        A new uint8 RGB (H, W, 3).
    """
    view = draw_bodies(picture, people)
    for person in people:
        if person.body is not None:
            continue
        view = draw_skeleton(view, person.xy_px, person.shown, skeleton, thickness=line_thickness(picture))
    view = cv2.flip(view, 1) if mirror else view.copy() if view is picture else view
    for person in people if numbers else ():
        _number(view, person, mirror=mirror)
    return view


def draw_bodies(picture: np.ndarray, people: Iterable[TrackedPerson | TableRow]) -> np.ndarray:
    """Draws the bodies of people, in the color of their numbers, onto a copy of an image; itself if there are none."""
    found = [(one.body, one.number) for one in people if one.body is not None]
    if not found:
        return picture
    from body.drawing import body_color, draw_meshes, mesh_of

    size = (picture.shape[0], picture.shape[1])
    return draw_meshes(picture, [mesh_of(body, size, body_color(number)) for body, number in found])


def caption(picture: np.ndarray, text: str) -> np.ndarray:
    """Writes a line of text into the image's top left corner, on a dark plate, and returns the image."""
    return draw_text(picture, text, scale=text_scale(picture))


def line_thickness(picture: np.ndarray) -> int:
    """Thickness of limbs in px for an image (H, W, 3)."""
    return max(2, round(min(picture.shape[:2]) / LINES_PER_SIDE))


def text_scale(picture: np.ndarray) -> float:
    """Scale of text for an image (H, W, 3); see `pose.draw_text`."""
    return max(0.4, min(picture.shape[:2]) / 900)


def _number(view: np.ndarray, person: TrackedPerson, *, mirror: bool) -> None:
    box = person.box_px
    if box is None:
        return
    height, width = view.shape[:2]
    x = width - 1 - (box[0] + box[2]) if mirror else box[0]
    # Inside the frame, and below the line of text.
    place = np.clip([x, box[1]], [0, height * 0.08], [width * 0.95, height * 0.92]).astype(int)
    draw_text(view, str(person.number), tuple(place.tolist()), scale=text_scale(view))
