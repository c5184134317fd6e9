"""Initial weights from another run."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from artefact.formats import RUN_FILE
from models import SCORES, OutputForm, form_of, inner_net, is_of_head, named_layers, own_name
from pose import Skeleton
from pose.grouping.limb_fields import limbs_of
from train.loop.run_folder import first_line, read_notes


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
    trained, other_skeleton = _read_run(run)
    form, other = form_of(net), form_of(trained)
    theirs = {name: layer for name, layer in named_layers(trained) if layer.weights}

    def is_free(name: str) -> bool:
        return is_of_head(name) and form != other

    if unknown := sorted(name for name in theirs.keys() - dict(named_layers(net)).keys() if not is_free(name)):
        raise ValueError(
            f"{run} was trained with another net, which has layers {', '.join(unknown[:3])} too; give the options it "
            "was trained with"
        )
    for full_name, layer in named_layers(net):
        name = own_name(full_name)
        width = (form.joint_layers | form.limb_layers).get(name)
        if not layer.weights or ((width or name in net.output) and form != other):
            continue
        ours, found = layer.get_weights(), theirs.get(full_name)
        values = merged = found.get_weights() if found else []
        if width:
            list_names = limb_names if name in form.limb_layers else joint_names
            names = (list_names(skeleton), list_names(other_skeleton))
            inputs = form.evidence if name == SCORES else ()
            merged = [_of_shared(width, inputs, names, *pair) for pair in zip(ours, values, strict=False)]
        if [np.shape(weight) for weight in ours] == [np.shape(weight) for weight in merged]:
            layer.set_weights([(1 - share) * own + share * value for own, value in zip(ours, merged, strict=True)])
        elif not is_free(full_name):
            raise ValueError(
                f"{run} was trained with another net: its layer {full_name} has weights "
                f"{[np.shape(weight) for weight in values] or None}, ours {[np.shape(weight) for weight in ours]}; "
                "give the options it was trained with"
            )
    return _what_came(run, form, other, skeleton, joint_names(other_skeleton))


def _read_run(run: Path) -> tuple[keras.Model, Skeleton]:
    """Returns the net that a run trained and the skeleton of its joints."""
    path = run / "best.keras"
    if not (path.is_file() and (run / RUN_FILE).is_file()):
        raise ValueError(f"initial must be a run folder with best.keras and run.json, got {run}")
    skeleton = Skeleton.from_description(read_notes(run)["skeleton"])
    try:
        return inner_net(keras.models.load_model(path)), skeleton
    except Exception as error:  # Keras, zipfile and h5py raise many kinds for a file that is damaged.
        raise ValueError(f"{path} cannot be loaded ({first_line(error)}); copy it again, or train it again") from error


def joint_names(skeleton: Skeleton) -> list[str]:
    """The names of a skeleton's joints."""
    return list(skeleton.joints)


def limb_names(skeleton: Skeleton) -> list[str]:
    """Names of the limbs that have fields, by their two joints, in order."""
    return [" to ".join(skeleton.joints[joint] for joint in pair) for pair in limbs_of(skeleton).pairs]


def _of_shared(
    width: int, inputs: tuple[int, ...], names: tuple[list[str], list[str]], own: np.ndarray, their: np.ndarray
) -> np.ndarray | None:
    """Returns our weights with theirs for the joints or limbs that both have; None if the shapes do not fit.

    Args:
        width: channels of each in the last axis.
        inputs: numbers of values of each in the other axes.
        names: ours and theirs.
        own: our weights.
        their: their weights.
    """
    if own.ndim != their.ndim:
        return None
    places: list[tuple[list[int], list[int]]] = []
    for axis in range(own.ndim):
        widths = (width,) if axis == own.ndim - 1 else inputs
        ours, others = (
            _places(size, widths, own_names)
            for size, own_names in zip((own.shape[axis], their.shape[axis]), names, strict=True)
        )
        if len(others) != their.shape[axis] or any(not name for name, *_ in ours.keys() ^ others.keys()):
            return None
        shared = ours.keys() & others.keys()
        places.append(([ours[name] for name in shared], [others[name] for name in shared]))
    merged = own.copy()
    merged[np.ix_(*(place[0] for place in places))] = their[np.ix_(*(place[1] for place in places))]
    return merged


def _places(size: int, widths: tuple[int, ...], names: list[str]) -> dict[tuple[str, int, int], int]:
    """Maps the entries of an axis, as (name, group, channel), to positions: first those of no name."""
    own = [(name, group, i) for group, width in enumerate(widths) for name in names for i in range(width)]
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
