"""An exported model of bodies, which is run on the crop of each person that another model found."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demo.errors import ModelError
from demo.runtimes.choice import choose
from demo.runtimes.exports import check_export
from demo.runtimes.pose_model import PictureModel, candidates
from pose import Crop
from pose.tasks import POSE_BODY

if TYPE_CHECKING:
    from body.seen import SeenBody

_BATCH = 8
# A person's box has a side of this many px at least.
_LEAST_PX = 2.0


@dataclass(frozen=True, kw_only=True)
class MeshOptions:
    """Options of demos that also recover bodies.

    Attributes:
        mesh: an exported model of bodies (`panopose train hmr`), its folder or one of its files, which is run on each
            person found; the bodies are drawn in place of skeletons.
    """

    mesh: Path | None = None

    def load_mesh(self) -> BodyModel | None:
        """Loads the model in its fastest runtime; None without --mesh.

        Raises:
            ModelError: there is none, it cannot be loaded, or it is a model of another task.
        """
        return None if self.mesh is None else load_bodies(self.mesh)


class BodyModel(PictureModel):
    """An exported model of bodies."""

    def _check_task(self, path: Path) -> None:
        if self._task is not POSE_BODY:
            raise ModelError(f"{str(path)!r} answers no bodies; train a model that does with `python -m train.hmr`")

    def find(self, picture: np.ndarray, boxes_px: Sequence[np.ndarray]) -> list[SeenBody]:
        """The bodies of people in an image, uint8 RGB (H, W, 3), from their boxes: x, y, width and height in px."""
        from body.seen import SeenBody

        crops = [Crop.from_box(_grown(box), self.size, self.padding) for box in boxes_px]
        found: list[SeenBody] = []
        for start in range(0, len(crops), _BATCH):
            some = crops[start : start + _BATCH]
            answers = self.run(np.stack([crop.cut(picture) for crop in some]))
            cameras, turns, shapes = (answers[name] for name in ("camera", "rotations", "shape_values"))
            if not all(np.isfinite(one).all() for one in (cameras, turns, shapes)):
                raise ModelError("the model of bodies answers numbers that are not finite; train it again")
            found += list(map(SeenBody, cameras, turns, shapes, some))
        return found


def load_bodies(path: Path) -> BodyModel:
    """Loads a model of bodies in the fastest runtime of this machine; see `demo.runtimes.pose_model.load`.

    Raises:
        ModelError: there is none, it cannot be loaded, or it is a model of another task.
    """
    path = check_export(path)
    choice = choose(path, candidates(path), None, (1,), partial(print, file=sys.stderr, flush=True))
    model = BodyModel(path, choice.runtime, choice.threads)
    model.warm_up(1)
    return model


def _grown(box_px: np.ndarray) -> np.ndarray:
    """A box (4,) that has an extent; that of a single joint has none."""
    x, y, width, height = np.asarray(box_px, np.float64)
    more = max(_LEAST_PX - max(width, height), 0.0)
    return np.array([x - more / 2, y - more / 2, width + more, height + more])
