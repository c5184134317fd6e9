"""Times the blocks that a search chooses among in the runtimes that deploy, on this machine.

    python -m export.latency --out runs/latency --input-size 128 --joints 14

Writes into the folder latency.json, which `python -m train.search` reads: the milliseconds of every block, of what is
before them and behind, in each runtime and with each number of threads. Then it exports random whole nets, times them,
and fits a correction, since a net is not the sum of its parts. parts.csv lists the parts, nets.csv has every net as
measured and as predicted from the others, errors.csv sums up.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from artefact import engines
from artefact.formats import FORMATS, installed
from export.latency_fit import errors_of, fitted, predicted_from_others
from machine.command import run_command
from machine.processor import processor_name, versions
from machine.quiet import import_tensorflow
from machine.whole import whole
from pose import Skeleton
from pose.tasks import POSE_2D

if TYPE_CHECKING:
    from models.latency_table import LatencyTable
    from models.searched import Plan

#: File names in the folder.
TABLE_FILE, PARTS_FILE, NETS_FILE, ERRORS_FILE = "latency.json", "parts.csv", "nets.csv", "errors.csv"
_TURN_S, _ROUNDS = 0.02, 6
# For a correction of three numbers.
_FEWEST_NETS = 8
_SHOW_EVERY_S = 15.0


_Head = Literal[POSE_2D.forms]  # type: ignore[valid-type,name-defined]


@dataclass(frozen=True)
class Options:
    """Which nets, and how they are run.

    Attributes:
        out: the folder to write.
        input_size: height and width of the images in px.
        joints: number of joints.
        head: the form of the nets' outputs.
        neck: the layers before the head.
        runtimes: formats of `python -m export`.
        threads: numbers of threads.
        kernels: sides of the depthwise kernels to choose among.
        expansions: channels inside a block, as multiples of those before it, to choose among.
        widths: multipliers of MobileNetV2's channels to choose among.
        units: blocks of each stage after the first; all but the first of a stage may be skipped.
        nets: random whole nets to fit the correction on; 0 leaves it out, otherwise 8 or more.
        seed: of these nets.
        measure_again: measure again what the folder has.
    """

    out: Path
    input_size: int = 128
    joints: int = 14
    head: _Head = "heatmaps"
    neck: Literal["none", "pyramid", "narrow", "deconv", "exchange"] = "narrow"
    runtimes: tuple[Literal["litert", "onnx", "openvino"], ...] = ("litert", "onnx", "openvino")
    threads: tuple[int, ...] = (1, 2)
    kernels: tuple[int, ...] = (3, 5, 7)
    expansions: tuple[int, ...] = (3, 6)
    widths: tuple[float, ...] = (0.5, 0.75, 1.0)
    units: tuple[int, ...] = (2, 3, 4, 3, 3, 1)
    nets: int = 30
    seed: int = 0
    measure_again: bool = False

    def __post_init__(self) -> None:
        if self.input_size < 32 or self.joints < 1:
            raise ValueError(f"images must be 32 px or more, of 1 or more joints, got {self.input_size}, {self.joints}")
        if not self.runtimes or not self.threads or min(self.threads) < 1:
            raise ValueError(f"give a runtime, and 1 or more threads, got {self.runtimes} and {self.threads}")
        if self.nets and self.nets < _FEWEST_NETS:
            raise ValueError(f"nets must be 0, or {_FEWEST_NETS} or more to fit a correction, got {self.nets}")
        for name in self.runtimes:
            if not installed(name):
                raise ValueError(f"{name} needs {FORMATS[name].package}: pip install 'panopose[runtimes]'")


def least_ms(folder: Path, inputs: Mapping[str, np.ndarray], options: Options) -> dict[str, float]:
    """The shortest time of an exported model in ms, by runtime and threads, which take turns."""
    from models.latency_table import way_of

    runs: dict[str, tuple[Callable[[], object], Callable[[], float]]] = {}
    for runtime in options.runtimes:
        engine = import_module(f"{engines.__name__}.{FORMATS[runtime].engine}").Engine
        for threads in options.threads:
            once = partial(engine(str(FORMATS[runtime].path(folder)), threads).run, inputs)
            # One thread takes as long as it computes, where no other program interrupts it.
            runs[way_of(runtime, threads)] = once, time.process_time if threads == 1 else time.perf_counter
    for run, _ in runs.values():
        run()
    turns = [{way: _least_s(*run) for way, run in runs.items()} for _ in range(_ROUNDS)]
    return {way: 1e3 * min(turn[way] for turn in turns) for way in runs}


def _least_s(run: Callable[[], object], clock: Callable[[], float]) -> float:
    """The shortest of the runs of a turn: other programs only make times longer."""
    begin_s, least_s = clock(), np.inf
    while (start_s := clock()) < begin_s + _TURN_S or least_s == np.inf:
        run()
        least_s = min(least_s, clock() - start_s)
    return least_s


def measure_parts(table: LatencyTable, options: Options) -> LatencyTable:
    """Writes and times every part of the nets; what the back saves is the difference to the whole back."""
    from keras.backend import clear_session

    from export.parts import part_model, write_part
    from models.latency_table import BACK, Narrower, all_parts

    parts = all_parts(table.space, table.input_size)
    ms: dict[str, dict[str, float]] = {}
    show = _progress(len(parts), "parts")
    for part in parts:
        clear_session()
        with tempfile.TemporaryDirectory() as scratch:
            inputs = write_part(part_model(part, table), options.runtimes, Path(scratch))
            for way, value in least_ms(Path(scratch), inputs, options).items():
                ms.setdefault(way, {})[str(part)] = value
        show()
    for found in ms.values():
        for part in parts:
            if isinstance(part, Narrower):
                found[str(part)] -= found[BACK]
    return replace(table, ms=ms)


def measure_nets(table: LatencyTable, options: Options) -> pd.DataFrame:
    """Exports and times random nets, and predicts each with a correction that the others gave.

    Returns:
        A row for each net and way: the net, its blocks, "measured_ms", "sum_ms" of its parts, "predicted_ms". The rows
        that the folder has are not measured again.
    """
    path, show = options.out / NETS_FILE, _progress(options.nets, "nets")
    rows = pd.read_csv(path).to_dict("records") if path.is_file() else []
    for number in range(options.nets):
        rng = np.random.default_rng([options.seed, number])
        plan = table.space.plan(table.space.random(rng))
        if any(row["net"] == number for row in rows):
            continue
        for way, value in net_ms(plan, table, options).items():
            total, blocks = table.sum_of_parts(plan, way)
            rows.append({"net": number, "way": way, "blocks": blocks, "measured_ms": value, "sum_ms": total})
        _write_rows(path, pd.DataFrame(rows))
        show()
    nets = pd.DataFrame(rows)
    return predicted_from_others(nets[(nets["net"] < options.nets) & nets["way"].isin(table.ms)])


def net_ms(plan: Plan, table: LatencyTable, options: Options) -> dict[str, float]:
    """Exports a net of random weights and times it, in ms by runtime and threads.

    Args:
        plan: its blocks, which the table need not have.
        table: the nets' images, joints, head and neck.
        options: the runtimes and threads.
    """
    from keras.backend import clear_session

    from export.parts import head_and_neck
    from export.write import write_formats
    from models import build_searched, inference_model

    clear_session()
    parts = head_and_neck(table.head, table.neck)
    net = build_searched(plan, table.num_joints, input_size=table.input_size, **parts)
    picture = np.random.default_rng(0).integers(0, 256, (1, *net.input_shape[1:]), np.uint8)
    with tempfile.TemporaryDirectory() as scratch:
        write_formats(inference_model(net, table.input_size), _notes(table), list(options.runtimes), Path(scratch))
        return least_ms(Path(scratch), {"pictures": picture}, options)


def _notes(table: LatencyTable) -> dict:
    """What an export needs to know of a net that was not trained."""
    return {
        "model": "searched",
        "skeleton": Skeleton("any", tuple(f"joint{number}" for number in range(table.num_joints))).describe(),
        "record_size": table.input_size,
        "input_size": table.input_size,
        "padding": 1.25,
        "score": "none: the weights are random",
        "score_radius": 0.05,
    }


def _progress(count: int, what: str) -> Callable[[], None]:
    """What prints, now and then, how many are done and how long the rest takes."""
    done, begin_s, shown_s = 0, time.monotonic(), time.monotonic()

    def show() -> None:
        nonlocal done, shown_s
        done += 1
        now_s = time.monotonic()
        if now_s - shown_s > _SHOW_EVERY_S or done == count:
            left_s, shown_s = (now_s - begin_s) / done * (count - done), now_s
            print(f"{done} of {count} {what}, about {left_s:.0f} s to go", flush=True)

    return show


def run(options: Options) -> None:
    """Measures and writes the table."""
    import_tensorflow()
    from models.latency_table import LatencyTable
    from models.search_space import space_of

    names = ("kernels", "expansions", "widths", "units")
    packages = versions(FORMATS[name].package for name in options.runtimes)
    print(f"on {processor_name()}")
    table = LatencyTable(
        processor_name(),
        packages,
        space_of({name: getattr(options, name) for name in names}),
        options.input_size,
        options.joints,
        options.head,
        options.neck,
        {},
        {},
    )
    options.out.mkdir(parents=True, exist_ok=True)
    known = None if options.measure_again else _known(table, options)
    table = known or measure_parts(table, options)
    if known is None:
        (options.out / NETS_FILE).unlink(missing_ok=True)
        with whole(options.out / TABLE_FILE) as unfinished:
            table.write(unfinished)
    columns = {f"{way}, ms": [f"{value:.3f}" for value in found.values()] for way, found in table.ms.items()}
    _write_rows(options.out / PARTS_FILE, pd.DataFrame({"part": [*next(iter(table.ms.values()))], **columns}))
    if options.nets:
        nets = measure_nets(table, options)
        table = replace(table, corrections={way: fitted(own) for way, own in nets.groupby("way", sort=False)})
        _write_rows(options.out / NETS_FILE, nets)
        _write_rows(options.out / ERRORS_FILE, errors_of(nets))
        print(errors_of(nets).to_string(index=False))
    with whole(options.out / TABLE_FILE) as unfinished:
        table.write(unfinished)
    print(f"wrote {options.out / TABLE_FILE}")


def _write_rows(path: Path, rows: pd.DataFrame) -> None:
    with whole(path) as unfinished:
        rows.round(4).to_csv(unfinished, index=False)


def _known(table: LatencyTable, options: Options) -> LatencyTable | None:
    """The folder's table without its corrections, if it is of the same nets, processor and runtimes."""
    from models.latency_table import read_latency_table, way_of

    path = options.out / TABLE_FILE
    if not path.is_file():
        return None
    found = replace(read_latency_table(path), corrections={})
    wanted = {way_of(runtime, threads) for runtime in options.runtimes for threads in options.threads}
    is_same = replace(found, ms={}, versions=table.versions) == table and wanted <= found.ms.keys()
    if not (is_same and table.versions.items() <= found.versions.items()):
        raise ValueError(f"{path} is of other nets, or of another processor; give another --out, or --measure-again")
    print(f"{path} has the parts already; --measure-again measures them again, and the nets")
    return replace(found, ms={way: found.ms[way] for way in found.ms if way in wanted})


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_command(Options, run, arguments, prog="python -m export.latency", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
