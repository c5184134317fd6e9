"""TensorFlow, for a SavedModel and for a frozen graph."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np

from machine.quiet import import_tensorflow


def _tensorflow(threads: int | None) -> ModuleType:
    import_tensorflow(with_keras=False)
    import tensorflow as tf

    if threads is not None and tf.config.threading.get_intra_op_parallelism_threads() != threads:
        # A process-wide setting, which TensorFlow refuses with a RuntimeError once it has computed anything.
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


class SavedModelEngine:
    """A SavedModel with the signatures `serving_default` and `describe`; see `Engine`."""

    def __init__(self, path: Path, threads: int | None) -> None:
        """Loads the folder."""
        self._tf = _tensorflow(threads)
        # The object is kept: the signatures hold the variables by weak references only.
        self._loaded = self._tf.saved_model.load(str(path))
        missing = {"serving_default", "describe"} - set(self._loaded.signatures)
        if missing:
            raise ValueError(
                f"it lacks the signature {' and '.join(sorted(missing))}: it was not written by "
                "`python -m export`; export the trained model again"
            )
        self._serve = self._loaded.signatures["serving_default"]

    def run(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates one person in each picture; see `Engine.run`."""
        outputs = self._serve(pictures=self._tf.constant(pictures))
        return outputs["joints_xy_px"].numpy(), outputs["scores"].numpy()

    def carried(self) -> str | None:
        """Returns the model's own description; see `Engine.carried`."""
        return self._loaded.signatures["describe"]()["json"].numpy().decode()


class FrozenEngine:
    """A frozen graph from `pictures` to `joints_xy_px` and `scores`, with a string constant `pose`; see `Engine`."""

    def __init__(self, path: Path, threads: int | None) -> None:
        """Imports the graph."""
        self._tf = tf = _tensorflow(threads)
        graph = tf.compat.v1.GraphDef.FromString(path.read_bytes())
        imported = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
        nodes = [imported.graph.as_graph_element(f"{name}:0") for name in ("pictures", "joints_xy_px", "scores")]
        self._serve = imported.prune(nodes[0], nodes[1:])
        carried = [node for node in graph.node if node.name == "pose" and node.op == "Const"]
        self._carried = tf.make_ndarray(carried[0].attr["value"].tensor).item().decode() if carried else None

    def run(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates one person in each picture; see `Engine.run`."""
        joints, scores = self._serve(self._tf.constant(pictures))
        return joints.numpy(), scores.numpy()

    def carried(self) -> str | None:
        """Returns the constant; see `Engine.carried`."""
        return self._carried
