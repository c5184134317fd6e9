"""The nets that a search chooses among: kernels, expansions and skips of each block, and widths of each stage."""

import itertools
from typing import Any, NamedTuple

import numpy as np

from models.mobilenet_v2 import STAGES, scaled_filters
from models.searched import Block, BlockStage, Plan

# Stem and first stage are MobileNetV2's in every net.
_FIRST = BlockStage(STAGES[0].filters, STAGES[0].strides, (Block(STAGES[0].kernel_size, STAGES[0].expansion),))
_ROWS = STAGES[1:]
_UNITS = tuple(row.units for row in _ROWS)


class Choice(NamedTuple):
    """A net of the space: of each stage the place of its width, and the places of its blocks' operations."""

    widths: tuple[int, ...]
    operations: tuple[tuple[int, ...], ...]


class Space(NamedTuple):
    """What is chosen among, in the stages of MobileNetV2 after its first, with MoveNet's taps.

    Attributes:
        kernels: Sides of the depthwise kernels.
        expansions: Channels inside a block as multiples of those before it.
        widths: Multipliers of a stage's channels.
        units: Blocks of each stage; all but a stage's first may be skipped.
    """

    kernels: tuple[int, ...] = (3, 5, 7)
    expansions: tuple[int, ...] = (3, 6)
    widths: tuple[float, ...] = (0.5, 0.75, 1.0)
    units: tuple[int, ...] = _UNITS

    def filters(self, stage: int) -> tuple[int, ...]:
        """Numbers of channels of a stage, counted from 0, in ascending order."""
        return tuple(sorted({scaled_filters(_ROWS[stage].filters, width) for width in self.widths}))

    def operations(self, unit: int) -> tuple[Block | None, ...]:
        """What a stage's block may be, counted from 0; None skips it."""
        blocks = tuple(itertools.starmap(Block, itertools.product(self.kernels, self.expansions)))
        return blocks if unit == 0 else (*blocks, None)

    def plan(self, choice: Choice) -> Plan:
        """The net of a choice."""
        stages = [
            BlockStage(
                self.filters(stage)[width],
                _ROWS[stage].strides,
                tuple(self.operations(unit)[place] for unit, place in enumerate(places)),
            )
            for stage, (width, places) in enumerate(zip(choice.widths, choice.operations, strict=True))
        ]
        return Plan((_FIRST, *stages))

    def random(self, rng: np.random.Generator) -> Choice:
        """A net drawn uniformly."""
        return Choice(
            tuple(int(rng.integers(len(self.filters(stage)))) for stage in range(len(self.units))),
            tuple(
                tuple(int(rng.integers(len(self.operations(unit)))) for unit in range(units)) for units in self.units
            ),
        )


def space_of(described: dict[str, Any]) -> Space:
    """The space of JSON values, or of options.

    Raises:
        ValueError: If nothing is left to choose, or a number cannot be.
    """
    space = Space(**{name: tuple(values) for name, values in described.items()})
    if not all(space) or len(space.units) != len(_ROWS) or min(space.units) < 1:
        raise ValueError(
            f"a space needs kernels, expansions, widths and {len(_ROWS)} numbers of units of 1 or more, got {space}"
        )
    if any(kernel % 2 == 0 or kernel < 1 for kernel in space.kernels) or min(space.expansions) < 1:
        raise ValueError(f"kernels must be odd and expansions 1 or more, got {space.kernels} and {space.expansions}")
    if not min(space.widths) > 0:
        raise ValueError(f"widths must be above 0, got {space.widths}")
    return space
