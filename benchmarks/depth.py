"""How exact nets on depth images are: on people whom training did not see, and on real ones, ITOP's frontal views.

    python -m benchmarks.depth runs/cone runs/readout --records data/depth --itop ITOP --complete lift --out runs/depth

It writes depth.csv, of the test split of the records, and depth_itop.csv. Latencies are those that `python -m export`
measured of the runs' exports, of the fastest format that answers as Keras does.

ITOP (Haque et al., ECCV 2016) is a folder with frontal.npz: `depth` (N, 100, 100), the middle of the sensor's 320 x 240
px, shrunk, and divided by each frame's maximum; and `joints_m` (N, 15, 3), x, y up and z in meters about the upper
trunk. So only poses can be compared, about the middle of the hips. What was divided by is found by the sensor's own
steps: its disparities are whole eighths of a pixel, so that 1 / depth has equal steps.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import tyro

from artefact.formats import FORMATS_FILE, ArtefactError, trusted
from benchmarks.many.ours import title_of
from evaluate.pose_2d.summary import mean_of_known
from evaluate.pose_3d.depth import FIGURES
from evaluate.pose_3d.evaluation import Summary
from evaluate.pose_3d.metrics import joint_errors
from machine.command import run_command
from machine.whole import whole
from pose import Crop, Skeleton
from pose.camera import Camera
from pose.space.completing import completed
from tools.result_tables import markdown
from weights import shipped

#: ITOP's joints, by our names; hands and feet count as wrists and ankles, the head and the trunk are left out.
_JOINTS = {
    "neck": 1,
    "right_shoulder": 2,
    "left_shoulder": 3,
    "right_elbow": 4,
    "left_elbow": 5,
    "right_wrist": 6,
    "left_wrist": 7,
    "right_hip": 9,
    "left_hip": 10,
    "right_knee": 11,
    "left_knee": 12,
    "right_ankle": 13,
    "left_ankle": 14,
}
_GROUPS = {"trunk": ("neck", "shoulder", "hip"), "arms": ("elbow", "wrist"), "legs": ("knee", "ankle")}
# Focal length for 320 x 240 px in px (ITOP's own tools divide by 0.0035), and the images' side in such px.
_FOCAL_PX, _SIDE_PX = 1 / 0.0035, 240
# Focal length for 640 x 480 px in px times baseline in m, in eighths of a pixel: 1 / depth has steps of 1 / this.
_STEPS_PER_M = 570 * 0.075 * 8
# Spacings nearer to their median than this share are single steps.
_NEAR = 0.25


@dataclass(frozen=True)
class Options:
    """Measures nets on depth images.

    Attributes:
        models: runs of `python -m train.depth`.
        records: a shard set with depth, whose test split is measured.
        itop: the folder with frontal.npz.
        complete: also measure those whose scores say what was seen with the other joints completed by this lifter.
        out: the folder of the tables.
    """

    models: Annotated[tuple[Path, ...], tyro.conf.Positional]
    records: Path
    itop: Path
    complete: Path | None = None
    out: Path = Path("runs/depth")


def depth_in_mm(shares: np.ndarray) -> np.ndarray:
    """Depth images uint16 (N, S, S) in mm, from shares (N, S, S) of their maxima, 0 where unknown.

    Raises:
        ValueError: the images show no steps.
    """
    farthest = []
    for image in shares.astype(np.float64):
        levels, counts = np.unique(image[image > 0], return_counts=True)
        gaps = np.diff(np.sort(1 / levels[counts >= 3]))
        gaps = gaps[gaps > 0]
        if len(gaps) < 10:
            raise ValueError("the depth images show no steps of a sensor's disparity; give ITOP's as they are")
        near = gaps[np.abs(gaps / np.median(gaps) - 1) < _NEAR]
        farthest.append(near.mean() * _STEPS_PER_M)
    # One image's estimate is off by a few percent; the room is the same in all, and so is its depth.
    room = _room(shares)
    whole_set = np.median(np.array(farthest) * room)
    return np.round(1000 * shares * (whole_set / room)[:, None, None]).astype(np.uint16)


def _room(shares: np.ndarray) -> np.ndarray:
    """The depth of the room in each image, by that in the first: the median over the pixels known in both."""
    first = shares[0].astype(np.float64)
    both = [(image > 0) & (first > 0) for image in shares]
    return np.array([np.median(image[known] / first[known]) for image, known in zip(shares, both, strict=True)])


def run(options: Options) -> None:
    """Runs the benchmark.

    Raises:
        ValueError: a model is no net on depth images, the records lack depth, or ITOP is not as described.
    """
    from evaluate.__main__ import lift_for
    from evaluate.pose_3d.depth import evaluate_depth
    from evaluate.predictor import load_predictor

    with np.load(options.itop / "frontal.npz") as file:
        depth, joints = depth_in_mm(file["depth"]), 1000 * file["joints_m"].astype(np.float64) * (1, -1, 1)
    dome, real = [], []
    for path in options.models:
        predictor = load_predictor(shipped(path) or path)
        answers = predictor.predict(inputs_of_itop(depth, predictor.input_size))
        lift = None if options.complete is None else lift_for(options.complete, predictor)
        for how, chosen in {"": None, ", completed": lift}.items():
            if how and chosen is None:
                continue
            title = f"`{title_of(path)}`{how}"
            xyz_mm = answers["joints_xyz_mm"]
            if chosen is not None:
                xyz_mm = completed(xyz_mm, answers["scores"], chosen)
            real.append({"net": title, **_figures(xyz_mm, joints, predictor.skeleton)})
            found = evaluate_depth(predictor, options.records, "test", complete=chosen)
            dome.append(
                {"net": title, **_row(found.summary), "ms, 1 thread": "" if how else _latency(shipped(path) or path)}
            )
    dome.append({"net": "mean pose", **_row(found.baseline), "ms, 1 thread": ""})
    options.out.mkdir(parents=True, exist_ok=True)
    for name, rows in (("depth", dome), ("depth_itop", real)):
        with whole(options.out / f"{name}.csv") as unfinished:
            pd.DataFrame(rows).to_csv(unfinished, index=False)
        print(f"\n{markdown(options.out / f'{name}.csv')}")


def _row(summary: Summary) -> dict[str, str]:
    values, row = summary.scalars(), {}
    for name, heading, unit in FIGURES:
        row[f"{heading}, {unit}"] = f"{100 * values[name]:.1f}" if unit == "%" else f"{values[name]:.0f}"
    return row


def _latency(run: Path) -> str:
    """The time of an image on one thread in the fastest format that passed; "" without an export."""
    try:
        passed = trusted(run / "export")
        measured = json.loads((run / "export" / FORMATS_FILE).read_text())["formats"]
    except (ArtefactError, OSError):
        return ""
    ms, name = min((measured[name]["latency_ms"]["1"], name) for name in passed)
    return f"{ms:.1f} ({name})"


def inputs_of_itop(depth: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """What a net of images of `size` px takes, from depth (N, S, S) in mm."""
    side = depth.shape[1]
    crop = Crop.centered(((side - 1) / 2, (side - 1) / 2), side, size)
    camera = crop.camera_matrix(_camera(side)).astype(np.float32)
    cut = np.stack([crop.cut_nearest(image) for image in depth])
    return {"depth_mm": cut, "camera_matrix": np.tile(camera, (len(depth), 1, 1))}


def _camera(side: int) -> Camera:
    focal, middle = _FOCAL_PX * side / _SIDE_PX, (side - 1) / 2
    matrix = np.array([[focal, 0, middle], [0, focal, middle], [0, 0, 1]])
    return Camera("itop", (side, side), matrix, np.zeros(5), np.eye(3), np.zeros(3))


def _figures(xyz_mm: np.ndarray, joints_mm: np.ndarray, skeleton: Skeleton) -> dict[str, str]:
    names = list(_JOINTS)
    ours, theirs = xyz_mm[:, [skeleton.index(name) for name in names]], joints_mm[:, list(_JOINTS.values())]
    known, hips = np.ones(ours.shape[:2], bool), (names.index("left_hip"), names.index("right_hip"))
    errors = joint_errors(ours, theirs, known, "root", hips)
    means = {
        f"{group}, mm": mean_of_known(errors[:, [name.split("_")[-1] in joints for name in names]])
        for group, joints in _GROUPS.items()
    }
    figures = {
        "MPJPE about the hips, mm": mean_of_known(errors),
        "PA-MPJPE, mm": mean_of_known(joint_errors(ours, theirs, known, "similarity")),
        **means,
    }
    return {name: f"{value:.0f}" for name, value in figures.items()} | {
        "within 100 mm, %": f"{100 * (errors < 100).mean():.1f}"
    }


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(Options, run, arguments, prog="python -m benchmarks.depth", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
