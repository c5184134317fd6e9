"""Writes dome sequences in the layout of CMU Panoptic Studio, with ground truth that no studio has.

NAME/calibration_NAME.json
NAME/hdPose3d_stage1_coco19/body3DScene_%08d.json    centimeters, y down, ids and confidences
NAME/hdVideos/hd_00_XX.mp4
NAME/dome.json                                       the settings
NAME/truth/visible_00_XX.json                        each joint of each person in each frame: 0, 1 or 2
NAME/truth/bodies.npz                                shapes, bone rotations and hip positions, names
NAME/truth/depth_00_XX/%08d.png                      16 bits, mm along the camera's axis, 60 000 for the sky; with maps
NAME/truth/parts_00_XX/%08d.png                      8 bits: 32 x person (from 0) + body part (from 1), 0 elsewhere;
                                                     with maps
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from body.human import BONES, PARTS
from dome.cast import Cast
from dome.maps import write_maps
from dome.place.backdrop import Backdrop
from dome.settings import PHOTOGRAPHS, SequenceSettings
from dome.true_bodies import BODIES
from dome.view.render import Light, ShadowMap, View
from dome.view.rig import cameras_of_calibration, dome_cameras
from dome.view.sensor import Sensor
from dome.view.visibility import hidden_joints
from dome.visible_joints import write_visible
from machine.whole import whole
from pose import Camera
from pose.panoptic_cameras import camera_entry
from pose.panoptic_poses import POSES, body_entry, pose_file, poses_content

# Incremented whenever the same settings give other images or joints.
_VERSION = 3
# The studio's confidence of a clearly visible joint.
_CONFIDENCE = 0.7


def begin(target: Path, settings: SequenceSettings) -> Path:
    """Makes the unfinished folder of a sequence, or finds one with the same settings.

    Args:
        target: the folder of the finished sequence; must not exist.
        settings: the sequence's settings.

    Returns:
        The unfinished folder, with everything except the videos.

    Raises:
        ValueError: the unfinished folder holds foreign files.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    if _described(unfinished) != _description(settings):
        _check_own(unfinished, target.name)
        # First, because it marks the rest as complete.
        (unfinished / "dome.json").unlink(missing_ok=True)
        shutil.rmtree(unfinished, ignore_errors=True)
        (unfinished / "hdVideos").mkdir(parents=True)
        (unfinished / "truth").mkdir()
        for cached in (_cast, _rig, _backdrop):  # The input files may have changed.
            cached.cache_clear()
        # Now, so that unusable photographs are reported before anything is drawn.
        for skipped in _backdrop(settings).skipped:
            print(f"skipped: {skipped}", file=sys.stderr)
        cast, rig = _cast(settings), _rig(settings)
        calibration = {"cameras": [camera_entry(camera) for camera in rig]}
        _write_json(unfinished / f"calibration_{target.name}.json", calibration)
        _write_poses(unfinished / POSES, cast, settings)
        _write_bodies(unfinished / BODIES, cast)
        # Last, because it marks the rest as complete.
        _write_json(unfinished / "dome.json", _description(settings))
    return unfinished


def _check_own(unfinished: Path, name: str) -> None:
    """Checks that a folder to be made anew is an unfinished sequence.

    Raises:
        ValueError: it holds foreign files.
    """
    ours = {"dome.json", "hdVideos", "truth", f"calibration_{name}.json", POSES}
    if foreign := sorted({path.name for path in unfinished.glob("*")} - ours):
        raise ValueError(f"{unfinished} holds {', '.join(foreign[:3])}, and would be made anew; move that away")


def is_written(target: Path, settings: SequenceSettings) -> bool:
    """Whether a finished sequence exists.

    Raises:
        ValueError: it has other settings or is incomplete.
    """
    if not target.exists():
        return False
    found, wanted = _described(target) or {}, _description(settings)
    if "inputs" in wanted and found and "inputs" not in found:
        print(
            f"note: {target} does not record whether its motion, photographs or calibration have changed",
            file=sys.stderr,
        )
        found["inputs"] = wanted["inputs"]
    if found != wanted:
        differ = [key for key in {**wanted, **found} if found.get(key) != wanted.get(key)]
        changes = "; ".join(f"{key}: {found.get(key)} -> {wanted.get(key)}" for key in differ)
        raise ValueError(
            f"{target} exists with other settings than those given ({changes}); remove it, or write to another folder"
        )
    if lost := [path.name for path in _files(target, settings) if not path.is_file()]:
        raise ValueError(f"{target} lacks {', '.join(lost)}; remove it, and run the same command again")
    return True


def write_cameras(
    folder: Path, numbers: Sequence[int], settings: SequenceSettings, progress: Callable[[], None]
) -> None:
    """Draws all frames of some cameras, except finished ones; people and shadows are computed once for all.

    Args:
        folder: the unfinished folder.
        numbers: of the cameras, from 0. Each takes about 0.1 GB of memory at 1920 x 1080.
        settings: of the sequence.
        progress: called after each frame of each camera.

    Raises:
        OSError: they cannot be written.
    """
    takes = []
    for number in numbers:
        if _video(folder, _rig(settings)[number]).exists():
            for _ in range(settings.frames):
                progress()
        else:
            takes.append(_Take(folder, number, settings))
    if not takes:
        return
    cast, light = _cast(settings), Light.random(settings.rng(5))
    for number in range(settings.frames):
        shadows = ShadowMap(light, cast.surfaces(number))
        for take in takes:
            take.shoot(number, shadows, cast.joints_world_mm[number])
            progress()
    for take in takes:
        take.end()


