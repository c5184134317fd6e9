"""How well a system finds the people of labeled images, and how long that takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.many.labels import LabeledImages
from benchmarks.many.system import System
from evaluate.poses_2d.coco_ap import KeypointAP, keypoint_ap
from evaluate.poses_2d.frames import LabeledFrame
from evaluate.poses_2d.matching import MIN_JOINTS, match
from pose import Skeleton, convert_joints
from pose.people import People
from pose.results.people import ImagePeople

#: At most so many found people in the mean image who are not there, for `Figures.found_strict`.
MAX_FALSE = 0.5
_THRESHOLDS = 40


@dataclass(frozen=True)
class Figures:
    """How well a system finds people; fractions from 0 to 1.

    Someone is found if the OKS over the main joints is above 0.5.

    Attributes:
        all_joints: COCO's figures over all joints; None if the system lacks some.
        main_joints: COCO's figures over the main joints, those of arms and legs.
        found: share of the people with eight or more visible joints who are found.
        found_labeled: the same of those with eight or more labeled joints, hidden ones included.
        found_strict: the same as `found`, without the found people of the lowest scores, so that at most `MAX_FALSE`
            false people are left in the mean image.
        false: found people who are not there, in the mean image.
        visible_people: how many people have eight or more visible joints.
        labeled_people: how many people have eight or more labeled joints.
    """

    all_joints: KeypointAP | None
    main_joints: KeypointAP
    found: float
    found_labeled: float
    found_strict: float
    false: float
    visible_people: int
    labeled_people: int


@dataclass(frozen=True)
class _Counts:
    """Who is found, over all images: (found, all) of people with visible and with labeled joints, and false people."""

    visible: tuple[int, int]
    labeled: tuple[int, int]
    false: float


def measure(found: Sequence[People], skeleton: Skeleton, images: LabeledImages) -> Figures:
    """Measures what a system has found.

    Args:
        found: the people in each image.
        skeleton: theirs.
        images: the labeled images.

    Raises:
        ValueError: the system lacks a main joint of the labels.
    """
    target = images.skeleton
    _, known = convert_joints(np.zeros((skeleton.num_joints, 2)), np.full(skeleton.num_joints, 2), skeleton, target)
    main = np.isin(np.arange(target.num_joints), target.main_joints)
    if not known[main].all():
        raise ValueError(f"{skeleton.name} lacks main joints of {target.name}, the labels' skeleton; give other labels")
    people = [_converted(one, skeleton, target) for one in found]
    frames = [frame.of_joints(main) for frame in images.frames]
    counts = _count(images.frames, people, target, main)
    return Figures(
        keypoint_ap(images.frames, people, target) if known.all() else None,
        keypoint_ap(frames, people, target),
        _share(counts.visible),
        _share(counts.labeled),
        _strict(images.frames, people, target, main),
        counts.false,
        counts.visible[1],
        counts.labeled[1],
    )


def people_found(found: Sequence[People], skeleton: Skeleton, images: LabeledImages) -> float:
    """How many people with eight or more visible joints are found in the mean image."""
    target = images.skeleton
    main = np.isin(np.arange(target.num_joints), target.main_joints)
    people = [_converted(one, skeleton, target) for one in found]
    return _count(images.frames, people, target, main).visible[0] / len(people)


@dataclass(frozen=True, eq=False)
class Turns:
    """What S systems find in N images, and how long it takes.

    Attributes:
        found: the people of each image, for each system.
        ms: float64 (S, T), the least time of each of T images.
        processor_ms: float64 (S, T), the least processor time, of all threads together, which other programs on the
            machine lengthen less.
    """

    found: list[list[People]]
    ms: np.ndarray
    processor_ms: np.ndarray


def find_in_turns(systems: Sequence[System], pictures: Sequence[np.ndarray], timed: int, rounds: int) -> Turns:
    """Runs systems in turns, image by image, so that other load on the machine affects all alike.

    Args:
        systems: S of them.
        pictures: N images.
        timed: how many of the images, evenly chosen, are timed.
        rounds: how often each system has its turn with each of these.
    """
    for system in systems:
        system.find(pictures[0])
    chosen = set(np.linspace(0, len(pictures) - 1, min(timed, len(pictures))).astype(int).tolist())
    found: list[list[People]] = [[] for _ in systems]
    least_ms: list[np.ndarray] = []
    for n, picture in enumerate(pictures):
        turns = np.zeros((rounds if n in chosen else 1, len(systems), 2))
        for turn, ms in enumerate(turns):
            for s, system in enumerate(systems):
                start_s = np.array([time.perf_counter(), time.process_time()])
                people = system.find(picture)
                ms[s] = 1e3 * (np.array([time.perf_counter(), time.process_time()]) - start_s)
                if turn == 0:
                    found[s].append(people)
        if n in chosen:
            least_ms.append(turns.min(axis=0))
    ms, processor_ms = np.stack(least_ms).transpose(2, 1, 0)
    return Turns(found, ms, processor_ms)


def _converted(people: People, source: Skeleton, target: Skeleton) -> ImagePeople:
    xy, scores = convert_joints(people.joints_xy_px, people.scores, source, target)
    _, known = convert_joints(np.zeros((source.num_joints, 2)), np.full(source.num_joints, 2), source, target)
    xy = np.where(known[:, None] > 0, xy, np.nan)
    return ImagePeople(None, "", xy, scores, people.person_scores, np.full(len(scores), -1))


def _count(
    frames: Sequence[LabeledFrame], found: Sequence[ImagePeople], skeleton: Skeleton, main: np.ndarray
) -> _Counts:
    numbers, false = np.zeros((2, 2), int), 0
    for frame, people in zip(frames, found, strict=True):
        result = match(frame.of_joints(main), people, skeleton)
        labels = frame.visible[(frame.visible[:, main] > 0).any(axis=1)]
        for row, least in enumerate((2, 1)):
            counted = (labels >= least).sum(axis=1) >= MIN_JOINTS
            numbers[row] += (int((counted & (result.partner >= 0)).sum()), int(counted.sum()))
        false += int(result.false.sum())
    (visible, labeled) = numbers.tolist()
    return _Counts(tuple(visible), tuple(labeled), false / len(frames))


def _strict(
    frames: Sequence[LabeledFrame], found: Sequence[ImagePeople], skeleton: Skeleton, main: np.ndarray
) -> float:
    """The largest share found with few false people, over minimum scores of a person."""
    scores = np.concatenate([people.person_scores for people in found])
    best = 0.0
    for least in np.quantile(scores, np.linspace(0, 1, _THRESHOLDS)) if len(scores) else ():
        counts = _count(frames, [_above(people, least) for people in found], skeleton, main)
        if counts.false <= MAX_FALSE:
            best = max(best, _share(counts.visible))
    return best


def _above(people: ImagePeople, least: float) -> ImagePeople:
    rows = people.person_scores >= least
    return replace(
        people,
        xy_px=people.xy_px[rows],
        scores=people.scores[rows],
        person_scores=people.person_scores[rows],
        persons=people.persons[rows],
    )


def _share(counts: tuple[int, int]) -> float:
    return counts[0] / counts[1] if counts[1] else float("nan")
