"""The limbs that part affinity fields are made for: a spanning tree of the joints, and redundant limbs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pose.skeleton import Skeleton


@dataclass(frozen=True)
class FieldLimbs:
    """Limbs in the order of their fields; a field points from the first joint to the second.

    The first limbs that connect all joints are a spanning tree. The others are redundant: they may join parts of a
    person, but never make one.

    Attributes:
        num_joints: J.
        pairs: L pairs of joint indices.

    Raises:
        ValueError: an index is out of range, a limb has the same joint twice, or the limbs leave a joint unconnected.
    """

    num_joints: int
    pairs: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not all(0 <= joint < self.num_joints for pair in self.pairs for joint in pair):
            raise ValueError(f"limbs must connect joints 0 to {self.num_joints - 1}, got {self.pairs}")
        if loose := [pair for pair in self.pairs if pair[0] == pair[1]]:
            raise ValueError(f"a limb must connect two joints, got {loose[0]}")
        if len(self._tree_limbs) < self.num_joints - 1:
            raise ValueError(
                f"limbs must connect all {self.num_joints} joints, got {self.pairs}; add limbs, or take `limbs_of` a "
                "skeleton, which does"
            )

    @cached_property
    def _tree_limbs(self) -> tuple[int, ...]:
        """Indices of the limbs that do not close a circle of limbs before them."""
        group = list(range(self.num_joints))
        chosen = []
        for limb, (a, b) in enumerate(self.pairs):
            if group[a] != group[b]:
                chosen.append(limb)
                group = [group[a] if one == group[b] else one for one in group]
        return tuple(chosen)

    @cached_property
    def tree(self) -> tuple[tuple[int, bool], ...]:
        """The limbs of the spanning tree as one walks away from joint 0: (index, whether it is walked backwards)."""
        order, reached, ahead = [], {0}, deque([0])
        while ahead:
            joint = ahead.popleft()
            for limb in self._tree_limbs:
                a, b = self.pairs[limb]
                for start, end, backwards in ((a, b, False), (b, a, True)):
                    if start == joint and end not in reached:
                        order.append((limb, backwards))
                        reached.add(end)
                        ahead.append(end)
        return tuple(order)

    @cached_property
    def redundant(self) -> tuple[int, ...]:
        """Indices of the limbs that are not in the spanning tree."""
        return tuple(limb for limb in range(len(self.pairs)) if limb not in self._tree_limbs)


def limbs_of(skeleton: Skeleton) -> FieldLimbs:
    """The limbs of a skeleton: those that are drawn, their mirror images, and links between parts without a limb.

    Joints that no limb leads to, such as COCO's head, are linked to the first joint of the rest; COCO's nose so gets a
    limb to each shoulder. With every limb the list has its mirror image, so that a mirrored pose has the same limbs.
    """
    order = skeleton.flip_order.tolist()
    pairs: list[tuple[int, int]] = []

    def add(limbs: Sequence[tuple[int, int]]) -> None:
        for pair in (*limbs, *((order[a], order[b]) for a, b in limbs)):
            if pair not in pairs and pair[::-1] not in pairs and pair[0] != pair[1]:
                pairs.append(pair)

    add(skeleton.limbs)
    while len(parts := _parts(skeleton.num_joints, pairs)) > 1:
        # From the largest part, the first of equal ones, to the first of the others.
        largest = max(parts, key=len)
        other = next(part for part in parts if part is not largest)
        add([(min(other), min(largest))])
    return FieldLimbs(skeleton.num_joints, tuple(pairs))


def _parts(num_joints: int, pairs: list[tuple[int, int]]) -> list[set[int]]:
    """The sets of joints that limbs connect, by their first joints."""
    parts: list[set[int]] = [{joint} for joint in range(num_joints)]
    for a, b in pairs:
        of_a, of_b = (next(part for part in parts if joint in part) for joint in (a, b))
        if of_a is not of_b:
            of_a |= of_b
            parts.remove(of_b)
    return sorted(parts, key=min)
