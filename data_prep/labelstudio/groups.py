"""Which regions of a Label Studio annotation belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: The key of a keypoint's label.
KEYPOINT = "keypointlabels"


def group_regions(regions: Mapping[str, dict], relations: Sequence[dict]) -> dict[str, str]:
    """Finds the groups of linked regions.

    A region is linked to its parent (`parentID`), and to what is related to it, if one of the two is a keypoint
    without a parent: two rectangles may be related for other reasons, and a parent is surer than a relation.

    Args:
        regions: the keypoints and rectangles by their ids.
        relations: entries with `from_id` and `to_id`.

    Returns:
        The group of each linked region by its id; regions of one group have the same.
    """
    parents = {number: str(region.get("parentID")) for number, region in regions.items()}
    parents = {number: parent for number, parent in parents.items() if parent in regions}
    links = list(parents.items())
    for relation in relations:
        ends = str(relation.get("from_id")), str(relation.get("to_id"))
        free = any(KEYPOINT in regions[end]["value"] and end not in parents for end in ends if end in regions)
        if free and all(end in regions for end in ends):
            links.append(ends)
    group = {number: number for link in links for number in link}

    def first(number: str) -> str:
        while group[number] != number:
            group[number] = group[group[number]]
            number = group[number]
        return number

    for a, b in links:
        group[first(a)] = first(b)
    return {number: first(number) for number in group}
