"""Writes the tables of results/*.csv into the pages that show them, so that each figure is typed once.

    python -m tools.result_tables            # writes them
    python -m tools.result_tables --check    # exit code 1, and the pages' names, where a page shows other figures

A page names a file in a comment before its table, which is replaced:

    <!-- results/comparison.csv -->
    | model | PCK@0.2, % | ...

The pages are README.md and those of docs/. A file that no page shows is an error.
"""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from machine.whole import whole

_ROOT = Path(__file__).parents[1]
_TABLE = re.compile(r"^(<!-- results/(\S+\.csv) -->\n)((?:\|.*\n)*)", re.MULTILINE)


@dataclass(frozen=True)
class Options:
    """Writes the tables of results/*.csv into the pages that show them.

    Attributes:
        check: write nothing; fail if a page shows other figures.
        root: folder with README.md, docs and results.
    """

    check: bool = False
    root: Path = _ROOT


def markdown(path: Path) -> str:
    """The table of a CSV file.

    Raises:
        ValueError: a row has more or fewer cells than the first, or a cell holds `|`.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise ValueError(f"{path}: row {number} has {len(row)} cells, the first {len(rows[0])}")
        if any("|" in cell for cell in row):
            raise ValueError(f"{path}: a cell of row {number} holds |, which ends a cell of a table")
    rows.insert(1, ["---"] * len(rows[0]))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def filled(page: str, results: Path) -> str:
    """A page with the tables of today's files."""
    return _TABLE.sub(lambda found: found[1] + markdown(results / found[2]), page)


def main(options: Options) -> int:
    """Writes or checks the tables; returns the exit code."""
    results, shown, other = options.root / "results", set(), []
    for path in [options.root / "README.md", *sorted((options.root / "docs").rglob("*.md"))]:
        page = path.read_text(encoding="utf-8")
        shown |= {name for _, name, _ in _TABLE.findall(page)}
        if (new := filled(page, results)) == page:
            continue
        other.append(path)
        if not options.check:
            with whole(path) as unfinished:
                unfinished.write_text(new, encoding="utf-8")
    print(
        "\n".join(f"{'shows other figures' if options.check else 'wrote'}: {path}" for path in other) or "nothing to do"
    )
    if hidden := sorted({path.name for path in results.glob("*.csv")} - shown):
        print(f"no page shows {', '.join(hidden)}", file=sys.stderr)
        return 1
    return 1 if options.check and other else 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options, description=__doc__)))
