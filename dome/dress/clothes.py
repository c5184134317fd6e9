"""Garments as pieces of the body's surface, defined by their edges and their distance from the skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dome.dress import landmarks
from dome.dress.mannequin import smoothed_points
from dome.view.surface import Paint

#: Fields are clipped to this, in mm.
FAR_MM = 100.0
# Height of creases as a share of the ease.
_CREASES = 0.22


@dataclass(frozen=True, eq=False)
class Garment:
    """A garment: a piece of skin that is moved outward.

    Attributes:
        fields_mm: each (V,) over the skin's vertices, the approximate distance inside one of the garment's edges.
        ease_mm: (V,), distance of the cloth from the skin.
        smoothing: number of smoothing steps, a multiple of 4; smooth cloth bridges hollows.
        crease_mm: height of creases.
        paint: its colors.
    """

    fields_mm: tuple[np.ndarray, ...]
    ease_mm: np.ndarray
    smoothing: int
    crease_mm: float
    paint: Paint

    @property
    def points_mm(self) -> np.ndarray:
        """Each of the skin's vertices on the average body, (V, 3), after smoothing."""
        return smoothed_points(self.smoothing)

    def inside_mm(self) -> np.ndarray:
        """The distance (V,) of vertices inside its edges."""
        return np.min(self.fields_mm, axis=0)


def shirt(
    *,
    sleeve: float,
    hem_mm: float,
    ease_mm: float,
    paint: Paint,
    neck: dict[str, float] | None = None,
    open_mm: float | None = None,
) -> Garment:
    """A T-shirt, pullover, jacket, singlet or top.

    Args:
        sleeve: where sleeves end, as in `landmarks.arm_share`; below 0.3 there are none, and at -1 the shoulders are
            narrowest.
        hem_mm: height of its lower edge on the average body.
        ease_mm: from tight 3 to loose 30.
        paint: its colors.
        neck: further arguments of `landmarks.above_neckline`.
        open_mm: half the width of its opening in front; None if closed.
    """
    smoothing = _smoothing(ease_mm)
    points = smoothed_points(smoothing)
    inner = landmarks.within_arms(points)
    fields = [
        _sleeves(points, sleeve, hem_mm),
        -landmarks.above_neckline(points, **(neck or {})),
        np.where(inner < 0, FAR_MM, points[:, 1] - hem_mm),
    ]
    if open_mm is not None:
        fields.append(np.maximum(np.abs(points[:, 0]) - open_mm, 20 - points[:, 2]))
    return Garment(clipped(fields), _upper_ease(points, ease_mm), smoothing, _CREASES * ease_mm, paint)


def trousers(*, leg: float, ease_mm: float, paint: Paint, waist_mm: float, flare: float = 1.0) -> Garment:
    """Trousers, leggings or shorts.

    Args:
        leg: where the legs end, as in `landmarks.leg_share`.
        ease_mm: from tight 3 to loose 30, at the knees.
        paint: its colors.
        waist_mm: height of the waist on the average body.
        flare: how much looser the legs are at the ankles than at the knees.
    """
    smoothing = _smoothing(ease_mm)
    points = smoothed_points(smoothing)
    fields = [_below_waist(points, waist_mm), _legs(points, leg), landmarks.within_arms(points)]
    # Short legs are as loose as long ones.
    at = np.minimum((-0.3, 0, 0.6, 1, 2), (9, 9, max(0.35, 0.7 * leg), 9, 9))
    ease = ease_mm * np.interp(landmarks.leg_share(points), at, (0.15, 0.5, 1, 1, flare))
    return Garment(clipped(fields), ease, smoothing, _CREASES * ease_mm, paint)


def briefs(*, paint: Paint, waist_mm: float, cut_mm: float = 20.0, slope: float = 0.55) -> Garment:
    """Swimming or gymnastic briefs, or underwear.

    Args:
        paint: its colors.
        waist_mm: height of the waist on the average body.
        cut_mm: height above the crotch where the leg openings begin.
        slope: how steeply they rise outward.
    """
    points = smoothed_points(8)
    fields = [_below_waist(points, waist_mm), _high_legs(points, cut_mm, slope), landmarks.within_arms(points)]
    return Garment(clipped(fields), np.full(len(points), 3.0), 8, 0.0, paint)


