"""The labeled person that every data set yields, and the one Example that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from pose import BadInput, Camera, Crop, Skeleton
from pose.crop import Shrinkable
from records.example import Example, Feature
from records.features import MOST_OTHERS
from records.maps import encode_depth

#: The picture of a person or frame: uint8 RGB (H, W, 3), or a function that reads it (and raises `BadInput` if it
#: cannot). A `pose.crop.Shrinkable` saves time where the crop is small.
Picture = np.ndarray | Callable[[], np.ndarray]
#: The features of an Example by name.
Features = dict[str, bytes | np.ndarray | np.generic]


class Source(Protocol):
    """Where a person or a frame comes from; see `Person`."""

    dataset: str
    sequence: str
    camera: str
    frame: int


#: Incremented whenever a feature that every record has is added or removed, or any changes its meaning.
SCHEMA_VERSION = 1
#: PCK of skeletons without a torso divides by this share of the box's longer side, about the torso's share of an
#: upright person's. So PCK@0.2 is then PCK@0.05 of the box, a usual figure for animals.
BOX_SHARE = 0.25


@dataclass
class Person:
    """One labeled person in one image.

    Attributes:
        picture: the whole image.
        box_px: float (4,), x_min, y_min, width, height in image px.
        joints_xy_px: float (J, 2) in image px.
        visible: int (J,), COCO's 0 not labeled, 1 labeled but hidden, 2 labeled and seen.
        dataset: such as "panoptic" or "lspet".
        sequence: the recording or subject; the unit that splits keep together.
        camera: the camera's name, "" if there is only one view.
        frame: the frame's number in the sequence.
        person: the person's number in the frame.
        joints_xyz_mm: float (J, 3) in the camera's frame, or None where unknown.
        xyz_known: bool (J,), the joints whose `joints_xyz_mm` is known, on the image or off it; None if all are.
        camera_model: the camera, or None where unknown.
        area_px: the person's area in square px (a segmentation's), or None where unknown.
        head_size_px: what MPII's PCKh divides by, 0.6 of the diagonal of the head's box, or None where unknown.
        depth_mm: uint16 (H, W), z in the camera's frame, 0 where unknown, pixel for pixel that of `picture`; or a
            function that reads it, or None.
        body_rotations: float (31, 3, 3), the rotations of the bones of the synthetic dome's body, each relative to its
            parent and the first in the camera's frame, or None where unknown.
        body_shape: float (10,), the values of its shape, or None.
    """

    picture: Picture
    box_px: np.ndarray
    joints_xy_px: np.ndarray
    visible: np.ndarray
    dataset: str
    sequence: str
    camera: str = ""
    frame: int = 0
    person: int = 0
    joints_xyz_mm: np.ndarray | None = None
    xyz_known: np.ndarray | None = None
    camera_model: Camera | None = None
    area_px: float | None = None
    head_size_px: float | None = None
    depth_mm: np.ndarray | Callable[[], np.ndarray] | None = None
    body_rotations: np.ndarray | None = None
    body_shape: np.ndarray | None = None

    @property
    def key(self) -> str:
        """dataset/sequence/camera/frame/person, which identifies the person."""
        return f"{self.dataset}/{self.sequence}/{self.camera}/{self.frame}/{self.person}"

    def load_picture(self) -> np.ndarray:
        """Returns the image, uint8 RGB (H, W, 3).

        Raises:
            BadInput: it cannot be read.
        """
        return self.picture() if callable(self.picture) else self.picture


# Values that are not finite, or overflow in single precision, are checked below.
@np.errstate(over="ignore", invalid="ignore")
def encode_example(
    person: Person, crop: Crop, skeleton: Skeleton, *, others: Sequence[Person] = (), jpeg_quality: int = 95
) -> bytes:
    """Cuts a person out of the image and serializes the Example.

    Args:
        person: the labeled person.
        crop: where to cut, in the pixels of the person's image.
        skeleton: the names of the person's J joints.
        others: the other people of the image; the joints of the nearest `MOST_OTHERS` in the crop are stored.
        jpeg_quality: of the crop, 1 to 100.

    Returns:
        The serialized `tf.train.Example`; its features are those of `records.features`. Joints that fall off the crop
        are stored as not labeled.

    Raises:
        BadInput: the image cannot be read, a labeled joint or another number is not finite, or no joint is left in
            the crop.
    """
    xy_crop, visible = _joints_in_crop(person, crop, skeleton)
    if not visible.any():
        raise BadInput(person.key, "no labelled joint inside the crop")
    jpeg = encode_jpeg(loaded(person.picture), crop, jpeg_quality)
    features: Features = {
        "image/jpeg": jpeg,
        "joints/xy_px": xy_crop,
        "joints/visible": visible,
        "crop/to_frame": crop.to_frame.astype(np.float32),
        "person/torso_px": np.float32(_reference_px(person.box_px, xy_crop, visible, crop, skeleton)),
        "person/head_px": np.float32(span_px(xy_crop, visible, skeleton.head)),
        "person/area_px": np.float32(area_in_crop(person, crop)),
        **source_features(person),
        "source/person": np.int64(person.person),
        **_other_features(others, crop, skeleton),
    }
    if person.head_size_px is not None:
        features["person/head_size_px"] = np.float32(person.head_size_px / crop.scale)
    if person.joints_xyz_mm is not None:
        known = np.ones(len(visible), bool) if person.xyz_known is None else np.asarray(person.xyz_known, bool)
        features["joints/xyz_mm"] = np.where(known[:, None], person.joints_xyz_mm, 0).astype(np.float32)
        features["joints/xyz_known"] = known.astype(np.int64)
    if person.camera_model is not None:
        features["camera/matrix"] = crop.camera_matrix(person.camera_model).astype(np.float32)
    if person.depth_mm is not None:
        features["depth/png"] = encode_depth(person.depth_mm() if callable(person.depth_mm) else person.depth_mm, crop)
    if person.body_rotations is not None and person.body_shape is not None:
        features["body/rotations"] = np.asarray(person.body_rotations, np.float32)
        features["body/shape"] = np.asarray(person.body_shape, np.float32)
    return serialize(person.key, features)


def _joints_in_crop(person: Person, crop: Crop, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """A person's joints, float32 (J, 2) in px of the crop, 0 where not labeled; and visibility, 0 off the crop."""
    xy_px, visible = checked_joints(person, skeleton)
    xy_crop = np.where(visible[:, None] > 0, crop.points_to_crop(xy_px), 0).astype(np.float32)
    return xy_crop, _seen_in_crop(xy_crop, visible, crop.size)


