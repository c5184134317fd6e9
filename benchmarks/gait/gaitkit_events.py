"""Finds events with gaitkit's detectors; imports nothing of this project.

    gaitkit/bin/python benchmarks/gait/gaitkit_events.py WALK.json EVENTS.json METHOD...

WALK is one of gaitkit's example walks. EVENTS becomes, by method, side and kind, the frames of the events; a method
that fails has none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

_KINDS = {"contact": "hs", "off": "to"}


def main(walk: str, target: str, *methods: str) -> None:
    """Runs the command."""
    import gaitkit

    trial = json.loads(Path(walk).read_text())
    found = {}
    for method in methods:
        try:
            events = gaitkit.detect(trial["angle_frames"], method=method, fps=trial["fps"])
        except Exception:  # Some detectors need packages, or fail on short walks.
            continue
        found[method] = {
            side: {kind: _frames(getattr(events, f"{side}_{word}")) for kind, word in _KINDS.items()}
            for side in ("left", "right")
        }
    Path(target).write_text(json.dumps(found))


def _frames(events: list) -> list[float]:
    return [float(one["frame"] if isinstance(one, dict) else getattr(one, "frame_index", one)) for one in events]


if __name__ == "__main__":
    main(*sys.argv[1:])
