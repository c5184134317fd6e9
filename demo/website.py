"""The browser page as a folder of static files: our part, ONNX Runtime Web, and an exported model."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

from artefact.formats import DESCRIPTION_FILE, FORMATS
from demo.errors import DemoError, ModelError
from demo.one_euro import OneEuro
from demo.track import FollowRule
from pose.draw import COLORS

NPM_PACKAGE, NPM_VERSION = "onnxruntime-web", "1.30.0"
# As `npm view onnxruntime-web@1.30.0 dist.integrity` has it.
_NPM_INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
# Of the package's 145 MB, what WebAssembly needs: the library, its loader and the runtime itself.
RUNTIME_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
_PAGE = Path(__file__).parent / "web"
_PAGE_ENDINGS = {".html", ".css", ".js"}
_SETTINGS = "settings.json"


def cache_folder() -> Path:
    """Where ONNX Runtime Web is kept between runs."""
    return user_cache_path("panopose") / f"{NPM_PACKAGE}-{NPM_VERSION}"


def _pack(folder: Path) -> Path:
    """Lets npm put the package into a folder as a .tgz file."""
    manual = (
        f"install Node.js, which brings it, or run `npm pack {NPM_PACKAGE}@{NPM_VERSION}` on another computer and give "
        "the file that it writes as --onnxruntime-web FILE"
    )
    npm = shutil.which("npm")
    if npm is None:
        raise DemoError(f"the page needs {NPM_PACKAGE} {NPM_VERSION}, once, from npm, which is not here; {manual}")
    print(f"fetching {NPM_PACKAGE} {NPM_VERSION} (33 MB, once) from npm", flush=True)
    command = [npm, "pack", "--silent", f"{NPM_PACKAGE}@{NPM_VERSION}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    packed = folder / f"{NPM_PACKAGE}-{NPM_VERSION}.tgz"
    if done.returncode or not packed.is_file():
        last = "\n".join(done.stderr.splitlines()[-4:])
        raise DemoError(f"npm could not fetch {NPM_PACKAGE} {NPM_VERSION}; {manual}. npm says:\n{last}")
    return packed


def unpack(package: Path, folder: Path) -> None:
    """Takes what the page needs out of the npm package.

    Args:
        package: the .tgz file of exactly the version that this project was tested with.
        folder: gets `RUNTIME_FILES`, all of them or none.

    Raises:
        DemoError: it is another file, or cannot be read.
    """
    try:
        digest = hashlib.sha512(package.read_bytes()).digest()
    except OSError as error:
        raise DemoError(f"{str(package)!r} cannot be read: {error.strerror}") from error
    integrity = f"sha512-{base64.b64encode(digest).decode()}"
    if integrity != _NPM_INTEGRITY:
        raise DemoError(f"{str(package)!r} is not {NPM_PACKAGE} {NPM_VERSION} as published, but {integrity}")
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        with tarfile.open(package) as archive:
            for name in RUNTIME_FILES:
                with archive.extractfile(f"package/dist/{name}") as source, (partial / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def runtime_folder(package: Path | None = None) -> Path:
    """Finds ONNX Runtime Web in the cache, or puts it there, from npm if no package is given.

    Raises:
        DemoError: it can not be had.
    """
    folder = cache_folder()
    if package is not None:
        unpack(package, folder)
    elif not all((folder / name).is_file() for name in RUNTIME_FILES):
        with tempfile.TemporaryDirectory() as scratch:
            unpack(_pack(Path(scratch)), folder)
    return folder


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
