"""Finding and loading exported models."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from artefact.origin import renewal_notice
from demo.runtimes.exports import check_export, find_finder
from demo.runtimes.pose_model import load as load_net
from panopose.model import Model
from weights import shipped


def load(
    model: str | os.PathLike[str],
    *,
    finder: str | os.PathLike[str] = "auto",
    runtime: str | None = None,
    threads: int | None = None,
) -> Model:
    """Loads a model in the fastest runtime of this machine.

        model = panopose.load("fast")

    The first time, the installed runtimes are timed for some seconds, which is printed; the result is kept in the
    user's cache folder.

    Args:
        model: "fast" or "accurate", which come with PanoPose; a training run's folder that holds an export; an export
            folder; or one of its files, such as model.onnx.
        finder: a model that sees everybody in an image, for `model` to take a closer look at each person: as `model`,
            such as "crowd", which "auto" takes; or "squares", which are searched with `model` for at most four people.
        runtime: litert, litert-fp16, litert-int8, onnx, openvino, saved-model or another format of `python -m export`;
            None takes the fastest. TensorFlow is imported for saved-model and frozen alone.
        threads: number of threads; None takes the fastest number.

    Raises:
        ValueError: there is no such model, runtime or number of threads; the run has no export; the runtime needs a
            package that is not installed; or the model estimates something other than people's joints in images.
    """
    run = shipped(Path(model))
    path = check_export(Path(model)) if run is None else run / "export"
    if notice := renewal_notice(path):
        warnings.warn(notice, stacklevel=2)
    net = load_net(path, runtime=runtime, threads=threads)
    found = None if net.finds_everybody else find_finder(os.fspath(finder), None, net.skeleton.joints)
    if found is not None:
        net.finder = load_net(found, runtime=runtime, threads=threads)
    return Model(net, str(model))
