"""Images with their labeled people: those of an annotation file, and mosaics of people from records of one each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from evaluate.poses_2d.annotations import read_annotations
from evaluate.poses_2d.frames import Ignored, LabeledFrame, known_areas
from pose import Skeleton
from pose.picture import read_picture

#: Width and height of a mosaic, in px.
MOSAIC_PX = (960, 720)


@dataclass(frozen=True, eq=False)
class LabeledImages:
    """Images with their labeled people.

    Attributes:
        skeleton: of the labels.
        frames: the labels of N images.
        pictures: the images, uint8 RGB (H, W, 3).
    """

    skeleton: Skeleton
    frames: list[LabeledFrame]
    pictures: list[np.ndarray]


def read_images(annotations: Path, folder: Path, limit: int | None = None) -> LabeledImages:
    """The images of an annotation file of COCO's form.

    Args:
        annotations: the file.
        folder: of its images.
        limit: take only the first images of the file.

    Raises:
        ValueError: the annotations cannot be read, or an image is missing or damaged.
    """
    truth = read_annotations(annotations)
    frames = truth.frames[:limit]
    if not frames:
        raise ValueError(f"{annotations} labels no image")
    if missing := next((frame.key for frame in frames if not (folder / frame.key).is_file()), None):
        raise ValueError(f"--images {str(folder)!r} has no {missing}, which {annotations} labels; give their folder")
    pictures = [read_picture(str(folder / frame.key)) for frame in frames]
    return LabeledImages(truth.skeleton, frames, pictures)


@dataclass(frozen=True, eq=False)
class Singles:
    """People who are alone in square images.

    Attributes:
        skeleton: of the labels.
        pictures: uint8 RGB (N, S, S, 3).
        joints_xy_px: float (N, J, 2).
        visible: int (N, J).
    """

    skeleton: Skeleton
    pictures: np.ndarray
    joints_xy_px: np.ndarray
    visible: np.ndarray


def read_singles(records: Path, split: str, count: int) -> Singles:
    """The first people of a shard set all of whose main joints are labeled.

    Args:
        records: the shard set.
        split: "train", "val" or "test".
        count: how many people.

    Raises:
        ValueError: there is no such set or split, or it has fewer such people.
    """
    from records import dataset, read_manifest  # Late: it imports TensorFlow.

    manifest = read_manifest(records)
    limbs = list(manifest.skeleton.main_joints)
    pictures, joints, visible = [], [], []
    for batch, labels in dataset(records, split, batch_size=64).as_numpy_iterator():
        whole = (labels["visible"][:, limbs] > 0).all(axis=1)
        pictures += list(batch[whole])
        joints += list(labels["joints_xy_px"][whole])
        visible += list(labels["visible"][whole])
        if len(pictures) >= count:
            break
    if len(pictures) < count:
        raise ValueError(f"the {split} split of {records} has {len(pictures)} people with all joints, {count} needed")
    return Singles(manifest.skeleton, np.stack(pictures)[:count], np.stack(joints)[:count], np.stack(visible)[:count])


def make_mosaics(singles: Singles, people: int, count: int, seed: int) -> LabeledImages:
    """Images of `MOSAIC_PX`, each with people side by side in equal squares as large as fit, on black.

    Args:
        singles: the people to choose from.
        people: how many are in an image.
        count: how many images.
        seed: of the choice.
    """
    random = np.random.default_rng((seed, people))
    frames, pictures = [], []
    for number in range(count):
        chosen = random.permutation(len(singles.pictures))[:people]
        picture, joints = _mosaic(singles.pictures[chosen], singles.joints_xy_px[chosen])
        visible, none = singles.visible[chosen], np.zeros((people, 4))
        areas = known_areas(joints, visible, none, np.zeros(people))
        key = f"{people}/{number}"
        frames.append(LabeledFrame(key, joints, visible, none, areas, np.zeros(people), Ignored.nobody()))
        pictures.append(picture)
    return LabeledImages(singles.skeleton, frames, pictures)


def _mosaic(squares: np.ndarray, joints_xy_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The image, and the joints (P, J, 2) in it."""
    width, height = MOSAIC_PX
    people, size = len(squares), squares.shape[1]
    sides = {columns: min(width // columns, height // -(-people // columns)) for columns in range(1, people + 1)}
    columns = max(sides, key=lambda one: sides[one])
    side, rows = sides[columns], -(-people // columns)
    left, top = (width - columns * side) // 2, (height - rows * side) // 2
    picture, joints = np.zeros((height, width, 3), np.uint8), np.zeros(joints_xy_px.shape)
    for k, square in enumerate(squares):
        x, y = left + k % columns * side, top + k // columns * side
        way = cv2.INTER_AREA if side < size else cv2.INTER_LINEAR
        picture[y : y + side, x : x + side] = cv2.resize(square, (side, side), interpolation=way)
        joints[k] = (joints_xy_px[k] + 0.5) * side / size - 0.5 + (x, y)
    return picture, joints