def _seen_in_crop(xy_crop: np.ndarray, visible: np.ndarray, size: int) -> np.ndarray:
    """Visibility (J,) of joints (J, 2) in px of the crop: 0 off it."""
    inside = ((xy_crop >= -0.5) & (xy_crop < size - 0.5)).all(axis=1)
    return np.where(inside, visible, 0)


def _other_features(others: Sequence[Person], crop: Crop, skeleton: Skeleton) -> Features:
    """The joints of the nearest other people in the crop, with rows of 0 for nobody; nothing if nobody is in it."""
    found = [_joints_in_crop(other, crop, skeleton) for other in others]
    found = [(xy * (visible > 0)[:, None], visible) for xy, visible in found if visible.any()]
    if not found:
        return {}
    middle = (crop.size - 1) / 2
    found.sort(key=lambda one: float(np.linalg.norm(one[0][one[1] > 0].mean(axis=0) - middle)))
    xy_crop = np.zeros((MOST_OTHERS, skeleton.num_joints, 2), np.float32)
    visible = np.zeros((MOST_OTHERS, skeleton.num_joints), np.int64)
    for row, one in enumerate(found[:MOST_OTHERS]):
        xy_crop[row], visible[row] = one
    return {"others/xy_px": xy_crop, "others/visible": visible}


