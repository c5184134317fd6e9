"""Labels to train a net for everybody on: a model's predictions, and the labels of those whom it missed.

    panopose label lspet/images --to coco --min-score 0.1 --joint-score 0.2 ... --out predictions.json
    python -m tools.crowd_labels predictions.json --lsp lspet --out labels.json
    panopose records coco --annotations labels.json --images lspet/images --kind frames --min-score 0.3 --out frames

Leeds Sports Pose Extended labels one person of each image. Predictions also have the others, and faces; labels have
people whom models do not find, such as those upside down. Images that models are tested on are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from data_prep.conversion.splits import SplitRule
from data_prep.lsp.reader import Lsp
from pose import COCO17, LSP14
from pose.coco import coco_annotation
from pose.similarity import box_intersections, oks_matrix
from records import Person

# A predicted person of this score and OKS to the label is the labeled one. The area of a body is a part of its box.
_LEAST_SCORE, _SAME_OKS, _COVERED = 0.3, 0.3, 0.6
_LEAST_JOINTS = 6
# Predictions with this share of their box in that of a labeled person whom nobody is are wrong about that person.
_INSIDE = 0.5
_SHARED = [(LSP14.index(joint), COCO17.index(joint)) for joint in LSP14.joints if joint in COCO17.joints]


def join(predictions: dict, lsp: Path) -> dict:
    """Returns the content of a COCO file with the predictions of training images and the labels that they lack."""
    training = SplitRule()
    images = {
        image["file_name"]: image
        for image in predictions["images"]
        if training.split(Path(image["file_name"]).stem) == "train"
    }
    people: dict[int, list[dict]] = defaultdict(list)
    for entry in predictions["annotations"]:
        people[entry["image_id"]].append(entry)
    last = max(entry["id"] for entry in predictions["annotations"])
    for person in Lsp(lsp, min_visible_joints=_LEAST_JOINTS).people():
        if not isinstance(person, Person) or (image := images.get(f"{person.sequence}.jpg")) is None:
            continue
        xy_px, visible = _as_coco(person)
        found = people[image["id"]]
        if (visible > 0).sum() >= _LEAST_JOINTS and not _is_predicted(xy_px, visible, person.box_px, found):
            last += 1
            label = coco_annotation(last, image["id"], xy_px, visible, person.box_px)
            # The area of a person is not known; the box's would be taken for it.
            del label["area"]
            people[image["id"]] = [*_elsewhere(found, label), label]
    annotations = [entry for image in images.values() for entry in people[image["id"]]]
    return predictions | {"images": list(images.values()), "annotations": annotations}


def _as_coco(person: Person) -> tuple[np.ndarray, np.ndarray]:
    """The joints (17, 2) and their visibility (17,)."""
    xy_px, visible = np.zeros((17, 2)), np.zeros(17, np.int64)
    for theirs, ours in _SHARED:
        xy_px[ours], visible[ours] = person.joints_xy_px[theirs], 2 * (person.visible[theirs] > 0)
    return xy_px, visible


def _is_predicted(xy_px: np.ndarray, visible: np.ndarray, box_px: np.ndarray, found: list[dict]) -> bool:
    sure = [entry["keypoints"] for entry in found if entry["score"] >= _LEAST_SCORE]
    others = np.reshape(sure, (-1, 17, 3))[..., :2]
    area = _COVERED * np.prod(np.maximum(box_px[2:], 4))
    return bool((oks_matrix(xy_px[None], others, np.array([area]), COCO17.sigmas, visible[None]) >= _SAME_OKS).any())


def _elsewhere(found: list[dict], label: dict) -> list[dict]:
    boxes = np.reshape([entry["bbox"] for entry in found], (-1, 4))
    shared = box_intersections(boxes, np.array([label["bbox"]]))[:, 0]
    inside = shared >= _INSIDE * np.maximum(boxes[:, 2:].prod(axis=1), 1)
    return [entry for entry, is_inside in zip(found, inside, strict=True) if not is_inside]


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.crowd_labels", description=__doc__.splitlines()[0])
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--lsp", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    joined = join(json.loads(arguments.predictions.read_text()), arguments.lsp)
    arguments.out.write_text(json.dumps(joined))
    print(f"wrote {arguments.out}: {len(joined['images'])} images, {len(joined['annotations'])} people")
    return 0


if __name__ == "__main__":
    sys.exit(main())
