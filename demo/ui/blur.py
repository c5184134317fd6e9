"""Makes faces unrecognizable, located by the joints of the head and trunk."""

from __future__ import annotations

import cv2
import numpy as np

from demo.tracking.people import TrackedPerson
from pose import Skeleton

_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_NECKS = ("upper_neck", "neck", "thorax")
# Radius of a head as a share of each span of the body. All are generous, and the largest radius counts: from the side
# the shoulders look narrow, a bent trunk looks short, and joints may be wrong.
_OF_SHOULDERS = 0.55
_OF_TRUNK = 0.40
_OF_HEAD = 0.65
_OF_FACE = 1.3
_LEAST_SHARE = 0.06
# Tiles across a face: too few to recognize it.
_TILES = 6


def _find(person: TrackedPerson, skeleton: Skeleton, names: tuple[str, ...]) -> np.ndarray:
    """(K, 2): those of the joints that the skeleton has and that are finite."""
    places = [skeleton.index(name) for name in names if name in skeleton.joints]
    xy_px = person.xy_px[places]
    return xy_px[np.isfinite(xy_px).all(axis=1)]


def face_circle(person: TrackedPerson, skeleton: Skeleton) -> tuple[np.ndarray, float] | None:
    """Locates a person's head, whatever the scores of its joints.

    Returns:
        Center (2,) and radius in px, or None if the head's joints are not finite.
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


def blur_faces(picture: np.ndarray, people: tuple[TrackedPerson, ...], skeleton: Skeleton) -> np.ndarray:
    """Blurs the face of every tracked person.

    The whole frame is blurred while nobody is tracked, or a tracked person has no joint of sufficient score, as
    somebody may be in it. Faces of people who are not tracked are not blurred.

    Args:
        picture: uint8 RGB (H, W, 3).
        people: the tracked people.
        skeleton: of the people.

    Returns:
        A new uint8 RGB (H, W, 3).
    """
    circles = [face_circle(person, skeleton) if person.shown.any() else None for person in people]
    found = [circle for circle in circles if circle is not None]
    if not found or len(found) < len(circles):
        return _tiled(picture)
    blurred = picture.copy()
    for center, radius in found:
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
