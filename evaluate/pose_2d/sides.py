"""Joints and limbs as people read them: from head to foot, left and right side by side."""

from __future__ import annotations

from collections.abc import Sequence

from pose import Skeleton
from pose.skeleton import joint_stem

#: A name without its side, and the indices of the left and the right one, or of the only one.
Row = tuple[str, tuple[int, ...]]

_HEAD_TO_FOOT = (
    *("head_top", "nose", "eye", "ear", "upper_neck", "neck", "thorax", "shoulder", "elbow", "wrist"),
    *("body_center", "pelvis", "hip", "knee", "ankle"),
)


def joint_rows(skeleton: Skeleton) -> list[Row]:
    """One row for each kind of joint; unknown kinds come last."""
    rows: dict[str, list[int]] = {}
    for joint in sorted(range(skeleton.num_joints), key=lambda joint: skeleton.sides[joint]):  # Left before right.
        rows.setdefault(_stem(skeleton, joint), []).append(joint)
    return [(_plain(stem), tuple(rows[stem])) for stem in sorted(rows, key=_rank)]


def limb_rows(skeleton: Skeleton) -> list[Row]:
    """One row for each limb and its mirror image."""
    places = {frozenset(limb): place for place, limb in enumerate(skeleton.limbs)}
    rows: dict[tuple[int, ...], tuple[tuple[int, int], str]] = {}
    for place, limb in enumerate(skeleton.limbs):
        other = places.get(frozenset(int(skeleton.flip_order[joint]) for joint in limb), place)
        ends = sorted(limb, key=lambda joint: _rank(_stem(skeleton, joint)))
        left_first = sorted({place, other}, key=lambda one: "right" in {skeleton.sides[j] for j in skeleton.limbs[one]})
        pair = tuple(left_first)
        name = " \u2013 ".join(_plain(skeleton.joints[j] if len(pair) == 1 else _stem(skeleton, j)) for j in ends)
        low, high = (_rank(_stem(skeleton, joint)) for joint in ends)
        rows.setdefault(pair, ((low, high), name))
    return [(name, pair) for pair, (_, name) in sorted(rows.items(), key=lambda row: row[1][0])]


def side_by_side(values: Sequence[str], indices: tuple[int, ...]) -> str:
    """The cells of a row as one: "81.3 | 79.0"."""
    return " | ".join(values[index] for index in indices)


def _stem(skeleton: Skeleton, joint: int) -> str:
    """What a joint and its mirror image have in common: the name without the side, or else both names."""
    pair = next((pair for pair in skeleton.pairs if joint in pair), (joint,))
    stems = dict.fromkeys(joint_stem(skeleton.joints[one]) for one in pair)
    return " / ".join(stems)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _rank(stem: str) -> int:
    return _HEAD_TO_FOOT.index(stem) if stem in _HEAD_TO_FOOT else len(_HEAD_TO_FOOT)
