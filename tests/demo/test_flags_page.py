"""The pages of the demos and of the export name every flag, and docs/demo.md shows its images."""

import re
from pathlib import Path

import cv2
import pytest
import tyro

import demo.batch.__main__
import demo.web
import demo.webcam
import export.__main__ as export_command

_FLAG = r"(?<![-\w])--[a-z][a-z.-]*[a-z]"
DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "demo.md"
COMMANDS = {
    "panopose webcam": demo.webcam.Options,
    "panopose web": demo.web.Options,
    "panopose batch": demo.batch.__main__.Options,
    "panopose export": export_command.Options,
}


def flags_of(options, capsys):
    with pytest.raises(SystemExit):
        tyro.cli(options, args=["--help"])
    return set(re.findall(_FLAG, capsys.readouterr().out)) - {"--help"}


def sections():
    """The text about each command; the export has a page of its own."""
    parts = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    of_demos = {part.split("\n", 1)[0]: part for part in parts}
    return of_demos | {"panopose export": (DOCS / "commands/export.md").read_text()}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_is_named_in_its_section(command, capsys):
    flags, named = flags_of(COMMANDS[command], capsys), set(re.findall(_FLAG, sections()[command]))
    assert len(flags) >= 3
    assert flags - named == set()


def test_the_sections_name_no_flag_that_is_gone(capsys):
    every = set().union(*(flags_of(options, capsys) for options in COMMANDS.values()))
    named = set().union(*(re.findall(_FLAG, text) for text in (PAGE.read_text(), *sections().values())))
    assert named - every == {"--help"}


def test_every_picture_is_there_and_shown():
    folder = PAGE.parent / "demo"
    shown = {PAGE.parent / name for name in re.findall(r"\]\((demo/\S+\.jpg)\)", PAGE.read_text())}
    assert shown == set(folder.glob("*.jpg")) and len(shown) >= 8
    for path in shown:
        assert path.stat().st_size < 60_000, path
        assert cv2.imread(str(path)).shape[1] >= 800
