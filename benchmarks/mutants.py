"""The share of small changes to the code that the tests detect: `python -m benchmarks.mutants pose --share 0.2`.

Cosmic Ray (`pip install cosmic-ray`) makes the mutants: operators exchanged, comparisons and conditions inverted,
numbers one more or less, loops that do not run. Left out are those that nobody would write by mistake (shifts for
products, `is` for `==`), those that change nothing (`*` for `&` of Booleans) and those that change only annotations, or
which arguments may be passed by name. Each mutant is tested in a fork of a process that has imported pytest, NumPy and
OpenCV already, and TensorFlow and Keras where the tests need them; nothing on the disk is changed. Linux only.
"""

from __future__ import annotations

import ast
import json
import linecache
import math
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import unified_diff
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Literal

import tyro

ROOT = Path(__file__).parents[1]
_READERS = ("coco", "h36m", "lsp", "mat_file.py", "mpii", "panoptic", "reader.py", "video/pictures.py")
_DECODERS = ("coordinates", "heatmaps", "integral", "likelihood", "simcc", "parabola", "scores")
_DECODERS += ("centers", "fields", "cells")
# The quick ones first.
_DECODER_TESTS = ("peaks", "heads", "losses", "centers", "fields", "cells", "forms", "coordinates")
#: Files or folders of code, their tests, and whether these need TensorFlow.
SUITES: dict[str, tuple[list[str], list[str], bool]] = {
    "pose": (["pose"], ["tests/pose"], False),
    "records": (["records"], ["tests/records"], True),
    "metrics": (
        ["evaluate/pose_2d/metrics.py", "evaluate/pose_2d/oks_ap.py", "evaluate/pose_2d/calibration.py"],
        [
            "tests/evaluate/pose_2d/test_metrics.py",
            "tests/evaluate/pose_2d/test_oks_ap.py",
            "tests/evaluate/pose_2d/test_calibration.py",
        ],
        True,
    ),
    "decoders": (
        [f"models/forms/{name}.py" for name in _DECODERS],
        [f"tests/models/forms/test_{name}.py" for name in _DECODER_TESTS],
        True,
    ),
    "readers": (
        [*(f"data_prep/{name}" for name in _READERS), "pose/panoptic_cameras.py", "dome/visible_joints.py"],
        ["tests/data_prep"],
        False,
    ),
}
_UNLIKELY = ("RShift", "LShift", "BitXor", "BitOr", "BitAnd", "Mod", "FloorDiv", "Pow", "Is", "IsNot", "Invert")
_LIKELY = ("BitAnd_BitOr", "BitOr_BitAnd")
# Equivalent for Booleans.
_EQUAL = ("BitAnd_Mul", "BitOr_Add")


@dataclass(frozen=True)
class Options:
    """What is mutated.

    Attributes:
        suite: code and its tests.
        share: of the mutants to try, drawn at random.
        seed: random seed of the drawing.
        jobs: mutants tested at the same time.
        only: mutate only these files of the suite, such as camera or coco/reader.
        tests: other tests than the suite's.
        out: a JSON file for the mutants that survive, with their differences.
    """

    suite: tyro.conf.Positional[Literal["pose", "records", "metrics", "decoders", "readers"]]
    share: float = 1.0
    seed: int = 0
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    only: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    out: Path | None = None


@dataclass(frozen=True)
class Mutant:
    """A file with one change."""

    path: Path
    operator: str
    before: str
    after: str

    @property
    def difference(self) -> str:
        """The lines that differ."""
        lines = unified_diff(
            self.before.splitlines(), self.after.splitlines(), str(self.path.relative_to(ROOT)), "", "", "", 0
        )
        return "\n".join(line for line in lines if not line.startswith(("+++", "@@")))


