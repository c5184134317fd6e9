"""The files of configs/: their options exist, and are those of the commands that are documented."""

import re
import shlex
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from commands import call

ROOT = Path(__file__).parents[2]
FILES = {path.name: path for path in sorted((ROOT / "configs").glob("*.toml"))}
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "weights").glob("*/README.md")]


def printed(recipe, *words):
    done = call(import_module(f"train.{recipe}").main, *words, "--print-config")
    assert done.returncode == 0, done.stderr
    return tomllib.loads(done.stdout)


def commands_in(path):
    """The trainings in a page's shell blocks by the name of their run, variables of the shell filled in."""
    found = {}
    for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL):
        variables = {}
        for line in block.replace("\\\n", " ").splitlines():
            for name, value in variables.items():
                line = line.replace(f"${name}", value)
            if given := re.fullmatch(r'(\w+)="(.*)"', line):
                variables[given[1]] = given[2]
            elif training := re.search(r"(?:-m train\.|panopose train )(\w+) (.*)", line):
                words = shlex.split(training[2], comments=True)
                if "--run" in words:
                    found[words[words.index("--run") + 1]] = training[1], words
    return found


@pytest.fixture(scope="module")
def documented():
    return {run: found for page in PAGES for run, found in commands_in(page).items()}


def test_there_are_files():
    assert {"fast.toml", "accurate.toml", "lsp_resnet18.toml", "quickstart.toml"} <= FILES.keys()


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_by_its_recipe(name):
    given = tomllib.loads(FILES[name].read_text())
    options = printed(given["model"], "--config", FILES[name])
    augmentation = options.pop("augmentation")
    assert given.pop("augmentation", {}).items() <= augmentation.items()
    assert {"records", "run"} <= given.keys() and all(options[key] == value for key, value in given.items())


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"quickstart.toml"}))
def test_a_file_has_the_options_of_the_documented_command(name, documented):
    given = tomllib.loads(FILES[name].read_text())
    recipe, words = documented[given["run"]]
    assert given["model"] == recipe
    assert printed(recipe, "--config", FILES[name]) == printed(recipe, *words)


@pytest.mark.parametrize("name", FILES)
def test_cost_and_score_are_those_of_the_pages(name):
    head = [line for line in FILES[name].read_text().splitlines() if line.startswith("#")]
    assert any("Cost" in line for line in head) and any("Score" in line for line in head)
    pages = "\n".join(page.read_text() for page in PAGES)
    figures = re.findall(r"\d+[.:]\d+", "\n".join(head))
    assert [figure for figure in figures if figure not in pages] == []
