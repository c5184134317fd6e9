"""Writes dome sequences in the layout of CMU Panoptic Studio."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from data_prep.dome.backdrop import Backdrop
from data_prep.dome.cast import Cast, SequenceSettings
from data_prep.dome.render import Light, View
from data_prep.dome.rig import dome_cameras
from pose import Camera

# Raised whenever the same settings give other pictures or joints.
_VERSION = 1
_MM_PER_CM = 10.0
# The studio's confidence of a joint that is well seen.
_CONFIDENCE = 0.7


def write_dome_sequence(
    folder: Path,
    name: str,
    *,
    seed: int,
    frames: int = 12,
    cameras: int = 4,
    people: int = 2,
    size: tuple[int, int] = (360, 640),
    fps: float = 4.0,
) -> Path:
    """Writes one synthetic sequence that a reader of the studio's files cannot tell from a recorded one.

        NAME/calibration_NAME.json
        NAME/hdPose3d_stage1_coco19/body3DScene_%08d.json    centimetres, y down, ids and confidences
        NAME/hdVideos/hd_00_XX.mp4
        NAME/dome.json                                       the settings

    The same arguments give the same files. A sequence that is there is left as it is; one appears whole or not at
    all.

    Args:
        folder: where sequences go; made if need be.
        name: of the sequence.
        seed: of everything in it.
        frames: how many.
        cameras: how many HD cameras, at most 31.
        people: how many, at most 3.
        size: (height, width) of the pictures in px, both even.
        fps: frames a second.

    Returns:
        The sequence's folder.

    Raises:
        ValueError: an argument is out of range, or the sequence is there with other settings.
        OSError: it cannot be written.
    """
    settings = SequenceSettings(seed, frames, cameras, people, size[0], size[1], fps)
    target, description = Path(folder) / name, {"version": _VERSION, **asdict(settings)}
    if target.exists():
        _check_same(target, description)
        return target
    unfinished = target.with_name(f".{name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "hdVideos").mkdir(parents=True)
    rig = dome_cameras(settings.rng(0), cameras, size)
    cast = Cast(settings)
    _write_json(unfinished / f"calibration_{name}.json", {"cameras": [_calibration(camera) for camera in rig]})
    _write_poses(unfinished / "hdPose3d_stage1_coco19", cast, settings)
    _write_videos(unfinished / "hdVideos", rig, cast, settings)
    _write_json(unfinished / "dome.json", description)
    unfinished.rename(target)
    return target


def _check_same(target: Path, description: dict) -> None:
    path = target / "dome.json"
    found = json.loads(path.read_text()) if path.is_file() else None
    if found != description:
        raise ValueError(
            f"{target} is there with other settings ({found}) than those given ({description}); "
            "remove it, or write to another folder"
        )


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


def _calibration(camera: Camera) -> dict:
    """A camera as the studio writes it, in cm."""
    height, width = camera.size
    return {
        "name": camera.name,
        "type": "hd",
        "resolution": [width, height],
        "panel": 0,
        "node": int(camera.name[-2:]),
        "K": camera.matrix.tolist(),
        "distCoef": camera.distortion.tolist(),
        "R": camera.rotation.tolist(),
        "t": (camera.translation_mm / _MM_PER_CM).reshape(3, 1).tolist(),
    }


def _write_poses(folder: Path, cast: Cast, settings: SequenceSettings) -> None:
    folder.mkdir()
    for frame, bodies in enumerate(cast.posed):
        listed = []
        for person, posed in enumerate(bodies):
            joints = np.column_stack([posed.joints_mm / _MM_PER_CM, np.full(len(posed.joints_mm), _CONFIDENCE)])
            listed.append({"id": person, "joints19": joints.round(5).ravel().tolist()})
        content = {
            "version": 0.7,
            "univTime": round(1000 * frame / settings.fps, 3),
            "fpsType": f"hd_{settings.fps:.2f}".replace(".", "_"),
            "bodies": listed,
        }
        _write_json(folder / f"body3DScene_{frame:08d}.json", content)


def _write_videos(folder: Path, rig: list[Camera], cast: Cast, settings: SequenceSettings) -> None:
    backdrop, light = Backdrop(settings.rng(4)), Light.random(settings.rng(5))
    parts = [cast.parts(frame) for frame in range(settings.frames)]
    for number, camera in enumerate(rig):
        view = View(camera)
        scene = backdrop.seen_from(camera.center_mm, view.rays)
        sensor = _Sensor(settings.rng(6, number), camera.size)
        path = folder / f"hd_{camera.name}.mp4"
        writer = cv2.VideoWriter(
            str(path), cv2.VideoWriter_fourcc(*"mp4v"), settings.fps, (settings.width, settings.height)
        )
        if not writer.isOpened():
            raise OSError(f"{path}: this OpenCV cannot write MPEG-4 video; install opencv-python-headless")
        for frame in range(settings.frames):
            picture = view.draw(scene.with_shadows(cast.shadows(frame)), parts[frame], light)
            writer.write(sensor.read(picture)[..., ::-1])
        writer.release()


class _Sensor:
    """Exposure, white balance and noise of one camera."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]) -> None:
        self.rng = rng
        self.gain = (255 * rng.uniform(0.9, 1.1) * rng.uniform(0.95, 1.05, 3)).astype(np.float32)
        height, width = size
        # One sheet of noise at changing offsets: drawing it anew would take as long as the people do.
        self.noise = rng.normal(0, rng.uniform(1.0, 3.5), (height + 64, width + 64, 1)).astype(np.float32)

    def read(self, picture: np.ndarray) -> np.ndarray:
        """float32 RGB (H, W, 3) from 0 to 1 -> uint8."""
        height, width, _ = picture.shape
        y, x = self.rng.integers(0, 65, 2)
        noisy = picture * self.gain + self.noise[y : y + height, x : x + width]
        return np.clip(noisy + 0.5, 0, 255).astype(np.uint8)
