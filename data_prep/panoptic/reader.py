"""CMU Panoptic Studio: HD views of people with 3D joints (Joo et al., arXiv 1612.03153)."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, Self

from data_prep.panoptic.labels import labels_state
from data_prep.panoptic.layout import HD, Layout
from data_prep.panoptic.pictures import Places, extracted_frames
from data_prep.panoptic.poses import PoseFiles, read_bodies
from data_prep.panoptic.selection import Selection
from data_prep.panoptic.sequences import SequenceUnit
from data_prep.panoptic.units import CameraUnit, LabelsUnit, LeftOutUnit
from data_prep.reader import ADDED, Reader, Unit
from machine.file_state import file_state
from pose import MPII16, PANOPTIC19, Skeleton
from pose.panoptic_cameras import read_cameras

# A unit decodes for at most a minute or two, whatever the stride.
_PICTURES_A_UNIT, _CHOSEN_A_UNIT, _FRAMES_A_UNIT = 2000, 1000, 4000


@dataclass(frozen=True)
class Panoptic(Reader):
    """Reads sequences in the studio's own layout: every body in every chosen HD camera and frame.

        SEQUENCE/calibration_SEQUENCE.json
        SEQUENCE/hdPose3d_stage1_coco19/body3DScene_%08d.json    or hdPose3d_stage1_coco19.tar, as downloaded
        SEQUENCE/hdImgs/00_03/00_03_%08d.jpg or .png             or hdVideos/hd_00_03.mp4

    If a camera has both, the extracted frames are read if all requested ones exist, otherwise the video. Sequences
    without these poses may have hdPose3d_stage1 (or its tar) with 15 joints, which have the top of the head instead of
    nose, eyes and ears; the latter are then not labeled. If all sequences are so, the records have MPII's joints, with
    the top of the head. Of several sequences, those that lack poses, calibration or images are left out and named,
    unless they are requested by name.

    A pose file has the number of its frame; as in the studio's own tools, a video's first frame is 0. A joint is seen
    (2) if its confidence is above the threshold and it is in the image, and otherwise not labeled (0). The studio does
    not say which joints are occluded, so none is marked hidden (1), except in sequences of the synthetic dome, which
    know. The box is that of the joints in the image. People are ordered by sequence, camera, frame and body.

    In records of frames, every chosen frame is one, also without people, and the boxes of people who are left out for
    having few joints in the image or a small box are where people are not labeled.

    Attributes:
        root: one sequence's folder, or a folder of such folders.
        sequences: names of sequences; all by default.
        cameras: HD cameras, such as 00_03 or 3; by default all with images.
        stride: take frames start, start + stride, start + 2 stride, ...
        start: the first frame.
        stop: the frame to stop before; after the last one by default.
        min_confidence: joints must be above; the studio's own range from about 0.1 to 0.8.
        min_visible_joints: people with fewer joints in the image are left out.
        min_box_px: people whose box is smaller, on its longer side, are left out.
        min_pose_change_mm: a body is left out if the mean distance of its joints from those of an earlier body of the
            sequence is smaller, relative to the body centers; 0 takes all.
        max_people: views of bodies to take from each sequence, spread evenly over time; all by default.
        depth: whether people have the depth images of the synthetic dome (`records dome --maps`), "exact" or as a
            "sensor" would measure them.
        bodies: whether people have the bodies of the synthetic dome, the rotations of bones and values of shape.
    """

    layout: ClassVar[Layout] = HD
    unit: ClassVar[type[CameraUnit]] = CameraUnit

    root: Path
    sequences: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    stride: int = 1
    start: int = 0
    stop: int | None = None
    min_confidence: float = 0.1
    min_visible_joints: int = 8
    min_box_px: float = 32.0
    min_pose_change_mm: float = 0.0
    max_people: int | None = None
    depth: Literal["none", "exact", "sensor"] = field(default="none", metadata=ADDED)
    bodies: bool = field(default=False, metadata=ADDED)

    def __post_init__(self) -> None:
        if not Path(self.root).is_dir():
            raise ValueError(f"root must be a folder, got {self.root}; give a sequence, or a folder of them")
        for name, lowest in (("stride", 1), ("start", 0), ("min_box_px", 1), ("min_pose_change_mm", 0)):
            if not getattr(self, name) >= lowest:
                raise ValueError(f"{name} must be {lowest} or more, got {getattr(self, name)}")
        if not 0 <= self.min_confidence < 1:
            raise ValueError(f"min_confidence must be from 0 to below 1, got {self.min_confidence}")
        if self.stop is not None and self.stop <= self.start:
            raise ValueError(f"stop must be above start, got start {self.start} and stop {self.stop}")
        if not 1 <= self.min_visible_joints <= PANOPTIC19.num_joints:
            raise ValueError(f"min_visible_joints must lie between 1 and 19, got {self.min_visible_joints}")
        if self.max_people is not None and self.max_people < 1:
            raise ValueError(f"max_people must be 1 or more, got {self.max_people}")
        if self.depth != "none" and self.layout is not HD:
            raise ValueError("--depth is for the synthetic dome; a Kinect has depth of its own")
        if self.bodies and self.layout is not HD:
            raise ValueError("--bodies is for the synthetic dome, whose cameras are HD ones")
        object.__setattr__(self, "cameras", tuple(self.layout.camera_name(name) for name in self.cameras))

    @cached_property
    def skeleton(self) -> Skeleton:
        """The studio's 19 joints; MPII's, with the head top, if all sequences have only the old 15."""
        poses = [place for _, place in self.poses()]
        return MPII16 if poses and all(map(self.layout.are_old, poses)) else PANOPTIC19

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "panoptic"

    def for_frames(self) -> Self:
        """The reader whose units stream every chosen frame, also those without people, and what is not labeled."""
        if self.max_people is not None or self.min_pose_change_mm:
            raise ValueError(
                "max_people and min_pose_change_mm choose people, and frames have all of theirs; choose frames with "
                "--stride, --start and --stop"
            )
        return super().for_frames()

    def for_sequences(self) -> PanopticSequences:
        """The reader of the bodies over time, which reads neither calibration nor images."""
        return PanopticSequences(self)

    def poses(self) -> list[tuple[Path, Path]]:
        """The chosen sequences that have poses, and the folder or tar of these."""
        places = [(folder, self.layout.poses_of(folder)) for folder in self._chosen()]
        return [(folder, poses) for folder, poses in places if poses is not None]

    def total(self) -> int:
        """An estimate of the number of people: all bodies in all views, counted in a few frames."""
        total = 0.0
        for folder, files in self._sequences()[0]:
            frames = self._selection.frames(files)
            sample = frames[:: len(frames) // 16 + 1]
            count = len(read_bodies(files, sample, lambda bad: None).ids)
            people = len(self._selection.views(folder)) * len(frames) * count / max(len(sample), 1)
            total += people if self.max_people is None else min(people, self.max_people)
        return round(total)

    def sequence_names(self) -> set[str]:
        """The usable sequences."""
        return {folder.name for folder, _ in self._sequences()[0]}

    def units(self) -> list[Unit]:
        """Lists, for each sequence, its labels, and spans of the chosen frames of each camera.

        Raises:
            ValueError: there are no sequences; all of them, or one requested by name, lack calibration, poses or all
                images; or one lacks the calibration of a requested camera.
        """
        usable, left_out = self._sequences()
        for unit in left_out:
            print(f"left out: {unit.folder}: {unit.why}", file=sys.stderr)
        if old := self._old(usable):
            what = "nose, eyes and ears are not labeled" if self.skeleton is PANOPTIC19 else "they become MPII's"
            print(f"note: the poses are of 15 joints, {what}: {', '.join(old)}", file=sys.stderr)
        units: list[Unit] = [*left_out]
        for folder, files in usable:
            path = self.layout.calibration(folder)
            cameras, broken = read_cameras(path, self.layout.kind)
            lacking = [name for name in self.cameras if name not in cameras and name not in broken]
            if lacking and cameras:
                raise ValueError(
                    f"{path} has no {self.layout.kind.upper()} cameras {lacking}; it has {', '.join(cameras)}"
                )
            state = labels_state(self.layout, folder, files)
            units.append(LabelsUnit(self._selection, folder, state))
            places = self.layout.pictures(folder)
            for name in self._selection.views(folder):
                if name in cameras and name in places:
                    units += self._stretches(folder, name, places[name], self._selection.frames(files), state)
        return units

    def _stretches(self, folder: Path, camera: str, places: Places, frames: list[int], state: str) -> list[CameraUnit]:
        """A camera's units; none if it has no images."""
        source = places.source(camera, self.unit.wanted(folder, camera, frames) if places.frames else ())
        if source is None:
            return []
        pictures = extracted_frames(source, camera) if source.is_dir() else {}
        states = {number: file_state(source / name) for number, name in sorted(pictures.items())}
        units = []
        for first, last in _stretches(frames, source.is_dir()):
            numbers = range(first, last + 1) if self.unit.numbered_as_poses else states
            found = hashlib.blake2b("".join(states.get(number, "") for number in numbers).encode(), digest_size=16)
            units.append(self.unit(self._selection, folder, camera, source, first, last, state, found.hexdigest()))
        return units

    def found(self) -> dict[str, object]:
        """The sequences whose poses are of 15 joints, if there are any."""
        old = self._old(self._sequences()[0])
        return {"joints15": old} if old else {}

    def _old(self, sequences: list[tuple[Path, PoseFiles]]) -> list[str]:
        return [folder.name for folder, files in sequences if self.layout.are_old(files.source)]

    @cached_property
    def _selection(self) -> Selection:
        names = {one.name for one in fields(Selection)} - {"dataset", "layout", "skeleton_name"}
        chosen = {name: getattr(self, name) for name in names}
        return Selection(self.dataset, self.layout, self.skeleton.name, **chosen)

    def _sequences(self) -> tuple[list[tuple[Path, PoseFiles]], list[LeftOutUnit]]:
        """The usable sequences' folders and poses; and the unusable ones.

        Raises:
            ValueError: none is usable, or one requested by name is not.
        """
        chosen, usable, left_out = self._chosen(), [], []
        for folder in chosen:
            try:
                usable.append((folder, self._poses(folder)))
            except ValueError as error:
                if self.sequences or len(chosen) == 1:
                    raise
                why = str(error).removeprefix(f"{folder} ")
                left_out.append(LeftOutUnit(folder, f"{why}, or name the others with --sequences"))
        if not usable:
            first = f"{left_out[0].folder} {left_out[0].why}"
            raise ValueError(f"none of the {len(left_out)} sequences can be used; the first: {first}")
        return usable, left_out

    def _chosen(self) -> list[Path]:
        root, poses = Path(self.root).resolve(), self.layout.poses
        places = [root] if self.layout.is_sequence(root) else sorted(root.iterdir())
        found = [place for place in places if self.layout.is_sequence(place)]
        if not found:
            raise ValueError(
                f"{root} holds no sequence; a sequence is a folder with calibration_NAME.json and {poses}; "
                "give one, or the folder that holds them"
            )
        names = [folder.name for folder in found]
        if unknown := sorted(set(self.sequences) - set(names)):
            raise ValueError(f"{root} holds no sequences {unknown}; it has {names}")
        return [folder for folder in found if not self.sequences or folder.name in self.sequences]

    def _poses(self, folder: Path) -> PoseFiles:
        self.layout.calibration(folder)
        if all(places == Places() for places in self.layout.pictures(folder).values()):
            videos, how = self.layout.videos.format("XX"), self.layout.download.format(folder.name)
            raise ValueError(f"{folder} has no pictures; download {videos} into it with {how}")
        place = self.layout.poses_of(folder)
        files = None if place is None else PoseFiles.of(place)
        if files is None or not (files.frames.size or files.broken):
            raise ValueError(
                f"{folder} has no 3D poses; download {self.layout.poses}.tar, or {self.layout.old_poses}.tar where the "
                "studio has no other, into it"
            )
        if not self._selection.frames(files) and not files.broken:
            raise ValueError(
                f"{folder} has no frame for start {self.start}, stop {self.stop} and stride {self.stride}; "
                f"its frames run from {files.frames[0]} to {files.frames[-1]}"
            )
        return files


