"""Hair and headwear: short and hanging hair, knots and tails, hats with brims."""

from __future__ import annotations

import numpy as np

from body.human import BONES
from dome.dress import landmarks
from dome.dress.clothes import FAR_MM, Garment, clipped
from dome.dress.mannequin import group_sheet, smoothed_points
from dome.dress.sheet import Sheet
from dome.view.surface import Paint

# Height of tufts as a share of the thickness of the hair.
_TUFTS = 0.25


def scalp_hair(*, thick_mm: float, back_mm: float, paint: Paint, over_ears: bool = False) -> Garment:
    """Hair around the scalp.

    Args:
        thick_mm: thickness at the crown.
        back_mm: how far the hairline recedes.
        paint: its colors.
        over_ears: whether it covers the ears.
    """
    smoothing = 4 * int(thick_mm / 10)
    points = smoothed_points(smoothing)
    above = landmarks.above_hairline(points, back_mm=back_mm)
    above = np.where(points[:, 1] > landmarks.eyes_middle()[1] - 130, above, -FAR_MM)
    ears = np.full(len(points), FAR_MM) if over_ears else landmarks.off_ears(points)
    # Thin at its edge, as grown hair is.
    swell = np.clip(above / 45, 0, 1)
    return Garment(clipped([above, ears]), 2.5 + thick_mm * swell, smoothing, _TUFTS * thick_mm, paint)


def hat(*, low_mm: float, tilt: float, ease_mm: float, smoothing: int, paint: Paint) -> Garment:
    """Cap, helmet, woolen or swimming cap: the head above a plane.

    Args:
        low_mm: height of its rim above the eyes, at the ears.
        tilt: slope of the rim, rising to the front.
        ease_mm: distance from the head.
        smoothing: number of smoothing steps.
        paint: its colors.
    """
    points = smoothed_points(smoothing)
    x, y, z = (points - landmarks.eyes_middle()).T
    return Garment(clipped([y - low_mm - tilt * (z + 70)]), np.full(len(points), ease_mm), smoothing, 0.0, paint)


def headband(*, paint: Paint, low_mm: float = 32.0, width_mm: float = 28.0) -> Garment:
    """A band around the forehead."""
    points = smoothed_points(4)
    x, y, z = (points - landmarks.eyes_middle()).T
    along = y - 0.1 * z
    fields = clipped([along - low_mm, low_mm + width_mm - along])
    return Garment(fields, np.full(len(points), 3.0), 4, 0.0, paint)


class HeadFrame:
    """Maps points from the average head to a person's head."""

    def __init__(self, rest_mm: np.ndarray) -> None:
        """Fits the map that takes the average head's vertices to this head's (V, 3), by least squares."""
        canonical = group_sheet("skin").canonical_mm
        head = np.flatnonzero(canonical[:, 1] > landmarks.eyes_middle()[1] - 60)
        ones = np.column_stack([canonical[head], np.ones(len(head))])
        self.map = np.linalg.lstsq(ones.astype(np.float64), rest_mm[head].astype(np.float64), rcond=None)[0]

    def sheet(self, canonical_mm: np.ndarray, faces: np.ndarray) -> Sheet:
        """A sheet on this head from points (N, 3) on the average one; low points move with the chest."""
        canonical = np.asarray(canonical_mm, np.float64)
        rest = np.column_stack([canonical, np.ones(len(canonical))]) @ self.map
        rest, canonical = rest.astype(np.float32), canonical.astype(np.float32)
        low = np.clip((landmarks.eyes_middle()[1] - 90 - canonical[:, 1]) / 120, 0, 1)
        weights = np.stack([1 - low, low, 0 * low, 0 * low], axis=1).astype(np.float32)
        bones = np.tile(np.uint8([BONES.index("Head"), BONES.index("Spine1"), 0, 0]), (len(low), 1))
        return Sheet(rest, rest, canonical, bones, weights, faces.astype(np.int32), np.full(len(faces), 1, np.uint8))


def hanging(frame: HeadFrame, *, length_mm: float, thick_mm: float, from_degrees: float) -> Sheet:
    """Hair that falls from the crown around the back of the head.

    Args:
        frame: of the head.
        length_mm: how far below the eyes it ends.
        thick_mm: distance from the scalp.
        from_degrees: the angle on both sides where it begins; 0 is the front.
    """
    turn = np.radians(np.linspace(-180 + from_degrees, 180 - from_degrees, 25))
    down = np.linspace(0, 1, 9) ** 0.9
    azimuth, share = np.meshgrid(np.pi - turn, down)
    up = 45 - share * (45 + length_mm)
    # At the sides, over the shoulders, it ends higher than at the back.
    sides = np.sin(azimuth) ** 2
    up = np.maximum(up, -118 * sides - (1 - sides) * 600)
    swell = np.interp(up, (-250, -120, -20, 45), (0.93, 0.95, 1.0, 0.86))
    out = np.stack(
        [(74 + thick_mm) * np.sin(azimuth) * swell, up, (101 + thick_mm) * np.cos(azimuth) * swell - 66], axis=-1
    )
    inward = np.stack([np.sin(azimuth), 0 * azimuth, np.cos(azimuth)], axis=-1) * min(8, thick_mm)
    points = np.concatenate([(out).reshape(-1, 3), (out - inward).reshape(-1, 3)]) + landmarks.eyes_middle()
    return frame.sheet(points, _slab(*azimuth.shape))


