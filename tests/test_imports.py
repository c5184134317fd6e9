"""Who may import whom: reads the imports of every module and fails on one that the design does not allow."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.wheel_packages import top_packages

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "machine": set(),
    "pose": set(),
    "artefact": {"machine"},
    "weights": {"artefact"},
    "body": {"pose"},
    "dome": {"machine", "pose", "body"},
    "records": {"machine", "pose"},
    "data_prep": {"machine", "pose", "body", "artefact", "weights", "records", "dome"},
    "models": {"pose", "body"},
    "evaluate": {"machine", "pose", "body", "artefact", "records", "weights"},
    "train": {"machine", "pose", "body", "artefact", "records", "models", "evaluate", "weights"},
    "export": {"machine", "pose", "artefact", "models"},
    "demo": {"machine", "pose", "body", "artefact", "weights"},
    "gait": {"machine", "pose", "demo"},
    "panopose": {"machine", "pose", "artefact", "weights", "demo"},
}
WITHOUT_TENSORFLOW = ("pose", "body", "dome")
# The part of `body` for nets, which needs Keras; nothing else of these packages imports it.
BODY_FOR_NETS = "body.nets"
# The modules that use private interfaces of TensorFlow. Those of Keras are used in models/private_keras.py.
PRIVATE_TENSORFLOW = {
    "export/private_tensorflow.py",
    "artefact/engines/litert.py",  # Imports nothing of this project.
    "benchmarks/speed/workers/training_profile.py",  # Reads the profiler's files.
}


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): path for package in ALLOWED for path in files(package)}


def imports(path: Path) -> Iterator[tuple[str, str | None]]:
    """The module and the name of every import of a file, also in functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from ((node.module, alias.name) for alias in node.names)


def imported_packages(path: Path) -> set[str]:
    return {module.split(".")[0] for module, _ in imports(path)}


def imported_modules(path: Path) -> set[str]:
    """The modules of the project that a file imports, or imports names of."""
    found = {f"{module}.{name}" if f"{module}.{name}" in MODULES else module for module, name in imports(path)}
    return found & MODULES.keys()


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_they_may(package):
    assert files(package)
    for path in files(package):
        ours = imported_packages(path) & (ALLOWED.keys() | {"benchmarks", "tests", "tools"})
        assert ours <= ALLOWED[package] | {package}, f"{path} imports {ours - ALLOWED[package] - {package}}"


def test_no_modules_import_one_another_in_a_cycle():
    left = {name: imported_modules(path) - {name} for name, path in MODULES.items()}
    # Repeatedly removes the modules that import none of the remaining ones; a cycle cannot be removed.
    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in free}
    # The same for modules that no remaining one imports, so that only the cycle is shown.
    while free := left.keys() - set().union(*left.values()):
        left = {name: needs for name, needs in left.items() if name not in free}
    assert {name: sorted(needs & left.keys()) for name, needs in left.items()} == {}


def test_private_names_are_not_imported_from_other_packages():
    found = [
        f"{name} imports {module}.{imported}"
        for name, path in MODULES.items()
        for module, imported in imports(path)
        if imported is not None
        and imported.startswith("_")
        and not imported.endswith("__")
        and MODULES.get(module, path).parent != path.parent
    ]
    assert found == []


@pytest.mark.parametrize("package", WITHOUT_TENSORFLOW)
def test_packages_that_only_need_numpy_import_neither_tensorflow_nor_keras(package):
    for path in files(package):
        assert "tensorflow" not in imported_packages(path), path
        if not dotted(path).startswith(BODY_FOR_NETS):
            assert "keras" not in imported_packages(path), path
            assert not any(name.startswith(BODY_FOR_NETS) for name in imported_modules(path)), path


def test_private_interfaces_of_tensorflow_are_used_in_one_module():
    private = re.compile(r"\b(tensorflow\.(python|lite|core|tsl|compiler)|keras\.src|tf\.lite\.experimental)\b")
    paths = [path for package in (*ALLOWED, "benchmarks", "tools") for path in (ROOT / package).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in paths if private.search(path.read_text())}
    assert found == PRIVATE_TENSORFLOW


def test_every_package_has_its_rule():
    assert top_packages() == sorted(ALLOWED)