def mutants_of(path: Path, chosen: Callable[[], bool]) -> tuple[list[Mutant], int]:
    """The chosen mutants of a file, without those that change nothing at run time, and how many there were."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import MutationVisitor
    from cosmic_ray.plugins import get_operator, operator_names

    source, found, total = path.read_text(), [], 0
    original, nodes = _what_runs(source), list(ast_nodes(get_ast(source)))
    for name in sorted(operator_names()):
        short = name.split("/")[-1]
        kind = get_operator(name)
        unlikely = short.split("_")[-1] in _UNLIKELY and not short.endswith(_LIKELY)
        if kind.arguments() or short == "NoOp" or unlikely or short.endswith(_EQUAL):
            continue
        count = sum(len(list(kind().mutation_positions(node))) for node in nodes)
        total += count
        for occurrence in range(count):
            if not chosen():
                continue
            visitor = MutationVisitor(occurrence, kind())
            after = visitor.walk(get_ast(source)).get_code()
            try:
                if visitor.mutation_applied and _what_runs(after) != original:
                    found.append(Mutant(path, short, source, after))
            except SyntaxError:
                continue
    return found, total


def _what_runs(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None)
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arguments):
            node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
            node.defaults = [*node.defaults, *filter(None, node.kw_defaults)]
            node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
    return ast.dump(tree)


def survives(mutant: Mutant | None, tests: list[str], limit_s: float) -> bool:
    """Runs the tests over a mutant in a fork, None for the code as it is.

    The limit is of processor time, so that other programs' load lets no mutant seem killed; a wait without work ends
    after ten times as long.
    """
    child = os.fork()
    if child == 0:
        _test(mutant, tests, math.ceil(limit_s))
    ends = time.monotonic() + 10 * limit_s
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _test(mutant: Mutant | None, tests: list[str], limit_s: int) -> None:
    code = 3
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        load, read = SourceFileLoader.get_code, linecache.getlines

        def mutated(loader: SourceFileLoader, name: str) -> object:
            if mutant is not None and Path(loader.path) == mutant.path:
                return compile(mutant.after, loader.path, "exec", dont_inherit=True)
            return load(loader, name)

        def source(name: str, module: dict[str, object] | None = None) -> list[str]:
            if mutant is not None and Path(name) == mutant.path:
                return mutant.after.splitlines(keepends=True)
            return read(name, module)

        # TensorFlow's AutoGraph reads a function's source anew, and compiles that.
        SourceFileLoader.get_code, linecache.getlines = mutated, source
        import pytest

        quiet = ("-q", "-x", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:cacheprovider")
        code = pytest.main([*quiet, "-m", "not slow", *tests])
    finally:
        os._exit(int(code))


def main() -> None:
    """Prints the share of mutants that are killed, by file, and those that survive."""
    options = tyro.cli(Options, description=__doc__)
    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    # Importing Hypothesis alone takes seconds, for each mutant.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    files, tests, tensorflow = SUITES[options.suite]
    tests = list(options.tests) or tests
    _import_first(tensorflow)
    paths = [
        path
        for file in files
        for path in (sorted((ROOT / file).rglob("*.py")) if (ROOT / file).is_dir() else [ROOT / file])
    ]
    wanted = options.only or ("*",)
    paths = [path for path in paths if path.is_file() and any(map(path.with_suffix("").match, wanted))]
    if not paths:
        sys.exit(f"--only {' '.join(wanted)} is none of the files of {options.suite}; give names without .py")
    draw = random.Random(options.seed)
    each = [mutants_of(path, lambda: draw.random() < options.share) for path in paths]
    mutants, total = [mutant for found, _ in each for mutant in found], sum(count for _, count in each)
    if not survives(None, tests, 1800):
        sys.exit(f"the tests fail over the code as it is: {' '.join(tests)}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    test_s = used.ru_utime + used.ru_stime
    limit_s = 4 * test_s + 20
    print(
        f"{len(mutants)} of {total} mutants, {len(paths)} files, {test_s:.0f} s of processor time a test run",
        flush=True,
    )
    alive: list[Mutant] = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for mutant, lives in zip(mutants, pool.map(lambda each: survives(each, tests, limit_s), mutants), strict=True):
            if lives:
                alive.append(mutant)
                print(f"survives: {mutant.operator}\n{mutant.difference}", flush=True)
    for path in paths:
        tried = sum(mutant.path == path for mutant in mutants)
        lives = sum(mutant.path == path for mutant in alive)
        if tried:
            print(f"{path.relative_to(ROOT)!s:32} {_killed(tried - lives, tried)}")
    print(_killed(len(mutants) - len(alive), len(mutants)))
    if options.out is not None:
        listed = [
            {"file": str(m.path.relative_to(ROOT)), "operator": m.operator, "difference": m.difference} for m in alive
        ]
        options.out.write_text(json.dumps(listed, indent=1))


def _killed(killed: int, tried: int) -> str:
    return f"{killed:5} of {tried:5} killed, {100 * killed / tried:.1f} %"


def _import_first(tensorflow: bool) -> None:
    import cv2  # noqa: F401
    import numpy as np  # noqa: F401
    import pandas as pd  # noqa: F401
    import pycocotools.cocoeval  # noqa: F401
    import pytest  # noqa: F401
    import scipy.spatial  # noqa: F401

    if tensorflow:
        import keras  # noqa: F401
        import tensorflow as tf  # noqa: F401


if __name__ == "__main__":
    main()
