"""Initial weights of nets of blocks, from a net with other kernels, expansions, widths or numbers of blocks."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import keras
import numpy as np

from models import build_movenet, movenet_head
from pose import Skeleton
from train.start.movenet_weights import start_from_movenet

_INSIDE = re.compile(r"(.*_unit\d+)_(expand_conv|expand_bn|depthwise_conv|depthwise_bn|project_conv)")


def movenet_with_weights(package: Path, pictures: list[np.ndarray], skeleton: Skeleton) -> keras.Model:
    """MoveNet Lightning with Google's weights, whose layers `carry_blocks` copies.

    Args:
        package: as for `start_from_movenet`.
        pictures: as for `start_from_movenet`.
        skeleton: of the net that starts from it.

    Raises:
        ValueError: as `start_from_movenet`.
    """
    movenet = build_movenet(1.0, skeleton.num_joints, input_size=pictures[0].shape[1], head=movenet_head)
    start_from_movenet(movenet, 1.0, package, pictures, skeleton)
    return movenet


def carry_blocks(
    source: keras.Model, net: keras.Model, prefixes: tuple[str, ...] = ("",), *, ranked: bool = True
) -> None:
    """Copies a net's weights into the layers of the same names of another, whose shapes may differ.

    A depthwise kernel becomes the middle of a larger one, so that a block computes what it did. Of too many channels
    between blocks the first ones stay. Where the net has more, it keeps its own weights.

    Args:
        source: not changed.
        net: changed in place.
        prefixes: only layers whose names begin with one of these are copied.
        ranked: put the channels inside a block in the order of their importance, the sum of the absolute weights that
            read them (as in Once-for-All, arXiv 1908.09791), so that the most important ones stay of too many.
    """
    theirs = {layer.name: layer.get_weights() for layer in source.layers if layer.weights}
    for layer in net.layers:
        if layer.weights and layer.name in theirs and layer.name.startswith(prefixes):
            chosen = _chosen_inside(net, theirs, layer.name) if ranked else None
            weights = zip(layer.get_weights(), theirs[layer.name], strict=True)
            layer.set_weights([_fitted(*pair, _axes(layer.name, pair[1].ndim, chosen)) for pair in weights])


def _chosen_inside(net: keras.Model, theirs: dict[str, list[np.ndarray]], name: str) -> np.ndarray | None:
    """Which of the source's channels inside the block of a layer the net has, in order; None outside of blocks."""
    found = _INSIDE.fullmatch(name)
    # Without an expansion the channels inside are those before the block, whose order stays.
    if found is None or not {f"{found[1]}_expand_conv"} <= {one.name for one in net.layers} & theirs.keys():
        return None
    ours = net.get_layer(f"{found[1]}_project_conv").kernel.shape
    (kernel,) = theirs[f"{found[1]}_project_conv"]
    # Of equally important ones the first.
    return np.argsort(-np.abs(kernel[0, 0, :, : ours[3]]).sum(axis=1), kind="stable")[: ours[2]]


def _axes(name: str, dimensions: int, chosen: np.ndarray | None) -> dict[int, np.ndarray]:
    """The chosen channels of each axis that has those inside a block."""
    if chosen is None:
        return {}
    if dimensions == 1 or name.endswith("expand_conv"):
        return {dimensions - 1: chosen}
    return {2: chosen}


def _fitted(own: np.ndarray, their: np.ndarray, axes: dict[int, np.ndarray]) -> np.ndarray:
    """Our weights, where theirs have a place replaced by these."""
    for axis, chosen in axes.items():
        their = np.take(their, chosen, axis=axis)
    fitted = own.copy()
    if own.ndim == 4 and own.shape[0] > their.shape[0]:
        # What a larger kernel sees more of begins without weight.
        fitted[:, :, : their.shape[2], : their.shape[3]] = 0.0
    middle = partial(_middles, own.shape, their.shape)
    fitted[middle(0)] = their[middle(1)]
    return fitted


def _middles(own: tuple[int, ...], their: tuple[int, ...], which: int) -> tuple[slice, ...]:
    """Where two arrays overlap, in one of them: the first channels, and the middles of kernels."""
    places = []
    for axis, sizes in enumerate(zip(own, their, strict=True)):
        both = min(sizes)
        begin = (sizes[which] - both) // 2 if len(own) == 4 and axis < 2 else 0
        places.append(slice(begin, begin + both))
    return tuple(places)
