"""docs/demo.md names every flag of the commands, and shows its pictures."""

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
PAGE = Path(__file__).parents[2] / "docs/demo.md"
COMMANDS = {
    "demo.webcam": demo.webcam.Options,
    "demo.web": demo.web.Options,
    "demo.batch": demo.batch.__main__.Options,
    "export": export_command.Options,
}


def flags_of(options, capsys):
    with pytest.raises(SystemExit):
        tyro.cli(options, args=["--help"])
    return set(re.findall(_FLAG, capsys.readouterr().out)) - {"--help"}


def sections():
    parts = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0]: part for part in parts}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_is_named_in_its_section(command, capsys):
    flags, named = flags_of(COMMANDS[command], capsys), set(re.findall(_FLAG, sections()[command]))
    assert len(flags) >= 3
    assert flags - named == set()


def test_the_sections_name_no_flag_that_is_gone(capsys):
    every = set().union(*(flags_of(options, capsys) for options in COMMANDS.values()))
    assert set(re.findall(_FLAG, PAGE.read_text())) - every == {"--help"}


def test_every_picture_is_there_and_shown():
    folder = PAGE.parent / "demo"
    shown = {PAGE.parent / name for name in re.findall(r"\]\((demo/\S+\.jpg)\)", PAGE.read_text())}
    assert shown == set(folder.glob("*.jpg")) and len(shown) >= 8
    for path in shown:
        assert path.stat().st_size < 60_000, path
        assert cv2.imread(str(path)).shape[1] >= 800
