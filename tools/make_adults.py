"""Makes `body/assets/adults.npz`, the principal components of the shapes of adults.

    python -m tools.make_adults --out body/assets/adults.npz

Adults are drawn as the dome draws them (`body.shape.Shape.random`). The components are those of the places of the
skin's vertices about the head of the hips. The file holds `mean` (R,) and `directions` (10, R), shares of the
components of `body.npz` in the mean and in one standard deviation of each, and `projection` (R, 10), from shares less
the mean to values. Takes about ten seconds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from body.human import GROUPS, topology
from body.linear import free_body
from body.shape import Shape, coefficients_of
from machine.whole import whole

_ADULTS, _VALUES = 4000, 10


def main() -> None:
    """Draws, makes, writes, and prints the errors made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    shares = np.stack([coefficients_of(Shape.random(rng)) for _ in range(_ADULTS)])
    skin = topology().vertex_group == GROUPS.index("skin")
    basis = free_body(None).vertices.points.shape_mm[:, skin].astype(np.float64)
    arrays = components(shares, basis.reshape(len(basis), -1))
    with whole(arguments.out) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    left = shares - arrays["mean"]
    left -= left @ arrays["projection"] @ arrays["directions"]
    error = np.linalg.norm(np.tensordot(left[:200], basis, 1), axis=2)
    off = f"{error.mean():.2f} mm, 99 % below {np.quantile(error, 0.99):.2f}"
    print(f"{_VALUES} values: vertices of adults are off by {off}")


def components(shares: np.ndarray, basis: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of the file, of shares (N, R) of a basis (R, D)."""
    mean = shares.mean(axis=0)
    # In coordinates whose distances are those of the vertices.
    sizes, axes = np.linalg.eigh(basis @ basis.T)
    root = axes * np.sqrt(np.maximum(sizes, 0))
    turned = np.linalg.svd((shares - mean) @ root, full_matrices=False)[2][:_VALUES]
    values = (shares - mean) @ root @ turned.T
    deviations = values.std(axis=0)
    directions = (values / deviations).T @ (shares - mean) / len(shares)
    return {
        "mean": mean.astype(np.float32),
        "directions": directions.astype(np.float32),
        "projection": (root @ turned.T / deviations).astype(np.float32),
    }


if __name__ == "__main__":
    main()
