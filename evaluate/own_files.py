"""The files of a report, and the check that only files of an earlier report are replaced."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from machine.whole import whole

REPORT, METRICS = "report.html", "metrics.json"
# A text near the beginning of each file, by which ours are recognized.
_MARKS: dict[str, str | tuple[str, ...]] = {
    REPORT: "<title>Evaluation of ",
    METRICS: '"headline": "',
    "per_joint.csv": "joint,labelled,pck@",
    "per_limb.csv": "limb,pcp@",
    "predictions.csv": (
        "key,labelled,error_px,oks,score",
        "key,time_s,distance_mm,mpjpe",
        "key,error,pa_mpjpe",
        "key,mpjpe,",
    ),
    "kinds.csv": (
        "kind,range,frames,people",
        "kind,range,windows,mpjpe",
        "kind,range,people,error",
        "kind,range,people,mpjpe",
    ),
    "joints.csv": ("joint,labeled,found,", "joint,known,mpjpe", "joint,known,error"),
    "frames.csv": "key,labeled,answers,found",
    "tracks.csv": "video,mota,idf1,hota",
}
_MARK_WITHIN = 8192


def check_replaceable(folder: Path) -> None:
    """Checks that the files which a report would replace are those of an earlier report.

    Raises:
        ValueError: one of them is of another origin, or the folder is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, and the report goes into a folder; give another --out")
    for name, mark in _MARKS.items():
        try:
            with (folder / name).open(encoding="utf-8", errors="replace") as file:
                begin = file.read(_MARK_WITHIN)
                ours = any(one in begin for one in ((mark,) if isinstance(mark, str) else mark))
        except FileNotFoundError:
            continue
        if not ours:
            raise ValueError(f"{folder / name} is not of an evaluation, and would be replaced; give another --out")


def write_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Writes the files of a report by name; each appears whole or not at all, and replaces that of an earlier report.

    Raises:
        OSError: the folder cannot be written to.
        ValueError: it holds other files of these names.
    """
    check_replaceable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with whole(folder / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return [folder / name for name in files]
