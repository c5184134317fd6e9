"""A model's scores on background: people of a shard set, and squares of COCO images that touch nobody.

    python -m benchmarks.accuracy.background fast --records data/lspet256 --coco coco --annotations keypoints.json

Prints percentiles of the demos' confidence for both, by which `--found-score` and `--lost-score` of
`tools.make_weights` were chosen, and of the joints' own scores.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tyro

from demo.errors import DemoError
from demo.runtimes.exports import find_export
from demo.runtimes.pose_model import PoseModel, load
from demo.tracking.estimator import confidence
from pose import Crop

_PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)
_BATCH = 64
_SQUARES_A_PICTURE, _SMALLEST_PX = 30, 120.0


@dataclass(frozen=True)
class Options:
    """What to measure.

    Attributes:
        model: an export folder, or the name of a model that comes with PanoPose.
        records: the shard set with people.
        coco: the folder of COCO images.
        annotations: the keypoints file that says where people are.
        split: which people.
        seed: random seed of the squares.
    """

    model: tyro.conf.Positional[Path]
    records: Path
    coco: Path
    annotations: Path
    split: str = "val"
    seed: int = 0


def squares(coco: Path, annotations: Path, size: int, seed: int) -> Iterator[np.ndarray]:
    """Yields crops, uint8 RGB (size, size, 3), of random squares that touch no labelled person's box."""
    labels = json.loads(annotations.read_text())
    boxes: dict[int, list[list[float]]] = {}
    for person in labels["annotations"]:
        boxes.setdefault(person["image_id"], []).append(person["bbox"])
    rng = np.random.default_rng(seed)
    for image in labels["images"]:
        path = coco / image["file_name"]
        if not path.is_file():
            continue
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        height, width = picture.shape[:2]
        people = np.array(boxes.get(image["id"], np.empty((0, 4))))
        for _ in range(_SQUARES_A_PICTURE):
            side = rng.uniform(_SMALLEST_PX, min(height, width))
            low = rng.uniform(0, (width - side, height - side))
            apart = (low + side < people[:, :2]) | (people[:, :2] + people[:, 2:] < low)
            if apart.any(axis=1).all():
                yield Crop.from_box(np.array([*low, side, side]), size, 1.0).cut(picture)


def scores_of(model: PoseModel, pictures: np.ndarray) -> np.ndarray:
    """The joints' scores (N, J)."""
    return np.concatenate([model.predict(pictures[i : i + _BATCH])[1] for i in range(0, len(pictures), _BATCH)])


def main(options: Options) -> None:
    """Measures and prints."""
    from records import dataset

    model = load(find_export(options.model, Path("runs")))
    batches = dataset(options.records, options.split, batch_size=_BATCH, input_size=model.size)
    people = np.concatenate([pictures for pictures, _ in batches.as_numpy_iterator()])
    background = np.stack(list(squares(options.coco, options.annotations, model.size, options.seed)))
    print(f"{'percentile':>41}" + "".join(f"{percentile:6}" for percentile in _PERCENTILES))
    for name, pictures in (("people", people), ("squares without people", background)):
        scores = scores_of(model, pictures)
        rows = {"confidence": [confidence(row, model.skeleton) for row in scores], "scores": scores}
        for what, values in rows.items():
            figures = "".join(f"{value:6.2f}" for value in np.percentile(values, _PERCENTILES))
            print(f"{len(pictures):5} {f'{name}: {what}':>35}{figures}")


if __name__ == "__main__":
    try:
        main(tyro.cli(Options, prog="python -m benchmarks.accuracy.background", description=__doc__))
    except (DemoError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
