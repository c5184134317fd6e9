"""Options of a training in a TOML file."""

from __future__ import annotations

import json
import tomllib
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import tyro

from train.config import TrainConfig

Options = TypeVar("Options")

_PLAIN = {bool: "true or false", int: "a whole number", float: "a number", Path: "text in quotes"}


def read_options(path: Path, config_class: type[TrainConfig], recipe: str) -> dict[str, Any]:
    """Reads the options of a recipe that a file gives; options that belong together are a table.

    Args:
        path: of the file.
        config_class: the recipe's options.
        recipe: its name, which `model` in the file must be if it is there.

    Returns:
        Values by option, of the options' types; their ranges are not checked.

    Raises:
        ValueError: no file, no TOML, another recipe's, an option that does not exist, or a value of another type.
    """
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    try:
        # Editors on Windows begin a file with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML: {error}") from error
    try:
        model = values.pop("model", recipe)
        if model != recipe:
            raise _WrongKey(
                ("model",),
                f"model is {_shown(model)}, but this is the recipe {recipe}; run python -m train.{model}, or change it",
            )
        return _checked(values, config_class)
    except _WrongKey as error:
        raise ValueError(f"{path}, line {_line_of(text, error.keys)}: {error}") from error


def with_defaults(options: type[Options], values: dict[str, Any]) -> Options:
    """An object that gives tyro its defaults: not checked, since options that it needs may be in the command line."""
    made = object.__new__(options)
    for field in fields(options):  # type: ignore[arg-type]
        default = tyro.MISSING if field.default is MISSING else field.default
        if field.default_factory is not MISSING:
            default = field.default_factory()
        object.__setattr__(made, field.name, values.get(field.name, default))
    return made


def as_toml(config: TrainConfig, recipe: str) -> str:
    """The text of a file from which `read_options` reads the same options; those that are None are left out."""
    plain, tables = {"model": recipe}, {}
    for field in fields(config):
        value = getattr(config, field.name)
        (tables if is_dataclass(value) else plain)[field.name] = value
    lines = [f"# python -m train.{recipe} --config FILE", *_assignments(plain)]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *_assignments(vars(table))]
    return "\n".join(lines) + "\n"


class _WrongKey(Exception):
    """A key that is wrong: its tables' names and its own, and why."""

    def __init__(self, keys: tuple[str, ...], why: str) -> None:
        super().__init__(why)
        self.keys = keys


def _checked(values: dict[str, Any], options: type, tables: tuple[str, ...] = ()) -> dict[str, Any]:
    hints = get_type_hints(options)
    known = [field.name for field in fields(options)]
    found = {}
    for key, value in values.items():
        name, keys = ".".join((*tables, key)), (*tables, key)
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            if tables:
                hint += "; options that are not in this table stand above it"
            raise _WrongKey(keys, f"there is no option {name}; {hint}")
        if is_dataclass(hints[key]) and isinstance(value, dict):
            found[key] = with_defaults(hints[key], _checked(value, hints[key], keys))
            continue
        try:
            found[key] = _converted(value, hints[key])
        except TypeError as error:
            raise _WrongKey(keys, f"{name} must be {_allowed(hints[key])}, got {_shown(value)}") from error
    return found


def _converted(value: Any, hint: Any) -> Any:
    """A value of TOML as an option's type.

    Raises:
        TypeError: it is of another type.
    """
    kind = get_origin(hint)
    if kind in (Union, UnionType):
        return _converted(value, _not_none(hint))
    if kind is tuple and isinstance(value, list):
        return tuple(_converted(item, get_args(hint)[0]) for item in value)
    if kind is Literal and any(value == choice and type(value) is type(choice) for choice in get_args(hint)):
        return value
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise TypeError
    return value


def _allowed(hint: Any) -> str:
    kind = get_origin(hint)
    if kind in (Union, UnionType):
        return _allowed(_not_none(hint))
    if kind is tuple:
        return f"a list, each item {_allowed(get_args(hint)[0])}"
    if kind is Literal:
        return f"one of {', '.join(map(_shown, get_args(hint)))}"
    return _PLAIN.get(hint, "a table")


def _not_none(hint: Any) -> Any:
    return next(member for member in get_args(hint) if member is not NoneType)


def _assignments(values: dict[str, Any]) -> list[str]:
    return [f"{name} = {_shown(value)}" for name, value in values.items() if value is not None]


def _shown(value: Any) -> str:
    """A value as TOML, whose text, numbers and lists are also JSON's; dates, which no option is, as text."""
    return json.dumps(value, ensure_ascii=False, default=str).replace("\x7f", "\\u007f")


def _line_of(text: str, keys: tuple[str, ...]) -> int:
    """The number of the first line after which the file has a key."""
    lines = text.split("\n")
    for count in range(1, len(lines)):
        try:
            found: Any = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue  # In the middle of a list.
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if found is not None:
            return count
    return len(lines)
