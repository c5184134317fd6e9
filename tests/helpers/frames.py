"""Made-up frames of several people, and shard sets of them."""

from dataclasses import replace

import cv2
import numpy as np
from people import make_person

from pose import LSP14
from records import Augmentation, Frame, Region, ShardSetWriter, encode_frame

NO_AUGMENTATION = Augmentation(
    flip=0, rotation_deg=0, scale=0, shift=0, brightness=0, contrast=0, color=0, occlusion=0, closeup=0
)


def make_frame(number: int, people: int = 2, unlabeled: tuple[Region, ...] = ()) -> Frame:
    """An image of 200 x 100 px with so many people."""
    picture = cv2.resize(make_person(number).picture, (200, 100))
    found = [
        replace(make_person(10 * number + i), joints_xy_px=make_person(10 * number + i).joints_xy_px * (1, 0.5))
        for i in range(people)
    ]
    found = [replace(person, box_px=np.array([20.0, 10, 90, 60]), person=5 + i) for i, person in enumerate(found)]
    return Frame(picture, found, list(unlabeled), "made_up", f"s{number:03d}", "c", number)


def write_frames(folder, frames, *, size=64, split="train", max_people=None):
    writer = ShardSetWriter(folder, skeleton=LSP14, size=size, source={}, split_rule={}, kind="frames")
    for frame in frames:
        writer.add(split, encode_frame(frame, size, LSP14))
    most = max(len(frame.people) for frame in frames)
    return writer.finish(max_people=most if max_people is None else max_people)
