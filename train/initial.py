"""Starts a net from the weights of another run."""

from __future__ import annotations

import json
from pathlib import Path

import keras

from models import HEAD_LAYERS, form_of
from pose import Skeleton


def start_from(net: keras.Model, run: Path, skeleton: Skeleton, share: float = 1.0) -> None:
    """Copies the weights of a trained net into another, layer by layer and by name.

    With a `share` below 1 the net becomes the mean of both. Where the other was itself trained from `net`'s weights,
    that gives back much of what those knew of other pictures, for little of what it has learnt: Wortsman et al.,
    "Robust fine-tuning of zero-shot models", arXiv 2109.01903.

    Args:
        net: changed in place.
        run: folder of the run that trained the other, with its best.keras and run.json.
        skeleton: what `net` predicts. Where the other predicts other joints, or has a head of another form, what makes
            the outputs stays fresh.
        share: of the other's weights in the mean with those that `net` has.

    Raises:
        ValueError: the folder holds no finished run, or its net is of another kind.
    """
    if not ((run / "best.keras").is_file() and (run / "run.json").is_file()):
        raise ValueError(f"initial must be a run folder with best.keras and run.json, got {run}")
    model = keras.models.load_model(run / "best.keras")
    trained = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    same_form = form_of(trained) == form_of(net)
    same_joints = json.loads((run / "run.json").read_text())["skeleton"]["joints"] == list(skeleton.joints)
    theirs = {layer.name: layer for layer in trained.layers if layer.weights}

    def is_free(name: str) -> bool:
        return name.startswith(HEAD_LAYERS) and not same_form

    if unknown := sorted(name for name in theirs.keys() - {layer.name for layer in net.layers} if not is_free(name)):
        raise ValueError(
            f"{run} was trained with another net, which has layers {', '.join(unknown[:3])} too; give the options it "
            "was trained with"
        )
    for layer in net.layers:
        makes_output = layer.name.startswith(tuple(net.output))
        if not layer.weights or (makes_output and not (same_joints and same_form)):
            continue
        shapes = [tuple(weight.shape) for weight in layer.weights]
        found = theirs.get(layer.name)
        other = [tuple(weight.shape) for weight in found.weights] if found else None
        if other == shapes:
            pairs = zip(layer.get_weights(), found.get_weights(), strict=True)
            layer.set_weights([(1 - share) * ours + share * trained for ours, trained in pairs])
        elif not is_free(layer.name):
            raise ValueError(
                f"{run} was trained with another net: its layer {layer.name} has weights {other}, ours {shapes}; "
                "give the options it was trained with"
            )
