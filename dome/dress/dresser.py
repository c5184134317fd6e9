"""Makes clothes: stretched over a body, loosened, creased, and cut along straight lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dome.dress.clothes import FAR_MM, Garment
from dome.dress.mannequin import group_sheet, skin_web
from dome.dress.paint import noise
from dome.dress.sheet import Sheet, cut
from dome.view.surface import Paint

# The least distance of cloth from what is beneath it, in mm.
_LEAST_GAP_MM = 2.5
# How far inner layers continue under a hem, in mm.
_UNDER_HEM_MM = 15.0


class Dresser:
    """Dresses one body, from the skin outward."""

    def __init__(self, rest_mm: np.ndarray, shift: float) -> None:
        """Starts with bare skin.

        Args:
            rest_mm: (V, 3), the skin's vertices at rest.
            shift: of the noise that makes creases.
        """
        self.skin = group_sheet("skin")
        self.rest_mm, self.shift = rest_mm.astype(np.float32), shift
        # Cloth follows a smoothed skin, without its details.
        self.calm_mm = skin_web().smooth(self.rest_mm, 3)
        self.normals = skin_web().normals(self.calm_mm)
        self.bumps_mm = np.maximum(((self.rest_mm - self.calm_mm) * self.normals).sum(axis=1), 0)
        self.height_mm = np.zeros(len(rest_mm), np.float32)
        self.covers_mm: list[np.ndarray] = []
        self.worn: list[tuple[np.ndarray, Garment]] = []

    def wear(self, garment: Garment) -> None:
        """Puts a garment over those worn already."""
        web = skin_web()
        # Near its edges, cloth clears every detail of the layer that continues beneath it.
        inside = garment.inside_mm()
        edge = np.clip(2.5 - np.abs(inside) / (2 * _UNDER_HEM_MM), 0, 1)
        least = np.maximum(self.height_mm, self.bumps_mm * edge) + _LEAST_GAP_MM
        # Stretched over the body like a soap film, then loosened.
        shaped = self.calm_mm
        for _ in range(garment.smoothing // 4):
            shaped = self._lifted(web.smooth(shaped, 4), least)
        ease = garment.ease_mm
        if garment.crease_mm > 0:
            # Creases are longer than wide, and run around limbs more than along them.
            ease = ease + garment.crease_mm * noise(garment.points_mm * np.float32((0.7, 1.3, 0.7)), 55, self.shift)
        normals = web.normals(web.smooth(shaped, 2))
        shaped = shaped + normals * np.maximum(ease - _LEAST_GAP_MM, 0)[:, None].astype(np.float32)
        shaped = self._lifted(web.smooth(shaped, 2), least)
        worn = inside > -_UNDER_HEM_MM
        height = ((shaped - self.calm_mm) * self.normals).sum(axis=1)
        self.height_mm = np.where(worn, np.maximum(self.height_mm, height), self.height_mm)
        self.covers_mm.append(inside)
        self.worn.append((shaped, garment))

    def cover(self, inside_mm: np.ndarray, height_mm: float) -> None:
        """Marks a region (V,), where `inside_mm` is above 0, as covered by something else, such as shoes."""
        self.height_mm = np.where(inside_mm > 0, np.maximum(self.height_mm, height_mm), self.height_mm)
        self.covers_mm.append(inside_mm)
        self.worn.append((self.rest_mm, None))

    def pieces(self) -> list[tuple[Sheet, Sheet, Paint]]:
        """For each garment its visible outer sheet, its hems, and its paint."""
        made = []
        for i, (shaped, garment) in enumerate(self.worn):
            if garment is None:
                continue
            near = (garment.inside_mm() > -FAR_MM)[self.skin.faces].any(axis=1)
            chosen = self._seen(i + 1) & near
            if chosen.any():
                sheet = replace(
                    self.skin,
                    rest_mm=shaped.astype(np.float32),
                    under_mm=self.calm_mm - self.normals,
                    canonical_mm=garment.points_mm,
                )
                used = np.zeros(len(self.rest_mm), bool)
                used[sheet.faces[chosen]] = True
                outer, hem = cut(sheet.kept(chosen), [field[used] for field in garment.fields_mm])
                made.append((outer, hem, garment.paint))
        return made

    def bare(self) -> Sheet:
        """The skin that clothes do not cover."""
        return self.skin.at(self.rest_mm).kept(self._seen(0))

    def _lifted(self, shaped: np.ndarray, least_mm: np.ndarray) -> np.ndarray:
        """Cloth, moved outward to at least `least_mm` from the skin."""
        height = ((shaped - self.calm_mm) * self.normals).sum(axis=1)
        return shaped + self.normals * np.maximum(least_mm - height, 0)[:, None].astype(np.float32)

    def _seen(self, first: int) -> np.ndarray:
        """Bool (T,): the faces not covered by layer `first` or later ones."""
        over = np.max(self.covers_mm[first:], axis=0) if self.covers_mm[first:] else np.full(len(self.rest_mm), -1.0)
        return ~(over > _UNDER_HEM_MM)[self.skin.faces].all(axis=1)
