"""Bodies whose rest shape is linear in a few shape values, as nets want them: the free body, and SMPL's form.

Lengths are mm, x is the person's left, y up, z forward. `body.nets` poses such bodies in `keras.ops`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from body.human import _JOINT_BONES, _MIDDLES, PARENTS, topology
from body.shape import BASIS_STEP_MM, Shape, asset, coefficients_of, read_asset
from pose import PANOPTIC19

_ADULTS = Path(__file__).parent / "assets" / "adults.npz"
_ADULTS_KEYS = ("mean", "directions", "projection")


@dataclass(frozen=True, eq=False)
class Points:
    """N points at rest, for S shape values.

    Attributes:
        rest_mm: float32 (N, 3), where all shape values are 0.
        shape_mm: float32 (S, N, 3), what a unit of each shape value adds.
    """

    rest_mm: np.ndarray
    shape_mm: np.ndarray


@dataclass(frozen=True, eq=False)
class BoundPoints:
    """Points that follow up to K bones each.

    Attributes:
        points: the N points at rest.
        bones: int32 (N, K), the bones that move each.
        weights: float32 (N, K), their weights, which sum to 1.
    """

    points: Points
    bones: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class LinearBody:
    """A body of B bones, V vertices, J joints and S shape values.

    Attributes:
        parents: each bone's parent, which comes before it; -1 for the root, which is the first.
        heads: the heads of the bones, about which they rotate.
        vertices: the skin.
        landmarks: M points that give the joints.
        joint_mix: float32 (J, M), the weights of the landmarks in each joint.
        faces: int32 (T, 3), indices of vertices, counter-clockwise as seen from outside.
        pose_mm: float32 (9 (B - 1), V, 3), what a unit in the rotation matrices of all bones but the root, less the
            identity, adds to the vertices at rest; None if nothing.
        tails: the ends of the bones; None if they are not known.
    """

    parents: tuple[int, ...]
    heads: Points
    vertices: BoundPoints
    landmarks: BoundPoints
    joint_mix: np.ndarray
    faces: np.ndarray
    pose_mm: np.ndarray | None = None
    tails: Points | None = None

    @property
    def num_bones(self) -> int:
        """B."""
        return len(self.parents)

    @property
    def num_values(self) -> int:
        """S."""
        return len(self.heads.shape_mm)

    @property
    def num_joints(self) -> int:
        """J."""
        return len(self.joint_mix)


@cache
def free_body(values: int | None = 10) -> LinearBody:
    """The dome's body, about the head of its hips, with the 19 joints of PANOPTIC19.

    Args:
        values: number of shape values, up to 10. Each is a principal component of the shapes of adults as
            `Shape.random` draws them, in standard deviations from their mean. None for the shares of all 110 components
            that MakeHuman's shapes are blended from (`coefficients_of`), which give the same bodies as `Human`.

    Raises:
        ValueError: the body's files cannot be read, or have fewer values.
    """
    stored, shared = asset(), topology()
    rest, shape = stored["mean"].astype(np.float64), stored["basis"] * BASIS_STEP_MM
    if values is not None:
        adults = _adults()
        if not 1 <= values <= len(adults["directions"]):
            raise ValueError(f"values must be from 1 to {len(adults['directions'])}, got {values}; None for all shapes")
        rest = rest + np.tensordot(adults["mean"], shape, 1)
        shape = np.tensordot(adults["directions"][:values], shape, 1)
    both = np.concatenate([rest[None], shape])[:, stored["half"]]
    both[:, stored["flipped"], 0] *= -1
    count = len(stored["weights"])
    ends = both[:, count:]
    both = both[:, :count] - ends[:, stored["heads"][:1]]
    heads = ends[:, stored["heads"]] - ends[:, stored["heads"][:1]]
    tails = ends[:, stored["tails"]] - ends[:, stored["heads"][:1]]
    faces_joints = stored["joint_vertices"]
    landmarks = heads[:, _JOINT_BONES]
    facial = faces_joints.any(axis=1)
    landmarks[:, facial] = both[:, faces_joints[facial]].mean(axis=2)
    mix = np.eye(len(PANOPTIC19.joints), dtype=np.float32)
    for name, sides in _MIDDLES.items():
        mix[PANOPTIC19.index(name)] = mix[[PANOPTIC19.index(side) for side in sides]].mean(axis=0)
    bones = np.array(_JOINT_BONES, np.int32)[:, None]
    return LinearBody(
        parents=PARENTS,
        heads=_points(heads),
        vertices=BoundPoints(_points(both), shared.weight_bones, shared.weights),
        landmarks=BoundPoints(_points(landmarks), bones, np.ones(bones.shape, np.float32)),
        joint_mix=mix,
        faces=shared.faces,
        tails=_points(tails),
    )


def shape_values(shape: Shape) -> np.ndarray:
    """The 10 values, float64, whose body in `free_body(10)` is nearest to one of MakeHuman's shapes."""
    adults = _adults()
    return (coefficients_of(shape) - adults["mean"]) @ adults["projection"]


def _points(both: np.ndarray) -> Points:
    return Points(both[0].astype(np.float32), both[1:].astype(np.float32))


@cache
def _adults() -> dict[str, np.ndarray]:
    """What `tools/make_adults.py` wrote."""
    return read_asset(_ADULTS, _ADULTS_KEYS, "tools/make_adults.py")
