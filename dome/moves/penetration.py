"""Penetration of a body's limbs, with capsules around its bones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from body.human import BONES, PARENTS, Human, topology

# Pairs of parts to test, without adjacent parts and those that touch in everyday poses.
_TRUNK = ("Hips", "LowerBack", "Spine", "Spine1")
_ARM_MEETS = (*_TRUNK, "Head", "LeftUpLeg", "RightUpLeg", "LeftLeg", "RightLeg", "LeftFoot", "RightFoot")
_PAIRS = [
    *((f"{side}{arm}", other) for side in ("Left", "Right") for arm in ("ForeArm", "Hand") for other in _ARM_MEETS),
    *((f"Left{a}", f"Right{b}") for a in ("Arm", "ForeArm", "Hand") for b in ("Arm", "ForeArm", "Hand")),
    *((f"Left{a}", f"Right{b}") for a in ("UpLeg", "Leg", "Foot") for b in ("UpLeg", "Leg", "Foot")),
    *((f"{side}{leg}", "Spine1") for side in ("Left", "Right") for leg in ("UpLeg", "Leg")),
    *((f"{side}{leg}", "Head") for side in ("Left", "Right") for leg in ("UpLeg", "Leg", "Foot")),
    *((f"{side}Arm", "Head") for side in ("Left", "Right")),
]
_BONE = {name: number for number, name in enumerate(BONES)}
_FIRST = np.array([_BONE[a] for a, _ in _PAIRS])
_SECOND = np.array([_BONE[b] for _, b in _PAIRS])


@dataclass(frozen=True, eq=False)
class Capsules:
    """One capsule for each bone that is tested.

    Attributes:
        ends_mm: float64 (31, 3), end relative to the bone's head, where it starts, at rest.
        radii_mm: float64 (31,).
    """

    ends_mm: np.ndarray
    radii_mm: np.ndarray

    @classmethod
    def of(cls, human: Human) -> Capsules:
        """Fits capsules into a body: the radius is the distance that a third of a bone's vertices are within."""
        parts = topology()
        indices, shares = parts.weight_bones, parts.weights
        rest, skin = np.asarray(human.rest_mm, np.float64), parts.vertex_group == 0
        strongest = indices[np.arange(len(rest)), shares.argmax(axis=1)]
        ends, radii = np.zeros((len(BONES), 3)), np.zeros(len(BONES))
        for name in sorted({name for pair in _PAIRS for name in pair}):
            bone = _BONE[name]
            members = rest[skin & _belongs(strongest, bone)] - human.heads_mm[bone]
            end = human.tails_mm[bone] - human.heads_mm[bone]
            if name.endswith("Hand"):
                end = human.heads_mm[_BONE[f"{name[:-4]}HandFinger1"]] - human.heads_mm[bone]
            along = np.clip(members @ end / (end @ end), 0, 1)
            distance = np.linalg.norm(members - along[:, None] * end, axis=1)
            ends[bone], radii[bone] = end, np.percentile(distance, 33)
        return cls(ends, radii)


def _belongs(strongest: np.ndarray, bone: int) -> np.ndarray:
    """The vertices that a bone moves most; a hand includes its fingers."""
    if not BONES[bone].endswith("Hand"):
        return strongest == bone
    return np.isin(strongest, [bone, *(child for child, parent in enumerate(PARENTS) if parent == bone)])


def penetration(capsules: Capsules, heads: np.ndarray, orientations: np.ndarray) -> np.ndarray:
    """The deepest penetration of two capsules.

    Args:
        capsules: of the body.
        heads: float (F, 31, 3), heads of the posed bones in mm.
        orientations: float (F, 31, 3, 3).

    Returns:
        float (F,) in mm, 0 without penetration.
    """
    ends = heads + np.einsum("fbij,bj->fbi", orientations, capsules.ends_mm)
    gaps = segment_distance(heads[:, _FIRST], ends[:, _FIRST], heads[:, _SECOND], ends[:, _SECOND])
    depth = capsules.radii_mm[_FIRST] + capsules.radii_mm[_SECOND] - gaps
    return np.maximum(depth.max(axis=1), 0.0)


def segment_distance(p0: np.ndarray, p1: np.ndarray, q0: np.ndarray, q1: np.ndarray) -> np.ndarray:
    """Distance (...,) of segments p0 p1 and q0 q1 (..., 3), after Ericson, Real-Time Collision Detection (2004)."""
    d1, d2, r = p1 - p0, q1 - q0, p0 - q0
    a, e, b = (np.einsum("...i,...i->...", x, y) for x, y in ((d1, d1), (d2, d2), (d1, d2)))
    c, f = (np.einsum("...i,...i->...", x, r) for x in (d1, d2))
    a, e = np.maximum(a, 1e-9), np.maximum(e, 1e-9)
    s = np.clip((b * f - c * e) / np.maximum(a * e - b * b, 1e-9), 0, 1)
    t = np.clip((b * s + f) / e, 0, 1)
    s = np.clip((b * t - c) / a, 0, 1)
    return np.linalg.norm(r + s[..., None] * d1 - t[..., None] * d2, axis=-1)
