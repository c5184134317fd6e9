"""Small made-up people for the tests of records, training and export."""

import cv2
import numpy as np

from pose import LSP14, Crop
from records import Person, ShardSetWriter, encode_example


def make_person(i: int, *, size: int = 200) -> Person:
    """An image of noise with a colored disc at each joint, smooth enough to survive JPEG."""
    rng = np.random.default_rng(i)
    picture = cv2.resize(rng.integers(0, 255, (8, 8, 3), np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)
    xy = rng.uniform(0.2 * size, 0.8 * size, (14, 2))
    for j, point in enumerate(xy):
        color = [int(c) for c in cv2.cvtColor(np.uint8([[[j * 12, 255, 255]]]), cv2.COLOR_HSV2RGB)[0, 0]]
        cv2.circle(picture, tuple(int(c) for c in np.round(point)), 4, color, -1)
    low = xy.min(axis=0)
    return Person(
        picture=picture,
        box_px=np.concatenate([low, xy.max(axis=0) - low]),
        joints_xy_px=np.round(xy),
        visible=np.full(14, 2),
        dataset="made_up",
        sequence=f"s{i:03d}",
        frame=i,
        person=1,
    )


def write_shard_set(folder, *, train=12, val=4, test=4, size=64, people_per_shard=5):
    """A shard set of made-up people."""
    writer = ShardSetWriter(
        folder,
        skeleton=LSP14,
        size=size,
        source={"dataset": "made_up", "padding": 1.25},
        split_rule={},
        people_per_shard=people_per_shard,
    )
    number = 0
    for split, count in (("train", train), ("val", val), ("test", test)):
        for _ in range(count):
            person = make_person(number)
            writer.add(split, encode_example(person, Crop.from_box(person.box_px, size), LSP14))
            number += 1
    return writer.finish()
