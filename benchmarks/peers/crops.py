"""People of a shard set in larger or smaller crops, and joints converted back to the records' crops."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pose import Crop
from records import dataset, read_manifest

_BATCH = 64


def read_crops(
    records: Path, split: str, size: int, margin: float, wide: Path | None = None, limit: int | None = None
) -> Iterator[np.ndarray]:
    """Streams images of the people of a split.

    Args:
        records: the shard set.
        split: "train", "val" or "test".
        size: height and width S of the images in px.
        margin: their side as a multiple of the side of the records' crops, about the same center; at 1 they are
            sampled as evaluation samples them.
        wide: the same people in larger crops, to cut from; without it, everything outside the records' crops is black.
        limit: stop after this many people.

    Yields:
        uint8 RGB (B, S, S, 3).

    Raises:
        ValueError: there are no such records, or `wide` holds other people.
    """
    if margin == 1:
        for pictures, _ in dataset(records, split, batch_size=_BATCH, input_size=size, limit=limit).as_numpy_iterator():
            yield pictures
        return
    sets = [records, wide or records]
    sizes = [read_manifest(folder).size for folder in sets]
    streams = [dataset(folder, split, batch_size=_BATCH, limit=limit).as_numpy_iterator() for folder in sets]
    for (_, own), (pictures, source) in zip(*streams, strict=True):
        if own["key"].tolist() != source["key"].tolist():
            raise ValueError(f"{wide} holds other people than {records}; make both with the same data and seed")
        yield np.stack(
            [
                _cut(picture, Crop(to_frame, sizes[0]), Crop(source_to_frame, sizes[1]), margin, size)
                for picture, to_frame, source_to_frame in zip(
                    pictures, own["to_frame"], source["to_frame"], strict=True
                )
            ]
        )


def _cut(picture: np.ndarray, own: Crop, source: Crop, margin: float, size: int) -> np.ndarray:
    """Cuts the square of `own`, enlarged by `margin`, from the image that `source` cut from the same frame."""
    middle = own.points_to_frame(np.full(2, (own.size - 1) / 2))
    wanted = Crop.centered(tuple(middle), margin * own.scale * own.size, size).to_frame
    matrix = source.from_frame[:, :2] @ wanted
    matrix[:, 2] += source.from_frame[:, 2]
    return Crop(matrix, size).cut(picture)


def to_records_px(xy_px: np.ndarray, size: int, margin: float, records_size: int) -> np.ndarray:
    """Converts joints (..., 2) from px of such an image to px of the records' crop of `records_size`."""
    return (xy_px - (size - 1) / 2) * (margin * records_size / size) + (records_size - 1) / 2
