"""The description in every exported file."""

from __future__ import annotations

from artefact.origin import ORIGIN
from pose import Skeleton
from pose.tasks import POSE_2D, task_of

_OF_ONE = "a square about the person: the longer side of the box times padding"


def describe(notes: dict) -> dict:
    """Returns an artefact's description, from the notes in a run's run.json."""
    skeleton, task = Skeleton.from_description(notes["skeleton"]), task_of(notes)
    # Minimum scores of a joint and of a person in the demos, where they were measured.
    known = {key: notes[key] for key in ("follow", ORIGIN) if key in notes}
    return known | {
        "model": notes["model"],
        **task.describe(),
        "skeleton": skeleton.describe(),
        "size": notes["record_size"],
        "padding": notes["padding"],
        "score": notes["score"],
        "score_radius": notes["score_radius"],
        "pictures": f"RGB, 0 to 255, {_OF_ONE if task is POSE_2D else 'a square part of a frame, or all of it'}",
        "joints": "(x, y) in px of the picture; the centre of the top-left pixel is (0, 0)",
    }
