"""The table of measurements that is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from export.measurement import Measurement


def table(measured: dict[str, Measurement], failed: dict[str, str]) -> str:
    """The table of measurements and failures that is printed."""
    lines: list[str] = []
    for name, one in measured.items():
        titles, values, over = "", "", ""
        for answer, found in one.differences.items():
            unit = found.answer.unit
            if found.is_distance:
                titles += "".join(f"{f'{part} {unit}'.rstrip():>9}" for part in ("max", "99 %", "mean"))
                values += f"{found.greatest:9.3f}{found.most:9.3f}{found.mean:9.3f}"
                over += "" if found.passed else f"  OVER {found.limit} {unit}".rstrip()
            else:
                width = max(8, len(answer))
                titles += f" {answer:>{width}}"
                values += f" {found.most:{width}.4f}"
                over += "" if found.passed else f"  {answer.upper()} OFF BY OVER {found.limit}"
        times = "".join(f"{value:8.1f} ms" for value in one.latency_ms.values())
        if not lines:
            lines.append(f"format      {titles}   1 thread  2 threads        MB  runtime")
        lines.append(f"{name:12}{values}{times} {one.bytes / 1e6:9.2f}  {one.runtime}{over}")
    return "\n".join([*lines, *(f"{name:13}FAILED: {why}" for name, why in failed.items())])


def complaints(measured: dict[str, Measurement], failed: dict[str, str]) -> str:
    """One line that says which formats failed, and why."""
    groups: dict[str, list[str]] = {}
    for name, one in measured.items():
        for answer, found in one.differences.items():
            if not found.passed:
                what = f"more {found.answer.unit} from Keras" if found.is_distance else f"{answer} further from Keras's"
                groups.setdefault(f"{what} than allowed", []).append(name)
    groups |= {"failed, see above": list(failed)}
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in groups.items() if names)
