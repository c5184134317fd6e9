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

_OUTSIDE = (
    "weights/fast/README.md",
    "weights/accurate/README.md",
    "weights/crowd/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
_DOCS = "docs/"
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?![\w+.-]+:|[/#])([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages from outside."""
    root = Path(config.config_file_path).parent
    for name in _OUTSIDE:
        files.append(File.generated(config, name, content=(root / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads links that leave docs/, or come from outside, to the pages of the site."""
    root, name = Path(config.config_file_path).parent, page.file.src_uri
    folder = posixpath.dirname(name if name in _OUTSIDE else _DOCS + name)

    def led(link: re.Match[str]) -> str:
        text, target, anchor = link[1], link[2], link[3] or ""
        path = posixpath.normpath(posixpath.join(folder, target))
        in_site = path.removeprefix(_DOCS)
        if files.get_file_from_path(in_site) is not None:
            return f"[{text}]({posixpath.relpath(in_site, posixpath.dirname(name) or '.')}{anchor})"
        # A link to a file that is not there stays, and fails the strict build.
        return text if (root / path).exists() else link[0]

    return _LINK.sub(led, markdown)
