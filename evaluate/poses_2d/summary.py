"""All figures of one set of found people, overall, per kind of difficulty and per joint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluate.pose_2d.summary import mean_of_known
from evaluate.poses_2d.coco_ap import KeypointAP, keypoint_ap
from evaluate.poses_2d.difficulty import kinds_of_frames, kinds_of_people
from evaluate.poses_2d.frames import LabeledFrame
from evaluate.poses_2d.matching import Match, match, share_found
from evaluate.poses_2d.mpii_map import mpii_ap
from pose import Skeleton
from pose.results.people import ImagePeople


@dataclass(frozen=True)
class Kind:
    """The figures of one kind of images or people.

    Attributes:
        what: what is counted, such as "crowd index".
        name: the range of it.
        frames: how many images there are; None for kinds of people.
        people: how many people with enough labeled joints there are.
        found: the share of these that was found; NaN without any.
        ap: COCO's AP; NaN where it is not defined.
        false: found people who are not there, in the mean image; NaN for kinds of people.
    """

    what: str
    name: str
    frames: int | None
    people: int
    found: float
    ap: float
    false: float


@dataclass(frozen=True, eq=False)
class ManySummary:
    """The figures of one set of found people. Fractions lie between 0 and 1; NaN if nothing was labeled.

    Attributes:
        joints: J names.
        frames: N, the number of images.
        people: how many people are labeled.
        counted: how many of these have enough labeled joints to count as missed.
        answers: how many people were found, right or wrong.
        coco: COCO's figures.
        found: the share of the counted people who were found: OKS above 0.5.
        false: found people who are not there, in the mean image.
        mpii: MPII's AP of each joint, (J,).
        labeled: int (J,), how many labels each joint has.
        joints_found: (J,), the share of labeled joints that are right: the person found, and the joint near its label.
        kinds: by difficulty.
        matches: of each image.
    """

    joints: tuple[str, ...]
    frames: int
    people: int
    counted: int
    answers: int
    coco: KeypointAP
    found: float
    false: float
    mpii: np.ndarray
    labeled: np.ndarray
    joints_found: np.ndarray
    kinds: tuple[Kind, ...]
    matches: list[Match]

    def scalars(self) -> dict[str, float]:
        """The overall figures under their names in files, the headline figure first."""
        coco = self.coco
        return {
            "ap": coco.ap,
            "ap50": coco.ap50,
            "ap75": coco.ap75,
            "ap_medium": coco.ap_medium,
            "ap_large": coco.ap_large,
            "ar": coco.ar,
            "ar50": coco.ar50,
            "mpii_map": mean_of_known(self.mpii),
            "found": self.found,
            "false_per_frame": self.false,
        }


def summarize_many(
    frames: Sequence[LabeledFrame],
    found: Sequence[ImagePeople],
    skeleton: Skeleton,
    known: np.ndarray | None = None,
) -> ManySummary:
    """Measures found people.

    Args:
        frames: N images with their labeled people.
        found: those found in each.
        skeleton: of both.
        known: bool (J,), the joints that the found people can have; None for all. The others count as wrong in the
            figures of COCO and MPII.

    Raises:
        ValueError: there are no images, or their numbers or joints differ.
    """
    if not frames:
        raise ValueError("metrics need at least one image, got none")
    coco = keypoint_ap(frames, found, skeleton)
    matches = [match(frame, people, skeleton, known) for frame, people in zip(frames, found, strict=True)]
    labeled = sum((frame.visible > 0).sum(axis=0) for frame in frames)
    right = sum(one.joints_right.sum(axis=0) for one in matches)
    return ManySummary(
        joints=skeleton.joints,
        frames=len(frames),
        people=sum(frame.num_people for frame in frames),
        counted=int(sum(one.counted.sum() for one in matches)),
        answers=sum(len(people.xy_px) for people in found),
        coco=coco,
        found=share_found(matches),
        false=float(np.mean([one.false.sum() for one in matches])),
        mpii=mpii_ap(frames, found, skeleton),
        labeled=labeled,
        joints_found=np.where(labeled > 0, right / np.maximum(labeled, 1), np.nan),
        kinds=(*_by_people(frames, matches, coco), *_by_frames(frames, found, matches, skeleton)),
        matches=matches,
    )


def _by_people(frames: Sequence[LabeledFrame], matches: Sequence[Match], coco: KeypointAP) -> list[Kind]:
    kinds = [kinds_of_people(frame) for frame in frames]
    ap = dict(zip(kinds[0], (float("nan"), coco.ap_medium, coco.ap_large), strict=True))
    found = []
    for what, name in kinds[0]:
        chosen = [kind[what, name] for kind in kinds]
        people = sum(int((one.counted & who).sum()) for one, who in zip(matches, chosen, strict=True))
        found.append(Kind(what, name, None, people, share_found(matches, chosen), ap[what, name], float("nan")))
    return found


def _by_frames(
    frames: Sequence[LabeledFrame], found: Sequence[ImagePeople], matches: Sequence[Match], skeleton: Skeleton
) -> list[Kind]:
    kinds = []
    for (what, name), chosen in kinds_of_frames(list(frames)).items():
        places = np.flatnonzero(chosen).tolist()
        if not places:
            continue
        those = [matches[k] for k in places]
        ap = keypoint_ap([frames[k] for k in places], [found[k] for k in places], skeleton).ap
        people = sum(int(one.counted.sum()) for one in those)
        false = float(np.mean([one.false.sum() for one in those]))
        kinds.append(Kind(what, name, len(places), people, share_found(those), ap, false))
    return kinds
