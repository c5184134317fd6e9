"""Pieces of the HTML report. Every text that is not markup goes through `text`."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping

# Nothing may be fetched: a report is one file, to be mailed or opened on a machine without network.
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" 
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
"""

_STYLE = """
:root { --ground: #f6f8fa; --card: #fff; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --bar: #54a0f0; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --card: #161b22; --ink: #e6edf3; --soft: #9198a1; --line: #30363d;
    --bar: #2f6fb3; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; max-width: 50rem; }
abbr { text-decoration: underline dotted; text-underline-offset: .2em; cursor: help; }
details { margin: .75rem 0; }
summary { cursor: pointer; }
.key { display: inline-flex; align-items: center; gap: .35rem; margin-right: .9rem; white-space: nowrap; }
.key i { width: .8rem; height: .8rem; border-radius: 50%; border: 1px solid #000; }
p.soft, figcaption, dt, .soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem; }
.tiles, .plots, .people { display: grid; gap: .75rem; }
.tiles { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
.tiles > div { display: flex; flex-direction: column; }
.tiles .name { flex: 1; }
.tiles .name, .tiles .soft { font-size: .85rem; }
.tiles .value { font-size: 1.5rem; font-weight: 600; white-space: nowrap;
  font-variant-numeric: tabular-nums; line-height: 1.3; }
.tiles .first { border-color: #0969da; border-width: 2px; }
.plots { grid-template-columns: repeat(auto-fill, minmax(min(15rem, 44vw), 1fr)); }
.people { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
figure { margin: 0; overflow: hidden; }
figure.wide { max-width: 44rem; }
img { display: block; width: 100%; height: auto; border-radius: .25rem; }
.people figure { padding: .4rem; }
.people img { aspect-ratio: 1; }
figcaption { font-size: .75rem; line-height: 1.35; margin-top: .3rem; overflow-wrap: anywhere; }
figcaption b { color: var(--ink); font-weight: 600; }
.scroll { overflow-x: auto; padding: 0; margin: .75rem 0; }
.scroll.narrow { max-width: 44rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
th { font-weight: 600; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--card); }
td.bar { background: linear-gradient(90deg, var(--bar) var(--fill), transparent var(--fill)) bottom / 100% .25rem
  no-repeat; }
td.mean { color: var(--soft); border-left: 1px solid var(--line); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
dd { margin: 0; overflow-wrap: anywhere; }
thead th { white-space: normal; vertical-align: bottom; }
@media (max-width: 40rem) {
  th, td { padding: .3rem .35rem; font-size: .8125rem; }
  .narrow th:first-child { white-space: normal; }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: .3rem; }
}
.warning { border-left: .3rem solid #d1242f; padding-left: .6rem; }
"""


def text(value: object) -> str:
    """A value as HTML text, safe in attributes as well."""
    return html.escape(str(value), quote=True)


def page(title: str, body: str) -> str:
    """A whole document."""
    head = f"{_HEAD}<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>"
    return f"{head}\n<body>\n{body}\n</body>\n</html>\n"


def data_url(content: bytes, kind: str) -> str:
    """A picture as a URL that holds it; `kind` is "png" or "jpeg"."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def themed_picture(light: bytes, dark: bytes, describes: str) -> str:
    """A PNG that changes with the reader's light or dark setting."""
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{data_url(dark, "png")}">'
        f'<img src="{data_url(light, "png")}" alt="{text(describes)}"></picture>'
    )


def explained(name: str, meaning: str | None) -> str:
    """A name, which says what it means where the pointer rests on it."""
    return text(name) if meaning is None else f'<abbr title="{text(meaning)}">{text(name)}</abbr>'


def tile(name: str, value: str, below: str, *, first: bool = False, meaning: str | None = None) -> str:
    """A figure in large type."""
    return (
        f'<div class="card{" first" if first else ""}"><div class="name">{explained(name, meaning)}</div>'
        f'<div class="value">{text(value)}</div><div class="soft">{text(below)}</div></div>'
    )


def definitions(terms: Mapping[str, object]) -> str:
    """A list of terms and what is said of each."""
    return "<dl>" + "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in terms.items()) + "</dl>"


def folded(heading: str, terms: Mapping[str, object] | list[str]) -> str:
    """A box that opens with a click: terms and what is said of each, or sentences."""
    if isinstance(terms, Mapping):
        inner = definitions(terms)
    else:
        inner = "".join(f"<p>{text(sentence)}</p>" for sentence in terms)
    return f"<details><summary>{text(heading)}</summary>{inner}</details>"


def table(
    headings: list[str],
    rows: list[list[str]],
    *,
    narrow: bool = False,
    meanings: Mapping[str, str | None] | None = None,
) -> str:
    """A table whose first column names its rows: each row is a text and then cells as `cell` makes them."""
    head = "".join(f"<th>{explained(heading, (meanings or {}).get(heading))}</th>" for heading in headings)
    body = "\n".join(f'<tr><th scope="row">{text(name)}</th>{"".join(cells)}</tr>' for name, *cells in rows)
    kind = "card scroll narrow" if narrow else "card scroll"
    return (
        f'<div class="{kind}" tabindex="0"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def cell(shown: str, *, fill: float | None = None, mean: bool = False) -> str:
    """A cell, with a bar of `fill` (0 to 1) behind its text, or greyed for the mean pose."""
    if fill is not None and fill == fill:
        return f'<td class="bar" style="--fill: {100 * fill:.1f}%">{text(shown)}</td>'
    return f'<td class="mean">{text(shown)}</td>' if mean else f"<td>{text(shown)}</td>"
