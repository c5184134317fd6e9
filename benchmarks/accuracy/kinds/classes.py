"""Kinds of people that a model may fail on, derived from their labels, and alterations of images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from benchmarks.accuracy.kinds.people import People

#: Front and back are distinguished if the shoulders are farther apart than this share of the trunk's length.
_BROAD = 0.15
_STANDING_DEG = 60
# Share of people counted as darkest, brightest and smallest; raised up to a limit so that a kind has the fewest people.
_SHARE, _FEWEST, _LARGEST_SHARE = 0.1, 20, 1 / 3


def classes(people: People) -> dict[str, np.ndarray]:
    """Which people belong to which kind; a person may belong to none or to several.

    The trunk's tilt is known if both shoulders and hips are labelled. A person within 60 degrees of upright who faces
    the camera has the left shoulder and the left hip on the image's right.

    Returns:
        bool (N,) by the kind's title.
    """
    known, tilt_deg, shoulders, hips = _trunks(people)
    standing = known & (tilt_deg < _STANDING_DEG)
    labelled = people.labels["visible"][:, list(people.skeleton.main_joints)]
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
    """The tilt and the facing of trunks.

    Returns:
        Whether the trunk is known, bool (N,); its angle from upright in degrees; how far the left shoulder, and then
        the left hip, lies to the right of the other one, as a share of the trunk's length, seen with the shoulders up.
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
    """A change that makes an image harder; the labels stay.

    Attributes:
        title: for tables.
        change: uint8 RGB (S, S, 3) -> the same.
        turn_deg: counter-clockwise rotation about the center, black outside.
        margin: side of the visible square as a multiple of the image's, about the center, black outside.
    """

    title: str
    change: Callable[[np.ndarray], np.ndarray] = lambda picture: picture
    turn_deg: float = 0.0
    margin: float = 1.0


def gained(picture: np.ndarray, gain: float) -> np.ndarray:
    """Every value times `gain`, clipped at white."""
    return cv2.convertScaleAbs(picture, alpha=gain)


def noisy(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian noise of one standard deviation, the same for every image."""
    noise = np.random.default_rng(0).normal(0, sigma, picture.shape)
    return np.clip(np.round(picture + noise), 0, 255).astype(np.uint8)


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """Downscaled to a side of so many px and interpolated up again, as for someone far away."""
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def smeared(picture: np.ndarray, share: float) -> np.ndarray:
    """Motion blur: averaged along x over a share of the side."""
    return cv2.blur(picture, (max(round(share * picture.shape[1]), 1), 1), borderType=cv2.BORDER_REPLICATE)


def patched(picture: np.ndarray, count: int, share: float) -> np.ndarray:
    """Squares of one random color each, with this share of the side, at random places, the same for every image."""
    rng = np.random.default_rng(0)
    height, width = picture.shape[:2]
    side = round(share * width)
    result = picture.copy()
    for _ in range(count):
        y, x = rng.integers(height - side, endpoint=True), rng.integers(width - side, endpoint=True)
        result[y : y + side, x : x + side] = rng.integers(256, size=3)
    return result


def covered(picture: np.ndarray, share: float) -> np.ndarray:
    """Gray over this share of the image from below, as of a desk in front of people."""
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
