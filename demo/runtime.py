"""Running an exported model, in the fastest runtime that this machine has.

The artefact carries its own skeleton, crop size and padding. TensorFlow is imported only where nothing lighter can
run the artefact, or where it is asked for.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np

from demo.artefact import DESCRIPTION_FILE, FORMATS, check_export, formats_in, installed, trusted
from demo.errors import ModelError
from demo.runtimes.choice import Choice, choose
from demo.runtimes.engine import Engine
from demo.runtimes.litert_engine import LiteRtEngine
from demo.runtimes.onnx_engine import OnnxEngine
from demo.runtimes.openvino_engine import OpenVinoBf16Engine, OpenVinoEngine
from demo.runtimes.tensorflow_engine import FrozenEngine, SavedModelEngine
from pose import Skeleton

_ENGINES: dict[str, type[Engine]] = {
    "openvino": OpenVinoEngine,
    "openvino-bf16": OpenVinoBf16Engine,
    "onnx": OnnxEngine,
    "litert": LiteRtEngine,
    "litert-fp16": LiteRtEngine,
    "litert-int8": LiteRtEngine,
    "litert-int8-static": LiteRtEngine,
    "frozen": FrozenEngine,
    "saved-model": SavedModelEngine,
}


class PoseModel:
    """An artefact in one runtime.

    Attributes:
        skeleton: names and limbs of the J joints.
        size: height and width of the crops it takes, in px.
        padding: side of a crop as a multiple of the longer side of the person's box.
        follow: scores of `demo.track.FollowRule` that suit this model; may be empty.
        runtime: one of `demo.artefact.FORMATS`.
        threads: number of threads it computes on; None where the runtime decides.

    Args:
        path: an export folder, or one artefact's file.
        runtime: one of `demo.artefact.FORMATS`.
        threads: number of threads; None lets the runtime decide.

    Raises:
        ModelError: there is no such artefact, its runtime is not installed, it cannot be loaded, or it does not say
            what its joints are.
        ValueError: there is no such runtime, or `threads` is below 1.
    """

    def __init__(self, path: Path, runtime: str = "saved-model", threads: int | None = None) -> None:
        """Loads the model and its description."""
        _check(runtime, threads)
        form = FORMATS[runtime]
        file = formats_in(path).get(runtime)
        if file is None:
            raise ModelError(f"{str(path)!r} holds no {form.file}; write it with `python -m export RUN --to {runtime}`")
        if not installed(runtime):
            raise ModelError(f"{form.title} needs {form.package}: pip install {form.package}")
        try:
            self._engine: Engine = _ENGINES[runtime](file, threads)
        # Every runtime has errors of its own, some of them plain exceptions.
        except Exception as error:
            raise ModelError(f"{str(file)!r} cannot be loaded as {form.title}: {error}") from error
        description = _description(path, file, self._engine)
        self.skeleton = Skeleton.from_description(description["skeleton"])
        self.size = int(description["size"])
        self.padding = float(description["padding"])
        self.follow: dict[str, float] = description.get("follow", {})
        self.runtime = runtime
        self.threads = threads

    def predict(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates one person in each crop.

        Args:
            pictures: uint8 RGB (B, size, size, 3).

        Returns:
            float32 (B, J, 2), joints in crop px, and float32 (B, J), their scores from 0 to 1.

        Raises:
            ValueError: the pictures have another shape or type.
        """
        shape = (self.size, self.size, 3)
        if pictures.ndim != 4 or pictures.shape[1:] != shape or pictures.dtype != np.uint8 or not len(pictures):
            raise ValueError(
                f"pictures must be uint8 (B, {', '.join(map(str, shape))}) with B of 1 or more, got "
                f"{pictures.dtype} {pictures.shape}; cut them with `pose.Crop`"
            )
        return self._engine.run(pictures)

    def warm_up(self, *batch_sizes: int) -> None:
        """Runs once for each batch size, so that the first frame does not wait for memory and kernels."""
        for count in batch_sizes:
            self.predict(np.zeros((count, self.size, self.size, 3), np.uint8))


