"""Finds the joints of a person in depth images, in mm in the camera's frame.

    python -m demo.depth frames/*.png --focal-px 365 --out joints.csv --pictures drawn

Depth images are 16-bit gray PNGs of z in millimeters, 0 where unknown, as Kinects and other depth cameras give them,
with one person in the middle, or in --box. The table has a row for each image, JOINT_x_mm, JOINT_y_mm and JOINT_z_mm
for each joint, x to the right, y down and z away from the camera, and JOINT_score.

Exit codes:
    0: the table is written.
    2: wrong arguments, no model, or an output that cannot be written.
    3: an image is missing, or is no depth image.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import tyro

from demo.errors import ArgumentError, DemoError, OutputError, SourceError
from demo.lifting.depth import DepthModel, Found
from demo.lifting.lifter import Lifter, LiftOptions
from demo.outputs.files import check_outputs
from demo.outputs.new_folder import NewFolder, check_new_folder
from demo.outputs.table import TABLE_ENDINGS, check_table, with_space, write_table
from machine.command import run_command
from machine.words import counted
from pose import Camera, Skeleton
from pose.space.completing import LEAST_SEEN, Lift, completed
from pose.space.drawing import Drawn, depth_shown, strip
from pose.space.lifting import hips_of


@dataclass(frozen=True)
class Options:
    """Finds the joints of a person in depth images.

    Attributes:
        images: 16-bit gray PNGs of depth in mm, 0 where unknown.
        focal_px: the camera's focal length in px of the images; such as 365 for the second Kinect's 512 x 424.
        center_px: x and y of the optical axis; the image's middle by default.
        box: x, y, width and height of the person in px, in all images; by default the person is in the middle.
        model: an exported net on depth images (`python -m train.depth`), or the name of one that comes with PanoPose.
        complete: a lifter, such as lift, which completes joints whose score is below 0.5.
        out: the table, a .csv or .parquet file.
        pictures: a new folder for drawings of the depth and the pose as seen, from the side and from above.
    """

    images: Annotated[tuple[Path, ...], tyro.conf.Positional]
    focal_px: float
    out: Path
    model: Path = Path("depth")
    center_px: tuple[float, float] | None = None
    box: tuple[float, float, float, float] | None = None
    complete: Path | None = None
    pictures: Path | None = None

    def __post_init__(self) -> None:
        if not self.images:
            raise ArgumentError("give one depth image or more")
        if not 1 <= self.focal_px < 1e6:
            raise ArgumentError(f"--focal-px must be 1 or more, got {self.focal_px:g}")
        if self.box is not None and not min(self.box[2:]) > 0:
            raise ArgumentError(f"--box is x, y, width and height, the last two above 0, got {self.box}")
        if self.out.suffix not in TABLE_ENDINGS:
            raise ArgumentError(f"--out must end in {' or '.join(TABLE_ENDINGS)}, got {str(self.out)!r}")
        check_outputs({"--out": self.out}, {str(one): one for one in self.images})
        check_table(self.out)
        if self.pictures is not None:
            check_new_folder("--pictures", self.pictures, self.images[0])

    def camera(self, size: tuple[int, int]) -> Camera:
        """The camera of images (height, width)."""
        x, y = self.center_px or ((size[1] - 1) / 2, (size[0] - 1) / 2)
        matrix = np.array([[self.focal_px, 0, x], [0, self.focal_px, y], [0, 0, 1]])
        return Camera("depth", size, matrix, np.zeros(5), np.eye(3), np.zeros(3))


def read_depth_image(path: Path) -> np.ndarray:
    """Reads a depth image, uint16 (H, W).

    Raises:
        SourceError: it is missing, or no 16-bit gray image.
    """
    if not path.is_file():
        raise SourceError(f"{str(path)!r} does not exist; give a depth image")
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if found is None or found.ndim != 2 or found.dtype != np.uint16:
        raise SourceError(f"{str(path)!r} is no 16-bit gray image; depth images are PNGs of z in millimeters")
    return found


def drawn(found: Found, skeleton: Skeleton) -> np.ndarray:
    """The depth with the joints, and the pose in three views, uint8 RGB."""
    hips = found.xyz_mm[list(hips_of(skeleton))].mean(axis=0)
    all_joints = np.ones(skeleton.num_joints, bool)
    return strip(depth_shown(found.depth_mm, hips[2]), [Drawn(found.xyz_mm - hips, all_joints)], skeleton)


def run(options: Options) -> None:
    """Runs the command.

    Raises:
        DemoError: see the top of the file.
    """
    import pandas as pd

    model = DepthModel(options.model)
    lifter = None
    if options.complete is not None:
        lifter = Lifter(LiftOptions(lifter=options.complete).export(), model.skeleton)
        if lifter.skeleton.joints != model.skeleton.joints:
            raise ArgumentError(f"--complete needs a lifter of the joints of {model.skeleton.name}")
    box_px = None if options.box is None else np.array(options.box)
    poses, scores = [], []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(NewFolder("--pictures", options.pictures)) if options.pictures else None
        for path in options.images:
            depth = read_depth_image(path)
            found = model.find(depth, options.camera(depth.shape), box_px)
            if lifter is not None:
                xyz = completed(found.xyz_mm[None], found.scores[None], Lift(lifter.forward, lifter.frames))[0]
                found = found._replace(xyz_mm=xyz)
            poses.append(found.xyz_mm)
            scores.append(found.scores)
            if folder is not None:
                picture = cv2.cvtColor(drawn(found, model.skeleton), cv2.COLOR_RGB2BGR)
                if not cv2.imwrite(str(folder.partial / f"{len(poses) - 1:04d}_{path.stem}.png"), picture):
                    raise OutputError(f"--pictures {str(options.pictures)!r} cannot be written")
        names, of_joints = [str(path) for path in options.images], np.stack(scores)
        table = pd.DataFrame({"image": names})
        columns = {f"{joint}_score": of_joints[:, j] for j, joint in enumerate(model.skeleton.joints)}
        table = pd.concat([table, pd.DataFrame(columns)], axis=1)
        write_table(with_space(table, np.stack(poses), model.skeleton), options.out)
        if folder is not None:
            folder.finish()
    low = 100 * float((of_joints < LEAST_SEEN).mean())
    images = counted(len(poses), "image")
    print(f"{options.out}: {images} in {model.runtime}; {low:.0f} % of the joints have scores below {LEAST_SEEN}")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code; see the top of the file."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m demo.depth",
        description=__doc__,
        stopped="stopped; nothing is written",
        errors=(DemoError, ValueError),
    )


if __name__ == "__main__":
    sys.exit(main())
