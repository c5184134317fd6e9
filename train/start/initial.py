"""Initial weights from another run."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import numpy as np

from artefact.formats import RUN_FILE
from models import HEAD_LAYERS, SCORES, OutputForm, form_of, inner_net, named_layers
from pose import Skeleton
from train.loop.run_folder import first_line, read_notes

# Prefix of the layers of an intermediate stage's head, and of those of a net inside.
_STAGE = re.compile(r".*/|stage\d+_out_")


def start_from(net: keras.Model, run: Path, skeleton: Skeleton, share: float = 1.0) -> str:
    """Copies the weights of a trained net into another: layers by name, and in the head joints by name.

    With a `share` below 1 the weights of both are averaged. If the other net was itself trained from `net`'s weights,
    that restores much of their accuracy on other images, at little cost on its own: Wortsman et al., "Robust
    fine-tuning of zero-shot models", arXiv 2109.01903.

    Args:
        net: changed in place.
        run: folder of the run that trained the other, with its best.keras and run.json.
        skeleton: of `net`. Output layers keep their weights for joints that the other net does not predict, and for all
            joints if its head has another form.
        share: weight of the other net in the average.

    Returns:
        A message that says which weights of the head were copied.

    Raises:
        ValueError: the folder holds no finished run, a file of it is damaged, or its net has another architecture.
    """
    trained, joints = _read_run(run)
    form, other = form_of(net), form_of(trained)
    theirs = {name: layer for name, layer in named_layers(trained) if layer.weights}

    def is_free(name: str) -> bool:
        return _STAGE.sub("", name).startswith(HEAD_LAYERS) and form != other

    if unknown := sorted(name for name in theirs.keys() - dict(named_layers(net)).keys() if not is_free(name)):
        raise ValueError(
            f"{run} was trained with another net, which has layers {', '.join(unknown[:3])} too; give the options it "
            "was trained with"
        )
    for name, layer in named_layers(net):
        own_name = _STAGE.sub("", name)
        of_joints = own_name in form.joint_layers
        if not layer.weights or ((of_joints or own_name in net.output) and form != other):
            continue
        ours, found = layer.get_weights(), theirs.get(name)
        values = merged = found.get_weights() if found else []
        if of_joints:
            names = (list(skeleton.joints), joints)
            merged = [_of_shared_joints(own_name, form, names, *pair) for pair in zip(ours, values, strict=False)]
        if [np.shape(weight) for weight in ours] == [np.shape(weight) for weight in merged]:
            layer.set_weights([(1 - share) * own + share * value for own, value in zip(ours, merged, strict=True)])
        elif not is_free(name):
            raise ValueError(
                f"{run} was trained with another net: its layer {name} has weights "
                f"{[np.shape(weight) for weight in values] or None}, ours {[np.shape(weight) for weight in ours]}; "
                "give the options it was trained with"
            )
    return _what_came(run, form, other, skeleton, joints)


def _read_run(run: Path) -> tuple[keras.Model, list[str]]:
    """Returns the net that a run trained and the names of its joints."""
    path = run / "best.keras"
    if not (path.is_file() and (run / RUN_FILE).is_file()):
        raise ValueError(f"initial must be a run folder with best.keras and run.json, got {run}")
    joints = list(read_notes(run)["skeleton"]["joints"])
    try:
        return inner_net(keras.models.load_model(path)), joints
    except Exception as error:  # Keras, zipfile and h5py raise many kinds for a file that is damaged.
        raise ValueError(f"{path} cannot be loaded ({first_line(error)}); copy it again, or train it again") from error


def _of_shared_joints(
    layer: str, form: OutputForm, joints: tuple[list[str], list[str]], own: np.ndarray, their: np.ndarray
) -> np.ndarray | None:
    """Returns our weights with theirs for the joints that both have; None if the shapes do not fit."""
    if own.ndim != their.ndim:
        return None
    places: list[tuple[list[int], list[int]]] = []
    for axis in range(own.ndim):
        of_joints = (form.joint_layers[layer],) if axis == own.ndim - 1 else form.evidence if layer == SCORES else ()
        names = _names(own.shape[axis], of_joints, joints[0])
        other = _names(their.shape[axis], of_joints, joints[1])
        if len(other) != their.shape[axis] or any(not joint for joint, *_ in names.keys() ^ other.keys()):
            return None
        shared = names.keys() & other.keys()
        places.append(([names[name] for name in shared], [other[name] for name in shared]))
    merged = own.copy()
    merged[np.ix_(*(place[0] for place in places))] = their[np.ix_(*(place[1] for place in places))]
    return merged


def _names(size: int, widths: tuple[int, ...], joints: list[str]) -> dict[tuple[str, int, int], int]:
    """Maps the entries of an axis, as (joint, group, channel), to positions: first those of no joint."""
    own = [(name, group, i) for group, width in enumerate(widths) for name in joints for i in range(width)]
    everything = [("", 0, i) for i in range(size - len(own))] + own
    return {name: place for place, name in enumerate(everything)}


def _what_came(run: Path, form: OutputForm, other: OutputForm, skeleton: Skeleton, joints: list[str]) -> str:
    if form != other:
        return f"{run} has the head {other.name}, so the head {form.name} starts untrained"
    fresh = [name for name in skeleton.joints if name not in joints]
    came = f"{skeleton.num_joints - len(fresh)} of {skeleton.num_joints}"
    theirs = [name for name in joints if name not in skeleton.joints]
    rest = f"; fresh: {', '.join(fresh)}" if fresh else ""
    if len(fresh) > skeleton.num_joints / 2 and theirs:
        # Perhaps the names are of another language.
        rest += f" (it knows {', '.join(theirs)}; records of the same joints under these names would start from them)"
    return f"{came} joints' weights were taken over by name from {run}{rest}"
