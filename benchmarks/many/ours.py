"""Our ways to find everybody: a net that sees everybody, alone or with closer looks, and squares that are searched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.many.system import System
from demo.batch.find import rule_of, search
from demo.batch.inputs import Item
from demo.finding.choose import finder_of
from demo.finding.finder import LEAST_SCORE
from demo.finding.views import views_of
from demo.runtimes.exports import find_export
from demo.runtimes.pose_model import PoseModel
from pose.people import People

RUNTIME = "onnx"
_LEVELS = (0, 1, 2)


def open_model(path: Path, threads: int) -> PoseModel:
    """A model in ONNX Runtime.

    Args:
        path: an export, its run, or a name such as `fast`.
        threads: number of threads.

    Raises:
        ModelError: there is none.
    """
    return PoseModel(find_export(path, Path("runs")), RUNTIME, threads)


def open_finder(path: Path, threads: int) -> PoseModel:
    """A model that sees everybody, in ONNX Runtime.

    Raises:
        ModelError: there is none.
        ValueError: it is a model of one person.
    """
    finder = open_model(path, threads)
    if not finder.finds_everybody:
        raise ValueError(f"--finder {str(path)!r} is a model of one person; give one that sees everybody")
    return finder


def title_of(path: Path) -> str:
    """The name of an export for tables: that of its run."""
    return path.parent.name if path.name == "export" else path.name


def from_finder(title: str, model: PoseModel) -> list[System]:
    """A net that sees everybody, alone: in the whole image, and in one and two levels of views as well."""
    return [System(f"{title} alone, {_words(levels)}", model.skeleton, _alone(model, levels)) for levels in _LEVELS]


def from_pair(title: str, model: PoseModel, finder_title: str, finder: PoseModel) -> System:
    """A model of one person that looks closer at those whom a finder finds, as `demo.batch` does."""
    model.finder = finder
    return System(f"{title} on the people of {finder_title}", model.skeleton, _searched(model, LEAST_SCORE))


def from_squares(title: str, model: PoseModel) -> System:
    """A model of one person on squares of the image, with `--finder squares`."""
    return System(f"{title}, squares", model.skeleton, _searched(model, None))


def _words(levels: int) -> str:
    return ("whole image", "1 level of views", "2 levels of views")[levels]


def _alone(model: PoseModel, levels: int) -> Callable[[np.ndarray], People]:
    finder = finder_of(model, rule_of(model, None), 1)
    return lambda picture: finder.find(picture, views_of(*picture.shape[:2], finder.size, levels))


def _searched(model: PoseModel, min_score: float | None) -> Callable[[np.ndarray], People]:
    """What `demo.batch` finds in an image; with a minimum score that leaves nobody out for AP."""
    rule = rule_of(model, None)

    def find(picture: np.ndarray) -> People:
        ((_, rows),) = search([Item("", None, picture)], model, rule, people=None, batch=1, min_score=min_score)
        if not rows:
            return People.empty(model.skeleton.num_joints)
        scores = np.array([row.person_score(model.skeleton) for row in rows])
        return People(np.stack([row.xy_px for row in rows]), np.stack([row.scores for row in rows]), scores)

    return find
