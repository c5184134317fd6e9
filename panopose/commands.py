"""The command `panopose`, whose verbs run the commands of the other packages.

`panopose train resnet ...` does what `python -m train.resnet ...` does in the repository. Nothing but the verb's own
module is imported.
"""

from __future__ import annotations

import difflib
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from machine import interrupts
from panopose import __version__

#: By verb: the module that `python -m` runs, and what it does. A module that ends with a dot stands for any of its own.
VERBS = {
    "records": ("data_prep", "convert a data set into records, download one, or draw a synthetic one"),
    "inspect": ("records", "check records, and draw a sheet of them"),
    "train": ("train.", "train a model"),
    "evaluate": ("evaluate", "measure a trained or exported model"),
    "export": ("export", "write a trained model for other runtimes"),
    "latency": ("export.latency", "time the blocks that `panopose train search` chooses among"),
    "webcam": ("demo.webcam", "draw skeletons on a camera or a video"),
    "web": ("demo.web", "the same in the browser"),
    "batch": ("demo.batch", "the joints of many images, as a table"),
    "video": ("demo.video", "the joints of a video over time, as a table"),
    "cameras": ("demo.cameras", "joints in space from videos of several calibrated cameras"),
    "depth": ("demo.depth", "joints in space of a person in depth images"),
    "gait": ("gait", "the steps of a walking person and their measures, from a video or joints in time"),
    "calibrate": ("demo.calibrate", "several cameras, from videos of a board"),
    "label": ("demo.label", "label images with a model's joints"),
}
_WRONG = 2
# The packages are top-level ones in the repository, and are inside `panopose` where that was installed as a wheel.
_WITHIN = interrupts.__name__.removesuffix("machine.interrupts")


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code of the verb's command, 2 if there is no such verb."""
    interrupts.end_quietly()
    try:
        return _main(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        return interrupts.nobody_reads()


def _main(arguments: list[str]) -> int:
    verb, *words = arguments or [""]
    if verb in ("", "-h", "--help"):
        print(_help())
        return 0 if verb else _WRONG
    if verb == "--version":
        print(f"panopose {__version__}")
        return 0
    if verb not in VERBS:
        return _unknown("command", verb, list(VERBS), "panopose --help")
    module = VERBS[verb][0]
    if not module.endswith("."):
        return _run(f"panopose {verb}", module, words)
    names = _members(module)
    name, *words = words or [""]
    if name in ("", "-h", "--help"):
        print(f"usage: panopose {verb} MODEL [options]\n\n{_listed(dict.fromkeys(names, ''))}\n")
        print(f"`panopose {verb} MODEL --help` lists a model's options.")
        return 0 if name else _WRONG
    if name not in names:
        return _unknown("model", name, names, f"panopose {verb} --help")
    return _run(f"panopose {verb} {name}", f"{module}{name}", words)


def webcam(arguments: list[str] | None = None) -> int:
    """The command `panopose-webcam`, which is `panopose webcam`."""
    return main(["webcam", *(sys.argv[1:] if arguments is None else arguments)])


def web(arguments: list[str] | None = None) -> int:
    """The command `panopose-web`, which is `panopose web`."""
    return main(["web", *(sys.argv[1:] if arguments is None else arguments)])


def _run(prog: str, name: str, words: list[str]) -> int:
    from machine.command import missing_package, typed_as

    try:
        module = import_module(_WITHIN + name)
        if hasattr(module, "__path__"):
            module = import_module(f"{module.__name__}.__main__")
        with typed_as(prog):
            return module.main(words)
    except ModuleNotFoundError as error:
        return missing_package(error)


def _members(package: str) -> list[str]:
    """The modules of a package that are commands, without importing them."""
    spec = find_spec(_WITHIN + package.rstrip("."))
    folders = spec.submodule_search_locations if spec else None
    files = [path for folder in folders or [] for path in Path(folder).glob("*.py")]
    return sorted(path.stem for path in files if "\ndef main(" in path.read_text(encoding="utf-8"))


def _help() -> str:
    about = {verb: text for verb, (_, text) in VERBS.items()}
    return (
        "usage: panopose COMMAND [options]\n\nHuman pose estimation, from data sets to a webcam.\n\n"
        f"{_listed(about)}\n\n`panopose COMMAND --help` lists a command's options, `panopose --version` the version."
    )


def _listed(about: dict[str, str]) -> str:
    return "\n".join(f"  {name:<10}{text}".rstrip() for name, text in about.items())


def _unknown(kind: str, name: str, names: list[str], listing: str) -> int:
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    print(f"error: no {kind} {name!r}; {hint}`{listing}` lists them", file=sys.stderr)
    return _WRONG
