"""The labeled frame, a whole image with all its people, and the one Example that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pose import BadInput, Crop, Skeleton
from records.features import FRAME_FIELDS, MOST_PEOPLE, UNLABELED_EXTENTS
from records.maps import encode_unlabeled
from records.regions import Region
from records.schema import (
    Features,
    Person,
    Picture,
    area_in_crop,
    checked_joints,
    encode_jpeg,
    loaded,
    serialize,
    source_features,
)


@dataclass
class Frame:
    """A whole image with all its labeled people.

    Attributes:
        picture: the image.
        people: of whom joints, visibility, box, area, size of the head and number are used, in px of this image.
        unlabeled: the parts of the image in which people are not labeled.
        dataset: as of a person.
        sequence: as of a person.
        camera: as of a person.
        frame: the frame's number in the sequence.
    """

    picture: Picture
    people: list[Person]
    unlabeled: list[Region]
    dataset: str
    sequence: str
    camera: str = ""
    frame: int = 0

    @property
    def key(self) -> str:
        """dataset/sequence/camera/frame, which identifies the image."""
        return f"{self.dataset}/{self.sequence}/{self.camera}/{self.frame}"


@np.errstate(over="ignore", invalid="ignore")
def encode_frame(frame: Frame, size: int, skeleton: Skeleton, *, jpeg_quality: int = 95) -> bytes:
    """Scales a whole image into a square, black beyond the image, and serializes the Example.

    Args:
        frame: the image and its people.
        size: the square's side in px; the image's longer side is scaled to it.
        skeleton: the names of the people's J joints.
        jpeg_quality: 1 to 100.

    Returns:
        The serialized `tf.train.Example`; its features are those of `records.features.FRAME_FIELDS`. Joints outside the
        image are stored as not labeled, and people of whom neither a joint nor a part of the box is in it are left out.

    Raises:
        BadInput: the image cannot be read, a labeled joint or another number is not finite, an outline is for an image
            of another size, or there are too many people.
    """
    if len(frame.people) > MOST_PEOPLE:
        raise BadInput(frame.key, f"has {len(frame.people)} people, and {MOST_PEOPLE} are the most")
    whole = loaded(frame.picture)
    height, width = whole.shape[:2]
    # The center of the first pixel is 0, so the image's edge lies at -0.5.
    crop = Crop.from_box(np.array([-0.5, -0.5, width, height]), size, padding=1.0)
    rows = [row for person in frame.people if (row := _row(person, crop, skeleton, np.array([width, height])))]
    features: Features = {"image/jpeg": encode_jpeg(whole, crop, jpeg_quality)}
    for field in FRAME_FIELDS.values():
        if field.per_person:
            features[field.feature] = np.array([row[field.feature] for row in rows], field.list_type)
    features |= {"crop/to_frame": crop.to_frame.astype(np.float32), **source_features(frame)}
    try:
        unlabeled = encode_unlabeled(frame.unlabeled, crop, (height, width))
    except ValueError as error:
        raise BadInput(frame.key, str(error)) from error
    if unlabeled is not None:
        features["unlabeled/png"] = unlabeled
    extents = [region.extent for region in frame.unlabeled if region.extent is not None]
    if extents and len(extents) == len(frame.unlabeled):
        features[UNLABELED_EXTENTS] = np.array(extents, np.float32)
    return serialize(frame.key, features)


def _row(person: Person, crop: Crop, skeleton: Skeleton, width_height: np.ndarray) -> dict[str, Any] | None:
    """The features of one of a frame's people; None if neither a joint nor a part of the box is in the image."""
    xy_px, visible = checked_joints(person, skeleton)
    inside = ((xy_px >= -0.5) & (xy_px < width_height - 0.5)).all(axis=1)
    visible = np.where(inside, visible, 0)
    box_px = np.asarray(person.box_px, np.float64)
    if not np.isfinite(box_px).all():
        raise BadInput(person.key, f"the box is NaN or infinite: {box_px.tolist()}")
    low, high = np.maximum(box_px[:2], -0.5), np.minimum(box_px[:2] + box_px[2:], width_height - 0.5)
    box = np.concatenate([crop.points_to_crop(low), (high - low) / crop.scale]) if (high > low).all() else np.zeros(4)
    if not (visible.any() or box.any()):
        return None
    return {
        "joints/xy_px": np.where(visible[:, None] > 0, crop.points_to_crop(xy_px), 0).astype(np.float32),
        "joints/visible": visible,
        "people/box_px": box.astype(np.float32),
        "people/area_px": np.float32(area_in_crop(person, crop)),
        "people/head_size_px": np.float32((person.head_size_px or 0.0) / crop.scale),
        "people/person": np.int64(person.person),
    }
