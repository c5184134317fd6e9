"""What all reports share: values as text and JSON, and the pages' templates in `templates/`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from machine import page


@dataclass(frozen=True)
class Cell:
    """A cell of a table on the page.

    Attributes:
        text: what it shows.
        fill: length of the bar below the text, from 0 to 1; NaN for none.
        mean_pose: whether it is of the mean pose, which is grayed.
    """

    text: str
    fill: float = math.nan
    mean_pose: bool = False

    @property
    def bar(self) -> str | None:
        """The bar's length in CSS."""
        return None if math.isnan(self.fill) else f"{100 * self.fill:.1f}%"


#: A row's name and its cells.
Row = tuple[str, list[Cell]]


def rendered(folder: Path, template: str, **values: object) -> str:
    """A page as HTML, from a template that extends `page.html`; templates escape every text they are given.

    Args:
        folder: of the template.
        template: its name.
        **values: for the template.
    """
    return page.rendered([folder, Path(__file__).parent / "templates"], template, **values)


def meaning_of(heading: str, meanings: Mapping[str, str]) -> str | None:
    """What a figure means, by the longest known beginning of its heading."""
    known = [term for term in meanings if heading.lower().startswith(term.lower())]
    return meanings[max(known, key=len)] if known else None


def show(value: float, unit: str) -> str:
    """A fraction as "81.3" percent, others as "6.42"; "n/a" for what could not be measured."""
    if math.isnan(value):
        return "n/a"
    return f"{100 * value:.1f}" if unit == "%" else f"{value:.2f}"


def plain(value: Any) -> Any:
    """Plain lists and numbers for JSON, None for NaN and infinity."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
