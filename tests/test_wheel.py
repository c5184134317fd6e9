"""An installed wheel: what it puts into site-packages, and that commands and their processes run from there."""

import ast
import csv
import os
import re
import subprocess
import sys
import textwrap
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import cv2
import pytest
from lsp_archive import extended_joints, make_archive

from tools.wheel_packages import top_packages

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "quickstart.jpg"
ALREADY_THERE = "evaluate==0.4.6"

pytestmark = pytest.mark.slow


def run(*words, folder):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "KERAS_BACKEND")}
    return subprocess.run(
        [str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def pip(*words, folder):
    done = run(sys.executable, "-m", "pip", "--disable-pip-version-check", *words, folder=folder)
    if done.returncode and re.search("No matching distribution|Failed to establish|Max retries", done.stderr):
        pytest.skip(f"pip reaches no package index: {done.stderr.strip().splitlines()[-1][:200]}")
    assert done.returncode == 0, done.stderr[-2000:]


class Environment:
    """A virtual environment with the wheel in it, and packages of this one."""

    def __init__(self, folder, wheel, packages, *others):
        venv.create(folder, symlinks=os.name != "nt")
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.site = Path(
            run(self.python, "-c", "import site; print(site.getsitepackages()[0])", folder=folder).stdout.strip()
        )
        self.folder = folder / "elsewhere"
        self.folder.mkdir()
        for package in (*others, wheel):
            pip("--python", self.python, "install", "--no-deps", package, folder=folder)
        # After ours on the path, and without its .pth files, such as that of an editable install.
        (self.site / "others.pth").write_text(f"{packages}\n")

    def panopose(self, *words):
        return run(self.python.with_name("panopose"), *words, folder=self.folder)

    def run_code(self, code):
        done = run(self.python, "-c", textwrap.dedent(code), folder=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--wheel-dir", folder, ROOT, folder=folder)
    (file,) = folder.glob("panopose-*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Beside the package `evaluate` of another project, and with every package that the tests have."""
    packages = Path(cv2.__file__).parents[1]
    return Environment(tmp_path_factory.mktemp("installed"), wheel, packages, ALREADY_THERE)


@pytest.fixture(scope="module")
def minimal(wheel, tmp_path_factory):
    """With nothing but what the wheel requires without an extra."""
    packages = tmp_path_factory.mktemp("packages")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().split("\n\n")[0].splitlines()
    left = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]
    seen = set()
    while left:
        package = re.match(r"[\w.-]+", line := left.pop())[0].lower()
        if ";" in line or package in seen:  # Of an extra, or for another Python.
            continue
        seen.add(package)
        distribution = metadata.distribution(package)
        left += distribution.requires or []
        for entry in {file.parts[0] for file in distribution.files if file.parts[0] != ".."} - {"__pycache__"}:
            if not (packages / entry).exists():
                (packages / entry).symlink_to(distribution.locate_file(entry))
    assert {"numpy", "tyro"} <= seen and "tensorflow" not in seen
    return Environment(tmp_path_factory.mktemp("minimal"), wheel, packages)


def test_only_panopose_is_put_into_site_packages(wheel, installed):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    version = wheel.name.split("-")[1]
    assert {name.split("/")[0] for name in names} == {"panopose", f"panopose-{version}.dist-info"}
    found = installed.run_code(
        """
        import importlib.util, sys
        print(importlib.util.find_spec("evaluate").origin)
        for name in ("machine", "models", "records", "train", "demo", "export", "dome"):
            print(name, importlib.util.find_spec(name))
        """
    ).splitlines()
    assert found[0] == str(installed.site / "evaluate" / "__init__.py")
    assert "HuggingFace" in Path(found[0]).read_text()
    assert [line.split()[1] for line in found[1:]] == ["None"] * 7


def test_the_wheel_holds_every_file_of_the_packages_and_no_other(wheel):
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *top_packages()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {name if name.startswith("panopose/") else f"panopose/{name}" for name in tracked}


def test_no_import_in_the_wheel_lacks_the_prefix(wheel):
    ours = set(top_packages()) - {"panopose"}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith(".py"):
                continue
            text = archive.read(name).decode()
            for node in ast.walk(ast.parse(text)):
                imported = [node.module] if isinstance(node, ast.ImportFrom) else []
                imported += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                assert not {module.split(".")[0] for module in imported} & ours, f"{name}:{node.lineno}"
            assert not re.search(rf"python -m (?:{'|'.join(ours)})\b", text), name


def test_help_is_that_of_the_installed_command(installed):
    for words in (("webcam",), ("records", "lsp"), ("train", "resnet"), ("inspect",)):
        done = installed.panopose(*words, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"usage: panopose {' '.join(words)} ") and "python -m" not in done.stdout
    older = run(installed.python.with_name("panopose-webcam"), "--help", folder=installed.folder)
    assert older.stdout == installed.panopose("webcam", "--help").stdout


def test_records_are_made_by_two_workers(installed, tmp_path):
    archive = make_archive(tmp_path / "lsp", extended_joints(6))
    words = ("lsp", "--root", archive, "--workers", 2, "--val", 0, "--test", 0)
    done = installed.panopose("records", *words, "--out", tmp_path / "forked")
    assert done.returncode == 0, done.stderr
    assert "next: panopose inspect" in done.stdout
    # As where a system cannot fork.
    script = tmp_path / "spawned.py"
    script.write_text(
        "import multiprocessing, sys\nfrom panopose.commands import main\nif __name__ == '__main__':\n"
        "    multiprocessing.get_all_start_methods = lambda: ['spawn']\n    sys.exit(main(sys.argv[1:]))\n"
    )
    done = run(installed.python, script, "records", *words, "--out", tmp_path / "spawned", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    done = installed.panopose("inspect", tmp_path / "spawned")
    assert done.returncode == 0 and "whole" in done.stdout, done.stderr
    shards = [
        sorted(path.read_bytes() for path in (tmp_path / name).glob("*.tfrecord*")) for name in ("forked", "spawned")
    ]
    assert shards[0] and shards[0] == shards[1]


def test_an_exported_file_runs_without_the_installed_package(installed, tmp_path):
    shape = installed.run_code(
        """
        from pathlib import Path
        import numpy as np
        from panopose import weights
        from panopose.artefact.formats import FORMATS
        from panopose.export.check import run_alone
        file = FORMATS["litert-fp16"].path(Path(weights.__file__).parent / "fast" / "export")
        images = np.zeros((1, 192, 192, 3), np.uint8)
        print(run_alone("litert-fp16", file, {"pictures": images}, 1, [])["joints_xy_px"].shape)
        """
    )
    assert shape.splitlines()[-1] == "(1, 14, 2)"
    (tmp_path / "engine.py").write_text("import panopose\n")
    alone = installed.site / "panopose" / "artefact" / "alone.py"
    done = run(installed.python, "-P", alone, tmp_path / "engine.py", "{}", "file", tmp_path, 1, folder=tmp_path)
    assert done.returncode == 1 and "ModuleNotFoundError: panopose is a module of PanoPose" in done.stderr


def check_batch(environment, folder):
    done = environment.panopose("batch", PICTURE, "--out", folder / "joints.csv", "--draw", folder / "drawn")
    assert done.returncode == 0, done.stderr
    with (folder / "joints.csv").open() as file:
        assert len(list(csv.DictReader(file))) >= 1
    assert cv2.imread(str(folder / "drawn" / PICTURE.name)).shape == cv2.imread(str(PICTURE)).shape


def test_joints_are_found_from_another_folder(installed, tmp_path):
    check_batch(installed, tmp_path)


def test_models_run_with_the_packages_that_the_wheel_requires(minimal, tmp_path):
    assert minimal.run_code("import importlib.util; print(importlib.util.find_spec('tensorflow'))") == "None\n"
    check_batch(minimal, tmp_path)
    done = minimal.panopose("webcam", "--help")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [("train", "resnet"), ("evaluate", "fast"), ("export", "runs/x"), ("records", "lsp")])
def test_training_says_what_to_install(words, minimal):
    done = minimal.panopose(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: this needs .*: pip install 'panopose\[train\]'\n", done.stderr), done.stderr
