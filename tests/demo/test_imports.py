"""The packages and modules of demo import each other without circles, and no private names."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "demo").rglob("*.py")
}


def imported_names(path):
    """Absolute names that a module imports anywhere, also for type checking or in functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_modules(path):
    parents = {name: name.rpartition(".")[0] for name in imported_names(path)}
    return {name if name in MODULES else parent for name, parent in parents.items()} & MODULES.keys()


def package_of(name):
    """The package of a module; a command that no module imports, `demo.video.__main__`, stands for itself."""
    return name if name.endswith(".__main__") else ".".join(name.split(".")[:2])


def test_there_is_no_circle():
    modules = {name: imported_modules(path) for name, path in MODULES.items()}
    packages = {}
    for name, imported in modules.items():
        package = package_of(name)
        packages.setdefault(package, set()).update({package_of(other) for other in imported} - {package})
    for graph in (modules, packages):
        TopologicalSorter(graph).prepare()


def test_no_module_imports_a_command():
    assert not [name for path in MODULES.values() for name in imported_modules(path) if name.endswith("__main__")]


def test_no_private_name_is_imported():
    private = {name for path in MODULES.values() for name in imported_names(path) if "._" in name.replace("__", "")}
    assert private == set()
