"""The pages of the documentation, and the commands that they show."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_FLAG = re.compile(r"(?<![-\w])--[a-z][a-z.-]*[a-z]")
_ENDS = {"&&", "||", "|", ";", "(", ")", "{", "}", "&"}


def blocks(page: Path, language: str) -> list[str]:
    """A page's code blocks in a language."""
    return [text for _, name, text in _BLOCK.findall(page.read_text(encoding="utf-8")) if name == language]


def commands(script: str) -> list[list[str]]:
    """The words of each command of a shell script, without variables that are set for it alone."""
    found: list[list[str]] = [[]]
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        for word in words:
            if word in _ENDS or word.strip(";&|(){}") == "":
                found.append([])
            elif found[-1] or not re.match(r"\w+=", word):
                found[-1].append(word)
        found.append([])
    return [words for words in found if words]


def made(words: list[str]) -> list[list[str]]:
    """The commands that `make` would run; fails if there is no such target."""
    # Variables given to a `make` that runs these tests would be inherited.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKEOVERRIDES", "VENV")}
    done = subprocess.run([*words, "-n"], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return commands("\n".join(line for line in done.stdout.splitlines() if " -m " in line or line[:1].isspace()))


@functools.cache
def module_flags(module: str, *leading: str) -> set[str]:
    """The flags in the help of `python -m MODULE LEADING`."""
    out, before = io.StringIO(), sys.argv
    sys.argv = [module, *leading, "--help"]
    try:
        with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as end, warnings.catch_warnings():
            # That the module is imported already.
            warnings.simplefilter("ignore", RuntimeWarning)
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sys.argv = before
    assert end.value.code in (0, None), module
    return set(_FLAG.findall(out.getvalue()))


def unknown_flags(words: list[str]) -> set[str]:
    """The flags of a command that its help does not know; none of a command that is not ours."""
    if words[0] == "make":
        return set().union(*(unknown_flags(made_words) for made_words in made(words)))
    name, *rest = words
    flags = {word.split("=")[0] for word in rest if word.startswith("--")}
    if name == "panopose":
        module = name
    elif Path(name).name in ("python", "python3") and rest[:1] == ["-m"]:
        module, rest = rest[1], rest[2:]
        if not (ROOT / module.split(".")[0]).is_dir():
            return set()
        assert find_spec(module), module
        if not flags:
            return set()
    else:
        return set()
    leading = rest[: next((k for k, word in enumerate(rest) if word.startswith("-")), len(rest))]
    return flags - module_flags(module, *leading)
