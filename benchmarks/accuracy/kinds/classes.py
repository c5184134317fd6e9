"""Kinds of people that a model may be bad at, told by their labels, and pictures made harder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from benchmarks.accuracy.kinds.people import People

#: Of trunks whose shoulders are farther apart than this share of the trunk's length, front and back are told.
_BROAD = 0.15
_STANDING_DEG = 60
# Of the darkest, brightest and smallest at least this share, and more where that would be fewer people than so many.
_SHARE, _FEWEST, _LARGEST_SHARE = 0.1, 20, 1 / 3


def classes(people: People) -> dict[str, np.ndarray]:
    """Who is of which kind; nobody has to be of any, and many are of several.

    How a trunk stands is known of those whose shoulders and hips are all labelled. Of those within 60 degrees of
    upright, whoever faces the camera has the left shoulder and the left hip on the right.

    Returns:
        By title bool (N,).
    """
    known, tilt_deg, shoulders, hips = _trunks(people)
    standing = known & (tilt_deg < _STANDING_DEG)
    labelled = people.labels["visible"][:, list(people.skeleton.limb_joints)]
    light, count = people.pictures.mean(axis=(1, 2, 3)), len(people.keys)
    share = max(_SHARE, min(_FEWEST / count, _LARGEST_SHARE))
    return {
        "facing the camera": standing & (shoulders > _BROAD) & (hips > 0),
        "facing away": standing & (shoulders < -_BROAD) & (hips < 0),
        "sideways or twisted": standing & ((np.abs(shoulders) <= _BROAD) | (shoulders * hips <= 0)),
        "upright, within 30 deg": known & (tilt_deg < 30),
        "leaning, 30 to 60 deg": known & (tilt_deg >= 30) & (tilt_deg < 60),
        "lying, 60 to 120 deg": known & (tilt_deg >= 60) & (tilt_deg <= 120),
        "upside down, 120 deg on": known & (tilt_deg > 120),
        f"darkest {share:.0%}": light <= np.quantile(light, share),
        f"brightest {share:.0%}": light >= np.quantile(light, 1 - share),
        f"smallest {share:.0%}": people.side_px <= np.quantile(people.side_px, share),
        "joints not labelled": (labelled == 0).any(axis=1),
        "joints hidden": (labelled == 1).any(axis=1),
    }


def _trunks(people: People) -> tuple[np.ndarray, ...]:
    """How trunks stand.

    Returns:
        Whose trunk is known, bool (N,); its angle from upright in degrees; by how much of its length the left shoulder,
        and then the left hip, stands to the right of the other one, seen with the shoulders up.
    """
    skeleton = people.skeleton
    ends = [skeleton.index(f"{side}_{stem}") for stem in ("shoulder", "hip") for side in ("left", "right")]
    joints_px = people.labels["joints_xy_px"][:, ends].astype(np.float64)
    left_shoulder, right_shoulder, left_hip, right_hip = joints_px.transpose(1, 0, 2)
    up = (left_shoulder + right_shoulder - left_hip - right_hip) / 2
    length = np.linalg.norm(up, axis=1)
    known = (people.labels["visible"][:, ends] > 0).all(axis=1) & (length > 0)
    tilt_deg = np.degrees(np.arctan2(np.abs(up[:, 0]), -up[:, 1]))
    rightwards = np.stack([-up[:, 1], up[:, 0]], axis=1) / np.where(known, length, 1)[:, None] ** 2
    shoulders = ((left_shoulder - right_shoulder) * rightwards).sum(axis=1)
    hips = ((left_hip - right_hip) * rightwards).sum(axis=1)
    return known, tilt_deg, shoulders, hips


@dataclass(frozen=True)
class Alteration:
    """A picture made harder; the truth stays.

    Attributes:
        title: for tables.
        change: uint8 RGB (S, S, 3) -> the same.
        turn_deg: turned counter-clockwise about its middle, black beyond its border.
        margin: side of what is shown as a multiple of the picture's, about its middle, black beyond its border.
    """

    title: str
    change: Callable[[np.ndarray], np.ndarray] = lambda picture: picture
    turn_deg: float = 0.0
    margin: float = 1.0


def gained(picture: np.ndarray, gain: float) -> np.ndarray:
    """Every value times `gain`, clipped at white."""
    return cv2.convertScaleAbs(picture, alpha=gain)


def noisy(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian noise of one standard deviation, the same for every picture."""
    noise = np.random.default_rng(0).normal(0, sigma, picture.shape)
    return np.clip(np.round(picture + noise), 0, 255).astype(np.uint8)


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """Averaged down to a side of so many px and interpolated up again, as someone far away is."""
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def smeared(picture: np.ndarray, share: float) -> np.ndarray:
    """Averaged along x over a share of the side, as a camera smears what moves fast."""
    return cv2.blur(picture, (max(round(share * picture.shape[1]), 1), 1), borderType=cv2.BORDER_REPLICATE)


def patched(picture: np.ndarray, count: int, share: float) -> np.ndarray:
    """Squares of one random colour each, with this share of the side, at random places, the same for every picture."""
    rng = np.random.default_rng(0)
    height, width = picture.shape[:2]
    side = round(share * width)
    result = picture.copy()
    for _ in range(count):
        y, x = rng.integers(height - side, endpoint=True), rng.integers(width - side, endpoint=True)
        result[y : y + side, x : x + side] = rng.integers(256, size=3)
    return result


def covered(picture: np.ndarray, share: float) -> np.ndarray:
    """Grey over this share of the picture from below, as a desk stands before people."""
    result = picture.copy()
    result[round((1 - share) * len(picture)) :] = 127
    return result


ALTERATIONS = (
    *(Alteration(f"turned {angle} deg", turn_deg=angle) for angle in (45, 90, 135, 180)),
    *(Alteration(f"crop x {margin:g}", margin=margin) for margin in (0.8, 1.25, 1.5)),
    *(Alteration(f"light x {gain:g}", partial(gained, gain=gain)) for gain in (0.5, 0.25, 0.12, 2)),
    *(Alteration(f"shrunk to {side} px", partial(shrunk, side=side)) for side in (128, 96, 64, 48, 32)),
    Alteration("smeared 1/24 of the side", partial(smeared, share=1 / 24)),
    Alteration("noise of 15 levels", partial(noisy, sigma=15)),
    Alteration("four patches of 1/5 of the side", partial(patched, count=4, share=1 / 5)),
    Alteration("lower third covered", partial(covered, share=1 / 3)),
)
