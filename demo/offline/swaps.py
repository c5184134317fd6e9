"""Left and right joints that a model exchanges for some frames are found by the motion.

The exchange is chosen for each frame so that the joints accelerate least (dynamic programming over the frames), for the
whole body, then for each arm, leg or other chain of joints, then for each pair of joints.
"""

from __future__ import annotations

import numpy as np

from pose import Skeleton

#: What an exchange must save in acceleration, in lengths of the person (the longer side of the box) per frame, at its
#: beginning and again at its end.
SWITCH = 0.3
#: What it must save for each second that it lasts, as nets mistake left and right for some frames.
PER_SECOND = 1.0
#: Acceleration above this counts as this, so that one leap does not decide.
MAX_COST = 0.3
# Velocities are extrapolated over at most so many times the interval that they were measured in.
_MAX_STRETCH = 2.0


def groups_of_pairs(skeleton: Skeleton) -> list[tuple[int, ...]]:
    """Groups of indices into `skeleton.pairs`: all of them, each chain of limbs on one side, and each alone.

    Limbs along the trunk, as from the shoulder to the hip, do not join an arm and a leg.
    """
    side_of = {left: k for k, (left, _) in enumerate(skeleton.pairs)}
    same_side, roots = [], set()
    for a, b in skeleton.limbs:
        ends = {a, b} & side_of.keys()
        if len(ends) == 2:
            same_side.append((side_of[a], side_of[b]))
        else:
            # Where the chain begins: at the middle, or at the other side.
            roots |= {side_of[end] for end in ends}
    chain = list(range(len(skeleton.pairs)))
    for a, b in same_side:
        if not {a, b} <= roots:
            chain = [chain[a] if other == chain[b] else other for other in chain]
    chains = [tuple(k for k, name in enumerate(chain) if name == first) for first in dict.fromkeys(chain)]
    alone = [(k,) for k in range(len(skeleton.pairs))]
    return list(dict.fromkeys([tuple(range(len(skeleton.pairs))), *chains, *alone])) if alone else []


def find_swaps(
    xy_px: np.ndarray, measured: np.ndarray, times_s: np.ndarray, lengths_px: np.ndarray, skeleton: Skeleton
) -> np.ndarray:
    """Finds the frames in which left and right are exchanged.

    Args:
        xy_px: float (T, J, 2), joints of one person in a run of frames.
        measured: bool (T, J).
        times_s: (T,).
        lengths_px: (T,), the person's length.
        skeleton: of the person.

    Returns:
        bool (T, P) for each of `skeleton.pairs`.
    """
    left, right = (np.array([pair[side] for pair in skeleton.pairs], int) for side in (0, 1))
    swapped = np.zeros((len(xy_px), len(left)), bool)
    known = measured[:, left] & measured[:, right]
    # (T, P, left and right, 2), in lengths.
    places = np.stack([xy_px[:, left], xy_px[:, right]], axis=2) / lengths_px[:, None, None, None]
    for group in map(list, groups_of_pairs(skeleton)):
        frames = np.flatnonzero(known[:, group].any(axis=1))
        if len(frames) < 3:
            continue
        states = _best_states(places[frames][:, group], known[frames][:, group], times_s[frames])
        frames = frames[states]
        swapped[np.ix_(frames, group)] ^= True
        places[np.ix_(frames, group)] = places[np.ix_(frames, group)][:, :, ::-1]
    return swapped


def _best_states(places: np.ndarray, known: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Bool (T,): exchanged or not. Viterbi's algorithm; its states are those of two successive frames."""
    costs = _costs(places, known, times_s)
    lasting = PER_SECOND * np.diff(times_s)
    costs[:, :, :, 1] += lasting[1:, None, None]
    switch = SWITCH * (1 - np.eye(2))
    # By the states of the last frame but one and of the last frame.
    total = switch + lasting[0] * np.add.outer([0, 1], [0, 1])
    before = np.zeros((len(costs), 2, 2), np.int64)
    for k, cost in enumerate(costs):
        sums = total[:, :, None] + cost + switch
        before[k] = sums.argmin(axis=0)
        total = sums.min(axis=0)
    states = np.zeros(len(places), np.int64)
    states[-2], states[-1] = np.unravel_index(total.argmin(), total.shape)
    for k in range(len(costs) - 1, -1, -1):
        states[k] = before[k, states[k + 1], states[k + 2]]
    return states.astype(bool)


def _costs(places: np.ndarray, known: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Float (T - 2, 2, 2, 2): acceleration at each frame from the third on, by the states of three frames."""
    known3 = known[:-2] & known[1:-1] & known[2:]
    stretch = np.diff(times_s)[1:] / np.diff(times_s)[:-1]
    stretch = np.minimum(stretch, _MAX_STRETCH)[:, None, None, None]
    by_state = (places, places[:, :, ::-1])
    costs = np.empty((len(known3), 2, 2, 2))
    for first, second, third in np.ndindex(2, 2, 2):
        now = by_state[second][1:-1]
        expected = now + stretch * (now - by_state[first][:-2])
        missed = np.minimum(np.linalg.norm(by_state[third][2:] - expected, axis=-1), MAX_COST).sum(axis=-1)
        costs[:, first, second, third] = np.where(known3, missed, 0).sum(axis=-1)
    return costs
