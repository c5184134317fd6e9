"""The systems of the table: the published net, its paper's figure, and the training of a net that a CPU can train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np

from models import (
    build_cpm,
    build_deeppose,
    build_hourglass,
    build_hrnet,
    build_ief,
    build_simple_baseline,
    build_tompson,
)

#: The number of joints of the published nets is that of their data set: COCO, MPII, LSP or FLIC.
_COCO, _MPII, _LSP = 17, 16, 14


@dataclass(frozen=True)
class System:
    """One system.

    Attributes:
        title: for tables.
        module: the training command.
        epochs: of the training; chosen so that all take about as long.
        options: of the training, after those that all share.
        movenet: whether the backbone starts from MoveNet's weights.
        published: builds the published net; None if the system is not a published one.
        figure: what its paper reports.
        parts: options of further trainings, by title, each without a part that the paper found to matter.
    """

    title: str
    module: str
    epochs: int
    options: tuple[str, ...] = ()
    movenet: bool = True
    published: Callable[[], keras.Model] | None = None
    figure: str = ""
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()


_HEATMAPS = ("--head", "heatmaps")

SYSTEMS = {
    "plain": System("MobileNetV2, narrow pyramid, heatmaps", "train.mobilenet_v2", 4, _HEATMAPS),
    "deeppose": System(
        "DeepPose",
        "train.deeppose",
        6,
        ("--input-size", "224", "--view-size", "96", "--boxes", "2"),
        published=partial(build_deeppose, _LSP, (8, 3), width=None, stages=3, input_size=448),
        figure="LSP: PCP 61",
        parts=(("on the predictions themselves", ("--no-simulated",)),),
    ),
    "tompson": System(
        "Tompson et al.",
        "train.tompson",
        4,
        published=partial(build_tompson, _LSP, width=None),
        figure="MPII: PCKh@0.5 82.0",
        parts=(
            ("no spatial model", ("--no-spatial",)),
            ("no fine net", ("--no-fine",)),
            ("a fine net for each joint", ("--no-shared",)),
        ),
    ),
    "cpm": System(
        "Convolutional Pose Machines",
        "train.cpm",
        2,
        published=partial(build_cpm, _LSP),
        figure="MPII: PCKh@0.5 88.0; LSP: PCK@0.2 90.5",
        parts=(("no intermediate losses", ("--no-intermediate",)), ("one stage", ("--stages", "1"))),
    ),
    "ief": System(
        "Iterative Error Feedback",
        "train.ief",
        4,
        published=partial(build_ief, _MPII, np.zeros((_MPII, 2)), width=None),
        figure="MPII: PCKh@0.5 81.3",
        parts=(("steps not bounded", ("--no-bounded",)), ("path not fixed", ("--no-consolidation",))),
    ),
    "hourglass": System(
        "Stacked Hourglass",
        "train.hourglass",
        3,
        published=partial(build_hourglass, 8, _MPII),
        figure="MPII: PCKh@0.5 90.9",
        parts=(("no intermediate losses", ("--no-intermediate",)), ("one stack", ("--stacks", "1"))),
    ),
    "simple_baseline": System(
        "Simple Baselines",
        "train.simple_baseline",
        4,
        published=partial(build_simple_baseline, 50, _COCO),
        figure="COCO val: AP 70.4",
    ),
    "hrnet": System(
        "HRNet",
        "train.hrnet",
        3,
        published=partial(build_hrnet, 32, _COCO),
        figure="COCO val: AP 74.4",
        parts=(("exchange in the last layer alone", ("--exchanges", "last")),),
    ),
    "resnet": System("pre-activation ResNet-18", "train.resnet", 3, ("--depth", "18", *_HEATMAPS), movenet=False),
    "densenet": System(
        "DenseNet-BC, growth 16",
        "train.densenet",
        3,
        ("--blocks", "6", "12", "16", "12", "--growth-rate", "16", *_HEATMAPS),
        movenet=False,
    ),
}
