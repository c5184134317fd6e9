"""Puts pages from outside docs/ into the site that `make docs` builds.

Model cards, CONTRIBUTING.md and CHANGELOG.md are pages of the site at their own paths. Links are written for readers of
the repository; those between docs/ and these pages are led to the pages of the site, and those to other files of the
repository become plain text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT = Path(__file__).parents[1]
_CARDS = [card.relative_to(_ROOT).as_posix() for card in sorted(_ROOT.glob("weights/*/README.md"))]
_OUTSIDE = (*_CARDS, "CONTRIBUTING.md", "CHANGELOG.md")
_DOCS = "docs/"
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?![\w+.-]+:|[/#])([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages from outside."""
    for name in _OUTSIDE:
        files.append(File.generated(config, name, content=(_ROOT / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads links that leave docs/, or come from outside, to the pages of the site."""
    name = page.file.src_uri
    folder = posixpath.dirname(name if name in _OUTSIDE else _DOCS + name)

    def led(link: re.Match[str]) -> str:
        text, target, anchor = link[1], link[2], link[3] or ""
        path = posixpath.normpath(posixpath.join(folder, target))
        in_site = path.removeprefix(_DOCS)
        if files.get_file_from_path(in_site) is not None:
            return f"[{text}]({posixpath.relpath(in_site, posixpath.dirname(name) or '.')}{anchor})"
        # A link to a file that is not there stays, and fails the strict build.
        return text if (_ROOT / path).exists() else link[0]

    return _LINK.sub(led, markdown)
