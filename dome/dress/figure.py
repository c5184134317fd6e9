"""Dressed people: skin, eyes, hair, clothes and shoes as one surface that moves with the body's bones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from body.human import Human
from body.skinning import Skin as Skinning
from dome.dress.complexion import Eyes, Hair
from dome.dress.dresser import Dresser
from dome.dress.hair import HeadFrame
from dome.dress.mannequin import group_sheet, group_vertices
from dome.dress.paint import Inside
from dome.dress.sheet import Sheet, joined
from dome.dress.shoes import shoes
from dome.dress.skirt import skirt
from dome.dress.wardrobe import Outfit
from dome.view.surface import Paint, Surface


class Figure:
    """A dressed person.

    Attributes:
        human: the body.
        outfit: its clothes and looks.
        surface: its triangles and their colors.
        rest_mm: float32 (N, 3), the surface's vertices at rest.
    """

    def __init__(self, human: Human, outfit: Outfit) -> None:
        self.human, self.outfit = human, outfit
        pieces = _pieces(human, outfit)
        whole = joined([sheet for sheet, _ in pieces])
        # One material for each paint, even if several pieces share it.
        paints = list(dict.fromkeys(paint for _, paint in pieces))
        materials = [np.full(len(sheet.faces), paints.index(paint), np.uint8) for sheet, paint in pieces]
        self.rest_mm = whole.rest_mm
        self.surface = Surface(whole.faces, whole.canonical_mm, whole.part, np.concatenate(materials), tuple(paints))
        self._skinning = Skinning(whole.rest_mm, whole.bones.astype(np.int32), whole.weights, human.heads_mm)

    @classmethod
    def random(cls, rng: np.random.Generator, human: Human) -> Figure:
        """Dresses a body in a random outfit, mostly for sport."""
        return cls(human, Outfit.random(rng, human.shape))

    def vertices(self, rotations: np.ndarray, root_mm: np.ndarray) -> np.ndarray:
        """The surface's vertices, float32 (F, N, 3) in stage mm, in poses.

        Args:
            rotations: (F, 31, 3, 3), as in `Human.pose`.
            root_mm: (F, 3), likewise.
        """
        heads, orientations = self.human.pose_bones(rotations, root_mm)
        return self._skinning.posed(orientations, heads)


def _pieces(human: Human, outfit: Outfit) -> Sequence[tuple[Sheet, Paint]]:
    """All visible pieces of a person, each with its paint."""
    skin_mm = human.rest_mm[group_vertices("skin")]
    dresser = Dresser(skin_mm, outfit.shift)
    for garment in outfit.beneath:
        dresser.wear(garment)
    pieces = []
    if outfit.shoes is not None:
        collar_mm, clearance_mm, paint = outfit.shoes
        outer, inner = shoes(skin_mm, collar_mm, clearance_mm)
        dresser.cover(collar_mm + 6 - dresser.skin.canonical_mm[:, 1], 8 + clearance_mm)
        pieces += [(outer, paint), (inner, Inside(paint))]
    for garment in outfit.garments:
        dresser.wear(garment)
    pieces += [(dresser.bare(), outfit.skin)]
    pieces += [(group_sheet("eyes").at(human.rest_mm[group_vertices("eyes")]), Eyes(outfit.iris))]
    for sheet, hem, paint in dresser.pieces():
        # Hair ends on the skin, without shade.
        pieces += [(sheet, paint), (hem, paint if isinstance(paint, Hair) else Inside(paint))]
    if outfit.skirt is not None:
        end_mm, flare, paint = outfit.skirt
        outer, inner = skirt(human, dresser, end_mm=end_mm, flare=flare)
        pieces += [(outer, paint), (inner, Inside(paint))]
    frame = HeadFrame(skin_mm)
    pieces += [(make(frame), paint) for make, paint in outfit.on_head]
    return [(sheet, paint) for sheet, paint in pieces if len(sheet.faces)]
