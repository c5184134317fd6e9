"""Labelled people in square crops, from shard sets, COCO's files and clips with golden joints."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.peers.models import BLAZEPOSE_TO_COCO
from benchmarks.tracks.clips import read_labels
from data_prep.coco.reader import Coco
from pose import COCO17, LSP14, Crop, Skeleton, box_from_joints
from records import BadInput, Person, dataset, read_manifest
from records.schema import span_px

_BATCH = 64
# As of COCO's people.
_FEWEST_JOINTS = 6
#: The clips in the shared folder and the files of their golden joints.
CLIPS = {"pose_1.mp4": "pose_1.json", "pose_squats.mp4": "pose_squats.full.json"}


@dataclass(frozen=True, eq=False)
class People:
    """N people who were cut by their labels.

    Attributes:
        title: name of their source.
        skeleton: of their J joints.
        pictures: uint8 RGB (N, S, S, 3).
        labels: "joints_xy_px" (N, J, 2), "visible" (N, J), "torso_px" and "area_px" (N,), in px of the images.
        side_px: (N,), the side of the crop in px of the frame it was cut from.
        keys: N names.
    """

    title: str
    skeleton: Skeleton
    pictures: np.ndarray
    labels: dict[str, np.ndarray]
    side_px: np.ndarray
    keys: list[str]


def from_records(folder: Path, split: str, limit: int | None = None) -> People:
    """The people of a shard set, in the records' own crops.

    Raises:
        ValueError: there are no such records, or the split is empty.
    """
    manifest = read_manifest(folder)
    batches = list(dataset(folder, split, batch_size=_BATCH, limit=limit).as_numpy_iterator())
    if not batches:
        raise ValueError(f"the {split} split of {folder} is empty; name one that holds people")
    labels = {name: np.concatenate([labels[name] for _, labels in batches]) for name in batches[0][1]}
    to_frame, keys = labels.pop("to_frame"), labels.pop("key")
    scales = [Crop(matrix, manifest.size).scale for matrix in to_frame.astype(np.float64)]
    pictures = np.concatenate([pictures for pictures, _ in batches])
    side_px = manifest.size * np.array(scales)
    return People(folder.name, manifest.skeleton, pictures, labels, side_px, [key.decode() for key in keys])


def from_coco(root: Path, size: int, padding: float) -> People:
    """COCO's people with 6 labelled keypoints or more and a box of 32 px or more, cut by their labelled boxes.

    Args:
        root: holds `train2017` and `annotations`.
        size: of the crops, in px.
        padding: their side as a multiple of the box's longer side.

    Raises:
        ValueError: the files are not there or hold nobody.
    """
    return cut_people(root.name, Coco(root).people(), COCO17, size, padding)


def from_clips(folder: Path, size: int, padding: float) -> list[People]:
    """Everyone in the frames of `CLIPS`, cut by the box about the golden joints.

    Args:
        folder: of the clips and the files beside them.
        size: of the crops, in px.
        padding: their side as a multiple of the box's longer side.

    Raises:
        ValueError: a clip cannot be read, or has fewer frames than its file has golden joints.
        OSError: a file of golden joints is not there.
    """
    found = []
    for clip, golden in CLIPS.items():
        people = _clip_people(folder / clip, *_golden_joints(folder / golden))
        found.append(cut_people(clip, people, COCO17, size, padding))
    return found


def from_bonn(folder: Path, size: int, padding: float) -> People:
    """Everyone in the labelled frames of a clip of people who hide one another, cut by the box about the joints.

    Args:
        folder: Bonn's set: `labels.json`, and beside it a folder of frames by the clip's name.
        size: of the crops, in px.
        padding: their side as a multiple of the box's longer side.

    Raises:
        ValueError: there are no frames.
        OSError: there are no labels.
    """
    found = (
        Person(frame.picture, box_from_joints(xy_px, seen), xy_px, seen, dataset="bonn", sequence=clip.name, frame=k)
        for pictures in sorted(path for path in folder.iterdir() if path.is_dir())
        for clip in read_labels(folder / "labels.json", pictures)
        for k, frame in enumerate(clip.frames)
        for xy_px, seen in zip(frame.xy_px, frame.visible, strict=True)
        if np.count_nonzero(seen) >= _FEWEST_JOINTS
    )
    return cut_people(folder.name, found, LSP14, size, padding)


def _golden_joints(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """All golden joints of each frame, float (T, K, 2) in px, and those of COCO among them, (T, 17, 2)."""
    frames = json.loads(path.read_text())
    if isinstance(frames[0], dict):
        joints = np.array([[(frame[name]["x"], frame[name]["y"]) for name in COCO17.joints] for frame in frames])
        return joints, joints
    joints = np.array(frames)[..., :2]
    return joints, joints[:, list(BLAZEPOSE_TO_COCO)]


def _clip_people(path: Path, every_px: np.ndarray, joints_px: np.ndarray) -> Iterable[Person]:
    video = cv2.VideoCapture(str(path))
    for number, (about_px, xy_px) in enumerate(zip(every_px, joints_px, strict=True)):
        read, picture = video.read()
        if not read:
            raise ValueError(f"{path} has {number} frames, but golden joints of {len(joints_px)}; give the whole clip")
        box_px = box_from_joints(about_px, np.full(len(about_px), 2))
        seen = np.full(COCO17.num_joints, 2)
        rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        yield Person(rgb, box_px, xy_px, seen, dataset="clip", sequence=path.stem, frame=number)


def cut_people(
    title: str, people: Iterable[Person | BadInput], skeleton: Skeleton, size: int, padding: float
) -> People:
    """Cuts people by their boxes; broken inputs are skipped, and joints outside the crop count as not labelled.

    Raises:
        ValueError: there is nobody.
    """
    pictures, rows, sides, keys = [], [], [], []
    for person in people:
        if isinstance(person, BadInput):
            continue
        crop = Crop.from_box(person.box_px, size, padding)
        xy_px = crop.points_to_crop(person.joints_xy_px)
        inside = ((xy_px >= -0.5) & (xy_px < size - 0.5)).all(axis=1)
        visible = np.where(inside, person.visible, 0)
        torso_px = span_px(xy_px, visible, skeleton.torso)
        rows.append((xy_px, visible, torso_px, (person.area_px or 0.0) / crop.scale**2))
        pictures.append(crop.cut(person.load_picture()))
        sides.append(crop.scale * size)
        keys.append(person.key)
    if not rows:
        raise ValueError(f"{title} holds no labelled person; give a folder with some")
    names = ("joints_xy_px", "visible", "torso_px", "area_px")
    labels = {name: np.array(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    return People(title, skeleton, np.stack(pictures), labels, np.array(sides), keys)
