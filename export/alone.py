"""Runs one exported file with nothing but its runtime, as a stranger would.

No other module of ours can be imported, though they may be installed, and at the end none has been.

    python -P alone.py RUNTIME FILE SCRATCH THREADS

SCRATCH holds pictures.npy, uint8 RGB (N, R, R, 3), and, for a SavedModel, N files *.jpg. It receives outputs.npz with
joints_xy_px, scores, description, runtime, latency_ms, and jpeg_joints_xy_px and jpeg_scores where there were JPEGs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

#: The project's packages.
OURS = ("machine", "pose", "records", "data_prep", "models", "train", "evaluate", "export", "demo", "weights")
_PROJECT = Path(__file__).resolve().parents[1]
_WARM_UP = 3
_TIMED_CALLS = 30
_TIMED_SECONDS = 3.0


class NoneOfOurs:
    """Finds no module of ours, before an editable install or any other finder does."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Raises for our packages, and leaves all others to the next finder."""
        if name.partition(".")[0] in OURS:
            raise ModuleNotFoundError(f"{name} is a module of PanoPose, and an exported file must run without it")


def ours_imported() -> list[str]:
    """The imported modules that are ours, by their names or by where they lie; not this one."""
    folders = [_PROJECT / name for name in OURS]
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        place = Path(file).resolve() if file else None
        if place == Path(__file__).resolve():
            continue
        if name.partition(".")[0] in OURS or (place and any(folder in place.parents for folder in folders)):
            found.append(name)
    return sorted(found)


@dataclass
class Loaded:
    """A file in its runtime.

    Attributes:
        predict: from pictures (B, R, R, 3) to joints_xy_px and scores.
        description: the JSON that was found inside.
        runtime: its name and version.
        from_jpegs: from JPEGs to joints_xy_px and scores, where the file can.
    """

    predict: Callable[[np.ndarray], dict[str, np.ndarray]]
    description: str
    runtime: str
    from_jpegs: Callable[[list[bytes]], dict[str, np.ndarray]] | None = None


def _tensorflow(threads: int):
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


def load_saved_model(file: str, threads: int) -> Loaded:
    """Loads a SavedModel's folder."""
    tf = _tensorflow(threads)
    model = tf.saved_model.load(file)

    # The model itself is looked up at each call: signatures alone would let go of its variables.
    def ask(signature: str, **inputs: np.ndarray | list[bytes]) -> dict[str, np.ndarray]:
        outputs = model.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})
        return {name: value.numpy() for name, value in outputs.items()}

    return Loaded(
        lambda pictures: ask("serving_default", pictures=pictures),
        model.signatures["describe"]()["json"].numpy().decode(),
        f"tensorflow {tf.__version__}",
        lambda jpegs: ask("jpeg", jpeg=jpegs),
    )


def load_frozen(file: str, threads: int) -> Loaded:
    """Loads a frozen graph."""
    tf = _tensorflow(threads)
    graph = tf.compat.v1.GraphDef.FromString(Path(file).read_bytes())
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    serve = wrapped.prune("pictures:0", {name: f"{name}:0" for name in ("joints_xy_px", "scores")})
    return Loaded(
        lambda pictures: {name: value.numpy() for name, value in serve(tf.constant(pictures)).items()},
        wrapped.prune([], "pose:0")().numpy().decode(),
        f"tensorflow {tf.__version__}",
    )


def load_litert(file: str, threads: int) -> Loaded:
    """Loads a .tflite file into LiteRT, or, where only TensorFlow is installed, into its copy of it."""
    try:
        import ai_edge_litert
        from ai_edge_litert import schema_py_generated as schema
        from ai_edge_litert.interpreter import Interpreter

        runtime = f"ai-edge-litert {ai_edge_litert.__version__}"
    except ImportError:
        import tensorflow as tf
        from tensorflow.lite.python import schema_py_generated as schema

        Interpreter, runtime = tf.lite.Interpreter, f"tensorflow {tf.__version__}"
    content = Path(file).read_bytes()
    interpreter = Interpreter(model_content=content, num_threads=threads)
    runner = interpreter.get_signature_runner("serving_default")

    def predict(pictures: np.ndarray) -> dict[str, np.ndarray]:
        return {name: value.copy() for name, value in runner(pictures=pictures).items()}

    model = schema.Model.GetRootAsModel(content, 0)
    entries = (model.Metadata(i) for i in range(model.MetadataLength()))
    buffer = next(entry.Buffer() for entry in entries if entry.Name() == b"pose")
    return Loaded(predict, model.Buffers(buffer).DataAsNumpy().tobytes().decode(), runtime)


def load_onnx(file: str, threads: int) -> Loaded:
    """Loads an ONNX file into ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return Loaded(
        lambda pictures: dict(zip(names, session.run(names, {"pictures": pictures}), strict=True)),
        session.get_modelmeta().custom_metadata_map["pose"],
        f"onnxruntime {onnxruntime.__version__}",
    )


def load_openvino(file: str, threads: int, precision: str = "f32") -> Loaded:
    """Loads an OpenVINO model, and computes in one precision, whichever the processor's own would be."""
    import openvino

    core = openvino.Core()
    model = core.read_model(file)
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
    compiled = core.compile_model(model, "CPU", settings)

    def predict(pictures: np.ndarray) -> dict[str, np.ndarray]:
        outputs = compiled([pictures])
        return {name: outputs[name].copy() for name in ("joints_xy_px", "scores")}

    return Loaded(predict, model.get_rt_info("pose").value, f"openvino {openvino.__version__.split('-')[0]}")


def load_openvino_bf16(file: str, threads: int) -> Loaded:
    """Loads an OpenVINO model, and computes in bfloat16."""
    return load_openvino(file, threads, "bf16")


LOADERS = {
    "saved-model": load_saved_model,
    "frozen": load_frozen,
    "litert": load_litert,
    "onnx": load_onnx,
    "openvino": load_openvino,
    "openvino-bf16": load_openvino_bf16,
}


def median_latency_ms(predict: Callable, picture: np.ndarray) -> float:
    """The median time that one picture (1, R, R, 3) takes, in ms."""
    for _ in range(_WARM_UP):
        predict(picture)
    times: list[float] = []
    while len(times) < _TIMED_CALLS and sum(times) < _TIMED_SECONDS:
        begin = time.perf_counter()
        predict(picture)
        times.append(time.perf_counter() - begin)
    return float(np.median(times)) * 1e3


def main(runtime: str, file: str, scratch: Path, threads: int) -> None:
    """Runs the file on all that the folder holds.

    Raises:
        ImportError: modules of ours were imported for it.
    """
    sys.meta_path.insert(0, NoneOfOurs())
    loaded = LOADERS[runtime](file, threads)
    pictures = np.load(scratch / "pictures.npy")
    # One at a time, as a demo asks.
    answers = [loaded.predict(picture[None]) for picture in pictures]
    results: dict[str, Any] = {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
    results |= {"description": np.array(loaded.description), "runtime": np.array(loaded.runtime)}
    results["latency_ms"] = np.array(median_latency_ms(loaded.predict, pictures[:1]))
    jpegs = [path.read_bytes() for path in sorted(scratch.glob("*.jpg"))]
    if jpegs and loaded.from_jpegs:
        results |= {f"jpeg_{name}": value for name, value in loaded.from_jpegs(jpegs).items()}
    if ours := ours_imported():
        raise ImportError(f"modules of PanoPose were imported to run the file: {', '.join(ours)}")
    np.savez(scratch / "outputs.npz", **results)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