def one_piece(
    *, sleeve: float, leg: float | None, paint: Paint, neck: dict[str, float] | None = None, slope: float = 0.6
) -> Garment:
    """A leotard, wetsuit or swimming costume.

    Args:
        sleeve: as for a `shirt`.
        leg: where its legs end, as in `landmarks.leg_share`; None for a cut like briefs.
        paint: its colors.
        neck: further arguments of `landmarks.above_neckline`.
        slope: how steeply the leg openings rise, if there are no legs.
    """
    points = smoothed_points(8)
    legs = _high_legs(points, 20, slope) if leg is None else _legs(points, leg)
    # Hands hang lower than the leg openings.
    legs = np.where(landmarks.within_arms(points) < 0, FAR_MM, legs)
    arms = _sleeves(points, sleeve, landmarks.waist_y() - 60)
    fields = [arms, -landmarks.above_neckline(points, **(neck or {})), legs]
    return Garment(clipped(fields), np.full(len(points), 3.0), 8, 0.0, paint)


def socks(*, top_mm: float, paint: Paint) -> Garment:
    """Socks up to a height on the average body."""
    points = smoothed_points(16)
    return Garment(clipped([top_mm - points[:, 1]]), np.full(len(points), 3.0), 16, 0.4, paint)


def limb_band(*, limb: str, low: float, high: float, side: int, ease_mm: float, paint: Paint) -> Garment:
    """A glove, wristband, knee pad or single sleeve.

    Args:
        limb: "arm" or "leg".
        low: where it begins along the limb, as in `landmarks.arm_share` or `leg_share`.
        high: where it ends.
        side: 1 left, -1 right, 0 both.
        ease_mm: distance from the skin.
        paint: its colors.
    """
    points = smoothed_points(0)
    arm = limb == "arm"
    share = landmarks.arm_share(points) if arm else landmarks.leg_share(points)
    length = 260 if arm else 390
    fields = [(share - low) * length, (high - share) * length]
    if not arm:
        fields.append(landmarks.within_arms(points))
    if side:
        fields.append(side * points[:, 0])
    return Garment(clipped(fields), np.full(len(points), ease_mm), 0, 0.0, paint)


def belt(*, low_mm: float, width_mm: float, ease_mm: float, paint: Paint) -> Garment:
    """A belt or sash around the trunk, whose lower edge is at a height on the average body."""
    points = smoothed_points(12)
    fields = [points[:, 1] - low_mm, low_mm + width_mm - points[:, 1], landmarks.within_arms(points)]
    return Garment(clipped(fields), np.full(len(points), ease_mm), 12, 0.0, paint)


def clipped(fields: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Fields (V,) in mm as `Garment` takes them."""
    return tuple(np.clip(field, -FAR_MM, FAR_MM).astype(np.float32) for field in fields)


def _sleeves(points: np.ndarray, sleeve: float, hem_mm: float) -> np.ndarray:
    inner = landmarks.within_arms(points)
    if sleeve >= 0.3:
        return np.where(inner < 0, (sleeve - landmarks.arm_share(points)) * 260, FAR_MM)
    return inner - np.interp(sleeve, (-1, 0), (45, 8)) * np.clip((points[:, 1] - hem_mm) / 60, 0, 1)


def _upper_ease(points: np.ndarray, ease_mm: float) -> np.ndarray:
    """Ease of a shirt: tight on the shoulders, looser further down."""
    low = np.clip((landmarks.head_of("LeftArm")[1] - points[:, 1]) / 350, 0, 1)
    share = np.clip(landmarks.arm_share(points), 0, 1)
    return ease_mm * np.where(landmarks.within_arms(points) < 0, 0.4 + 0.5 * share, 0.3 + 0.7 * low)


def _below_waist(points: np.ndarray, waist_mm: float) -> np.ndarray:
    return waist_mm - points[:, 1] + 0.1 * points[:, 2]


def _legs(points: np.ndarray, leg: float) -> np.ndarray:
    # Long legs are cut higher over the instep.
    ahead = np.maximum(points[:, 2] - landmarks.head_of("LeftFoot")[2] - 30, 0)
    return (leg - landmarks.leg_share(points)) * 390 - (0.8 * ahead if leg > 1.8 else 0)


def _high_legs(points: np.ndarray, cut_mm: float, slope: float) -> np.ndarray:
    across = np.maximum(np.abs(points[:, 0]) - 25, 0)
    legs = points[:, 1] - (landmarks.crotch_y() - 30 + cut_mm + slope * across)
    # Lower at the back.
    return legs + 0.35 * np.clip(-points[:, 2], 0, 80)


def _smoothing(ease_mm: float) -> int:
    """Looser cloth bridges wider hollows."""
    return 4 * (2 + int(ease_mm / 5))