def load(
    path: Path, *, runtime: str | None = None, threads: int | None = None, measure_again: bool = False
) -> PoseModel:
    """Loads a model in the fastest runtime that this machine has.

    At the first time the candidates are measured in turns at some numbers of threads, which is printed on stderr and
    takes some seconds. The answer is kept in the user's cache folder for a month, or until the model, the processor or
    a library changes; one that other programs may have spoilt is measured again at the next start.
    Formats whose joints are off by more than their limit are no candidates.

    Args:
        path: an export folder, or one artefact's file.
        runtime: one of `demo.artefact.FORMATS`; None chooses.
        threads: number of threads; None chooses.
        measure_again: measure whatever is remembered.

    Raises:
        ModelError: there is no artefact, none whose runtime is installed, or it cannot be loaded.
        ValueError: there is no such runtime, or `threads` is below 1.
    """
    choice = fastest(path, runtime=runtime, threads=threads, measure_again=measure_again)
    return PoseModel(path, choice.runtime, choice.threads)


def fastest(
    path: Path,
    *,
    runtime: str | None = None,
    threads: int | None = None,
    batches: tuple[int, ...] = (1,),
    measure_again: bool = False,
) -> Choice:
    """How to run a model; see `load`.

    Args:
        path: an export folder, or one artefact's file.
        runtime: one of `demo.artefact.FORMATS`; None chooses.
        threads: number of threads; None chooses.
        batches: numbers of pictures at once to choose from.
        measure_again: measure whatever is remembered.

    Raises:
        ModelError: see `load`.
        ValueError: see `load`.
    """
    _check(runtime, threads)
    names = candidates(path) if runtime is None else [runtime]
    tell = partial(print, file=sys.stderr, flush=True)
    return choose(path, names, threads, batches, tell, measure_again=measure_again)


def candidates(path: Path) -> list[str]:
    """The formats that may be chosen for a model: here, close enough to the Keras model, and with a runtime.

    TensorFlow takes seconds to import, so it comes in only where nothing lighter can run the model.

    Args:
        path: an export folder, or one artefact's file.

    Raises:
        ModelError: there is none.
    """
    close = trusted(check_export(path))
    if not close:
        raise ModelError(
            f"in {str(path)!r} every format is off by more than its limit; formats.json there says how much"
        )
    usable = [name for name in close if installed(name)]
    if not usable:
        packages = sorted({FORMATS[name].package for name in close})
        raise ModelError(f"{str(path)!r} needs one of these packages: pip install {' or '.join(packages)}")
    light = [name for name in usable if FORMATS[name].module != "tensorflow"]
    if "litert" in light and "litert-fp16" in light:
        # The same arithmetic from a smaller file.
        light.remove("litert-fp16")
    return light or usable[:1]


def _check(runtime: str | None, threads: int | None) -> None:
    if runtime is not None and runtime not in FORMATS:
        raise ValueError(f"runtime must be one of {', '.join(FORMATS)}, got {runtime!r}; leave it out for the fastest")
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be 1 or more, got {threads}; leave it out for the fastest number")


def _description(path: Path, file: Path, engine: Engine) -> dict:
    """What an artefact says about itself, or the `pose.json` of its folder does."""
    folders = [path] if path.is_dir() else [file.parent, file.parent.parent]
    beside = next((folder / DESCRIPTION_FILE for folder in folders if (folder / DESCRIPTION_FILE).is_file()), None)
    try:
        text = engine.carried() or (beside.read_text() if beside else None)
        if text is None:
            raise ModelError(f"{str(file)!r} does not say what its joints are; put the export's pose.json beside it")
        return json.loads(text)
    except (OSError, ValueError) as error:
        raise ModelError(f"the description of {str(file)!r} cannot be read ({error}); export it again") from error
