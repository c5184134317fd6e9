"""Random hair, beards and headwear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from dome.dress.clothes import Garment
from dome.dress.complexion import IRISES, Hair, Skin, hair_color, skin_tone
from dome.dress.hair import HeadFrame, brim, hanging, hat, headband, knot, scalp_hair, tail
from dome.dress.sheet import Sheet
from dome.dress.swatches import cloth
from dome.view.surface import Paint

_MEN = {"bald": 8, "buzz": 20, "short": 46, "medium": 9, "afro": 5, "knot": 3, "tail": 2, "long": 5, "bob": 2}
_WOMEN = {"bald": 1, "buzz": 2, "short": 12, "medium": 10, "afro": 6, "knot": 14, "tail": 24, "long": 20, "bob": 11}

OnHead = tuple[Callable[[HeadFrame], Sheet], Paint]


@dataclass
class Head:
    """The looks of a head.

    Attributes:
        skin: paint of all of the skin.
        garments: hair and hats made from the scalp's surface, innermost first.
        more: functions that make a sheet on a head's frame, with their paints.
    """

    skin: Skin
    garments: list[Garment] = field(default_factory=list)
    more: list[OnHead] = field(default_factory=list)


def random_head(rng: np.random.Generator, sex: float, swimming: bool = False) -> Head:
    """Draws hair, beard, brows, lips and headwear.

    Args:
        rng: the random generator.
        sex: as in `Shape`.
        swimming: whether in swimming clothes.
    """
    tone = skin_tone(rng)
    color = hair_color(rng, tone)
    man = sex > 0.5
    chances = _MEN if man else _WOMEN
    style = str(rng.choice(list(chances), p=np.array(list(chances.values())) / sum(chances.values())))
    wear = _headwear(rng, style, swimming)
    back = float(rng.uniform(-2, 22)) * man
    thick = {"short": rng.uniform(5, 17), "medium": rng.uniform(18, 30), "afro": rng.uniform(35, 62)}.get(style, 6.0)
    if style == "bald":
        back += 45
    if wear:
        thick = min(thick, 8.0)
    beard = float(rng.choice([0, 0, 0, 0.3, 0.55, 0.9])) * man
    skin = Skin(
        tone=tone,
        hair=color,
        lips=float(rng.uniform(0, 0.35) if man else rng.uniform(0.2, 1)),
        brows_mm=float(rng.uniform(3.5, 5.5) if man else rng.uniform(2.2, 4)),
        beard=beard,
        scalp={"bald": 0.12, "buzz": float(rng.uniform(0.45, 0.85))}.get(style, 0.9),
        back_mm=back,
        shift=float(rng.uniform(0, 64)),
    )
    head = Head(skin)
    paint = Hair(color, float(rng.uniform(0, 64)), float(rng.uniform(0.2, 0.5)))
    if style not in ("bald", "buzz") and wear != "swim":
        over = style in ("medium", "bob", "long") and not wear and bool(rng.uniform() < 0.6)
        grown = 10.0 if style in ("bob", "long") and not wear else thick
        head.garments.append(scalp_hair(thick_mm=grown, back_mm=back, paint=paint, over_ears=over))
        head.more += _long_hair(rng, style, grown, paint)
    _put_on(rng, head, wear)
    return head


def _long_hair(rng: np.random.Generator, style: str, thick_mm: float, paint: Paint) -> list[OnHead]:
    if style == "tail":
        height, length = rng.uniform(-10, 60), rng.uniform(140, 330)
        return [(partial(tail, height_mm=height, length_mm=length, thick_mm=rng.uniform(16, 30)), paint)]
    if style == "knot":
        return [(partial(knot, height_mm=rng.uniform(-5, 110), radius_mm=rng.uniform(26, 42)), paint)]
    if style in ("long", "bob"):
        length = rng.uniform(160, 330) if style == "long" else rng.uniform(70, 115)
        side = rng.uniform(66, 100)
        return [(partial(hanging, length_mm=length, thick_mm=thick_mm + 4, from_degrees=side), paint)]
    return []


def _headwear(rng: np.random.Generator, style: str, swimming: bool) -> str:
    """Cap, woolen hat, helmet, band, swimming cap, or an empty string for none."""
    if swimming:
        return "swim" if rng.uniform() < 0.5 else ""
    if style in ("afro", "knot") or rng.uniform() < 0.84:
        return ""
    return str(rng.choice(["cap", "cap", "cap", "wool", "helmet", "band"]))


def _put_on(rng: np.random.Generator, head: Head, wear: str) -> None:
    plain = cloth(rng, patterns=("plain", "plain", "plain", "hoops", "blotches"))
    if wear == "cap":
        head.garments.append(hat(low_mm=22, tilt=0.12, ease_mm=9, smoothing=24, paint=plain))
        # Some wear it backward.
        if rng.uniform() < 0.75:
            peak = partial(brim, up_mm=42, length_mm=rng.uniform(55, 75), drop_mm=rng.uniform(8, 25))
            head.more.append((peak, plain if rng.uniform() < 0.7 else cloth(rng, patterns=("plain",))))
    elif wear == "wool":
        head.garments.append(hat(low_mm=-12, tilt=0.45, ease_mm=10, smoothing=32, paint=plain))
    elif wear == "helmet":
        head.garments.append(hat(low_mm=8, tilt=0.42, ease_mm=26, smoothing=32, paint=plain))
    elif wear == "band":
        head.garments.append(headband(paint=cloth(rng, patterns=("plain",))))
    elif wear == "swim":
        head.garments.append(hat(low_mm=8, tilt=0.4, ease_mm=5, smoothing=24, paint=plain))


def iris_color(rng: np.random.Generator, tone: np.ndarray) -> np.ndarray:
    """A color (3,) RGB of the iris; brown with darker skin."""
    return IRISES[rng.integers(len(IRISES))] if tone[0] > 0.8 else IRISES[rng.choice([0, 1, 4])]