def _video(folder: Path, camera: Camera) -> Path:
    return folder / "hdVideos" / f"hd_{camera.name}.mp4"


class _Take:
    """One camera's recording of a sequence."""

    def __init__(self, folder: Path, number: int, settings: SequenceSettings) -> None:
        self.camera = _rig(settings)[number]
        self.folder, self.settings = folder, settings
        self._view = View(self.camera)
        self._scene = _backdrop(settings).seen_from(self.camera.center_mm, self._view.rays)
        self._sensor = Sensor(settings.rng(6, number), self.camera.size)
        self._visible: list[list] = []
        self._partial = _video(folder, self.camera).with_suffix(".partial.mp4")
        code, size = cv2.VideoWriter_fourcc(*"mp4v"), (settings.width, settings.height)
        self._writer = cv2.VideoWriter(str(self._partial), code, settings.fps, size)
        if not self._writer.isOpened():
            raise OSError(f"{self._partial}: this OpenCV cannot write MPEG-4 video; install opencv-python-headless")

    def shoot(self, number: int, shadows: ShadowMap, joints_world_mm: np.ndarray) -> None:
        """Draws and writes the next frame."""
        frame = self._view.draw(self._scene, shadows.crowd, shadows.light, shadows)
        self._writer.write(cv2.cvtColor(self._sensor.read(frame.picture), cv2.COLOR_RGB2BGR))
        self._visible.append(hidden_joints(frame, self.camera, joints_world_mm).tolist())
        if self.settings.maps:
            write_maps(self.folder / "truth", self.camera.name, number, frame)

    def end(self) -> None:
        """Closes the video and writes its visible joints."""
        self._writer.release()
        # The writer does not report a full disk.
        if cv2.VideoCapture(str(self._partial)).get(cv2.CAP_PROP_FRAME_COUNT) != self.settings.frames:
            raise OSError(f"{self._partial} could not be written completely; check whether the disk is full")
        write_visible(self.folder, self.camera.name, self._visible)
        # Last, because it marks the camera as done.
        self._partial.rename(_video(self.folder, self.camera))


def finish(unfinished: Path, target: Path) -> None:
    """Renames a sequence whose cameras are all done."""
    unfinished.rename(target)


# Cached, since a process draws several cameras of a sequence, which share people, cameras and place.
@lru_cache(maxsize=1)
def _cast(settings: SequenceSettings) -> Cast:
    return Cast(settings)


@lru_cache(maxsize=1)
def _rig(settings: SequenceSettings) -> list[Camera]:
    size = (settings.height, settings.width)
    if settings.calibration:
        return cameras_of_calibration(settings.calibration, size, settings.cameras)
    return dome_cameras(settings.rng(7), settings.cameras, size)


@lru_cache(maxsize=1)
def _backdrop(settings: SequenceSettings) -> Backdrop:
    photographs = []
    if settings.photographs:
        photographs = sorted(path for path in settings.photographs.rglob("*") if path.suffix.lower() in PHOTOGRAPHS)
        if not photographs:
            kinds = ", ".join(PHOTOGRAPHS)
            raise ValueError(f"photographs must be a folder with {kinds} files, and {settings.photographs} has none")
    rng = settings.rng(8)
    kind = str(rng.choice(settings.places)) if settings.places else None
    return Backdrop(rng, photographs, kind=kind)


def _files(target: Path, settings: SequenceSettings) -> list[Path]:
    """Files that every finished sequence has."""
    return [target / f"calibration_{target.name}.json", *(_video(target, camera) for camera in _rig(settings))]


def _description(settings: SequenceSettings) -> dict:
    description = {"version": _VERSION, **settings.as_json()}
    if inputs := settings.inputs():
        description["inputs"] = inputs
    return description


def _described(folder: Path) -> dict | None:
    try:
        found = json.loads((folder / "dome.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write_json(path: Path, content: dict) -> None:
    with whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")


def _write_poses(folder: Path, cast: Cast, settings: SequenceSettings) -> None:
    folder.mkdir()
    for frame, bodies in enumerate(cast.joints_world_mm):
        sure = np.full(bodies.shape[1], _CONFIDENCE)
        listed = [body_entry(person, joints_mm, sure) for person, joints_mm in enumerate(bodies)]
        _write_json(folder / pose_file(frame), poses_content(listed, frame / settings.fps, settings.fps))


def _write_bodies(path: Path, cast: Cast) -> None:
    """Shapes (P,) by name, rotations (P, F, 31, 3, 3) and hip positions (P, F, 3) on the stage, in mm, y up."""
    shapes = [vars(actor.human.shape) for actor in cast.actors]
    np.savez_compressed(
        path,
        bones=np.array(BONES),
        parts=np.array(PARTS),
        rotations=np.stack([actor.motion.rotations for actor in cast.actors]).astype(np.float32),
        root_mm=np.stack([actor.motion.root_mm for actor in cast.actors]).astype(np.float32),
        **{name: np.array([shape[name] for shape in shapes], np.float32) for name in shapes[0]},
    )
