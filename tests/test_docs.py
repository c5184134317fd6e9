"""The documentation: its commands, links, tables and site."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest
from documented import PAGES, ROOT, blocks, commands, unknown_flags

from tools import result_tables

_LINK = re.compile(r"\]\((?![\w+.-]+:|#)([^)#\s]+)|<img src=\"(?![\w+.-]+:)([^\"]+)\"")
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pages
def test_a_page_shows_commands_that_there_are(page):
    shown = [words for script in blocks(page, "sh") for words in commands(script)]
    if any(words[0] == "panopose" for words in shown):
        pytest.importorskip("panopose.commands")
    unknown = {" ".join(words): flags for words in shown if (flags := unknown_flags(words))}
    assert unknown == {}


def test_a_wrong_flag_is_found():
    script = """
        export A=1 && B=2 python -m records data/mine \\
            --count 3 --counts 4    # --comment
        loop() { python -m demo.web --port=0 --prot 1; }
        make records SOURCE=lsp ROOT=a OUT=b ARGS="--size 96 --sise 96"
        pip install --unknown .
    """
    assert [unknown_flags(words) for words in commands(script)] == [
        set(),
        {"--counts"},
        set(),
        {"--prot"},
        {"--sise"},
        set(),
    ]


@pages
def test_a_page_links_to_files_that_there_are(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = [first or second for first, second in _LINK.findall(text)]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_is_in_the_navigation():
    listed = re.findall(r"^ +- .*: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} <= set(listed)
    assert [name for name in listed if not ((ROOT / "docs" / name).exists() or (ROOT / name).exists())] == []


def test_the_tables_show_the_figures_of_the_results(capsys):
    assert result_tables.main(result_tables.Options(check=True)) == 0, capsys.readouterr()


def test_the_site_is_built_without_warnings(tmp_path):
    missing = [name for name in ("mkdocs", "material", "mkdocstrings", "panopose") if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed; `make docs` installs what requirements-docs.txt lists")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"]
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site/weights/fast/index.html").is_file()
