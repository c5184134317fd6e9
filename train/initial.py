"""Starts a net from the weights of another run."""

from __future__ import annotations

import json
from pathlib import Path

import keras

from pose import Skeleton


def start_from(net: keras.Model, run: Path, skeleton: Skeleton) -> None:
    """Copies the weights of a trained net into a fresh one, layer by layer and by name.

    Args:
        net: the fresh net, changed in place.
        run: folder of the run that trained the other, with its best.keras and run.json.
        skeleton: what `net` predicts; where the other predicts other joints, the head stays fresh.

    Raises:
        ValueError: the folder holds no finished run, or its net is of another kind.
    """
    if not ((run / "best.keras").is_file() and (run / "run.json").is_file()):
        raise ValueError(f"initial must be a run folder with best.keras and run.json, got {run}")
    same_joints = json.loads((run / "run.json").read_text())["skeleton"]["joints"] == list(skeleton.joints)
    trained = {layer.name: layer for layer in keras.models.load_model(run / "best.keras")._flatten_layers()}
    layers = {name for name, layer in trained.items() if layer.weights and not isinstance(layer, keras.Model)}
    if unknown := sorted(layers - {layer.name for layer in net.layers}):
        raise ValueError(
            f"{run} was trained with another net, which has layers {', '.join(unknown[:3])} too; give the options it "
            "was trained with"
        )
    for layer in net.layers:
        # A head's layers are named after the outputs they make.
        in_head = layer.name.startswith(tuple(net.output))
        if not layer.weights or (in_head and not same_joints):
            continue
        shapes = [tuple(weight.shape) for weight in layer.weights]
        found = trained.get(layer.name)
        theirs = [tuple(weight.shape) for weight in found.weights] if found else None
        if theirs != shapes:
            raise ValueError(
                f"{run} was trained with another net: its layer {layer.name} has weights {theirs}, ours {shapes}; "
                "give the options it was trained with"
            )
        layer.set_weights(found.get_weights())
