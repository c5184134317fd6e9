"""The export formats, and the file names in the folders of runs and exports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

#: In a run's folder.
RUN_FILE, MODEL_FILE, SAMPLES_FILE = "run.json", "best.keras", "samples.npy"
#: In an export's folder.
DESCRIPTION_FILE, FORMATS_FILE = "pose.json", "formats.json"
_SAVED_MODEL = "saved_model.pb"
_SAMPLED_PARTS, _PART_BYTES = 16, 4096


class ArtefactError(Exception):
    """An exported model that is not there, or cannot be read or run."""


@dataclass(frozen=True)
class Format:
    """A format that `python -m export` writes, and how it is run.

    Attributes:
        title: for messages, with its article.
        file: inside the export folder.
        engine: the module of `artefact.engines` that runs it.
        module: the import name of that engine's library.
        package: the library's name for pip.
        settings: further arguments of the engine.
        written_by: packages needed to write it, besides TensorFlow and the library.
        written_as: if this is another way to run the file of a format, that format.
        reduced: whether it computes with fewer bits, and so has larger tolerances.
        by_name: whether it is written only if named, and is not part of "all".
    """

    title: str
    file: str
    engine: str
    module: str
    package: str
    settings: Mapping[str, str] = field(default_factory=dict)
    written_by: tuple[str, ...] = ()
    written_as: str = ""
    reduced: bool = False
    by_name: bool = False

    def path(self, folder: Path) -> Path:
        """What a runtime loads: the file, but a SavedModel's folder."""
        return folder if self.file == _SAVED_MODEL else folder / self.file

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages needed to write it that are not installed."""
        needed = {self.module: self.package, **{name: name for name in self.written_by}}
        if self.engine == "litert":
            # It is run by TensorFlow's copy of the library as well.
            needed.pop(self.module)
        return tuple(package for module, package in needed.items() if find_spec(module) is None)


def _openvino(title: str, **options: Any) -> Format:
    return Format(title, "openvino/model.xml", "openvino", "openvino", "openvino", **options)


def _litert(file: str, **options: Any) -> Format:
    return Format("a LiteRT model", file, "litert", "ai_edge_litert", "ai-edge-litert", **options)


#: By the names in `formats.json`.
FORMATS = {
    "saved-model": Format("a SavedModel", _SAVED_MODEL, "tensorflow", "tensorflow", "tensorflow"),
    "frozen": Format("a frozen graph", "frozen.pb", "tensorflow", "tensorflow", "tensorflow"),
    "litert": _litert("model.tflite"),
    "litert-fp16": _litert("model-fp16.tflite"),
    "litert-int8": _litert("model-int8.tflite", reduced=True),
    "litert-int8-static": _litert("model-int8-static.tflite", reduced=True, by_name=True),
    "onnx": Format("an ONNX model", "model.onnx", "onnx", "onnxruntime", "onnxruntime", written_by=("onnx", "tf2onnx")),
    "openvino": _openvino("an OpenVINO model"),
    "openvino-bf16": _openvino(
        "an OpenVINO model in bfloat16", settings={"precision": "bf16"}, written_as="openvino", reduced=True
    ),
}
#: The formats that are written; the others are further ways to run the same files.
WRITTEN = {name: form for name, form in FORMATS.items() if not form.written_as}


def chosen_formats(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Returns the formats to write, and those of "all" that cannot be written here.

    Args:
        names: of formats; "all" stands for each one whose packages are installed, less those `by_name`.

    Returns:
        Names of formats to write, in the table's order, and names of those left out.

    Raises:
        ValueError: a format that was named needs a package that is not installed.
    """
    for name in names:
        if name != "all" and FORMATS[name].missing:
            raise ValueError(f"the format {name} needs {install(name)}")
    wanted = [name for name, form in WRITTEN.items() if name in names or ("all" in names and not form.by_name)]
    left_out = [name for name in wanted if FORMATS[name].missing]
    return [name for name in wanted if name not in left_out], left_out


def install(name: str) -> str:
    """The command that installs what a format still needs."""
    packages = " ".join(FORMATS[name].missing)
    return f"`pip install {packages}` (for every format: `pip install 'panopose[runtimes]'`)"


def installed(name: str) -> bool:
    """Whether the library that runs a format is installed; it is not imported."""
    return find_spec(FORMATS[name].module) is not None


def formats_in(path: Path) -> dict[str, Path]:
    """Finds exported files.

    Args:
        path: an export folder, or one of its files.

    Returns:
        By the names of `FORMATS`, what a runtime loads; empty where there is nothing.
    """
    if path.is_dir():
        return {name: form.path(path) for name, form in FORMATS.items() if (path / form.file).is_file()}
    if not path.is_file():
        return {}
    same_name = [name for name, form in FORMATS.items() if Path(form.file).name == path.name]
    same_ending = [name for name, form in FORMATS.items() if Path(form.file).suffix == path.suffix]
    return {name: path.parent if path.name == _SAVED_MODEL else path for name in same_name or same_ending}


def trusted(path: Path) -> list[str]:
    """The formats there that passed the export's comparison with the Keras model.

    For a single file, or a folder without `formats.json`, all formats are returned except those that compute less
    exactly than their file allows.

    Args:
        path: an export folder, or one of its files.

    Raises:
        ArtefactError: `formats.json` cannot be read.
    """
    found = formats_in(path)
    if not path.is_dir():
        return list(found)[:1]
    notes = path / FORMATS_FILE
    if not notes.is_file():
        return [name for name in found if not FORMATS[name].written_as]
    try:
        entries = json.loads(notes.read_text())["formats"]
        return [name for name in found if name in entries and entries[name]["passed"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtefactError(f"{str(notes)!r} cannot be read ({error!r}); export the model again") from error


def fingerprint(path: Path) -> str:
    """A hash of the name, the size and 16 parts of every file of an export: reading all of it would take seconds."""
    digest = hashlib.blake2b(digest_size=16)
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.relative_to(path.parent)} {size}\n".encode())
        with file.open("rb") as stream:
            for part in range(_SAMPLED_PARTS):
                stream.seek(part * max(size - _PART_BYTES, 0) // (_SAMPLED_PARTS - 1))
                digest.update(stream.read(_PART_BYTES))
    return digest.hexdigest()
