"""Pages in HTML, each one file that fetches nothing, from templates that extend `templates/bare.html`."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import jinja2


def rendered(folders: Sequence[Path], template: str, **values: object) -> str:
    """A page as HTML; templates escape every text they are given.

    Args:
        folders: of templates, beside those that all pages share.
        template: its name.
        **values: for the template.
    """
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, Path(__file__).parent / "templates"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["data_url"] = _data_url
    return templates.get_template(template).render(**values)


def _data_url(content: bytes, kind: str) -> str:
    """An image as a URL that holds it; `kind` is "png" or "jpeg"."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
