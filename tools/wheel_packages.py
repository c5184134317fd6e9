"""Builds a wheel in which every package lies inside `panopose`, as `panopose.train` for the repository's `train`.

At the top of site-packages, `models`, `records` or `evaluate` would overwrite the packages of other projects. Only
imports and the commands in texts are rewritten; the code depends on no package's name otherwise.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

ROOT = Path(__file__).resolve().parents[1]
FACE = "panopose"
_TEXTS = {".md", ".html", ".js"}


def top_packages(root: Path = ROOT) -> list[str]:
    """The names of the packages that lie in the repository's own folder."""
    return sorted(path.parent.name for path in root.glob("*/__init__.py"))


def all_packages(root: Path = ROOT) -> list[str]:
    """The names of these packages and of those inside them."""
    return sorted(
        ".".join(path.parent.relative_to(root).parts)
        for name in top_packages(root)
        for path in (root / name).rglob("__init__.py")
    )


def package_files(root: Path = ROOT) -> Iterator[tuple[Path, Path]]:
    """The files of all packages, and where they lie in a wheel.

    Raises:
        ValueError: two files would lie in one place.
    """
    taken: set[str] = set(top_packages(root)) - {FACE}
    for name in top_packages(root):
        for path in sorted((root / name).rglob("*")):
            place = path.relative_to(root)
            if path.is_dir() or any(part == "__pycache__" or part.startswith(".") for part in place.parts):
                continue
            if name == FACE and Path(place.parts[1]).stem in taken:
                raise ValueError(f"{place} has the name of a package, which lies there in a wheel; rename it")
            yield path, place if name == FACE else FACE / place


def rewritten(source: str, names: set[str], verbs: dict[str, str]) -> str:
    """A module's source for the wheel.

    Args:
        source: as it is in the repository.
        names: the top-level packages.
        verbs: see `commands_rewritten`.

    Raises:
        ValueError: an import binds a top-level name, as `import train.loop` does, so that its uses would break.
    """
    inserted = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and _is_ours(node.module, names - {FACE}):
            inserted.append((node.lineno, node.col_offset, f"from {node.module}", f"from {FACE}.{node.module}"))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if not _is_ours(alias.name, names - {FACE}):
                    continue
                if alias.asname is None:
                    raise ValueError(f"line {node.lineno}: write `from ... import` instead of `import {alias.name}`")
                inserted.append((alias.lineno, alias.col_offset, "", f"{FACE}."))
    lines = source.encode().splitlines(keepends=True)
    # From the end, so that the columns before stay right; they count bytes.
    for number, column, before, after in sorted(inserted, reverse=True):
        line = lines[number - 1]
        if not line[column:].startswith(before.encode()):
            raise ValueError(f"line {number}: write `from` and one space")
        lines[number - 1] = line[:column] + after.encode() + line[column + len(before) :]
    return commands_rewritten(b"".join(lines).decode(), names, verbs)


def _is_ours(module: str, names: set[str]) -> bool:
    return module.partition(".")[0] in names


def commands_rewritten(text: str, names: set[str], verbs: dict[str, str]) -> str:
    """A text in which `python -m` runs the wheel's modules, or reads `panopose VERB` where there is such a verb.

    Args:
        text: source or prose.
        names: the top-level packages.
        verbs: the verb by module; a module "train." stands for any of that package.
    """

    def as_in_wheel(match: re.Match[str]) -> str:
        module = match[1]
        if module in verbs:
            return f"{FACE} {verbs[module]}"
        package, _, name = module.partition(".")
        if f"{package}." in verbs:
            return f"{FACE} {verbs[f'{package}.']} {name}".rstrip()
        return f"python -m {FACE}.{module}"

    ours = "|".join(sorted(names - {FACE}))
    # `train.{name}` is in an f-string.
    return re.sub(rf"\bpython -m ((?:{ours})\b(?:\.(?:\w+|\{{\w+\}}))*)", as_in_wheel, text)


def verbs_by_module(root: Path = ROOT) -> dict[str, str]:
    """The verbs of the command `panopose`, read without importing it."""
    tree = ast.parse((root / FACE / "commands.py").read_text(encoding="utf-8"))
    table = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["VERBS"]
    )
    return {module: verb for verb, (module, _) in ast.literal_eval(table).items()}


def layout(root: Path = ROOT) -> tuple[list[str], dict[str, str]]:
    """A wheel's packages, and the folders of those that lie elsewhere in the repository."""
    inside = {f"{FACE}.{name}": name for name in top_packages(root) if name != FACE}
    packages = [name if _is_ours(name, {FACE}) else f"{FACE}.{name}" for name in all_packages(root)]
    return packages, inside


class EditableAtTop(editable_wheel):
    """An editable install, which keeps the repository's names."""

    def finalize_options(self) -> None:
        """Replaces the wheel's packages."""
        self.distribution.packages, self.distribution.package_dir = all_packages(), {}
        super().finalize_options()


class BuildInsideFace(build_py):
    """Writes the wheel's modules."""

    def run(self) -> None:
        """Copies the packages into the build folder."""
        if self.editable_mode:
            super().run()
            return
        names, verbs = set(top_packages()), verbs_by_module()
        for path, place in package_files():
            target = Path(self.build_lib) / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".py":
                try:
                    target.write_text(rewritten(path.read_text("utf-8"), names, verbs), encoding="utf-8")
                except ValueError as error:
                    raise ValueError(f"{path}: {error}") from error
            elif path.suffix in _TEXTS:
                target.write_text(commands_rewritten(path.read_text("utf-8"), names, verbs), encoding="utf-8")
            else:
                shutil.copyfile(path, target)

    def get_source_files(self) -> list[str]:
        """The files that a source distribution holds."""
        return [str(path.relative_to(ROOT)) for path, _ in package_files()]

    def get_output_mapping(self) -> dict[str, str]:
        """The files that the build writes, and what they are made of."""
        if self.editable_mode:
            return super().get_output_mapping()
        return {str(Path(self.build_lib) / place): str(path) for path, place in package_files()}

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """The files that the build writes."""
        return super().get_outputs(include_bytecode) if self.editable_mode else list(self.get_output_mapping())
