"""CMU Panoptic Studio: HD views of people with their joints in 3D (Joo et al., arXiv 1612.03153)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_prep.panoptic_calibration import read_calibration
from data_prep.panoptic_pictures import CameraFrames
from data_prep.panoptic_poses import POSES, Bodies, PoseFiles, read_bodies
from data_prep.panoptic_truth import VISIBLE, read_visible
from data_prep.pictures import SharedPicture
from pose import PANOPTIC19, Camera, Skeleton, box_from_joints
from records import BadInput, Person

_CAMERA = re.compile(r"00_\d\d")


@dataclass(frozen=True, eq=False)
class _Sequence:
    """What is known of a sequence before it is streamed."""

    folder: Path
    files: PoseFiles
    cameras: dict[str, Camera]
    broken: dict[str, BadInput]


@dataclass(frozen=True)
class Panoptic:
    """Reads sequences in the studio's own layout: every body in every chosen HD camera and frame.

        SEQUENCE/calibration_SEQUENCE.json
        SEQUENCE/hdPose3d_stage1_coco19/body3DScene_%08d.json    or hdPose3d_stage1_coco19.tar, as downloaded
        SEQUENCE/hdImgs/00_03/00_03_%08d.jpg                     or hdVideos/hd_00_03.mp4; the former if both

    The number of a pose file is the number of the picture: as the studio's own tools count, a video's first
    frame is 0. A joint is seen (2) where its confidence is above the threshold and it falls on the picture,
    and otherwise not labelled (0). The studio does not tell which joints are behind something, so none is
    marked hidden (1), but in a sequence of the synthetic dome, whose truth tells. The box is that of the joints
    on the picture. People come by sequence, camera, frame and body.

    Attributes:
        root: one sequence's folder, or a folder of such folders.
        sequences: their names; all if none is given.
        cameras: HD cameras, such as 00_03 or 3; all that have pictures if none is given.
        stride: take frames start, start + stride, start + 2 stride, ...
        start: the first frame.
        stop: the frame to stop before; the last one's successor if not given.
        min_confidence: joints must be above; the studio's own range from about 0.1 to 0.8.
        min_visible_joints: people with fewer joints on the picture are passed by.
        min_box_px: people whose box is smaller, on its longer side, are passed by.
    """

    root: Path
    sequences: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    stride: int = 1
    start: int = 0
    stop: int | None = None
    min_confidence: float = 0.1
    min_visible_joints: int = 8
    min_box_px: float = 32.0

    def __post_init__(self) -> None:
        """Checks the ranges, and writes out the cameras' names."""
        if not Path(self.root).is_dir():
            raise ValueError(f"root must be a folder, got {self.root}; give a sequence, or a folder of them")
        for name, lowest in (("stride", 1), ("start", 0), ("min_box_px", 1)):
            if not getattr(self, name) >= lowest:
                raise ValueError(f"{name} must be {lowest} or more, got {getattr(self, name)}")
        if not 0 <= self.min_confidence < 1:
            raise ValueError(f"min_confidence must be from 0 to below 1, got {self.min_confidence}")
        if self.stop is not None and self.stop <= self.start:
            raise ValueError(f"stop must be above start, got start {self.start} and stop {self.stop}")
        if not 1 <= self.min_visible_joints <= PANOPTIC19.num_joints:
            raise ValueError(f"min_visible_joints must lie between 1 and 19, got {self.min_visible_joints}")
        object.__setattr__(self, "cameras", tuple(_camera_name(name) for name in self.cameras))

    @property
    def skeleton(self) -> Skeleton:
        """The studio's 19 joints."""
        return PANOPTIC19

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "panoptic"

    def total(self) -> int:
        """About how many people there are: all bodies in all views, as counted in a few of the frames."""
        total = 0.0
        for folder, files in self._folders():
            frames = self._frames(files)
            sample = frames[:: len(frames) // 16 + 1]
            count = len(read_bodies(files, sample, lambda bad: None).ids)
            total += len(self._views(folder)) * len(frames) * count / max(len(sample), 1)
        return round(total)

    def people(self) -> Iterator[Person | BadInput]:
        """Streams the labelled people and the broken inputs.

        Raises:
            ValueError: there are no sequences, or one lacks its calibration, its poses, all pictures or the
                calibration of a camera that is asked for.
        """
        sequences = []
        for folder, files in self._folders():
            path = _calibration_path(folder)
            cameras, broken = read_calibration(path)
            lacking = [name for name in self.cameras if name not in cameras and name not in broken]
            if lacking and cameras:
                raise ValueError(f"{path} has no HD cameras {lacking}; it has {', '.join(cameras)}")
            sequences.append(_Sequence(folder, files, cameras, broken))
        return self._stream(sequences)

    def _folders(self) -> list[tuple[Path, PoseFiles]]:
        """The sequences' folders and poses, checked for everything that can be missing as a whole."""
        root = Path(self.root).resolve()
        places = [root] if _is_sequence(root) else sorted(root.iterdir())
        found = [place for place in places if _is_sequence(place)]
        if not found:
            raise ValueError(
                f"{root} holds no sequence; a sequence is a folder with calibration_NAME.json and {POSES}; "
                "give one, or the folder that holds them"
            )
        names = [folder.name for folder in found]
        if unknown := sorted(set(self.sequences) - set(names)):
            raise ValueError(f"{root} holds no sequences {unknown}; it has {names}")
        chosen = [folder for folder in found if not self.sequences or folder.name in self.sequences]
        return [(folder, self._poses(folder)) for folder in chosen]

    def _poses(self, folder: Path) -> PoseFiles:
        _calibration_path(folder)
        if not _pictures(folder):
            raise ValueError(f"{folder} has no pictures; download hdVideos/hd_00_XX.mp4 into it")
        files = PoseFiles.of_sequence(folder)
        if files is None or not (files.frames.size or files.broken):
            raise ValueError(f"{folder} has no 3D poses; download {POSES}.tar into it")
        if not self._frames(files) and not files.broken:
            raise ValueError(
                f"{folder} has no frame for start {self.start}, stop {self.stop} and stride {self.stride}; "
                f"its frames run from {files.frames[0]} to {files.frames[-1]}"
            )
        return files

    def _frames(self, files: PoseFiles) -> list[int]:
        """The chosen frame numbers, ascending."""
        frames = files.frames
        chosen = (frames >= self.start) & ((frames - self.start) % self.stride == 0)
        if self.stop is not None:
            chosen &= frames < self.stop
        return frames[chosen].tolist()

    def _views(self, folder: Path) -> list[str]:
        return list(self.cameras) or sorted(_pictures(folder))

    def _stream(self, sequences: list[_Sequence]) -> Iterator[Person | BadInput]:
        for sequence in sequences:
            yield from (*sequence.broken.values(), *sequence.files.broken)
            if not sequence.cameras:
                continue
            reports: list[BadInput] = []
            bodies = read_bodies(sequence.files, self._frames(sequence.files), reports.append)
            yield from reports
            for name in self._views(sequence.folder):
                if name in sequence.cameras:
                    yield from self._view(sequence.folder, sequence.cameras[name], bodies)
                elif name not in sequence.broken:
                    yield BadInput(f"{sequence.folder} camera {name}", "has pictures, but no calibration")

    def _view(self, folder: Path, camera: Camera, bodies: Bodies) -> Iterator[Person | BadInput]:
        """The people before one camera."""
        source = _pictures(folder).get(camera.name)
        if source is None:
            yield BadInput(f"{folder} camera {camera.name}", "has neither hdImgs nor a video")
            return
        try:
            frames = CameraFrames(source, camera)
        except BadInput as bad:
            yield bad
            return
        try:
            truth = read_visible(folder, camera.name)
        except BadInput as bad:
            yield bad
            truth = None
        if truth is not None and not _covers(truth, bodies):
            yield BadInput(str(folder / VISIBLE.format(camera.name)), "lacks frames or people that have poses")
            truth = None
        last = None
        yield from frames.missing(bodies.frames)
        for i, frame in enumerate(bodies.frames.tolist()):
            if frame != last:
                handle, last = frames.handle(frame), frame
            person = None if handle is None else self._person(folder.name, camera, bodies, i, handle, truth)
            if person is not None:
                yield person

    def _person(
        self, sequence: str, camera: Camera, bodies: Bodies, i: int, picture: SharedPicture, truth: np.ndarray | None
    ) -> Person | None:
        """Body i as the camera sees it, None where too little of it is on the picture."""
        joints = bodies.joints_world_mm[i]
        known = bodies.confidence[i] > self.min_confidence
        xy_px = camera.project(joints)
        on_picture = known & camera.in_front(joints) & camera.contains(xy_px)
        if on_picture.sum() < self.min_visible_joints:
            return None
        visible = np.where(on_picture, 2, 0)
        frame, number = int(bodies.frames[i]), int(bodies.ids[i])
        if truth is not None:
            # The studio's joints are labelled wherever they lie on the picture; only a synthetic one knows the hidden.
            visible = np.where(on_picture & (truth[frame, number] == 1), 1, visible)
        box_px = box_from_joints(xy_px, visible)
        if max(box_px[2:]) < self.min_box_px:
            return None
        return Person(
            picture=picture,
            box_px=box_px,
            joints_xy_px=np.where(on_picture[:, None], xy_px, 0).astype(np.float32),
            visible=visible,
            dataset=self.dataset,
            sequence=sequence,
            camera=camera.name,
            frame=frame,
            person=number,
            joints_xyz_mm=np.where(known[:, None], camera.to_camera(joints), 0).astype(np.float32),
            camera_model=camera,
        )


def _covers(truth: np.ndarray, bodies: Bodies) -> bool:
    """Whether a table (F, P, 19) has all frames and people."""
    frames, people, _ = truth.shape
    return bool(((bodies.frames < frames) & (bodies.ids >= 0) & (bodies.ids < people)).all())


def _camera_name(name: str) -> str:
    full = f"00_{int(name):02d}" if name.isdecimal() else name
    if not _CAMERA.fullmatch(full):
        raise ValueError(f"a camera must be named as 00_03, or 3 for short, got {name!r}")
    return full


def _is_sequence(folder: Path) -> bool:
    if folder.name.startswith(".") or not folder.is_dir():
        return False
    return any(folder.glob("calibration_*.json")) or any(folder.glob(f"{POSES}*"))


def _calibration_path(folder: Path) -> Path:
    path = folder / f"calibration_{folder.name}.json"
    others = sorted(folder.glob("calibration_*.json"))
    if path not in others and len(others) != 1:
        raise ValueError(f"{path} is missing; download it, or name the folder after its sequence")
    return path if path in others else others[0]


def _pictures(folder: Path) -> dict[str, Path]:
    """Camera -> its folder of extracted frames, or its video."""
    videos = {path.stem.removeprefix("hd_"): path for path in folder.glob("hdVideos/hd_00_??.mp4")}
    folders = {path.name: path for path in folder.glob("hdImgs/00_??") if path.is_dir()}
    return {name: path for name, path in {**videos, **folders}.items() if _CAMERA.fullmatch(name)}
