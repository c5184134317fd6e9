"""Left and right exchanged by a model, made up on a walking person whose truth is known."""

import numpy as np
import pytest

from demo.offline.swaps import find_swaps, groups_of_pairs
from pose import BODY26, COCO17, LSP14, PANOPTIC19, SKELETONS, Skeleton

FPS, FRAMES = 30, 120
TIMES_S = np.arange(FRAMES) / FPS
LEGS = [LSP14.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle") for side in ("left", "right")]
PAIRS = [LSP14.joints[left].removeprefix("left_") for left, _ in LSP14.pairs]


def walker(jitter=0.005, seed=0):
    """(T, 14, 2) of a walk in profile, in lengths of the person: 1 step per second, legs and arms in opposition."""
    height = {"head_top": 0, "neck": 0.15, "shoulder": 0.18, "elbow": 0.36, "wrist": 0.5, "hip": 0.5, "knee": 0.75}
    swing = {"elbow": -0.1, "wrist": -0.22, "knee": 0.12, "ankle": 0.25}
    xy = np.zeros((FRAMES, 14, 2))
    for j, joint in enumerate(LSP14.joints):
        stem = joint.removeprefix("left_").removeprefix("right_")
        sense = {"left": 1, "right": -1}.get(joint.partition("_")[0], 0)
        xy[:, j, 0] = 0.6 * TIMES_S + sense * swing.get(stem, 0.02) * np.sin(np.pi * TIMES_S)
        xy[:, j, 1] = height.get(stem, 1.0)
    return xy + np.random.default_rng(seed).normal(0, jitter, xy.shape)


def exchange(xy, frames, stems, skeleton=LSP14):
    xy = xy.copy()
    for stem in stems:
        left, right = skeleton.index(f"left_{stem}"), skeleton.index(f"right_{stem}")
        xy[np.ix_(frames, [left, right])] = xy[np.ix_(frames, [right, left])]
    return xy


def found(xy, measured=None, times_s=TIMES_S):
    """The frames found for each pair, where there are any."""
    measured = np.isfinite(xy).all(axis=2) if measured is None else measured
    swapped = find_swaps(xy, measured, times_s, np.ones(len(xy)), LSP14)
    return {
        name: np.flatnonzero(column).tolist() for name, column in zip(PAIRS, swapped.T, strict=True) if column.any()
    }


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_exchanged_in_a_walk_in_which_legs_and_arms_cross(seed):
    assert found(walker(seed=seed)) == {} and found(walker(0.02, seed)) == {}


BODY = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


@pytest.mark.parametrize(
    "frames, stems",
    [
        # Mid-stride at 0.5, 1.5 and 2.5 s: frames 15, 45, 75.
        ([45], BODY),
        (list(range(38, 53)), BODY),
        (list(range(40, 50)), ("hip", "knee", "ankle")),
        ([14, 15, 16], ("shoulder", "elbow", "wrist")),
        ([74, 75], ("ankle",)),
        # At the beginning and at the end.
        (list(range(12, 20)) + list(range(70, 80)), BODY),
    ],
)
def test_exchanged_sides_are_found(frames, stems):
    xy = exchange(walker(), frames, stems)
    swapped = found(xy)
    # Hips and shoulders are 0.04 apart in profile, too near to matter.
    near = {"hip", "shoulder"}
    assert {name: there for name, there in swapped.items() if name not in near} == {
        stem: frames for stem in stems if stem not in near
    }


def test_an_exchange_at_the_beginning_and_at_the_end_is_found():
    # Shifted by a quarter period, so that the strides are widest at the ends.
    xy = walker()[15:106]
    for frames in ([0, 1, 2, 3], [87, 88, 89, 90]):
        swapped = found(exchange(xy, frames, BODY), times_s=TIMES_S[:91])
        assert swapped["ankle"] == frames and swapped["knee"] == frames


def test_an_exchange_across_hidden_frames_is_found():
    """The legs are not seen for four frames, in the middle of which the sides change."""
    xy = exchange(walker(), list(range(42, 48)), ("hip", "knee", "ankle"))
    xy[44:46, LEGS] = np.nan
    assert found(xy)["ankle"] == [42, 43, 46, 47]


def test_where_one_side_is_hidden_nothing_is_exchanged():
    xy = walker()
    xy[:, LSP14.index("right_ankle")] = np.nan
    xy[40:60, LSP14.index("left_knee")] = np.nan
    assert found(xy) == {}


def test_the_sides_are_kept_where_they_change_for_long():
    """Which of the two halves is right cannot be told from the motion."""
    assert found(exchange(walker(), list(range(45, 120)), ("ankle",))) == {}


def test_one_leap_is_no_exchange():
    xy = walker()
    xy[45, LSP14.index("left_ankle")] += (0.4, -0.3)
    assert found(xy) == {}


def test_uneven_frame_times_are_heeded():
    keep = np.sort(np.random.default_rng(0).choice(FRAMES, 90, replace=False))
    assert found(walker()[keep], times_s=TIMES_S[keep]) == {}
    swapped = found(exchange(walker(), [44, 45, 46], BODY)[keep], times_s=TIMES_S[keep])
    assert keep[swapped["ankle"]].tolist() == [frame for frame in (44, 45, 46) if frame in keep]


def test_short_runs_and_skeletons_without_pairs_have_no_exchange():
    assert found(walker()[:2], times_s=TIMES_S[:2]) == {}
    snake = Skeleton("snake", ("head", "middle", "tail"), ((0, 1), (1, 2)), (0, 2), None)
    known = np.ones((9, 3), bool)
    assert find_swaps(np.zeros((9, 3, 2)), known, TIMES_S[:9], np.ones(9), snake).shape == (9, 0)
    assert groups_of_pairs(snake) == []


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_arms_and_legs_are_chains_of_their_own(skeleton):
    names = [skeleton.joints[left].removeprefix("left_") for left, _ in skeleton.pairs]
    groups = [{names[k] for k in group} for group in groups_of_pairs(skeleton)]
    assert groups[0] == set(names)
    feet = {"heel", "big_toe", "small_toe"} if skeleton is BODY26 else set()
    assert {"shoulder", "elbow", "wrist"} in groups and {"hip", "knee", "ankle"} | feet in groups
    assert all({name} in groups for name in names)
    has_face = skeleton in (PANOPTIC19, COCO17, BODY26)
    assert ({"eye", "ear"} in groups) == has_face
    assert len(groups) == 1 + 2 + len(names) + has_face
