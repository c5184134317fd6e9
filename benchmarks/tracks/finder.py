"""A made-up finder: the known people of a frame with noise, misses and false poses, and scores that tell a little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.tracks.clips import Clip, ClipFrame


@dataclass(frozen=True)
class FinderNoise:
    """What the made-up finder does wrong.

    Attributes:
        joint_share: standard deviation of the joints, as a share of the longer side of the person's box.
        hidden_share: how many times larger it is for hidden joints.
        missed_share: share of the people who are missed by chance, in runs of up to `run_s`.
        least_seen: people with a smaller share of their labelled joints in sight are missed.
        false_people: how many false poses a frame has on average: poses of the clip in other places, for up to `run_s`.
        run_s: the longest time for which a false pose stays, or someone is missed by chance.
    """

    joint_share: float = 0.02
    hidden_share: float = 2.0
    missed_share: float = 0.1
    least_seen: float = 0.4
    false_people: float = 0.3
    run_s: float = 0.2


#: Joints alone are uncertain.
CLEAN = FinderNoise(missed_share=0.0, false_people=0.0)


@dataclass(frozen=True, eq=False)
class Found:
    """The people found in a frame: joints (P, J, 2), scores (P, J) and person scores (P,)."""

    xy_px: np.ndarray
    scores: np.ndarray
    person_scores: np.ndarray


def find_people(clip: Clip, noise: FinderNoise, seed: int) -> list[Found]:
    """What the finder gives in each frame of a clip."""
    random = np.random.default_rng(seed)
    missed_until: dict[int, float] = {}
    false_poses: list[tuple[float, np.ndarray, float]] = []
    answers, last_s = [], clip.frames[0].time_s - 1 / 30
    poses = [
        (frame, k) for frame in clip.frames for k in range(len(frame.numbers)) if (frame.visible[k] == 2).sum() > 5
    ]
    for frame in clip.frames:
        elapsed_s = frame.time_s - last_s
        false_poses = [one for one in false_poses if one[0] > frame.time_s]
        # The mean number of poses at a time is the rate of their starts times their mean duration; one frame at least.
        starts = random.poisson(noise.false_people * elapsed_s / max(noise.run_s / 2, elapsed_s)) if poses else 0
        for _ in range(starts):
            source, k = poses[random.integers(len(poses))]
            moved = source.xy_px[k] + random.uniform(-1, 1, 2) * 2 * _side(source, k)
            false_poses.append((frame.time_s + random.uniform(0, noise.run_s), moved, random.uniform(0.2, 0.7)))
        answers.append(_found(frame, noise, missed_until, elapsed_s, false_poses, random))
        last_s = frame.time_s
    return answers


def _found(frame, noise, missed_until, elapsed_s, false_poses, random) -> Found:
    joints = frame.xy_px.shape[1]
    found = []
    for k, number in enumerate(frame.numbers):
        seen = (frame.visible[k] == 2).sum() / max((frame.visible[k] > 0).sum(), 1)
        rate = noise.missed_share * elapsed_s / max(noise.run_s / 2, elapsed_s)
        if random.random() < rate:
            missed_until[number] = frame.time_s + random.uniform(0, noise.run_s)
        if seen < noise.least_seen or missed_until.get(number, -1) >= frame.time_s:
            continue
        hidden = frame.visible[k] != 2
        share = noise.joint_share * np.where(hidden, noise.hidden_share, 1)
        xy_px = frame.xy_px[k] + random.normal(size=(joints, 2)) * (share * _side(frame, k))[:, None]
        scores = np.where(
            frame.visible[k] == 0, 0, np.where(hidden, random.uniform(0, 0.5, joints), random.uniform(0.4, 1, joints))
        )
        found.append((xy_px, scores, float(np.clip(0.9 * seen + random.normal(0, 0.1), 0.05, 1))))
    for _, pose_px, score in false_poses:
        found.append((pose_px + random.normal(size=(joints, 2)), random.uniform(0.1, 0.8, joints), score))
    order = random.permutation(len(found))
    return Found(
        np.array([found[k][0] for k in order]).reshape(-1, joints, 2),
        np.array([found[k][1] for k in order]).reshape(-1, joints),
        np.array([found[k][2] for k in order]),
    )


def _side(frame: ClipFrame, k: int) -> float:
    return float(np.ptp(frame.xy_px[k][frame.visible[k] > 0], axis=0).max())
