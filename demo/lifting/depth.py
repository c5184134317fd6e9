"""An exported net on depth images."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from demo.errors import ModelError
from demo.lifting.lifter import opened
from demo.runtimes.exports import check_export
from pose import Camera, Crop, Skeleton
from pose.tasks import POSE_DEPTH, task_of
from weights import shipped

# The crop's side as a multiple of the box's, as in the records of training.
_PADDING = 1.25


class Found(NamedTuple):
    """A person in a depth image.

    Attributes:
        xyz_mm: float64 (J, 3), in the camera's frame.
        scores: float (J,), the probability that the joint is in view, or seen, as the net was trained.
        crop: what the net was shown.
        depth_mm: uint16 (S, S), the same.
    """

    xyz_mm: np.ndarray
    scores: np.ndarray
    crop: Crop
    depth_mm: np.ndarray


class DepthModel:
    """An exported net on depth images.

    Attributes:
        skeleton: of the joints.
        runtime: that it runs in.

    Args:
        path: of the export, or the name of a model that comes with PanoPose.

    Raises:
        ModelError: it cannot be loaded, or is no such net.
    """

    def __init__(self, path: Path) -> None:
        run = shipped(path)
        self._model = opened(check_export(run / "export" if run else path))
        description = self._model.description
        if task_of(description) is not POSE_DEPTH:
            raise ModelError("that model takes no depth images; train one that does with `python -m train.depth`")
        self.skeleton = Skeleton.from_description(description["skeleton"])
        self.runtime = self._model.runtime
        self._size = int(description["size"])

    def find(self, depth_mm: np.ndarray, camera: Camera, box_px: np.ndarray | None = None) -> Found:
        """Finds the joints of one person.

        Args:
            depth_mm: uint16 (H, W), z in the camera's frame, 0 where unknown.
            camera: that took it.
            box_px: (4,) the person's x, y, width and height in px; by default the person is in the middle, and a crop
                as high as the image has it all.
        """
        height, width = depth_mm.shape
        if box_px is None:
            crop = Crop.centered(((width - 1) / 2, (height - 1) / 2), min(height, width), self._size)
        else:
            crop = Crop.from_box(box_px, self._size, _PADDING)
        shown = crop.cut_nearest(depth_mm)
        matrix = crop.camera_matrix(camera).astype(np.float32)
        answers = self._model.run({"depth_mm": shown[None], "camera_matrix": matrix[None]})
        return Found(answers["joints_xyz_mm"][0].astype(np.float64), answers["scores"][0], crop, shown)
