"""Mosaics of whole images, four in one, so that a net sees more people, and smaller ones.

Bochkovskiy et al., "YOLOv4", arXiv 2004.10934.
"""

from __future__ import annotations

import numpy as np

from pose.fields import Affine, warp
from records.augment import LABELS

_SIDE = 2
_FIELDS = LABELS["frames"]


def with_mosaics(
    pictures: np.ndarray, labels: dict[str, np.ndarray], chosen: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Replaces some images of a batch by mosaics of themselves and the next three, each at half its size.

    Args:
        pictures: uint8 (B, S, S, 3); after the last comes the first.
        labels: by the names of `records.augment.LABELS`, with "visible". Without "box_px", a row without joints is
            nobody.
        chosen: int, the M images to replace.

    Returns:
        All B images and their labels. A mosaic's image that would bring the people to more than P is left black, with
        nobody in it. Labels that neither depend on the image's geometry nor have a row for each person are those of
        the image that is replaced.
    """
    if not len(chosen):
        return pictures, labels
    size, num_people = pictures.shape[1], labels["visible"].shape[1]
    moved = {name: value for name, value in labels.items() if name in _FIELDS and _FIELDS[name].is_moved}
    values = {"picture": pictures, **moved}
    tiles = []
    room = np.full(len(chosen), num_people)
    for number in range(_SIDE**2):
        tile = {name: value[(chosen + number) % len(pictures)] for name, value in values.items()}
        tile = warp(tile, _FIELDS, _halved(divmod(number, _SIDE), size, len(chosen)), size=size)
        count = _present(tile).sum(axis=1)
        fits = count <= room
        for name, value in tile.items():
            shown = fits.reshape(-1, *[1] * (value.ndim - 1))
            tile[name] = np.where(shown, value, np.asarray(_FIELDS[name].padding).astype(value.dtype))
        room = room - np.where(fits, count, 0)
        tiles.append(tile)
    # Those who are there come first.
    order = np.argsort(~np.concatenate([_present(tile) for tile in tiles], axis=1), axis=1, kind="stable")
    mosaics = {name: _together(name, [tile[name] for tile in tiles], order[:, :num_people]) for name in values}
    result = {name: value.copy() for name, value in values.items()}
    for name, value in mosaics.items():
        result[name][chosen] = value
    return result.pop("picture"), labels | result


def _halved(place: tuple[int, int], size: int, count: int) -> Affine:
    """Images at half their size, in a row and column of the mosaic."""
    halved = Affine.resize(_SIDE, 1, count)
    halved.matrix[:, :, 2] -= np.array(place[::-1]) * size
    return halved


def _present(labels: dict[str, np.ndarray]) -> np.ndarray:
    """Bool (M, P), the rows that are people."""
    seen = np.any(labels["visible"] > 0, axis=2)
    return seen | np.any(labels["box_px"], axis=2) if "box_px" in labels else seen


def _together(name: str, tiles: list[np.ndarray], order: np.ndarray) -> np.ndarray:
    field = _FIELDS[name]
    if field.per_person:
        together = np.concatenate(tiles, axis=1)
        return np.take_along_axis(together, order.reshape(*order.shape, *[1] * (together.ndim - 2)), axis=1)
    if field.geometry in ("picture", "nearest"):
        # Beyond its own part, each is black.
        return np.max(tiles, axis=0)
    return tiles[0]
