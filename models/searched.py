"""Nets of inverted bottlenecks that are listed one by one, as a search finds them (arXiv 1812.00332)."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import keras

from models.blocks import Head, Neck, Normalization, pose_net
from models.forms.heatmaps import heatmap_head
from models.mobilenet_v2 import (
    LAST_FILTERS,
    STAGES,
    STEM_FILTERS,
    Stage,
    inverted_bottleneck,
    last_convolution,
    scaled_filters,
    stem,
)
from models.necks import narrow_neck

#: Stages after which MoveNet takes features for its neck, and MobileNetV2 the last ones of each stride, counted from 1.
MOVENET_TAPS, MOBILENET_V2_TAPS = (2, 3, 4), (2, 3, 5)


class Block(NamedTuple):
    """An inverted bottleneck: the side of its depthwise kernel, and its channels inside as a multiple of its input."""

    kernel_size: int
    expansion: int


class BlockStage(NamedTuple):
    """A stage: its output channels, the stride of its first block, and its blocks; None for one that is skipped."""

    filters: int
    strides: int
    blocks: tuple[Block | None, ...]


class Plan(NamedTuple):
    """All that decides the shape of a net of blocks.

    Attributes:
        stages: The stages.
        taps: Stages, counted from 1, whose features the neck takes besides the last ones.
        stem_filters: Channels of the stem.
        last_filters: Channels of the last 1x1 convolution; 0 leaves it out.
    """

    stages: tuple[BlockStage, ...]
    taps: tuple[int, ...] = MOVENET_TAPS
    stem_filters: int = STEM_FILTERS
    last_filters: int = LAST_FILTERS

    def as_json(self) -> dict[str, Any]:
        """The plan as `plan_of` reads it."""
        stages = [
            {**stage._asdict(), "blocks": [block and block._asdict() for block in stage.blocks]}
            for stage in self.stages
        ]
        return {**self._asdict(), "stages": stages}


def plan_of(described: Any) -> Plan:
    """Return the plan that JSON values describe, with exactly the fields of the classes above.

    Raises:
        ValueError: If a field is missing, unknown or of another type, or no net can be built of the plan.
    """
    try:
        stages = tuple(
            BlockStage(**{**stage, "blocks": tuple(block and Block(**block) for block in stage["blocks"])})
            for stage in described["stages"]
        )
        plan = Plan(**{**described, "stages": stages, "taps": tuple(described["taps"])})
        _check(plan)
    except (TypeError, KeyError) as error:
        raise ValueError(
            f"a net's blocks must be an object of stages, each with filters, strides and blocks of kernel_size and "
            f"expansion or null, of taps, stem_filters and last_filters; this one is not ({error})"
        ) from error
    return plan


def read_plan(path: Path) -> Plan:
    """Return the plan in a JSON file, such as `python -m train.search` writes.

    Raises:
        ValueError: If the file is no JSON or describes no net.
        OSError: If it cannot be read.
    """
    try:
        return plan_of(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def mobilenet_v2_plan(width: float = 1.0, *, taps: tuple[int, ...] = MOVENET_TAPS) -> Plan:
    """Return MobileNetV2's own blocks, and with the usual taps MoveNet's, with their channels times `width`."""
    return stages_plan(STAGES, width, taps=taps)


def stages_plan(stages: Iterable[Stage], width: float = 1.0, *, taps: tuple[int, ...] = MOVENET_TAPS) -> Plan:
    """Return stages of equal blocks, with their channels and those of the stem times `width`."""
    blocks = tuple(
        BlockStage(
            scaled_filters(stage.filters, width),
            stage.strides,
            (Block(stage.kernel_size, stage.expansion),) * stage.units,
        )
        for stage in stages
    )
    return Plan(blocks, taps, scaled_filters(STEM_FILTERS, width))


def searched(x, plan: Plan, *, normalization: Normalization = keras.layers.BatchNormalization) -> list:
    """Build the backbone: a stem, the stages, and a 1x1 convolution.

    Layers are named and padded as in `mobilenet_v2`, those of a skipped block are absent, so that weights fit by name.
    Only in a stage's first block the input is never added, also where two stages have as many channels.

    Args:
        x: Images (B, H, W, 3), scaled to [-1, 1].
        plan: The blocks.
        normalization: Called as `normalization(epsilon=..., momentum=..., name=...)` for each normalization layer.

    Returns:
        Features (B, h, w, C) after each of the plan's taps, and the last ones.
    """
    x = stem(x, plan.stem_filters, normalization=normalization)
    ends = []
    for index, stage in enumerate(plan.stages, start=1):
        for unit, block in enumerate(stage.blocks, start=1):
            if block is not None:
                x = inverted_bottleneck(
                    x,
                    stage.filters,
                    expansion=block.expansion,
                    kernel_size=block.kernel_size,
                    strides=stage.strides if unit == 1 else 1,
                    normalization=normalization,
                    residual=unit > 1,
                    name=block_name(index, unit),
                )
        ends.append(x)
    if plan.last_filters:
        x = last_convolution(x, plan.last_filters, number=len(plan.stages) + 1, normalization=normalization)
    return [*(ends[tap - 1] for tap in plan.taps), x]


def block_name(stage: int, unit: int) -> str:
    """The beginning of the names of a block's layers; stages and their units are counted from 1."""
    return f"stage{stage}_unit{unit}"


def build_searched(
    plan: Plan,
    num_joints: int,
    *,
    input_size: int = 192,
    neck: Neck = narrow_neck,
    head: Head = heatmap_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str = "searched",
) -> keras.Model:
    """Build a net of blocks that locates the joints of the person in an image.

    Reference: Cai, Zhu and Han, "ProxylessNAS", arXiv 1812.00332, whose search finds such plans.

    Args:
        plan: The blocks.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, at least 32.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs.

    Raises:
        ValueError: If no net can be built of the plan, or `num_joints` or `input_size` is too small.
    """
    _check(plan)
    return pose_net(
        lambda x, _: searched(x, plan, normalization=normalization),
        num_joints,
        input_size=input_size,
        smallest=32,
        neck=neck,
        head=head,
        normalization=normalization,
        name=name,
    )


def _check(plan: Plan) -> None:
    if not plan.stages or plan.stem_filters < 1 or plan.last_filters < 0:
        raise ValueError(
            f"a net must have stages, 1 or more channels after its stem and 0 or more at its end, got "
            f"{len(plan.stages)} stages, {plan.stem_filters} and {plan.last_filters}"
        )
    for number, stage in enumerate(plan.stages, start=1):
        if not stage.blocks or stage.blocks[0] is None:
            raise ValueError(f"stage {number} must have a first block that is not skipped: it changes the channels")
        if stage.filters < 1 or stage.strides not in (1, 2):
            raise ValueError(
                f"stage {number} must have 1 or more filters and a stride of 1 or 2, got {stage.filters} and "
                f"{stage.strides}"
            )
        for block in stage.blocks:
            if block is not None and (block.kernel_size % 2 == 0 or block.kernel_size < 1 or block.expansion < 1):
                raise ValueError(
                    f"a block of stage {number} must have an odd kernel_size and an expansion of 1 or more, got "
                    f"{block.kernel_size} and {block.expansion}"
                )
    if list(plan.taps) != sorted(set(plan.taps)) or not set(plan.taps) <= set(range(1, len(plan.stages) + 1)):
        raise ValueError(f"taps must be stages from 1 to {len(plan.stages)} in order, got {list(plan.taps)}")
