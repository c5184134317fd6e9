"""TensorFlow, for a SavedModel and for a frozen graph."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

_NEEDED = {"serving_default", "describe"}
# The answers of graphs whose description does not name them.
_OUTPUTS = ("joints_xy_px", "scores")


class Engine:
    """A SavedModel's folder with the signatures `serving_default` and `describe`, or a graph with a constant `pose`."""

    def __init__(self, file: str, threads: int | None) -> None:
        import tensorflow as tf

        if threads is not None and tf.config.threading.get_intra_op_parallelism_threads() != threads:
            # A process-wide setting, which TensorFlow refuses with a RuntimeError once it has computed anything.
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        self._tf = tf
        self.version = f"tensorflow {tf.__version__}"
        if Path(file).is_dir():
            self._load_saved_model(file)
        else:
            self._load_graph(file)

    def _load_saved_model(self, folder: str) -> None:
        # The object is kept: the signatures hold the variables by weak references only.
        self._loaded = self._tf.saved_model.load(folder)
        if missing := _NEEDED - set(self._loaded.signatures):
            raise ValueError(
                f"it lacks the signature {' and '.join(sorted(missing))}: it was not written by "
                "`python -m export`; export the trained model again"
            )
        self._serve = self._loaded.signatures["serving_default"]
        self.carried = self._loaded.signatures["describe"]()["json"].numpy().decode()

    def _load_graph(self, file: str) -> None:
        tf = self._tf
        graph = tf.compat.v1.GraphDef.FromString(Path(file).read_bytes())
        imported = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
        carried = [node for node in graph.node if node.name == "pose" and node.op == "Const"]
        self.carried = tf.make_ndarray(carried[0].attr["value"].tensor).item().decode() if carried else None
        outputs = json.loads(self.carried or "{}").get("outputs", _OUTPUTS)
        inputs = [node.name for node in graph.node if node.op == "Placeholder"]
        pruned = imported.prune([f"{name}:0" for name in inputs], {name: f"{name}:0" for name in outputs})
        self._serve = lambda **values: pruned(*(values[name] for name in inputs))

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the answers for a batch."""
        outputs = self._serve(**{name: self._tf.constant(value) for name, value in inputs.items()})
        return {name: value.numpy() for name, value in outputs.items()}

    def run_jpegs(self, jpegs: list[bytes]) -> dict[str, np.ndarray]:
        """Returns the answers for JPEGs, if it is a SavedModel whose only input is an image."""
        outputs = self._loaded.signatures["jpeg"](jpeg=self._tf.constant(jpegs))
        return {name: value.numpy() for name, value in outputs.items()}
