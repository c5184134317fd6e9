"""Making faces unrecognisable, by where the joints of the head and trunk are."""

from __future__ import annotations

import cv2
import numpy as np

from demo.tracking.people import Person
from pose import Skeleton

_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_NECKS = ("upper_neck", "neck", "thorax")
# How large a head is by what is known of the body. Each is generous, and the largest counts: seen from the side
# the shoulders are narrow, bent over the trunk is short, and joints may be wrong.
_OF_SHOULDERS = 0.55
_OF_TRUNK = 0.40
_OF_HEAD = 0.65
_OF_FACE = 1.3
_LEAST_SHARE = 0.06
# So few tiles across a face leave nothing to recognise.
_TILES = 6


def _find(person: Person, skeleton: Skeleton, names: tuple[str, ...]) -> np.ndarray:
    """(K, 2): those of the joints that the skeleton has and the model placed somewhere."""
    places = [skeleton.index(name) for name in names if name in skeleton.joints]
    xy_px = person.xy_px[places]
    return xy_px[np.isfinite(xy_px).all(axis=1)]


def face_circle(person: Person, skeleton: Skeleton) -> tuple[np.ndarray, float] | None:
    """Where a person's head is, however unsure the model may be of it.

    Returns:
        The centre (2,) and the radius in px, or None where the head's joints are not numbers.
    """
    face = _find(person, skeleton, _FACE)
    top = _find(person, skeleton, ("head_top",))
    neck = next((found[0] for name in _NECKS if len(found := _find(person, skeleton, (name,)))), None)
    if len(face):
        center = face.mean(axis=0)
    elif len(top) and neck is not None:
        center = (top[0] + neck) / 2
    else:
        return None
    shoulders = _find(person, skeleton, ("left_shoulder", "right_shoulder"))
    hips = _find(person, skeleton, ("left_hip", "right_hip"))
    spans = [_LEAST_SHARE * np.ptp(person.xy_px[np.isfinite(person.xy_px).all(axis=1)], axis=0).max()]
    if len(shoulders) == 2:
        spans.append(_OF_SHOULDERS * np.linalg.norm(shoulders[0] - shoulders[1]))
        if len(hips) == 2:
            spans.append(_OF_TRUNK * np.linalg.norm(shoulders.mean(axis=0) - hips.mean(axis=0)))
    if len(top) and neck is not None:
        spans.append(_OF_HEAD * np.linalg.norm(top[0] - neck))
    if len(face) > 1:
        spans.append(_OF_FACE * np.linalg.norm(face - center, axis=1).max())
    return center, float(max(spans))


def blur_faces(picture: np.ndarray, people: tuple[Person, ...], skeleton: Skeleton) -> np.ndarray:
    """Blurs every followed person's face.

    Where nobody is followed, or one of them is out of sight for a moment, the whole picture is blurred: someone may
    be in it. People beyond those who are followed are not blurred.

    Args:
        picture: uint8 RGB (H, W, 3).
        people: who is followed.
        skeleton: of their joints.

    Returns:
        A new uint8 RGB (H, W, 3).
    """
    circles = [face_circle(person, skeleton) if person.shown.any() else None for person in people]
    if not circles or None in circles:
        return _tiled(picture)
    blurred = picture.copy()
    for center, radius in circles:
        low = np.maximum(np.floor(center - radius), 0).astype(int)
        high = np.minimum(np.ceil(center + radius) + 1, picture.shape[1::-1]).astype(int)
        if (high <= low).any():
            continue
        part = blurred[low[1] : high[1], low[0] : high[0]]
        rows, columns = np.ogrid[low[1] : high[1], low[0] : high[0]]
        inside = np.hypot(columns - center[0], rows - center[1]) <= radius
        part[inside] = _tiled(part)[inside]
    return blurred


def _tiled(part: np.ndarray) -> np.ndarray:
    height, width = part.shape[:2]
    tile = max(max(height, width) / _TILES, 1.0)
    small = cv2.resize(part, (max(round(width / tile), 1), max(round(height / tile), 1)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
