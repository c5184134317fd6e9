"""Reads a body of SMPL's form (Loper et al., 2015) from a user's file. SMPL's data are not free; none are here."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from body.linear import BoundPoints, LinearBody, Points

_MM_PER_M = 1000.0
_KEYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table", "f")
#: Classes that such pickles may hold, by the first word of their module.
_ALLOWED = {
    "numpy": ("_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer"),
    "scipy": ("csc_matrix", "csr_matrix", "coo_matrix"),
    "_codecs": ("encode",),
    # As Python 2 and 3 name them; chumpy's states have sets.
    **dict.fromkeys(("builtins", "__builtin__"), ("set", "object")),
    **dict.fromkeys(("copyreg", "copy_reg"), ("_reconstructor",)),
}


def read_smpl(path: Path, values: int = 10) -> LinearBody:
    """Reads a body of SMPL's form: SMPL's, MANO's or SMAL's .pkl files, or an .npz of the same arrays.

    Args:
        path: the file, in meters, with `v_template` (V, 3), `shapedirs` (V, 3, S), `posedirs` (V, 3, 9 (B - 1)),
            `J_regressor` (B, V), dense or sparse, `weights` (V, B), `kintree_table` (2, B), whose first row has the
            parents, and `f` (T, 3). A pickle's code is not run: classes other than arrays are refused.
        values: number of shape values; more in the file are left out.

    Returns:
        The body, in mm. Its joints are the heads of its bones; for others, multiply the vertices by a regressor.

    Raises:
        ValueError: the file cannot be read, or lacks an array, or arrays do not fit.
    """
    try:
        return _body(_arrays(path), values)
    except Exception as error:  # Damaged pickles and archives raise many kinds.
        why = f"{error}".strip()[:200] or type(error).__name__
        remedy = "give SMPL's .pkl or an .npz of its arrays"
        raise ValueError(f"{path} cannot be read as a body ({why}); {remedy}") from error


def _body(arrays: dict[str, np.ndarray], values: int) -> LinearBody:
    parents = _parents(arrays["kintree_table"])
    count, bones, most = len(arrays["v_template"]), len(parents), arrays["shapedirs"].shape[-1]
    shapes = {
        "v_template": (count, 3),
        "shapedirs": (count, 3, max(most, values)),
        "posedirs": (count, 3, 9 * (bones - 1)),
        "J_regressor": (bones, count),
        "weights": (count, bones),
    }
    wrong = [f"{key} {arrays[key].shape}, not {shape}" for key, shape in shapes.items() if arrays[key].shape != shape]
    if wrong or values < 1:
        raise ValueError(f"its arrays do not fit: {', '.join(wrong)}" if wrong else f"{values} shape values are wanted")
    if not all(np.isfinite(one).all() for one in arrays.values()):
        raise ValueError("it has numbers that are not finite")
    faces = arrays["f"].astype(np.int32)
    if faces.ndim != 2 or faces.shape[1] != 3 or not ((faces >= 0) & (faces < count)).all():
        raise ValueError("its faces are not of its vertices")
    added = np.moveaxis(arrays["shapedirs"][..., :values], 2, 0)
    both = np.concatenate([arrays["v_template"][None], added]) * _MM_PER_M
    heads = _points(arrays["J_regressor"] @ both)
    return LinearBody(
        parents=parents,
        heads=heads,
        vertices=_bound(_points(both), arrays["weights"]),
        landmarks=_bound(heads, np.eye(bones)),
        joint_mix=np.eye(bones, dtype=np.float32),
        faces=faces,
        pose_mm=(np.moveaxis(arrays["posedirs"], 2, 0) * _MM_PER_M).astype(np.float32),
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The file's arrays, dense, in float64 where they are not integers."""
    content = Path(path).read_bytes()
    if zipfile.is_zipfile(io.BytesIO(content)):
        with np.load(io.BytesIO(content)) as archive:
            stored: Mapping[str, Any] = {key: archive[key] for key in _KEYS if key in archive.files}
    else:
        stored = _Unpickler(io.BytesIO(content), encoding="latin1").load()
    if lacking := [key for key in _KEYS if key not in stored]:
        raise ValueError(f"it lacks {', '.join(lacking)}")
    arrays = {key: _dense(stored[key]) for key in _KEYS}
    return {key: one if one.dtype.kind in "iu" else one.astype(np.float64) for key, one in arrays.items()}


def _parents(table: np.ndarray) -> tuple[int, ...]:
    """Each bone's parent; the root's is stored as the greatest integer, or below 0."""
    parents = tuple(int(parent) if 0 <= parent < table.shape[-1] else -1 for parent in table[0])
    if parents[0] != -1 or not all(0 <= parent < bone for bone, parent in enumerate(parents[1:], start=1)):
        raise ValueError(f"bones come before their parents, or there are several roots: kintree_table[0] is {table[0]}")
    return parents


def _points(both: np.ndarray) -> Points:
    return Points(both[0].astype(np.float32), both[1:].astype(np.float32))


def _bound(points: Points, weights: np.ndarray) -> BoundPoints:
    """Points with dense weights (P, B), of which as many are kept as any point has."""
    most = int((weights != 0).sum(axis=1).max())
    bones = np.argsort(-weights, axis=1, kind="stable")[:, :most].astype(np.int32)
    return BoundPoints(points, bones, np.take_along_axis(weights, bones, axis=1).astype(np.float32))


class _Chumpy:
    """An array that the authors' files hold as an expression of the package chumpy: `Ch` or a selection from one."""

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)

    def value(self) -> np.ndarray:
        if "x" in self.__dict__:
            return np.asarray(self.__dict__["x"])
        source = _dense(self.__dict__["a"])
        return source.ravel()[self.__dict__["idxs"]].reshape(self.__dict__["preferred_shape"])


def _dense(value: Any) -> np.ndarray:
    if isinstance(value, _Chumpy):
        return value.value()
    return value.toarray() if sparse.issparse(value) else np.asarray(value)


class _Unpickler(pickle.Unpickler):
    """Makes arrays alone."""

    def find_class(self, module: str, name: str) -> Any:
        """A class that may be made.

        Raises:
            pickle.UnpicklingError: it may not.
        """
        package = module.partition(".")[0]
        if (module, name) in (("chumpy.ch", "Ch"), ("chumpy.reordering", "Select")):
            return _Chumpy
        if name not in _ALLOWED.get(package, ()):
            raise pickle.UnpicklingError(f"it holds {module}.{name}, which is no array")
        # SciPy has moved its matrices since.
        return getattr(sparse, name) if package == "scipy" else super().find_class(module, name)
