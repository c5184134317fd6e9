"""The pages of the demos and of the export name every flag, and docs/demo.md shows its images."""

import re
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest
import tyro

import demo.batch.__main__
import demo.video.__main__
import demo.web
import demo.webcam
import export.__main__ as export_command
from demo.offline.recording import Recording
from demo.offline.write import to_frame
from pose import LSP14
from pose.angles import ANGLES, TOES

_FLAG = r"(?<![-\w])--[a-z][a-z.-]*[a-z]"
DOCS = Path(__file__).parents[2] / "docs"
PAGE, VIDEO_PAGE = DOCS / "demo.md", DOCS / "video.md"
COMMANDS = {
    "panopose webcam": demo.webcam.Options,
    "panopose web": demo.web.Options,
    "panopose batch": demo.batch.__main__.Options,
    "panopose video": demo.video.__main__.Options,
    "panopose export": export_command.Options,
}


def flags_of(options, capsys):
    with pytest.raises(SystemExit):
        tyro.cli(options, args=["--help"])
    return set(re.findall(_FLAG, capsys.readouterr().out)) - {"--help"}


def sections():
    """The text about each command; the export and the video have pages of their own."""
    parts = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    of_demos = {part.split("\n", 1)[0]: part for part in parts}
    own = {"panopose export": DOCS / "commands/export.md", "panopose video": VIDEO_PAGE}
    return of_demos | {command: page.read_text() for command, page in own.items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_is_named_in_its_section(command, capsys):
    flags, named = flags_of(COMMANDS[command], capsys), set(re.findall(_FLAG, sections()[command]))
    assert len(flags) >= 3
    assert flags - named == set()


def test_the_sections_name_no_flag_that_is_gone(capsys):
    every = set().union(*(flags_of(options, capsys) for options in COMMANDS.values()))
    named = set().union(*(re.findall(_FLAG, text) for text in (PAGE.read_text(), *sections().values())))
    assert named - every == {"--help"}


def test_the_video_page_describes_every_angle_and_column():
    page = VIDEO_PAGE.read_text()
    assert all(f"| `{angle.name.format(side='SIDE')}` |" in page for angle in ANGLES) and len(ANGLES) == 7
    assert all(f"`{toe}`" in page for toe in TOES)
    table = to_frame(Recording(LSP14, np.zeros(0), (1, 1), 0.2, {}))
    columns = {name.replace("head_top", "JOINT") for name in list(table)[:7] + list(table)[-3:]}
    assert len(columns) == 10 and all(f"`{name}`" in page for name in columns)


def test_the_video_page_gives_the_defaults():
    options = {field.name: field.default for field in fields(demo.video.__main__.Options)}
    page = VIDEO_PAGE.read_text()
    for name in ("cutoff_hz", "max_gap_s"):
        (row,) = re.findall(rf"^\| `--{name.replace('_', '-')}` .*$", page, flags=re.MULTILINE)
        assert f"({options[name]:g})" in row
    assert f"`{options['smooth']}`, the default" in page and f"`{options['table']}`, the default" in page


def test_every_picture_is_there_and_shown():
    folder = PAGE.parent / "demo"
    shown = {PAGE.parent / name for name in re.findall(r"\]\((demo/\S+\.jpg)\)", PAGE.read_text())}
    assert shown == set(folder.glob("*.jpg")) and len(shown) >= 8
    for path in shown:
        assert path.stat().st_size < 60_000, path
        assert cv2.imread(str(path)).shape[1] >= 800
