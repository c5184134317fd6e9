"""Statistics of batch normalization, measured anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from models import named_layers


def measure_statistics(net: keras.Model, batches: Iterable[Any]) -> None:
    """Sets the statistics of a net's batch normalization to the means over batches.

    Where weights were averaged, or taken from a larger net, those that were learned belong to another net (Izmailov et
    al., "Averaging Weights Leads to Wider Optima", arXiv 1803.05407, section 3.2).

    Args:
        net: changed in place.
        batches: its inputs; without any, the statistics stay.
    """
    layers = [layer for _, layer in named_layers(net) if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for number, batch in enumerate(batches):
        for layer in layers:
            # The mean over the batches so far.
            layer.momentum = number / (number + 1)
        net(batch, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
