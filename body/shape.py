"""Shapes of bodies: MakeHuman's blending of sex, age, muscle, weight, height and ancestry."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np

#: MakeHuman's names, in the order of `Shape.ancestry`.
ANCESTRIES = ("african", "asian", "caucasian")
#: One step of the stored components in mm.
BASIS_STEP_MM = 0.05
_ASSET = Path(__file__).parent / "assets" / "body.npz"
_KEYS = (
    "faces group part weight_bones weights bones groups heads tails joint_vertices "
    "half flipped mean basis universal ancestry"
).split()


@dataclass(frozen=True)
class Shape:
    """A person's build, in MakeHuman's terms; values between the named ones are blended linearly.

    Attributes:
        sex: 0 female, 1 male.
        age: 0 a child of about eleven, 0.5 an adult of about 25, 1 very old.
        weight: 0 starved, 0.5 slim, 1 heavy. Without muscle 1 is fat: 34 kg/m2 for women, 42 for men; else it is 25.
        muscle: 0 slack, 0.5 average, 1 a body builder.
        height: MakeHuman's own scale, whose ends are beyond people; at 0.37 women are 1625 mm and men 1765 mm tall.
        ancestry: shares of `ANCESTRIES` in features and proportions; only their ratio matters.
    """

    sex: float = 0.5
    age: float = 0.5
    weight: float = 0.5
    muscle: float = 0.5
    height: float = 0.37
    ancestry: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        for field in fields(self)[:-1]:
            value = getattr(self, field.name)
            if not 0 <= value <= 1:
                raise ValueError(f"a shape's {field.name} must be from 0 to 1, got {value!r}")
        shares = self.ancestry
        if len(shares) != len(ANCESTRIES) or not all(0 <= share < np.inf for share in shares) or sum(shares) <= 0:
            raise ValueError(f"a shape's ancestry must be three shares from 0, not all of them 0, got {shares!r}")

    @classmethod
    def random(cls, rng: np.random.Generator) -> Shape:
        """Draws an adult, a woman or a man with equal chance, of a realistic stature."""
        sex = float(np.clip(rng.integers(2) + rng.normal(0, 0.12), 0, 1))
        return cls(
            sex=sex,
            age=float(rng.triangular(0.4, 0.5, 0.95)),
            weight=float(0.12 + 0.88 * rng.beta(1.6, 1.1)),
            muscle=float(0.05 + 0.95 * rng.beta(1.6, 1.6)),
            height=float(np.clip(rng.normal(0.37, 0.045), 0.25, 0.5)),
            ancestry=tuple(map(float, rng.dirichlet((0.7, 0.7, 0.7)))),  # type: ignore[arg-type]
        )


@cache
def asset() -> dict[str, np.ndarray]:
    """The arrays that `tools/make_body.py` wrote.

    Raises:
        ValueError: the file is missing, damaged or of another version of that script.
    """
    return read_asset(_ASSET)


def read_asset(path: Path, keys: Sequence[str] = _KEYS, tool: str = "tools/make_body.py") -> dict[str, np.ndarray]:
    """Reads a body's file.

    Args:
        path: the file.
        keys: the arrays that it must have.
        tool: the script that makes it, named in errors.

    Raises:
        ValueError: it is missing, damaged, or lacks arrays.
    """
    remedy = f"get it from the repository again, or make it with {tool}"
    try:
        # Opened here, because NumPy leaves a broken archive open.
        with path.open("rb") as file, np.load(file) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"the body's file {path} cannot be read ({error}); {remedy}") from error
    lacking = [key for key in keys if key not in arrays]
    if lacking:
        raise ValueError(f"the body's file {path} lacks {', '.join(lacking)}; {remedy}")
    return arrays


def coefficients_of(shape: Shape) -> np.ndarray:
    """The shares (R,), float64, of the asset's components in a body's shape."""
    stored = asset()
    sex = np.array([1 - shape.sex, shape.sex])
    age, muscle, weight = (_thirds(value) for value in (shape.age, shape.muscle, shape.weight))
    height = np.array([1 - shape.height, shape.height])
    shares = np.array(shape.ancestry) / sum(shape.ancestry)
    coefficients = np.einsum("samwhr,s,a,m,w,h->r", stored["universal"], sex, age, muscle, weight, height)
    coefficients += np.einsum("sagr,s,a,g->r", stored["ancestry"], sex, age, shares)
    return coefficients


def blend(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """A body at rest.

    Returns:
        float64 vertices (V, 3) and ends of bones (P, 3) in mm: x left, y up, z forward, from MakeHuman's origin.
    """
    stored, coefficients = asset(), coefficients_of(shape)
    basis = stored["basis"]
    moved = (coefficients.astype(np.float32) @ _flat_basis()).reshape(basis.shape[1:])
    half = stored["mean"] + np.float64(BASIS_STEP_MM) * moved
    whole = half[stored["half"]]
    whole[stored["flipped"], 0] *= -1
    count = len(stored["weights"])
    return whole[:count], whole[count:]


@cache
def _flat_basis() -> np.ndarray:
    basis = asset()["basis"]
    return basis.reshape(len(basis), -1).astype(np.float32)


def _thirds(value: float) -> np.ndarray:
    """The shares (3,) of the values 0, 0.5 and 1."""
    return np.maximum(1 - np.abs(2 * value - np.arange(3)), 0)
