"""Random clothes and looks of people, mostly for sport."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from body.shape import Shape
from dome.dress.clothes import Garment
from dome.dress.complexion import Skin
from dome.dress.heads import OnHead, iris_color, random_head
from dome.dress.occasions import Chooser
from dome.view.surface import Paint

#: Occasions, with their weights and the methods that choose the clothes.
OCCASIONS = {
    "casual": (22, Chooser.casual),
    "football": (11, Chooser.football),
    "athletics": (13, Chooser.athletics),
    "fitness": (14, Chooser.fitness),
    "gymnastics": (8, Chooser.gymnastics),
    "swimming": (4, Chooser.swimming),
    "climbing": (9, Chooser.climbing),
    "street": (10, Chooser.street),
    "martial": (3, Chooser.martial),
    "dress": (6, Chooser.dress),
}


@dataclass(frozen=True, eq=False)
class Outfit:
    """One person's clothes and looks.

    Attributes:
        skin: paint of the skin.
        iris: (3,) RGB.
        beneath: garments under the shoes, from the skin outward.
        garments: the others, hair and hats among them.
        shoes: height of their collar, clearance (mm) and paint, or None.
        skirt: height of its lower edge in mm, flare and paint, or None.
        on_head: other things on the head: functions that make a sheet on a head's frame, with their paints.
        shift: of the noise in creases and tufts.
    """

    skin: Skin
    iris: np.ndarray
    beneath: tuple[Garment, ...]
    garments: tuple[Garment, ...]
    shoes: tuple[float, float, Paint] | None = None
    skirt: tuple[float, float, Paint] | None = None
    on_head: tuple[OnHead, ...] = ()
    shift: float = 0.0

    @classmethod
    def random(cls, rng: np.random.Generator, shape: Shape) -> Outfit:
        """Draws an outfit."""
        names = [name for name in OCCASIONS if name != "dress" or shape.sex < 0.5]
        chances = np.array([OCCASIONS[name][0] for name in names])
        occasion = str(rng.choice(names, p=chances / chances.sum()))
        head = random_head(rng, shape.sex, swimming=occasion == "swimming")
        chooser = Chooser(rng, shape.sex)
        OCCASIONS[occasion][1](chooser)
        return cls(
            skin=head.skin,
            iris=iris_color(rng, head.skin.tone),
            beneath=tuple(chooser.beneath),
            garments=(*chooser.garments, *head.garments),
            shoes=chooser.shoes,
            skirt=chooser.skirt,
            on_head=tuple(head.more),
            shift=float(rng.uniform(0, 64)),
        )