@dataclass(frozen=True)
class PanopticSequences(Reader):
    """Reads every body of every sequence over time.

    Attributes:
        of: the reader of the views, whose sequences, frames and minimum confidence are taken.
    """

    of: Panoptic

    @property
    def root(self) -> Path:
        """As of the views."""
        return self.of.root

    @property
    def skeleton(self) -> Skeleton:
        """As of the views."""
        return self.of.skeleton

    @property
    def dataset(self) -> str:
        """As of the views."""
        return self.of.dataset

    def total(self) -> None:
        """Unknown."""

    def sequence_names(self) -> set[str]:
        """The sequences."""
        return {folder.name for folder, _ in self.of.poses()}

    def units(self) -> list[Unit]:
        """A unit for each sequence."""
        return [SequenceUnit(self.of._selection, folder, poses) for folder, poses in self.of.poses()]


def _stretches(frames: list[int], are_files: bool) -> list[tuple[int, int]]:
    """The first and the last frame of each unit."""
    most = _PICTURES_A_UNIT if are_files else _CHOSEN_A_UNIT
    firsts: list[int] = []
    for place, frame in enumerate(frames):
        full = firsts and (place - firsts[-1] >= most or not are_files and frame - frames[firsts[-1]] >= _FRAMES_A_UNIT)
        if not firsts or full:
            firsts.append(place)
    lasts = [place - 1 for place in firsts[1:]] + [len(frames) - 1]
    return [(frames[first], frames[last]) for first, last in zip(firsts, lasts, strict=True)] if frames else []
