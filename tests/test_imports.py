"""Who may import whom: reads the imports of every module and fails on an arrow the design does not allow."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "machine": set(),
    "pose": set(),
    "artefact": {"machine"},
    "weights": {"artefact"},
    "records": {"machine", "pose"},
    "data_prep": {"machine", "pose", "records"},
    "models": set(),
    "evaluate": {"machine", "pose", "artefact", "records", "weights"},
    "train": {"machine", "pose", "artefact", "records", "models", "evaluate", "weights"},
    "export": {"machine", "pose", "artefact", "models"},
    "demo": {"machine", "pose", "artefact", "weights"},
}
WITHOUT_TENSORFLOW = ("pose",)
# The modules that use what TensorFlow does not document. Keras's inside is used in models/private_keras.py.
PRIVATE_TENSORFLOW = {
    "export/private_tensorflow.py",
    "artefact/engines/litert.py",  # Imports nothing of this project.
    "benchmarks/speed/workers/training_profile.py",  # Reads the profiler's files.
}


def imported_packages(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_they_may(package):
    modules = sorted((ROOT / package).rglob("*.py"))
    assert modules
    for path in modules:
        ours = imported_packages(path) & (ALLOWED.keys() | {"benchmarks", "tests", "tools"})
        assert ours <= ALLOWED[package] | {package}, f"{path} imports {ours - ALLOWED[package] - {package}}"


@pytest.mark.parametrize("package", WITHOUT_TENSORFLOW)
def test_the_vocabulary_needs_neither_tensorflow_nor_keras(package):
    for path in (ROOT / package).rglob("*.py"):
        assert not imported_packages(path) & {"tensorflow", "keras"}, path


def test_private_interfaces_of_tensorflow_are_used_in_one_module():
    private = re.compile(r"\b(tensorflow\.(python|lite|core|tsl|compiler)|keras\.src|tf\.lite\.experimental)\b")
    paths = [path for package in (*ALLOWED, "benchmarks", "tools") for path in (ROOT / package).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in paths if private.search(path.read_text())}
    assert found == PRIVATE_TENSORFLOW


def test_every_package_is_installed_by_name():
    setup = ast.parse((ROOT / "setup.py").read_text())
    call = next(n for n in ast.walk(setup) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "setup")
    packages = next(ast.literal_eval(k.value) for k in call.keywords if k.arg == "packages")
    folders = {path.parent.relative_to(ROOT) for package in ALLOWED for path in (ROOT / package).rglob("__init__.py")}
    assert set(packages) == {".".join(folder.parts) for folder in folders}
