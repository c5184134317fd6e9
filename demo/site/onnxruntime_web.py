"""ONNX Runtime Web from npm, kept in the user's cache folder."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import IO, cast

from platformdirs import user_cache_path

from demo.errors import DemoError

NPM_PACKAGE, NPM_VERSION = "onnxruntime-web", "1.30.0"
# As `npm view onnxruntime-web@1.30.0 dist.integrity` has it.
_NPM_INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
#: The parts of the 145 MB package that WebAssembly needs: the library, its loader and the runtime itself.
RUNTIME_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


def cache_folder() -> Path:
    """Cache folder of ONNX Runtime Web."""
    return user_cache_path("panopose") / f"{NPM_PACKAGE}-{NPM_VERSION}"


def _pack(folder: Path) -> Path:
    """Runs npm to fetch the package as a .tgz file into a folder."""
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
    """Extracts the files that the page needs from the npm package.

    Args:
        package: the .tgz file, of exactly version `NPM_VERSION`.
        folder: gets `RUNTIME_FILES`, all of them or none.

    Raises:
        DemoError: the file cannot be read, or its hash differs.
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
                member = cast(IO[bytes], archive.extractfile(f"package/dist/{name}"))
                (partial / name).write_bytes(member.read())
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def runtime_folder(package: Path | None = None) -> Path:
    """Returns the cache folder, after filling it from the given package, or from npm if it is incomplete.

    Raises:
        DemoError: the package cannot be fetched or read.
    """
    folder = cache_folder()
    if package is not None:
        unpack(package, folder)
    elif not all((folder / name).is_file() for name in RUNTIME_FILES):
        with tempfile.TemporaryDirectory() as scratch:
            unpack(_pack(Path(scratch)), folder)
    return folder
