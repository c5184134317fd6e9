"""Skeletons of a user's own: joint names as people write them, their left and right, and the rest by rule."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import chain

from pose.skeleton import BODY26, COCO17, SKELETONS, Skeleton, default_sigma, joint_stem

# Left and right in words that say the side by themselves, and in short forms that do so beside their opposite.
_SIDES = (
    *(("left", "right"), ("links", "rechts"), ("linke", "rechte"), ("linker", "rechter"), ("linkes", "rechtes")),
    *(("gauche", "droite"), ("gauche", "droit"), ("izquierda", "derecha"), ("izquierdo", "derecho")),
    *(("sinistra", "destra"), ("sinistro", "destro"), ("esquerda", "direita"), ("esquerdo", "direito")),
)
_SHORT_SIDES = (("l", "r"), ("lt", "rt"), ("li", "re"), ("g", "d"), ("izq", "der"), ("sx", "dx"))
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W_\d]+")
_HEADS = (("neck", "head_top"), ("upper_neck", "head_top"), ("neck", "nose"))


def joint_names(names: Sequence[object]) -> tuple[str, ...]:
    """Names of joints in one spelling: lower case, words joined by "_", the side first as "left_" or "right_".

    A side is "left" and "right" in English, German, French, Spanish, Italian or Portuguese, anywhere in the name, or a
    short form such as "l" and "r" if the name with the opposite form is there too: "Left Shoulder", "shoulder_l",
    "LShoulder", "linke Schulter", "leftshoulder". Joints of COCO get COCO's names.

    Raises:
        ValueError: a name is empty or no text, or two names are the same in this spelling.
    """
    words = [_words(name) for name in names]
    found = [_joint_name(one, set(words)) for one in words]
    for k, name in enumerate(found):
        if not name:
            raise ValueError(f"keypoint {k + 1} has no name of letters or digits, but {names[k]!r:.60}")
    if twice := [str(names[k])[:40] for k, name in enumerate(found) if found.count(name) > 1]:
        raise ValueError(f"several keypoints mean one joint: {', '.join(map(repr, twice))}; rename all but one")
    return tuple(found)


def _words(name: object) -> tuple[str, ...]:
    if not isinstance(name, str | int) or isinstance(name, bool):
        return ()
    return tuple(word.lower() for word in _WORD.findall(unicodedata.normalize("NFC", str(name))))


def _joint_name(words: tuple[str, ...], everything: set[tuple[str, ...]]) -> str:
    if found := _COCO_NAMES.get("".join(words)):
        return found
    for place, word in enumerate(words):
        before, after = words[:place], words[place + 1 :]
        for pair in (pair for pair in (*_SIDES, *_SHORT_SIDES) if word in pair):
            opposite = (*before, pair[1 - pair.index(word)], *after)
            if pair in _SIDES or opposite in everything:
                return "_".join((("left", "right")[pair.index(word)], *before, *after))
    # "leftpaw" in one word.
    for side, other in (("left", "right"), ("right", "left")):
        if words and words[0].startswith(side):
            stem = words[0].removeprefix(side)
            if (other + stem, *words[1:]) in everything:
                return "_".join((side, stem, *words[1:]))
    return "_".join(words)


def _coco_names() -> dict[str, str]:
    """COCO's joints by all known spellings, reduced to letters."""
    found: dict[str, str] = {}
    for joint in COCO17.joints:
        side, stem = joint.removesuffix(joint_stem(joint)).rstrip("_"), joint_stem(joint)
        for mark in (side, side[:1]):
            found |= {mark + stem: joint, stem + mark: joint}
    return found


_COCO_NAMES = _coco_names()


def own_skeleton(
    name: str,
    joints: Sequence[str],
    limbs: Sequence[tuple[int, int]] | None = None,
    *,
    pairs: Sequence[tuple[str, str]] = (),
    sigmas: dict[str, float] | None = None,
) -> Skeleton:
    """A skeleton of any joints.

    Args:
        name: of the skeleton.
        joints: J names, see `joint_names`.
        limbs: pairs of joint indices; None for those of the known skeletons whose two joints are there.
        pairs: (left, right) names of joints that are mirror images, beside those named "left_" and "right_".
        sigmas: constants of OKS by name; `pose.skeleton.default_sigma` for the others.

    Returns:
        `COCO17` or `BODY26` if the joints are theirs, in their order, and nothing else is given; otherwise a skeleton
        with PCK's torso where it has a left shoulder and a right hip, and a head span where it has a neck and a head
        top or nose.

    Raises:
        ValueError: a pair or sigma is of a joint that there is not, or the names contradict one another.
    """
    joints, sigmas = tuple(joints), sigmas or {}
    known = next((one for one in (COCO17, BODY26) if joints == one.joints), None)
    if known is not None and not pairs and not sigmas:
        return known
    for joint in (*chain(*pairs), *sigmas):
        if joint not in joints:
            raise ValueError(f"there is no joint {joint!r}; the joints are {', '.join(joints)}")

    def span(start: str, end: str) -> tuple[int, int] | None:
        return (joints.index(start), joints.index(end)) if start in joints and end in joints else None

    return Skeleton(
        name,
        joints,
        _known_limbs(joints) if limbs is None else tuple(limbs),
        torso=span("left_shoulder", "right_hip"),
        head=next((found for ends in _HEADS if (found := span(*ends))), None),
        pairs=tuple((joints.index(left), joints.index(right)) for left, right in pairs),
        sigmas=tuple(sigmas.get(joint, default_sigma(joint)) for joint in joints),
    )


def _known_limbs(joints: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    named = [(s.joints[a], s.joints[b]) for s in SKELETONS.values() for a, b in s.limbs]
    there = {frozenset(ends): ends for ends in named if ends[0] in joints and ends[1] in joints}
    return tuple((joints.index(a), joints.index(b)) for a, b in there.values())


def in_words(skeleton: Skeleton) -> list[str]:
    """What was paired and assumed, a sentence each, for a user to check."""
    pairs = [(skeleton.joints[left], skeleton.joints[right]) for left, right in skeleton.pairs]
    shown = [joint_stem(a) if joint_stem(a) == joint_stem(b) else f"{a}/{b}" for a, b in pairs]
    middle = [joint for joint, side in zip(skeleton.joints, skeleton.sides, strict=True) if side == "middle"]
    lines = [
        "joints with a left and a right: " + (", ".join(shown) or "none"),
        "joints without a side: " + (", ".join(middle) or "none"),
    ]
    if skeleton.lone_joints:
        lines.append(f"joints without their mirror image: {', '.join(skeleton.lone_joints)}; nothing is mirrored")
    if skeleton.torso is None:
        lines.append("no left shoulder and right hip, so PCK divides by a quarter of the box's longer side")
    return lines
