"""The true bodies of the people of a synthetic dome's sequence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from data_prep.panoptic.poses import Bodies
from dome.true_bodies import BODIES, TrueBodies, read_true_bodies
from pose import Camera
from records import BadInput, Person


def true_bodies_of(folder: Path, bodies: Bodies) -> TrueBodies:
    """Reads the bodies of a sequence.

    Args:
        folder: the sequence's folder.
        bodies: the poses that there must be a body for.

    Raises:
        BadInput: the file is missing or broken, or has too few frames or people.
    """
    truth = read_true_bodies(folder)
    people, frames = truth.rotations.shape[:2]
    if not ((bodies.frames < frames) & (bodies.ids >= 0) & (bodies.ids < people)).all():
        raise BadInput(str(folder / BODIES), "lacks frames or people that have poses")
    return truth


def with_body(person: Person, truth: TrueBodies, camera: Camera) -> Person:
    """The person with the body of the same number."""
    turns = truth.seen_by(camera, person.frame, person.person)
    return replace(person, body_rotations=turns, body_shape=truth.shape_values[person.person])
