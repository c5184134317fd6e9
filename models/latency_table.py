"""Latencies of nets of blocks, predicted from those of their parts (ProxylessNAS, arXiv 1812.00332, section 3.3)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from models.search_space import Choice, Space, space_of
from models.searched import Block, Plan

#: What is before the blocks that are chosen, and behind them.
FRONT, BACK = "front", "back"


def way_of(runtime: str, threads: int) -> str:
    """The name of a runtime with a number of threads: "litert, 1 thread"."""
    return f"{runtime}, {threads} thread{'s' if threads > 1 else ''}"


class BlockPart(NamedTuple):
    """A block by itself: its features are `size` px high and wide, of `filters_in` channels."""

    block: Block
    filters_in: int
    filters: int
    strides: int
    size: int

    def __str__(self) -> str:
        kernel, expansion = self.block
        return (
            f"{kernel}x{kernel}, {expansion} times {self.filters_in} to {self.filters}, /{self.strides}, {self.size} px"
        )


class Narrower(NamedTuple):
    """What the back saves where a stage, counted from 1, has fewer channels than it may; in the table below 0."""

    stage: int
    filters: int

    def __str__(self) -> str:
        return f"{BACK}, stage {self.stage} of {self.filters}"


class Correction(NamedTuple):
    """A whole net's ms: `offset_ms + factor * (sum of its parts) + block_ms * (number of its blocks)`."""

    offset_ms: float = 0.0
    factor: float = 1.0
    block_ms: float = 0.0


