"""Combinations of garments for everyday life and sport."""

from __future__ import annotations

import numpy as np

from dome.dress import landmarks
from dome.dress.clothes import Garment, belt, briefs, limb_band, one_piece, shirt, socks, trousers
from dome.dress.paint import Cloth
from dome.dress.swatches import any_color, cloth, shirt_details, shoe_paint, trouser_details
from dome.view.surface import Paint

_PLAIN = ("plain",)


class Chooser:
    """Chooses garments, with one method per occasion. Underwear always comes first.

    Attributes:
        beneath: garments under the shoes, from the skin outward.
        garments: the others.
        shoes: height of their collar, clearance (mm) and paint, or None.
        skirt: height of its lower edge in mm, flare and paint, or None.
    """

    def __init__(self, rng: np.random.Generator, sex: float) -> None:
        """Starts with underwear.

        Args:
            rng: the random generator.
            sex: as in `Shape`; the chests of women are covered.
        """
        self.rng, self.woman = rng, sex < 0.65
        self.waist = landmarks.waist_y() - rng.uniform(5, 55)
        # So small that all other clothes hide it.
        small = briefs(paint=cloth(rng, patterns=_PLAIN), waist_mm=self.waist - 60, cut_mm=45, slope=1.2)
        self.beneath: list[Garment] = [small]
        self.garments: list[Garment] = []
        self.shoes: tuple[float, float, Paint] | None = None
        self.skirt: tuple[float, float, Paint] | None = None
        if self.woman:
            self.bra(cloth(rng, patterns=_PLAIN))

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return bool(self.rng.uniform() < share)

    def between(self, low: float, high: float) -> float:
        """A uniform random number."""
        return float(self.rng.uniform(low, high))

    def bra(self, paint: Paint) -> None:
        """A sports bra."""
        hem = landmarks.head_of("LeftArm")[1] - self.between(165, 215)
        neck = {"deeper_mm": self.between(40, 80), "wider_mm": self.between(10, 30)}
        self.beneath.append(shirt(sleeve=-1, hem_mm=hem, ease_mm=3, paint=paint, neck=neck))

    def neck(self) -> dict[str, float]:
        """A neckline of some kind."""
        if self.chance(0.25):
            return {"vee": self.between(0.4, 1.0)}
        return {"deeper_mm": self.between(0, 35), "wider_mm": self.between(0, 25)}

    def put_shoes(self, high: float = 0.15) -> None:
        """Shoes, mostly with socks; high ones with probability `high`."""
        tall = self.chance(high)
        if self.chance(0.85):
            top = self.rng.choice([115, 135, 180, 240]) + (40 if tall else 0)
            self.put_socks(float(top))
        collar = self.between(110, 135) if tall else self.between(66, 82)
        self.shoes = (collar, self.between(0, 3), shoe_paint(self.rng, collar))

    def put_socks(self, top_mm: float, paint: Paint | None = None) -> None:
        """Socks up to a height."""
        self.beneath.append(
            socks(top_mm=top_mm, paint=paint or cloth(self.rng, patterns=(*_PLAIN * 5, "hoops"), brightness=0.3))
        )

    def put_shirt(self, *, sleeve: float, ease: tuple[float, float], tucked: bool = False, **more: object) -> None:
        """A shirt that hangs over the waist, or is tucked into the next garment."""
        paint = more.pop("paint", None) or cloth(self.rng, details=shirt_details(self.rng, sleeve))
        hem = self.waist - (90 if tucked else self.between(40, 150))
        more.setdefault("neck", self.neck())
        self.garments.append(shirt(sleeve=sleeve, hem_mm=hem, ease_mm=self.between(*ease), paint=paint, **more))

    def put_trousers(self, *, leg: float, ease: tuple[float, float], **more: object) -> None:
        """Trousers or shorts; `more` goes to `trousers`."""
        paint = more.pop("paint", None) or cloth(
            self.rng, patterns=(*_PLAIN * 8, "blotches"), brightness=0.3, details=trouser_details(self.rng, leg)
        )
        more.setdefault("waist_mm", self.waist)
        self.garments.append(trousers(leg=leg, ease_mm=self.between(*ease), paint=paint, **more))

    def put_jacket(self) -> None:
        """A jacket or pullover over the other clothes, open or closed."""
        paint = cloth(self.rng, patterns=(*_PLAIN * 4, "sleeves", "halves", "checks"))
        opening = self.between(15, 60) if self.chance(0.6) else None
        neck = {"wider_mm": self.between(0, 15), "vee": self.between(0, 0.8)}
        hem = self.waist - self.between(50, 170)
        self.garments.append(
            shirt(sleeve=1.93, hem_mm=hem, ease_mm=self.between(22, 32), paint=paint, neck=neck, open_mm=opening)
        )

    def casual(self) -> None:
        """Trousers or shorts, and a shirt over or in them."""
        self.put_shoes()
        long = self.chance(0.75)
        sleeve = float(self.rng.choice([0.55, 0.65, 0.75, 1.9, 1.95]))
        tucked = self.chance(0.2)
        if tucked:
            self.put_shirt(sleeve=sleeve, ease=(8, 16), tucked=True)
        if long:
            flare = self.between(0.7, 1.8)
            self.put_trousers(leg=self.between(2.0, 2.08), ease=(5, 22), flare=flare)
        else:
            self.put_trousers(leg=self.between(0.45, 1.05), ease=(10, 26))
        if not tucked:
            self.put_shirt(sleeve=sleeve, ease=(6, 26))
        if self.chance(0.25):
            self.put_jacket()

    def football(self) -> None:
        """A team's kit: shirt, shorts and long socks that go together."""
        kit = cloth(self.rng, details=shirt_details(self.rng, 0.7, chance=0.9), brightness=0.7)
        lower = Cloth(np.roll(kit.colors, int(self.chance(0.6)), axis=0), details=tuple(trouser_details(self.rng, 0.7)))
        sock = Cloth(np.roll(kit.colors, int(self.chance(0.5)), axis=0))
        self.put_socks(self.between(400, 470) if self.chance(0.8) else 150.0, sock)
        self.shoes = (self.between(64, 74), 0.0, shoe_paint(self.rng, 70))
        sleeve = self.between(0.6, 0.9) if self.chance(0.85) else 1.93
        self.put_trousers(leg=self.between(0.5, 0.8), ease=(14, 28), paint=lower)
        self.put_shirt(sleeve=sleeve, ease=(10, 26), paint=kit)

    def athletics(self) -> None:
        """Runners and jumpers: tight or short, and numbered."""
        self.put_shoes(high=0)
        tight = self.chance(0.5)
        if self.woman and self.chance(0.4):
            self.garments.append(briefs(paint=cloth(self.rng, brightness=0.7), waist_mm=self.waist, slope=0.4))
        elif tight:
            self.put_trousers(leg=self.between(0.25, 0.7) if self.chance(0.8) else 1.95, ease=(3, 4))
        else:
            self.put_trousers(leg=self.between(0.3, 0.6), ease=(10, 22))
        if self.woman and self.chance(0.3):
            self.bra(cloth(self.rng, brightness=0.7))
        elif self.chance(0.9) or self.woman:
            sleeve = self.between(-0.8, 0.1) if self.chance(0.6) else 0.6
            paint = cloth(self.rng, brightness=0.65, details=shirt_details(self.rng, sleeve, chance=0.8))
            self.put_shirt(sleeve=sleeve, ease=(3, 16), paint=paint)

    def fitness(self) -> None:
        """Leggings, shorts, tops, now and then gloves."""
        self.put_shoes()
        if self.woman and self.chance(0.75) or self.chance(0.1):
            self.put_trousers(leg=float(self.rng.choice([0.6, 1.6, 1.95])), ease=(3, 4))
        else:
            self.put_trousers(leg=self.between(0.6, 1.05) if self.chance(0.7) else 2.03, ease=(8, 26))
        if self.woman and self.chance(0.3):
            self.bra(cloth(self.rng, brightness=0.5))
        elif self.woman or self.chance(0.8):
            sleeve = float(self.rng.choice([-0.9, -0.4, 0, 0.6, 0.7, 1.93]))
            self.put_shirt(sleeve=sleeve, ease=(3, 22))
        if self.chance(0.06):
            self.garments.append(limb_band(limb="arm", low=2.05, high=9, side=0, ease_mm=3, paint=cloth(self.rng)))

    def gymnastics(self) -> None:
        """A leotard, with trousers or shorts for men; bare feet."""
        paint = cloth(self.rng, patterns=(*_PLAIN, "gradient", "halves", "blotches", "sleeves"), brightness=0.75)
        neck = {"deeper_mm": self.between(0, 60), "wider_mm": self.between(10, 40)}
        sleeve = float(self.rng.choice([-0.8, -0.3, 0.6, 1.93]))
        if self.woman:
            leg = self.between(0.3, 1.95) if self.chance(0.2) else None
            self.garments.append(
                one_piece(sleeve=sleeve, leg=leg, paint=paint, neck=neck, slope=self.between(0.5, 1.0))
            )
        else:
            if self.chance(0.75):
                self.garments.append(one_piece(sleeve=-0.6, leg=None, paint=paint, neck=neck))
            self.put_trousers(leg=0.5 if self.chance(0.5) else 2.0, ease=(4, 12))
        if self.chance(0.3):
            self.put_socks(110.0, cloth(self.rng, patterns=_PLAIN, brightness=0.1))

    def swimming(self) -> None:
        """Swimming clothes."""
        paint = cloth(self.rng, brightness=0.7)
        if self.woman:
            neck = {"deeper_mm": self.between(20, 80), "wider_mm": self.between(20, 40)}
            if self.chance(0.7):
                self.garments.append(
                    one_piece(sleeve=-1, leg=None, paint=paint, neck=neck, slope=self.between(0.5, 0.9))
                )
            else:
                self.bra(paint)
                self.garments.append(briefs(paint=paint, waist_mm=self.waist - 30, slope=0.6))
        elif self.chance(0.3):
            self.garments.append(briefs(paint=paint, waist_mm=self.waist - 40, slope=0.6))
        else:
            self.put_trousers(leg=self.between(0.2, 0.8), ease=(3, 20), paint=paint, waist_mm=self.waist - 20)

    def climbing(self) -> None:
        """Trousers and light tops; some with bare chests."""
        self.put_shoes()
        if self.chance(0.5):
            self.put_trousers(leg=2.02, ease=(8, 26), flare=self.between(0.6, 1.0))
        else:
            self.put_trousers(leg=self.between(0.5, 1.5), ease=(4, 22))
        if self.woman or self.chance(0.7):
            self.put_shirt(sleeve=float(self.rng.choice([-0.9, -0.5, 0, 0.6, 0.7])), ease=(3, 20))

    def street(self) -> None:
        """Skaters and free runners: loose, long, and often a jacket or a hat."""
        self.put_shoes(high=0.4)
        if self.chance(0.7):
            self.put_trousers(leg=self.between(1.98, 2.08), ease=(14, 34), flare=self.between(0.6, 1.3))
        else:
            self.put_trousers(leg=self.between(0.8, 1.15), ease=(16, 32))
        self.put_shirt(sleeve=float(self.rng.choice([0, 0.75, 0.85, 1.93])), ease=(16, 32))
        if self.chance(0.3):
            self.put_jacket()
        for side in (-1, 1):
            if self.chance(0.1):
                pad = cloth(self.rng, patterns=_PLAIN, brightness=0.1)
                self.garments.append(limb_band(limb="leg", low=0.84, high=1.16, side=side, ease_mm=9, paint=pad))

    def martial(self) -> None:
        """A white or colored suit with a belt."""
        color = np.float32((0.93, 0.93, 0.91)) if self.chance(0.7) else any_color(self.rng)
        paint = Cloth(np.stack([color] * 3))
        self.put_trousers(leg=self.between(1.75, 1.95), ease=(18, 30), paint=paint)
        hem = self.waist - self.between(150, 230)
        neck = {"vee": self.between(0.9, 1.6)}
        ease = self.between(18, 28)
        self.garments.append(shirt(sleeve=1.7, hem_mm=hem, ease_mm=ease, paint=paint, neck=neck))
        band = cloth(self.rng, patterns=_PLAIN, brightness=0.5)
        self.garments.append(belt(low_mm=self.waist - 40, width_mm=42, ease_mm=4, paint=band))

    def dress(self) -> None:
        """A skirt with a top, or a dress."""
        self.put_shoes()
        whole = self.chance(0.6)
        paint = cloth(self.rng, brightness=0.6)
        sleeve = float(self.rng.choice([-0.9, -0.4, 0, 0.6, 1.9]))
        ends = [(330, 480), (520, 680), (640, 720)][int(self.rng.integers(3))]
        self.put_shirt(sleeve=sleeve, ease=(4, 10), tucked=True, paint=paint if whole else None)
        if self.chance(0.25):
            self.put_trousers(leg=1.95, ease=(3, 3.5))
        self.skirt = (self.between(*ends), self.between(0.0, 0.35), paint if whole else cloth(self.rng))
