"""Small published nets of such systems, as they are: a peer's joints are the highest places of its maps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from benchmarks.accuracy.comparison import read_labels
from benchmarks.peers.crops import read_crops, to_records_px
from evaluate.pose_2d.summary import summarize
from records import read_manifest

_MARGINS = (1.0, 1.25)
_TIMED = 32
_AI_CHALLENGER = (
    "head_top neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist "
    "right_hip right_knee right_ankle left_hip left_knee left_ankle"
).split()
# MPII's joints in EfficientPose's own order.
_MPII = (
    "head_top neck right_shoulder right_elbow right_wrist thorax left_shoulder left_elbow left_wrist "
    "pelvis right_hip right_knee right_ankle left_hip left_knee left_ankle"
).split()
# Means and deviations of ImageNet's channels, red first.
_MEAN, _DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


@dataclass(frozen=True)
class Peer:
    """A net.

    Attributes:
        title: for tables.
        file: its LiteRT file.
        output: beginning of the name of its last maps.
        joints: names of the maps' joints.
        prepare: uint8 RGB (B, S, S, 3) -> its input.
    """

    title: str
    file: str
    output: str
    joints: list[str]
    prepare: Callable[[np.ndarray], np.ndarray]


def _as_bgr(pictures: np.ndarray) -> np.ndarray:
    return pictures[..., ::-1].astype(np.float32)


def _normalized(pictures: np.ndarray) -> np.ndarray:
    return (pictures / np.float32(255) - _MEAN) / _DEVIATION


PEERS = (
    Peer("CPM, mobile", "cpm_mobile.tflite", "Convolutional_Pose_Machine", _AI_CHALLENGER, _as_bgr),
    Peer("Hourglass, mobile", "hourglass_mobile.tflite", "hourglass_out", _AI_CHALLENGER, _as_bgr),
    Peer("EfficientPose II", "efficientpose_ii.tflite", "upscaled_confs", _MPII, _normalized),
)


def measure_peer(peer: Peer, folder: Path, records: Path) -> tuple[dict[str, float], float]:
    """Measures a peer on the test split.

    Args:
        peer: the net.
        folder: of its file.
        records: the shard set, whose joints the peer must have.

    Returns:
        The figures of `python -m evaluate`, with the crops' margin that is best for the peer, and milliseconds of an
        image on one thread.

    Raises:
        ValueError: there is no such file, or the peer lacks a joint.
    """
    if not (folder / peer.file).is_file():
        raise ValueError(f"there is no {peer.file} in {folder}; leave --peers out, or give the folder that has it")
    manifest = read_manifest(records)
    if missing := sorted(set(manifest.skeleton.joints) - set(peer.joints)):
        raise ValueError(f"{peer.title} lacks joints of {records}: {', '.join(missing)}")
    net = Interpreter(str(folder / peer.file), num_threads=1)
    net.allocate_tensors()
    (source,) = net.get_input_details()
    target = next(one for one in net.get_output_details() if one["name"].startswith(peer.output))
    size, own = int(source["shape"][1]), [peer.joints.index(name) for name in manifest.skeleton.joints]

    def answer(picture: np.ndarray) -> np.ndarray:
        net.set_tensor(source["index"], peer.prepare(picture[None]))
        net.invoke()
        maps = cv2.resize(net.get_tensor(target["index"])[0], (size, size), interpolation=cv2.INTER_CUBIC)
        rows, columns = np.unravel_index(maps.reshape(-1, maps.shape[-1]).argmax(axis=0), (size, size))
        return np.stack([columns, rows], axis=-1)[own].astype(np.float64)

    labels, found = read_labels(records, "test"), []
    for margin in _MARGINS:
        answers = [answer(picture) for batch in read_crops(records, "test", size, margin) for picture in batch]
        xy_px = to_records_px(np.stack(answers), size, margin, manifest.size)
        found.append(summarize(xy_px, labels, manifest.skeleton).scalars())
    return max(found, key=lambda one: one["pck@0.2"]), _least_ms(answer, np.zeros((size, size, 3), np.uint8))


def _least_ms(answer: Callable[[np.ndarray], np.ndarray], picture: np.ndarray) -> float:
    times = []
    for _ in range(_TIMED):
        start = time.perf_counter()
        answer(picture)
        times.append(time.perf_counter() - start)
    return 1000 * min(times)