def checked_joints(person: Person, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """A person's joints, float32 (J, 2) in px of the image, and visibility, int64 (J,).

    Raises:
        BadInput: a labeled joint is not finite.
    """
    xy_px, visible = np.asarray(person.joints_xy_px, np.float32), np.asarray(person.visible, np.int64)
    if xy_px.shape != (skeleton.num_joints, 2) or visible.shape != (skeleton.num_joints,):
        raise ValueError(
            f"{person.key}: {skeleton.name} has {skeleton.num_joints} joints, got joints of shape {xy_px.shape} "
            f"and visibility of shape {visible.shape}"
        )
    if not np.isfinite(xy_px[visible > 0]).all():
        raise BadInput(person.key, "a labelled joint is NaN or infinite")
    return xy_px, visible


def loaded(picture: Picture) -> np.ndarray | Shrinkable:
    """The picture, or what can be shrunk without reading it whole.

    Raises:
        BadInput: it cannot be read.
    """
    return picture if isinstance(picture, (np.ndarray, Shrinkable)) else picture()


def encode_jpeg(whole: np.ndarray | Shrinkable, crop: Crop, quality: int) -> bytes:
    """A crop as a JPEG."""
    picture = cv2.cvtColor(crop.cut(whole), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def area_in_crop(person: Person, crop: Crop) -> float:
    """The person's area in square px of the crop, 0 if unknown."""
    return 0.0 if person.area_px is None else person.area_px / crop.scale**2


def source_features(found: Source) -> Features:
    """The features of where a person or a frame comes from."""
    return {
        "source/dataset": found.dataset.encode(),
        "source/sequence": found.sequence.encode(),
        "source/camera": found.camera.encode(),
        "source/frame": np.int64(found.frame),
    }


def serialize(key: str, features: Features) -> bytes:
    """The Example.

    Raises:
        BadInput: a number is not finite.
    """
    example = Example()
    for name, value in features.items():
        if not isinstance(value, bytes) and not np.isfinite(value).all():
            raise BadInput(key, f"{name} is NaN or infinite")
        _set_feature(example.features.feature[name], value)
    return example.SerializeToString(deterministic=True)


def relabeled(serialized: bytes, xy_px: np.ndarray, visible: np.ndarray, skeleton: Skeleton, size: int) -> bytes:
    """The record of a person with other joints, and the lengths that follow from them.

    Args:
        serialized: as `encode_example` returns it.
        xy_px: float (J, 2) in px of the crop.
        visible: int (J,); joints of 0, or off the crop, are stored as not labeled.
        skeleton: of the J joints.
        size: height and width of the crop in px.
    """
    example = Example.FromString(serialized)
    found = example.features.feature
    visible = _seen_in_crop(xy_px, visible, size).astype(np.int64)
    xy_px = np.where(visible[:, None] > 0, xy_px, 0).astype(np.float32)
    values: Features = {"joints/xy_px": xy_px, "joints/visible": visible}
    if skeleton.torso is not None:
        values["person/torso_px"] = np.float32(span_px(xy_px, visible, skeleton.torso))
    values["person/head_px"] = np.float32(span_px(xy_px, visible, skeleton.head))
    for name, value in values.items():
        found[name].Clear()
        _set_feature(found[name], value)
    return example.SerializeToString(deterministic=True)


def _reference_px(
    box_px: np.ndarray, xy_crop: np.ndarray, visible: np.ndarray, crop: Crop, skeleton: Skeleton
) -> float:
    """What PCK divides by, in px of the crop: the torso, or a share of the box for skeletons without one."""
    if skeleton.torso is None:
        return float(BOX_SHARE * max(box_px[2:]) / crop.scale)
    return span_px(xy_crop, visible, skeleton.torso)


def span_px(xy_px: np.ndarray, visible: np.ndarray, ends: tuple[int, int] | None) -> float:
    """The distance between two joints, or 0 where either is not labeled or there is no such span."""
    if ends is None or not (visible[ends[0]] and visible[ends[1]]):
        return 0.0
    return float(np.linalg.norm(xy_px[ends[0]] - xy_px[ends[1]]))


def _set_feature(feature: Feature, value: bytes | np.ndarray | np.generic) -> None:
    if isinstance(value, bytes):
        feature.bytes_list.value.append(value)
    elif value.dtype.kind in "iu":
        feature.int64_list.value.extend(np.ravel(value).tolist())
    else:
        feature.float_list.value.extend(np.ravel(value).tolist())
