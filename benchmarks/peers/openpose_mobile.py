"""The small OpenPose net of ildoonet/tf-pose-estimation, a frozen graph, through our grouping.

python -m benchmarks.peers.openpose_mobile openpose_mobilenet_v2_small.pb picture.jpg ...
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from pose import COCO17
from pose.grouping.assembly import GroupingOptions, group_people
from pose.grouping.limb_fields import FieldLimbs
from pose.people import People

#: OpenPose's 18 joints, in its order.
JOINTS = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist"),
    *("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"),
    *("right_eye", "left_eye", "right_ear", "left_ear"),
)
#: Its 19 limbs, of which the last two, from the shoulders to the ears, are redundant.
LIMBS = FieldLimbs(
    len(JOINTS),
    (
        *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
        *((1, 0), (0, 14), (14, 16), (0, 15), (15, 17), (2, 16), (5, 17)),
    ),
)
# Where the x of each limb is among the 38 maps of fields; the y follows.
_FIELDS = (12, 20, 14, 16, 22, 24, 0, 2, 4, 6, 8, 10, 28, 30, 34, 32, 36, 18, 26)
_FIELD_MAPS = [first + i for first in _FIELDS for i in (0, 1)]
#: The names of its input and output.
INPUT, OUTPUT = "image:0", "Openpose/concat_stage7:0"
_STRIDE = 8
_TO_COCO = [JOINTS.index(name) for name in COCO17.joints]


def load_net(graph: Path) -> Callable[[np.ndarray], np.ndarray]:
    """The net: BGR (H, W, 3), sides multiples of 8 -> 19 maps, the background last, and 38 of fields (h, w, 57)."""
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef.FromString(graph.read_bytes())
    wrapped = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(definition, name=""), [])
    run = wrapped.prune(INPUT, OUTPUT)
    return lambda picture: run(tf.constant(picture[None], tf.float32)).numpy()[0]


def find_people(
    net: Callable[[np.ndarray], np.ndarray],
    picture: np.ndarray,
    side: int = 656,
    options: GroupingOptions | None = None,
) -> People:
    """Finds the people of an image.

    Args:
        net: from `load_net`.
        picture: uint8 BGR (H, W, 3).
        side: the longer side that the net sees, in px; the other is rounded to a multiple of 8.
        options: of the grouping.

    Returns:
        People with the joints of COCO17, in px of the image; the neck is left out.
    """
    size = height, width = picture.shape[:2]
    shape = [max(1, round(one * side / max(size) / _STRIDE)) * _STRIDE for one in size]
    way = cv2.INTER_AREA if side < max(size) else cv2.INTER_CUBIC
    maps = net(cv2.resize(picture, shape[::-1], interpolation=way))
    fields = maps[..., len(JOINTS) + 1 :][..., _FIELD_MAPS]
    people = group_people(maps[..., : len(JOINTS)], fields, LIMBS, (height, width), options or GroupingOptions())
    return People(people.joints_xy_px[:, _TO_COCO], people.scores[:, _TO_COCO], people.person_scores)


def main(graph: str, *pictures: str) -> None:
    """Prints how many people each image has, and the time that it took."""
    net = load_net(Path(graph))
    for path in pictures:
        picture = cv2.imread(path)
        begun = time.perf_counter()
        people = find_people(net, picture)
        print(f"{path}: {len(people.scores)} people, {1000 * (time.perf_counter() - begun):.0f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])
