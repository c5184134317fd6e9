r"""How exact silhouettes are: in drawn films whose silhouettes are known, before drawn places and before photographs.

    python -m benchmarks.gait.silhouettes --motion cmu --photographs coco/val2017 --nets mattes/blazepose-full \
        mattes/selfie --out runs/gait-silhouettes

The films are those of `benchmarks.gait.views`; the person's crop follows from their true joints. IoU is that of the
largest part with the drawn silhouette, in the crop. Nets are those of `python -m tools.mattes`. It prints the table and
writes it as gait_silhouettes.csv, and a sheet, silhouettes.png: true ones are red, found ones green, both yellow.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from benchmarks.gait.views import read_walks
from benchmarks.gait.walks import FILM_FPS, FPS, SIZE, Walk, camera_at, film, seen_from, vertices_at
from demo.batch.inputs import read_frames
from demo.video.capture import FrameSource
from gait.inputs.silhouettes import BACKGROUND, by_background, by_net, person_crop
from machine.command import run_command
from machine.whole import whole
from pose import Crop
from pose.silhouette import largest_part
from pose.space.raster import Window, draw_depth, project
from tools.result_tables import markdown

_EVERY, _SHOWN_PX = 6, 128


@dataclass(frozen=True)
class Options:
    """Measures silhouettes in drawn films.

    Attributes:
        motion: folder of BVH files of CMU's recordings of people who walk.
        photographs: folder of .jpg files to stand behind the people.
        nets: exported nets that find silhouettes; the background of a camera that stands still is always measured.
        views: where the camera is, in degrees.
        out: folder for films, the sheet and the table.
    """

    motion: Path
    photographs: Path
    nets: tuple[Path, ...] = ()
    views: tuple[int, ...] = (0, 90)
    out: Path = Path("runs/gait-silhouettes")


def true_silhouette(walk: Walk, view: int, frame: int, crop: Crop) -> np.ndarray:
    """What is drawn of a person in a frame of the film: bool (S, S) in the crop."""
    xy_px, depth_mm = project(camera_at(view), vertices_at(walk, frame * FPS // FILM_FPS))
    window = Window(0, 0, SIZE[1], SIZE[0])
    drawn = np.isfinite(draw_depth(xy_px, depth_mm, walk.figure.surface.faces, window)).astype(np.uint8)
    return crop.cut_nearest(drawn) > 0


def iou(found: np.ndarray, true: np.ndarray) -> float:
    """Intersection over union of two masks, of which one is not empty."""
    return float((found & true).sum() / max((found | true).sum(), 1))


def run(options: Options) -> None:
    """Runs the benchmark."""
    options.out.mkdir(parents=True, exist_ok=True)
    photographs = sorted(options.photographs.glob("*.jpg"))
    if not photographs:
        raise ValueError(f"--photographs {options.photographs} has no .jpg file")
    methods = [BACKGROUND, *(net.name for net in options.nets)]
    nets = {net.name: by_net(net) for net in options.nets}
    walks, rows, sheet = list(read_walks(options.motion)), [], []
    for behind, pictures in (("drawn place", []), ("photograph", photographs)):
        found: dict[tuple[str, int], list[float]] = {(name, view): [] for name in methods for view in options.views}
        for walk in walks:
            for view in options.views:
                path = options.out / f"{walk.name}-{view:03d}{'-photograph' if pictures else ''}.mp4"
                if not path.is_file():
                    film(walk, view, path, pictures)
                finders = {BACKGROUND: by_background(path), **nets}
                joints = seen_from(walk, view).xyz
                for frame in read_frames(FrameSource(str(path))):
                    if frame.index % _EVERY or (crop := person_crop(joints[frame.index])) is None:
                        continue
                    true, tiles = true_silhouette(walk, view, frame.index, crop), [crop.cut(frame.picture)]
                    for name, find in finders.items():
                        mask = largest_part(find(frame.picture, crop)) > 0
                        found[name, view].append(iou(mask, true))
                        tiles.append(np.stack([true, mask, mask & False], axis=-1).astype(np.uint8) * 255)
                    if frame.index == 5 * _EVERY:
                        sheet.append(np.hstack([cv2.resize(tile, (_SHOWN_PX, _SHOWN_PX)) for tile in tiles]))
        for name in methods:
            row = {"silhouettes by": name, "behind the person": behind}
            for view in options.views:
                row[f"IoU at {view}, mean, %"] = f"{100 * np.mean(found[name, view]):.1f}"
                row[f"lowest 5 %, {view}"] = f"{100 * np.percentile(found[name, view], 5):.1f}"
            rows.append(row)
    path = options.out / "gait_silhouettes.csv"
    with whole(path) as unfinished:
        pd.DataFrame(rows).to_csv(unfinished, index=False)
    cv2.imwrite(str(options.out / "silhouettes.png"), np.vstack(sheet)[..., ::-1])
    print(f"{len(walks)} walks, every {_EVERY}th frame\n\n{path}\n\n{markdown(path)}")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(Options, run, arguments, prog="python -m benchmarks.gait.silhouettes", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
