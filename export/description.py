"""The description in every exported file."""

from __future__ import annotations

from artefact.origin import ORIGIN
from pose import Skeleton
from pose.tasks import task_of


def describe(notes: dict) -> dict:
    """Returns an artefact's description, from the notes in a run's run.json."""
    skeleton = Skeleton.from_description(notes["skeleton"])
    # Minimum scores of a joint and of a person in the demos, where they were measured.
    known = {key: notes[key] for key in ("follow", ORIGIN) if key in notes}
    return known | {
        "model": notes["model"],
        **task_of(notes).describe(),
        "skeleton": skeleton.describe(),
        "size": notes["record_size"],
        "padding": notes["padding"],
        "score": notes["score"],
        "score_radius": notes["score_radius"],
        "pictures": "RGB, 0 to 255, a square about the person: the longer side of the box times padding",
        "joints": "(x, y) in px of the picture; the centre of the top-left pixel is (0, 0)",
    }