@dataclass(frozen=True)
class LatencyTable:
    """Milliseconds of the parts of nets, and with a correction of whole nets, on one processor.

    Attributes:
        processor: its name.
        versions: of the runtimes' packages.
        space: the nets that can be predicted.
        input_size: side of their images in px.
        num_joints: their joints.
        head: the name of their output form.
        neck: the name of their neck.
        ms: by runtime and threads, such as "litert, 1 thread", the ms of each part by its name.
        corrections: by the same.
    """

    processor: str
    versions: Mapping[str, str]
    space: Space
    input_size: int
    num_joints: int
    head: str
    neck: str
    ms: Mapping[str, Mapping[str, float]]
    corrections: Mapping[str, Correction]

    def predict(self, plan: Plan, way: str) -> float:
        """The ms of a whole net.

        Raises:
            ValueError: If the table lacks a part of it.
        """
        total, blocks = self.sum_of_parts(plan, way)
        offset, factor, each = self.corrections.get(way, Correction())
        return offset + factor * total + each * blocks

    def sum_of_parts(self, plan: Plan, way: str) -> tuple[float, int]:
        """The sum of the ms of a net's parts, and the number of its blocks that are chosen."""
        parts = list(map(str, parts_of(plan, self.space, self.input_size)))
        if lacking := [part for part in parts if part not in self.ms[way]]:
            raise ValueError(
                f"the table of latencies lacks the part {lacking[0]!r}; measure one with this net's blocks"
            )
        return sum(self.ms[way][part] for part in parts), sum(part[0].isdigit() for part in parts)

    def costs(self, way: str) -> "Costs":
        """The ms of all choices as arrays."""
        offset, factor, each = self.corrections.get(way, Correction())
        known, space, size = self.ms[way], self.space, -(-self.input_size // 2)
        filters_in: tuple[int, ...] = (_first_filters(space),)
        blocks, behind = [], []
        for stage, units in enumerate(space.units):
            own, strides = space.filters(stage), _strides(space, stage)
            of_stage = []
            for unit in range(units):
                # All but the first take as many channels as they give.
                before = filters_in if unit == 0 else own
                ms = np.zeros((len(space.operations(unit)), len(before), len(own)))
                for operation, block in enumerate(space.operations(unit)):
                    for place in np.ndindex(*ms.shape[1:]):
                        if block is None or (unit and place[0] != place[1]):
                            continue
                        part = BlockPart(block, before[place[0]], own[place[1]], strides if unit == 0 else 1, size)
                        ms[(operation, *place)] = factor * known[str(part)] + each
                of_stage.append(ms)
                size = -(-size // strides) if unit == 0 else size
            blocks.append(of_stage)
            behind.append(factor * np.array([known.get(str(Narrower(stage + 2, number)), 0.0) for number in own]))
            filters_in = own
        return Costs(offset + factor * (known[FRONT] + known[BACK]), blocks, behind)

    def write(self, path: Path) -> None:
        """Writes the table as JSON."""
        values = asdict(self) | {"space": self.space._asdict()}
        values["corrections"] = {way: one._asdict() for way, one in self.corrections.items()}
        path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


class Costs(NamedTuple):
    """Milliseconds of choices.

    Attributes:
        constant: Of what all nets have.
        blocks: For each stage and block (operations, widths before, widths of the stage); blocks that are not a stage's
            first have the stage's width on both sides.
        behind: For each stage (widths,), what is added behind the blocks.
    """

    constant: float
    blocks: list[list[np.ndarray]]
    behind: list[np.ndarray]

    def of(self, choice: Choice) -> float:
        """The ms of a net."""
        total, before = self.constant, 0
        for stage, (width, places) in enumerate(zip(choice.widths, choice.operations, strict=True)):
            total += float(self.behind[stage][width])
            for unit, place in enumerate(places):
                total += float(self.blocks[stage][unit][place, before if unit == 0 else width, width])
            before = width
        return total


def read_latency_table(path: Path) -> LatencyTable:
    """Reads what `LatencyTable.write` wrote.

    Raises:
        ValueError: If it is damaged.
        OSError: If it cannot be read.
    """
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        corrections = {way: Correction(**one) for way, one in values["corrections"].items()}
        return LatencyTable(**values | {"space": space_of(values["space"]), "corrections": corrections})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{path} is no table of latencies ({error}); measure one with `python -m export.latency`"
        ) from error


def parts_of(plan: Plan, space: Space, input_size: int) -> Iterator[Any]:
    """The parts of a net of a space, whose names the table has."""
    yield FRONT
    size, filters_in = -(-input_size // 2), plan.stages[0].filters
    for stage in plan.stages[1:]:
        for unit, block in enumerate(stage.blocks):
            strides = stage.strides if unit == 0 else 1
            if block is not None:
                yield BlockPart(block, filters_in, stage.filters, strides, size)
            size, filters_in = -(-size // strides), stage.filters
    yield BACK
    yield from (one for one in narrower_of(plan, space))


def narrower_of(plan: Plan, space: Space) -> Iterator[Narrower]:
    """Where the back of a net sees fewer channels than it may."""
    for number in (*plan.taps, len(plan.stages)):
        filters = plan.stages[number - 1].filters
        if filters != space.filters(number - 2)[-1]:
            yield Narrower(number, filters)


def all_parts(space: Space, input_size: int) -> list[Any]:
    """The parts of all nets of a space, each once."""
    found: dict[str, Any] = {}
    first = Choice((0,) * len(space.units), tuple((0,) * units for units in space.units))
    for before in range(len(space.widths)):
        for width in range(len(space.widths)):
            # Any two widths of neighboring stages appear, whichever of the two is even.
            for parity in range(2):
                widths = tuple(
                    min((before, width)[(stage + parity) % 2], len(space.filters(stage)) - 1)
                    for stage in range(len(space.units))
                )
                for place in range(len(space.operations(0))):
                    places = tuple((place,) * units for units in space.units)
                    plan = space.plan(first._replace(widths=widths, operations=places))
                    found |= {str(part): part for part in parts_of(plan, space, input_size)}
    return list(found.values())


def _first_filters(space: Space) -> int:
    return _some_plan(space).stages[0].filters


def _strides(space: Space, stage: int) -> int:
    return _some_plan(space).stages[stage + 1].strides


def _some_plan(space: Space) -> Plan:
    return space.plan(Choice((0,) * len(space.units), tuple((0,) * units for units in space.units)))
