"""The skeleton of a file's keypoints: their names as the file has them, and what a user says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pose import COCO17, Skeleton
from pose.joint_names import joint_names, own_skeleton

_OWN_NAME = "own"


@dataclass(frozen=True)
class Naming:
    """What a user says of a file's keypoints.

    Attributes:
        pairs: mirror images whose names do not say so, each "LEFT:RIGHT".
        sigmas: constants of OKS, each "JOINT=NUMBER", or a number for all others.
        rename: other names, each "OLD=NEW"; a name of COCO lets training start from the weights of that joint.

    Raises:
        ValueError: one of them has another form.
    """

    pairs: tuple[str, ...] = ()
    sigmas: tuple[str, ...] = ()
    rename: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for option, texts, form, mark in (
            ("pairs", self.pairs, "LEFT:RIGHT", ":"),
            ("rename", self.rename, "OLD=NEW", "="),
        ):
            for text in texts:
                if not all(part.strip() for part in text.partition(mark)):
                    raise ValueError(f"{option} must be {form}, got {text!r}")
        self._sigmas()

    def skeleton(
        self, category: str, names: Sequence[object], limbs: object
    ) -> tuple[Skeleton, tuple[int, ...], list[str]]:
        """The skeleton of a category.

        Args:
            category: its name.
            names: of its K keypoints.
            limbs: pairs of keypoint numbers, from 1 (or from 0, if one is 0).

        Returns:
            `COCO17` or a skeleton of K joints in the file's order; the index in it of each keypoint; what was assumed,
            in words.

        Raises:
            ValueError: names are missing, or are the same; or an option names a joint that there is not.
        """
        renamed = dict(text.split("=", 1) for text in self.rename)
        if unknown := [name for name in renamed if name not in names]:
            raise ValueError(f"rename names {min(unknown)!r}, which is none of {', '.join(map(repr, names))}")
        joints = joint_names([renamed.get(name, name) if isinstance(name, str) else name for name in names])
        # A joint may be named as the file does, or as the skeleton does.
        known = {str(name).casefold(): joint for name, joint in zip(names, joints, strict=True)}
        named = {joint: joint for joint in joints} | known

        def joint_of(text: str) -> str:
            return named.get(text.strip().casefold(), text.strip())

        pairs = [(joint_of(left), joint_of(right)) for left, right in (text.split(":", 1) for text in self.pairs)]
        others, own_sigmas = self._sigmas()
        sigmas = {} if others is None else dict.fromkeys(joints, others)
        sigmas |= {joint_of(name): sigma for name, sigma in own_sigmas.items()}
        if set(joints) == set(COCO17.joints) and not pairs and not sigmas:
            return COCO17, tuple(COCO17.index(joint) for joint in joints), []
        ends, assumed = _ends(limbs, len(joints))
        own = own_skeleton(category or _OWN_NAME, joints, ends, pairs=pairs, sigmas=sigmas)
        return own, tuple(range(len(joints))), assumed

    def _sigmas(self) -> tuple[float | None, dict[str, float]]:
        """The constant of all other joints, None if not given, and those of named ones."""
        others, named = None, {}
        for text in self.sigmas:
            name, equals, number = text.rpartition("=")
            try:
                sigma = float(number)
            except ValueError:
                sigma = 0.0
            if not 0 < sigma < 1:
                raise ValueError(f"sigmas must be JOINT=NUMBER or a NUMBER, above 0 and below 1, got {text!r}")
            if equals:
                named[name] = sigma
            else:
                others = sigma
        return others, named


def _ends(limbs: object, count: int) -> tuple[list[tuple[int, int]] | None, list[str]]:
    """The limbs as pairs of indices, None if the file has none that make sense; and what was assumed."""
    try:
        pairs = [(int(a), int(b)) for a, b in limbs or ()]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        pairs = [(0, count + 1)]
    if not pairs:
        return None, ["the file draws no limbs; those between known joints are drawn"]
    first = 0 if min(map(min, pairs)) == 0 else 1
    if not all(first <= end < count + first for pair in pairs for end in pair):
        return None, ["the file's limbs name keypoints that there are not; those between known joints are drawn"]
    assumed = ["the file's limbs count keypoints from 0"] if first == 0 else []
    return [(a - first, b - first) for a, b in pairs if a != b], assumed