def lock(frame: HeadFrame, path_mm: np.ndarray, radii_mm: np.ndarray) -> Sheet:
    """A tail, plait or knot of hair.

    Args:
        frame: of the head.
        path_mm: (L, 3), its center line, relative to the middle of the eyes on the average head.
        radii_mm: (L,).
    """
    around = np.arange(10) / 10 * 2 * np.pi
    along = np.gradient(path_mm, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    left = np.tile([1.0, 0.0, 0.0], (len(path_mm), 1))
    over = np.cross(along, left)
    over /= np.linalg.norm(over, axis=1, keepdims=True)
    circle = np.cos(around)[None, :, None] * left[:, None] + np.sin(around)[None, :, None] * over[:, None]
    points = path_mm[:, None] + circle * radii_mm[:, None, None]
    rows, columns = np.meshgrid(np.arange(len(path_mm) - 1), np.arange(10), indexing="ij")
    a, b = rows * 10 + columns, rows * 10 + (columns + 1) % 10
    faces = np.concatenate(
        [np.stack([a, b, b + 10], -1).reshape(-1, 3), np.stack([a, b + 10, a + 10], -1).reshape(-1, 3)]
    )
    return frame.sheet(points.reshape(-1, 3) + landmarks.eyes_middle(), faces)


def tail(frame: HeadFrame, *, height_mm: float, length_mm: float, thick_mm: float) -> Sheet:
    """A ponytail from a height above the eyes."""
    share = np.linspace(0, 1, 8)
    out = 45 * np.sin(np.clip(share * 2.2, 0, 1.9)) + 8
    path = np.stack([0 * share, height_mm + 20 * np.sin(share * 3) - length_mm * share**1.3, -158 - out], axis=1)
    return lock(frame, path, thick_mm * np.interp(share, (0, 0.15, 0.5, 1), (0.5, 0.9, 1, 0.15)))


def knot(frame: HeadFrame, *, height_mm: float, radius_mm: float) -> Sheet:
    """A knot of hair on the back of the head, or higher."""
    angle = np.linspace(0.01, np.pi - 0.01, 7)
    turned = np.radians(np.interp(height_mm, (0, 110), (0, 80)))
    toward = np.array([0, np.sin(turned), -np.cos(turned)])
    base = np.array([0, 15 + 92 * np.sin(turned), -66 - 103 * np.cos(turned)]) + 0.55 * radius_mm * toward
    return lock(frame, base - radius_mm * np.cos(angle)[:, None] * toward, radius_mm * np.sin(angle))


def brim(frame: HeadFrame, *, up_mm: float, length_mm: float, drop_mm: float) -> Sheet:
    """The peak of a cap.

    Args:
        frame: of the head.
        up_mm: height above the eyes.
        length_mm: how far it extends to the front.
        drop_mm: how much lower its edge is than its root.
    """
    turn, share = np.meshgrid(np.radians(np.linspace(58, -58, 13)), np.linspace(0, 1, 4))
    reach = share * length_mm * np.cos(turn) ** 0.6
    x, z = 80 * np.sin(turn) * (1 + 0.08 * share), -66 + 96 * np.cos(turn) + reach
    y = up_mm - drop_mm * share - 14 * np.sin(turn) ** 2
    top = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    points = np.concatenate([top, top - np.array([0, 4, 0])]) + landmarks.eyes_middle()
    return frame.sheet(points, _slab(*turn.shape))


def _slab(height: int, width: int) -> np.ndarray:
    """Triangles of two grids of points (2 height width, 3), outer first, and of the rim that joins them."""
    number = np.arange(height * width).reshape(height, width)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]))
    outer = np.concatenate([np.stack([a, d, c], 1), np.stack([a, c, b], 1)])
    rim = np.concatenate([number[:-1, 0], number[-1, :-1], number[:0:-1, -1], number[0, :0:-1]])
    after, deep = np.roll(rim, -1), height * width
    sides = np.concatenate([np.stack([after, rim, rim + deep], 1), np.stack([after, rim + deep, after + deep], 1)])
    return np.concatenate([outer, outer[:, ::-1] + deep, sides])[:, ::-1]
