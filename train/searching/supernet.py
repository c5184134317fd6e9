"""The over-parameterized net: every block is there in each of its forms, and a step computes one of them.

Cai, Zhu and Han, "ProxylessNAS", arXiv 1812.00332, section 3.1 and 3.2: of the parallel paths only those are run that
were drawn, so that a step needs the memory of one net. Each form of a block is a graph of its own, called one after the
other outside of any larger graph, so that what is not drawn costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from models import FusedBatchNormalization, build_searched
from models.blocks import Head, Neck
from models.mobilenet_v2 import inverted_bottleneck, last_convolution
from models.search_space import Choice, Space
from models.searched import block_name
from train.start.blocks import carry_blocks

#: The options of a decision that are computed, with the gates that they are multiplied by.
Gated = Sequence[tuple[int, Any]]


class Supernet(keras.Model):
    """All nets of a space; a narrower stage has zeros in its last channels.

    Attributes:
        space: the space.
        front: images to the first stage's features.
        forms: of all blocks in all forms but the skip, features and a gate of the channels inside to features.
        back: the features that the neck takes, and the last ones, to the outputs.
        state: what is kept of the architecture beside the weights.
    """

    def __init__(
        self, space: Space, num_joints: int, *, input_size: int, neck: Neck, head: Head, num_state: int
    ) -> None:
        """Builds all forms with random weights.

        Args:
            space: the space.
            num_joints: number of joints.
            input_size: side of the images in px.
            neck: as for `models.build_searched`.
            head: as for `models.build_searched`.
            num_state: how many numbers `state` has.
        """
        super().__init__(name="supernet")
        self.space = space
        self._plan = space.plan(_first(space, -1))
        options: dict[str, Any] = {"normalization": FusedBatchNormalization}
        widest = build_searched(self._plan, num_joints, input_size=input_size, neck=neck, head=head, **options)
        self.front = keras.Model(widest.input, widest.get_layer(f"{block_name(1, 1)}_out").output, name="front")
        self.forms: list[keras.Model] = []
        # By stage, block and operation, the place in `forms`.
        self._places: dict[tuple[int, int, int], int] = {}
        shape = self.front.output.shape[1:]
        ends = {}
        for stage, units in enumerate(space.units):
            row = self._plan.stages[stage + 1]
            for unit in range(units):
                x = keras.Input(shape)
                for operation, block in enumerate(space.operations(unit)):
                    if block is None:
                        continue
                    gate = keras.Input(batch_shape=(1, 1, 1, shape[-1] * block.expansion))
                    out = inverted_bottleneck(
                        x,
                        row.filters,
                        expansion=block.expansion,
                        kernel_size=block.kernel_size,
                        strides=row.strides if unit == 0 else 1,
                        gate=gate,
                        residual=unit > 0,
                        name=block_name(stage + 2, unit + 1),
                        **options,
                    )
                    self._places[stage, unit, operation] = len(self.forms)
                    self.forms.append(keras.Model([x, gate], out, name=f"form{len(self.forms)}"))
                shape = out.shape[1:]
            ends[stage + 2] = shape
        inputs = [keras.Input(ends[number]) for number in (*self._plan.taps, len(self._plan.stages))]
        last = last_convolution(inputs[-1], self._plan.last_filters, **options)
        outputs = head(neck([*inputs[:-1], last], prefix="", **options), num_joints, prefix="", **options)
        self.back = keras.Model(inputs, outputs, name="back")
        self.state = self.add_weight(shape=(num_state,), trainable=False, name="architecture")
        self._graphs = [tf.function(one) for one in (self.front, *self.forms, self.back)]

    @property
    def input(self) -> Any:
        """The images."""
        return self.front.input

    @property
    def output(self) -> Any:
        """The outputs by name."""
        return self.back.output

    def call(self, inputs: Any, training: bool = False) -> dict[str, Any]:
        """The outputs of the widest net of the first operations."""
        choice = _first(self.space, -1)
        return self.run(inputs, *gated(choice), training=training)

    def run(
        self, pictures: Any, widths: Sequence[Gated], operations: Sequence[Sequence[Gated]], *, training: bool
    ) -> dict[str, Any]:
        """Computes the paths that are given, and no others.

        Args:
            pictures: (B, S, S, 3).
            widths: of each stage, its width's place and gate; several are summed.
            operations: of each block, stage by stage, its operation's place and gate; of several the first alone passes
                gradients to its weights and to what is before it, as the others' gates are 0.
            training: whether batch normalization takes the batch's statistics.
        """
        x = self._graphs[0](pictures, training=training)
        before, filters_before = [(0, 1.0)], (x.shape[-1],)
        ends = {}
        for stage, own in enumerate(widths):
            filters = self.space.filters(stage)
            outside = _channels(own, filters, 1)
            for unit, paths in enumerate(operations[stage]):
                sources = (before, filters_before) if unit == 0 else (own, filters)
                x = outside * self._block(stage, unit, x, paths, sources, training)
            ends[stage + 2] = x
            before, filters_before = own, filters
        inputs = [ends[number] for number in (*self._plan.taps, len(self._plan.stages))]
        return self._graphs[-1](inputs, training=training)

    def _block(self, stage: int, unit: int, x: Any, paths: Gated, sources: tuple, training: bool) -> Any:
        total = None
        for order, (operation, gate) in enumerate(paths):
            block = self.space.operations(unit)[operation]
            out = x
            if block is not None:
                graph = self._graphs[1 + self._places[stage, unit, operation]]
                out = graph([x, _channels(*sources, block.expansion)], training=training)
            if len(paths) > 1:
                out = gate * (out if order == 0 else tf.stop_gradient(out))
            total = out if total is None else total + out
        return total

    def weights_of(self, choice: Choice) -> list[keras.Variable]:
        """The trainable weights that a net's step changes."""
        found = [*self.front.trainable_variables, *self.back.trainable_variables]
        for form in self._forms_of(choice):
            found += form.trainable_variables
        return found

    def carry_from(self, source: keras.Model, prefixes: tuple[str, ...]) -> None:
        """Starts every form with what fits of a net with the layers of `models.build_searched`."""
        for part in (self.front, *self.forms, self.back):
            carry_blocks(source, part, prefixes)

    def carry_to(self, net: keras.Model, choice: Choice) -> None:
        """Copies the weights of a net of the space into it, as built by `models.build_searched`."""
        for part in (self.front, *self._forms_of(choice), self.back):
            carry_blocks(part, net, ranked=False)

    def _forms_of(self, choice: Choice) -> list[keras.Model]:
        places = [
            (stage, unit, operation)
            for stage, operations in enumerate(choice.operations)
            for unit, operation in enumerate(operations)
        ]
        return [self.forms[self._places[place]] for place in places if place in self._places]


def gated(choice: Choice) -> tuple[list[Gated], list[list[Gated]]]:
    """A net as the paths of `Supernet.run`."""
    return [[(place, 1.0)] for place in choice.widths], [[[(one, 1.0)] for one in row] for row in choice.operations]


def _channels(gates: Gated, filters: Sequence[int], times: int) -> Any:
    """The sum of the gates times 1 for the channels that a width has and 0 for the rest, (1, 1, 1, C)."""
    total = 0.0
    for place, gate in gates:
        own = (np.arange(times * filters[-1]) < times * filters[place]).astype("float32")
        total = total + gate * own
    return tf.reshape(tf.convert_to_tensor(total, tf.float32), (1, 1, 1, -1))


def _first(space: Space, width: int) -> Choice:
    """The net of the first operations, in which every stage has this width; -1 for the widest."""
    widths = tuple(range(len(space.filters(stage)))[width] for stage in range(len(space.units)))
    return Choice(widths, tuple((0,) * units for units in space.units))
