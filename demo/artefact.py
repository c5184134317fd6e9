"""What lies in an export folder. Nothing here imports a runtime, so that a wrong path is told at once."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from demo.errors import ArgumentError, ModelError
from machine.origin import renewal_notice
from weights import names, shipped

DESCRIPTION_FILE = "pose.json"
FORMATS_FILE = "formats.json"
_DEFAULT = Path("fast")
_SAMPLED_PARTS, _PART_BYTES = 16, 4096


@dataclass(frozen=True)
class Format:
    """One of the forms that `python -m export` writes, and how it is run.

    Attributes:
        title: for sentences.
        file: inside the export folder.
        module: of the library that runs it.
        package: what pip calls that library.
    """

    title: str
    file: str
    module: str
    package: str

    def path(self, folder: Path) -> Path:
        """What a runtime loads: the file, but a SavedModel's folder."""
        return folder if self.file == _SAVED_MODEL else folder / self.file


_SAVED_MODEL = "saved_model.pb"

#: By the names in `formats.json`; those that need no TensorFlow first.
FORMATS = {
    "openvino": Format("an OpenVINO model", "openvino/model.xml", "openvino", "openvino"),
    "openvino-bf16": Format("an OpenVINO model in bfloat16", "openvino/model.xml", "openvino", "openvino"),
    "onnx": Format("an ONNX model", "model.onnx", "onnxruntime", "onnxruntime"),
    "litert": Format("a LiteRT model", "model.tflite", "ai_edge_litert", "ai-edge-litert"),
    "litert-fp16": Format("a LiteRT model", "model-fp16.tflite", "ai_edge_litert", "ai-edge-litert"),
    "litert-int8": Format("a LiteRT model", "model-int8.tflite", "ai_edge_litert", "ai-edge-litert"),
    "litert-int8-static": Format("a LiteRT model", "model-int8-static.tflite", "ai_edge_litert", "ai-edge-litert"),
    "frozen": Format("a frozen graph", "frozen.pb", "tensorflow", "tensorflow"),
    "saved-model": Format("a SavedModel", _SAVED_MODEL, "tensorflow", "tensorflow"),
}


def installed(name: str) -> bool:
    """Whether the library that runs a format is there; it is not imported."""
    return find_spec(FORMATS[name].module) is not None


def check_runtime(name: str) -> None:
    """Checks the option --runtime.

    Raises:
        ArgumentError: it is neither "auto" nor a format.
    """
    if name != "auto" and name not in FORMATS:
        raise ArgumentError(f"--runtime must be auto or one of {', '.join(FORMATS)}, got {name!r}")


def find_export(model: Path | None, runs: Path) -> Path:
    """Returns the artefact that a user means, and prints where its run has trained on since.

    Args:
        model: an export folder, one of its files, or the name of a model that comes with the project; None is the
            most recent export folder under `runs/*/export`, or where there is none the model `fast`.
        runs: where training runs lie.

    Raises:
        ModelError: there is none.
    """
    run = shipped(_DEFAULT) if model is None else shipped(model)
    path = _newest_export(runs) if model is None else check_export(model) if run is None else None
    if path is None:
        return run / "export"
    if notice := renewal_notice(path):
        print(notice, file=sys.stderr)
    return path


def check_export(path: Path) -> Path:
    """Returns the path where it is an artefact, or a folder that holds one.

    Raises:
        ModelError: it is neither.
    """
    if not formats_in(path):
        what = "holds no SavedModel nor any other artefact" if path.is_dir() else "is no artefact"
        what = what if path.exists() else "does not exist"
        # Some formats share a file.
        files = ", ".join(dict.fromkeys(form.file for form in FORMATS.values()))
        raise ModelError(
            f"--model {str(path)!r} {what} (a folder with one of {files}, or the file itself); "
            f"export a trained model with `python -m export`, or name one that is here: {', '.join(names())}"
        )
    return path


def _newest_export(runs: Path) -> Path | None:
    found = [path for form in FORMATS.values() for path in runs.glob(f"*/export/{form.file}")]
    if not found:
        return None
    newest = max(found, key=lambda path: path.stat().st_mtime)
    return next(parent for parent in newest.parents if parent.name == "export")


def formats_in(path: Path) -> dict[str, Path]:
    """Finds the artefacts.

    Args:
        path: an export folder, or one artefact's file.

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
    """The formats there that the export found close enough to the Keras model.

    Of a single file nothing is known, nor of a folder without `formats.json`; then everything counts but what computes
    less exactly than its file could.

    Args:
        path: an export folder, or one artefact's file.

    Raises:
        ModelError: `formats.json` cannot be read.
    """
    found = formats_in(path)
    if not path.is_dir():
        return list(found)[:1]
    notes = path / FORMATS_FILE
    if not notes.is_file():
        return [name for name in found if name != "openvino-bf16"]
    try:
        entries = json.loads(notes.read_text())["formats"]
        return [name for name in found if name in entries and entries[name]["passed"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{str(notes)!r} cannot be read ({error!r}); export the model again") from error


def fingerprint(path: Path) -> str:
    """Tells artefacts apart by the name, size and 16 parts of every file: reading all of it would take seconds."""
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
