"""Joints in space of the people in single images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from demo.lifting.lifter import Lifter
from demo.outputs.table import TableRow


def lifted_rows(rows: Sequence[TableRow], lifter: Lifter, joint_score: float, size: tuple[int, int]) -> list[TableRow]:
    """The people of one image (height, width), each lifted by itself."""
    done = []
    for row in rows:
        scores, now = np.where(row.scores >= joint_score, row.scores, 0.0)[None], np.zeros(1)
        found = lifter.lift(np.asarray(row.xy_px, np.float64)[None], scores, now, now, size)
        done.append(replace(row, xyz_mm=found.before_camera_mm[0]))
    return done
