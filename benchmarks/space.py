r"""How exact joints in space are, on sequences of CMU Panoptic Studio or of the synthetic dome.

    python -m data_prep dome --out data/dome --sequences 4 --frames 50 --fps 25 --cameras 6 --people 2
    python -m benchmarks.space --root data/dome
    python -m benchmarks.space --root panoptic --noise-px 4

With videos, a 2D model follows everybody in some of the cameras, as `panopose cameras` does, and the joints in space
are compared with the true ones: by the number of cameras, and with and without constant bones and smoothing. Whoever is
not found counts as missing. With `--noise-px` no videos are needed: the true joints are projected into random cameras
of the calibration, noise is added, and they are triangulated.

Errors are medians and means over joints in mm of the world, without any alignment; PA-MPJPE is after a similarity.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.many.ours import open_model
from data_prep.panoptic.poses import PoseFiles, read_bodies
from demo.errors import DemoError
from demo.offline.recording import Recording
from demo.offline.track import track_video
from demo.space.scene import Scene, SpaceOptions, locate_people
from demo.video.capture import FrameSource
from evaluate.pose_3d.metrics import joint_errors, pck_3d
from machine.command import run_command
from machine.whole import whole
from pose import PANOPTIC19, Camera, Skeleton, convert_joints
from pose.panoptic_cameras import read_cameras
from pose.panoptic_poses import POSES
from pose.space import triangulate
from tools.result_tables import markdown

_WAYS = {
    "each frame by itself": SpaceOptions(bones=False, smooth=None),
    "smoothed": SpaceOptions(bones=False),
    "constant bones, smoothed": SpaceOptions(),
}
# Someone found who is further away than this, in the median of the joints, is somebody else.
_SAME_MM = 500.0


@dataclass(frozen=True)
class Options:
    """Measures joints in space.

    Attributes:
        root: a sequence in Panoptic Studio's layout, or a folder of sequences.
        model: exports that see everybody, or models of one person, such as `crowd` or `accurate`.
        cameras: numbers of cameras to use.
        noise_px: in place of videos, project the true joints and add noise of this standard deviation.
        repeats: with noise, how many choices of cameras.
        seed: of the choice of cameras and the noise.
        out: the table to write, a .csv file.
    """

    root: Path
    model: tuple[Path, ...] = (Path("crowd"),)
    cameras: tuple[int, ...] = (2, 3, 4)
    noise_px: float | None = None
    repeats: int = 10
    seed: int = 0
    out: Path = Path("runs/space.csv")

    def __post_init__(self) -> None:
        if not self.cameras or min(self.cameras) < 2 or self.repeats < 1:
            raise ValueError("--cameras must be 2 or more, and --repeats 1 or more")


@dataclass(frozen=True, eq=False)
class Truth:
    """A sequence with its cameras and true joints.

    Attributes:
        folder: of the sequence.
        cameras: by name.
        frames: int64 (T,), numbers of the frames.
        people: by id, float64 (T, 19, 3) in mm, NaN where not known.
    """

    folder: Path
    cameras: dict[str, Camera]
    frames: np.ndarray
    people: dict[int, np.ndarray]


def sequences(root: Path) -> Iterator[Truth]:
    """The sequences in a folder.

    Raises:
        ValueError: there is none, or a file of one cannot be read.
    """
    calibrations = sorted([*root.glob("calibration_*.json"), *root.glob("*/calibration_*.json")])
    if not calibrations:
        raise ValueError(f"--root {str(root)!r} has no calibration_*.json; give a sequence or a folder of sequences")
    for calibration in calibrations:
        cameras, broken = read_cameras(calibration)
        if broken:
            raise ValueError(str(next(iter(broken.values()))))
        files = PoseFiles.of_sequence(calibration.parent, (POSES,))
        if files is None:
            raise ValueError(f"{calibration.parent} has no {POSES}")
        bodies = read_bodies(files, files.frames.tolist(), lambda bad: print(bad, file=sys.stderr))
        known = (bodies.confidence > 0)[..., None]
        people = {}
        for number in np.unique(bodies.ids).tolist():
            rows = bodies.ids == number
            people[number] = np.full((len(files.frames), *bodies.joints_world_mm.shape[1:]), np.nan)
            places = np.searchsorted(files.frames, bodies.frames[rows])
            people[number][places] = np.where(known, bodies.joints_world_mm, np.nan)[rows]
        yield Truth(calibration.parent, cameras, files.frames, people)


def with_noise(options: Options) -> pd.DataFrame:
    """One row for each number of cameras: exact and noisy images of the true joints."""
    random = np.random.default_rng(options.seed)
    rows = []
    for count in options.cameras:
        errors: dict[float, list[np.ndarray]] = {0.0: [], options.noise_px or 0.0: []}
        for truth in sequences(options.root):
            everybody = np.concatenate([xyz.reshape(-1, 3) for xyz in truth.people.values()])
            everybody = everybody[np.isfinite(everybody).all(axis=1)]
            rig = list(truth.cameras.values())
            for _ in range(options.repeats):
                some = [rig[k] for k in random.permutation(len(rig))[:count]]
                xy = np.stack([camera.project(everybody) for camera in some])
                seen = np.stack([one.contains(xy[k]) & one.in_front(everybody) for k, one in enumerate(some)])
                for noise, found in errors.items():
                    noisy = xy + random.normal(0, noise, xy.shape) if noise else xy
                    found.append(
                        np.linalg.norm(triangulate(some, noisy, seen.astype(float)).xyz_mm - everybody, axis=1)
                    )
        exact, noisy = (np.concatenate(found) for found in errors.values())
        known = np.isfinite(exact)
        rows.append(
            {
                "cameras": str(count),
                "joints seen by two or more, %": f"{100 * known.mean():.1f}",
                "exact images: largest error, mm": f"{exact[known].max():.2g}",
                f"noise of {options.noise_px:g} px: median, mm": f"{np.nanmedian(noisy):.1f}",
                "95 % below, mm": f"{np.nanpercentile(noisy, 95):.1f}",
            }
        )
    return pd.DataFrame(rows)


def with_models(options: Options) -> pd.DataFrame:
    """One row for each model, number of cameras and way."""
    rows = []
    for path in options.model:
        model = open_model(path, 1)
        recorded = []
        for truth in sequences(options.root):
            videos = {name: _video(truth.folder, name) for name in truth.cameras}
            found = {name: track_video(FrameSource(str(video)), model) for name, video in videos.items()}
            recorded.append((truth, found))
            print(f"{path}: {truth.folder.name}", file=sys.stderr, flush=True)
        for count in options.cameras:
            for way, how in _WAYS.items():
                rows.append(
                    {"model": path.name, "cameras": str(count), "joints": way, **_figures(recorded, count, how)}
                )
    return pd.DataFrame(rows)


def _video(folder: Path, camera: str) -> Path:
    videos = sorted((folder / "hdVideos").glob(f"hd_{camera}.*"))
    if not videos:
        raise ValueError(f"{folder} has no hdVideos/hd_{camera}.mp4")
    return videos[0]


def _figures(recorded: list[tuple[Truth, dict[str, Recording]]], count: int, how: SpaceOptions) -> dict[str, str]:
    world, aligned, missing = [], [], []
    for truth, found in recorded:
        names = list(truth.cameras)
        # Cameras that are far apart.
        names = [names[k] for k in np.unique(np.linspace(0, len(names) - 1, count).astype(int))]
        scene = locate_people(
            [truth.cameras[name] for name in names], [found[name] for name in names], (0.0,) * count, how
        )
        for xyz in truth.people.values():
            predicted, known = _predicted(scene, xyz, truth.frames)
            world.append(joint_errors(predicted, np.nan_to_num(xyz), known))
            aligned.append(joint_errors(predicted, np.nan_to_num(xyz), known, "similarity"))
            missing.append(np.isinf(world[-1])[known])
    errors, own = (np.concatenate([one.ravel() for one in some]) for some in (world, aligned))
    there = errors[np.isfinite(errors)]
    return {
        "joints found, %": f"{100 * (1 - np.concatenate(missing).mean()):.1f}",
        "median, mm": f"{np.median(there):.0f}" if len(there) else "",
        "MPJPE, mm": f"{there.mean():.0f}" if len(there) else "",
        "PA-MPJPE, mm": f"{own[np.isfinite(own)].mean():.0f}" if np.isfinite(own).any() else "",
        "PCK at 150 mm, %": f"{100 * np.nanmean(pck_3d(errors)):.1f}",
    }


def _predicted(scene: Scene, xyz: np.ndarray, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The joints of the person of a scene who is nearest to a true one, (T, 19, 3), and which joints count, (T, 19)."""
    shared = _shared(scene.skeleton)
    known = np.isfinite(xyz).all(axis=2) & shared
    best, nearest = np.full(xyz.shape, np.nan), _SAME_MM
    for person in scene.people:
        joints, _ = convert_joints(person.xyz_mm, np.full(person.xyz_mm.shape[:2], 2), scene.skeleton, PANOPTIC19)
        own = np.full(xyz.shape, np.nan)
        inside = frames < len(joints)
        own[inside] = joints[frames[inside]]
        distances = np.linalg.norm(own - xyz, axis=2)[known]
        distance = np.median(distances[np.isfinite(distances)]) if np.isfinite(distances).any() else np.inf
        if distance < nearest:
            best, nearest = own, distance
    return best, known


def _shared(skeleton: Skeleton) -> np.ndarray:
    """Which of the studio's joints a skeleton has by the same name: bool (19,)."""
    return np.array([name in skeleton.joints for name in PANOPTIC19.joints])


def run(options: Options) -> None:
    """Runs the benchmark."""
    found = with_models(options) if options.noise_px is None else with_noise(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with whole(options.out) as unfinished:
        found.to_csv(unfinished, index=False)
    print(markdown(options.out))


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m benchmarks.space",
        description=__doc__,
        errors=(DemoError, ValueError, OSError),
    )


if __name__ == "__main__":
    sys.exit(main())
