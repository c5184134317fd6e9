"""Halpe's and COCO-WholeBody's files: COCO's form, with the feet where COCO's readers do not look for them."""

from __future__ import annotations

from pose import BODY26, COCO17

# Halpe (arXiv 2211.03375) names no keypoints. The first 26 of its 136 are the body and the feet.
_HALPE = (3 * 136, 3 * 26)
# COCO-WholeBody (arXiv 2007.11858) has a list of its own for the feet of each person.
_FEET, _FEET_KEY = ("big_toe", "small_toe", "heel"), "foot_kpts"
_FEET_NAMES = [f"{side}_{joint}" for side in ("left", "right") for joint in _FEET]


def with_feet(content: dict) -> dict:
    """The content of a keypoints file, with the feet among its named keypoints if it is one of these two.

    Keypoints of faces and hands are left out.
    """
    categories, annotations = content["categories"], content["annotations"]
    named = [kind for kind in categories if kind.get("keypoints")]
    lengths = {len(entry["keypoints"]) for entry in annotations if _has_list(entry, "keypoints")}
    if not named and len(categories) == 1 and len(lengths) == 1 and lengths <= set(_HALPE):
        return content | {
            "categories": [categories[0] | {"keypoints": list(BODY26.joints)}],
            "annotations": [_cut(entry) for entry in annotations],
        }
    if len(named) == 1 and any(_has_list(entry, _FEET_KEY) for entry in annotations):
        if tuple(named[0]["keypoints"]) == COCO17.joints:
            return content | {
                "categories": [named[0] | {"keypoints": [*COCO17.joints, *_FEET_NAMES], "skeleton": None}],
                "annotations": [_with_feet(entry) for entry in annotations],
            }
    return content


def _has_list(entry: object, key: str) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get(key), list)


# Annotations that are damaged stay as they are: each is named where it is read.
def _cut(entry: dict) -> dict:
    return entry | {"keypoints": entry["keypoints"][: _HALPE[1]]} if _has_list(entry, "keypoints") else entry


def _with_feet(entry: dict) -> dict:
    if not _has_list(entry, "keypoints"):
        return entry
    feet = entry.get(_FEET_KEY) or [0] * (3 * len(_FEET_NAMES))
    return entry | {"keypoints": [*entry["keypoints"], *(feet if isinstance(feet, list) else [feet])]}
