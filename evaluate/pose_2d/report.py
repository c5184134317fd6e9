"""The report's files: one self-contained HTML page, metrics.json and three CSV files."""

from __future__ import annotations

import json
from pathlib import Path

from evaluate.own_files import METRICS, REPORT, write_files
from evaluate.pose_2d import tables
from evaluate.pose_2d.evaluation import Evaluation
from evaluate.pose_2d.report_html import report_html


def write_report(evaluation: Evaluation, folder: str | Path) -> list[Path]:
    """Writes report.html, metrics.json, per_joint.csv, per_limb.csv and predictions.csv.

    Each file appears whole or not at all; those of an earlier evaluation in the same folder are replaced.

    Args:
        evaluation: what to report.
        folder: made if it does not exist.

    Returns:
        The files' paths, the page first.

    Raises:
        OSError: the folder cannot be written to.
        ValueError: it holds other files of these names.
    """
    files = {
        REPORT: report_html(evaluation),
        METRICS: json.dumps(tables.as_json(evaluation), indent=1, allow_nan=False) + "\n",
        "per_joint.csv": tables.per_joint(evaluation).to_csv(index=False),
        "per_limb.csv": tables.per_limb(evaluation).to_csv(index=False),
        "predictions.csv": tables.per_person(evaluation).to_csv(index=False),
    }
    return write_files(Path(folder), files)
