"""The browser page as a folder of static files: our part, ONNX Runtime Web, and an exported model."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path

from artefact.formats import DESCRIPTION_FILE, FORMATS
from demo.errors import DemoError, ModelError
from demo.site.onnxruntime_web import RUNTIME_FILES, runtime_folder
from demo.tracking.one_euro import OneEuro
from demo.tracking.rule import FollowRule
from pose.draw import COLORS

_PAGE = Path(__file__).parent / "static"
_PAGE_ENDINGS = {".html", ".css", ".js"}
_SETTINGS = "settings.json"


def _model_files(export: Path) -> tuple[Path, dict]:
    """The ONNX model of an export folder, or that file itself, and its description."""
    model = (
        export if export.suffix == ".onnx" else (export if export.is_dir() else export.parent) / FORMATS["onnx"].file
    )
    description = model.with_name(DESCRIPTION_FILE)
    for path in (model, description):
        if not path.is_file():
            raise ModelError(f"the page needs {path}, which is not there; export the model with `--to onnx`")
    return model, json.loads(description.read_text(encoding="utf-8"))


def _check_replaceable(folder: Path) -> None:
    """Checks that what a page would replace is a page."""
    names = [path.name for path in _PAGE.iterdir() if path.suffix in _PAGE_ENDINGS]
    names += ["model.onnx", _SETTINGS, *(f"ort/{name}" for name in RUNTIME_FILES)]
    there = sorted(name for name in names if os.path.lexists(folder / name))
    try:
        ours = {"pose", "follow", "smooth"} <= json.loads((folder / _SETTINGS).read_text(encoding="utf-8")).keys()
    except (OSError, ValueError, AttributeError):
        ours = False
    if there and not ours:
        raise DemoError(
            f"--out {str(folder)!r} holds {', '.join(there[:3])}, which no page of ours wrote and this one would "
            "replace; give another folder"
        )


def write_site(folder: Path, export: Path, rule: FollowRule, smooth: OneEuro, package: Path | None = None) -> None:
    """Writes the page with everything it needs: some 14 MB and the model.

    Args:
        folder: where to write; a page that was written there before is replaced.
        export: an export folder with model.onnx and pose.json, or that model.onnx.
        rule: when a person counts as found and as lost.
        smooth: of its kind is the filter of the joints, whose unit is the side of the crop.
        package: ONNX Runtime Web's npm package as a file; otherwise it comes from the cache, or from npm.

    Raises:
        ModelError: the export has no ONNX model.
        DemoError: ONNX Runtime Web can not be had, or the folder cannot be written to, or holds files of these names
            that belong to something else.
    """
    _check_replaceable(folder)
    model, description = _model_files(export)
    settings = {
        "pose": description,
        "colors": {side: f"rgb({red} {green} {blue})" for side, (red, green, blue) in COLORS.items()},
        "follow": dataclasses.asdict(rule.for_model(description.get("follow", {}))),
        "smooth": {"cutoff_hz": smooth.min_cutoff_hz, "beta": smooth.beta},
    }
    runtime = runtime_folder(package)
    try:
        (folder / "ort").mkdir(parents=True, exist_ok=True)
        # First, as it tells that the rest is ours.
        (folder / _SETTINGS).write_text(json.dumps(settings) + "\n", encoding="utf-8")
        for path in _PAGE.iterdir():
            if path.suffix in _PAGE_ENDINGS:
                shutil.copyfile(path, folder / path.name)
        for name in RUNTIME_FILES:
            shutil.copyfile(runtime / name, folder / "ort" / name)
        shutil.copyfile(model, folder / "model.onnx")
    except OSError as error:
        raise DemoError(f"{str(folder)!r} cannot be written: {error.strerror}") from error
