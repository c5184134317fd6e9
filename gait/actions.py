"""What a person does, by simple rules: walks, turns, stands, sits, stands up and sits down.

- The hips' height over the lower ankle, as a share of the way from the hip over the knee to the ankle, is about 1 of
  someone upright and about 0.5 of someone on a chair. Someone who squats or kneels is taken to sit.
- Standing up lasts from 5 % of that rise to 95 %, sitting down likewise; the trunk's lean before is not part of it.
- In space, a turn is where the line of the hips goes on turning to one side; in an image, where the person walks one
  way and then the other.
- Someone upright walks within strides, and wherever the feet move; otherwise stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from gait.measures import Stride
from gait.motion import SIDES, Motion, smooth

Kind = Literal["walking", "turning", "standing", "sitting", "standing up", "sitting down"]

# Below this share of the leg the hips are those of someone who sits; shorter spells, in s, are stoops.
_SEATED, _SEATED_S = 0.75, 0.5
# Where standing up and sitting down begin and end, as a share of the rise; they last this long at most. Where they seem
# to last less than the shortest, joints were lost.
_FIRST, _LAST, _LEAST_RISE_S, _MOST_RISE_S = 0.05, 0.95, 0.12, 4.0
# Ankles faster than this, in legs per second averaged over so many seconds, walk.
_WALKS, _SPEED_S = 0.3, 0.2
# The hips turn to and fro at each stride; averaged over so many seconds, turns are faster than `_TURNS` somewhere, and
# than `_STILL` throughout, in degrees per second. They begin and end with this share of the angle turned and to go.
_HEADING_S, _TURNS, _STILL = 0.35, 25.0, 10.0
_LEAST_TURN_DEG, _BEGUN = 60.0, 0.05
# In an image: where one walks slower than this share of one's usual speed before one walks the other way.
_SLOWER, _MOST_REVERSAL_S = 0.6, 4.0
# Shorter spells of walking or standing are part of what is beside them.
_SHORT_S = 0.4


@dataclass(frozen=True)
class Action:
    """Something that a person does for a while.

    Attributes:
        kind: what.
        start_s: when it begins, from the motion's first frame.
        end_s: when it ends.
        turn_deg: of a turn in space by how much, to the left above 0; None of others.
    """

    kind: Kind
    start_s: float
    end_s: float
    turn_deg: float | None = None

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s


def find_actions(motion: Motion, strides: Sequence[Stride]) -> list[Action]:
    """What the person does, one thing after another; nothing where hips or ankles are not known.

    Args:
        motion: `Motion.filtered`.
        strides: of it.
    """
    kinds = np.full(len(motion.xyz), "standing", object)
    kinds[_pace(motion) > _WALKS] = "walking"
    for stride in strides:
        kinds[round(stride.start_s * motion.fps) : round(stride.end_s * motion.fps)] = "walking"
    turns = _turns(motion)
    for first, last, _ in turns:
        kinds[first:last] = "turning"
    height = hip_height(motion)
    for kind, first, last in _seats(height, motion.fps):
        kinds[first:last] = kind
    kinds[~np.isfinite(height)] = ""
    _join_short(kinds, round(_SHORT_S * motion.fps))
    found = []
    for first, last in _runs(kinds):
        turn_deg = next((deg for a, b, deg in turns if kinds[first] == "turning" and a < last and b > first), None)
        if kinds[first]:
            found.append(Action(kinds[first], first / motion.fps, last / motion.fps, turn_deg))
    return found


def hip_height(motion: Motion) -> np.ndarray:
    """How high the hips are over the ankles, as a share of the leg's length in each frame, (F,).

    Of both legs that which says more: one may swing, or be seen badly.
    """
    shares = []
    for side in SIDES:
        points = [motion.joint(f"{side}_{stem}") for stem in ("hip", "knee", "ankle") if motion.has(f"{side}_{stem}")]
        # As long as in this frame, so that whoever comes nearer in an image does not seem to rise.
        leg = sum(np.linalg.norm(b - a, axis=1) for a, b in pairwise(points))
        shares.append(motion.height(points[0] - points[-1]) / (leg if len(points) == 3 else motion.leg))
    return np.fmax(*shares)


def _pace(motion: Motion) -> np.ndarray:
    """How fast the ankles move over ground, (F,) in legs per second."""
    speeds = []
    for side in SIDES:
        ankle = smooth(motion.level(motion.joint(f"{side}_ankle")), _SPEED_S, motion.fps)
        speeds.append(np.linalg.norm(np.gradient(ankle, axis=0), axis=1) * motion.fps / motion.leg)
    return smooth(np.mean(speeds, axis=0)[:, None], _SPEED_S, motion.fps)[:, 0]


def _runs(kinds: np.ndarray) -> list[tuple[int, int]]:
    """The first frame of each spell of one kind, and the one after its last."""
    edges = [0, *(np.flatnonzero(kinds[1:] != kinds[:-1]) + 1), len(kinds)]
    return list(pairwise(map(int, edges)))


def _join_short(kinds: np.ndarray, least: int) -> None:
    """In place, makes short spells of walking standing, and then short ones of standing what is beside them."""
    for first, last in _runs(kinds):
        if kinds[first] == "walking" and last - first < least:
            kinds[first:last] = "standing"
    for first, last in _runs(kinds):
        beside = {kinds[first - 1] if first else "", kinds[last] if last < len(kinds) else ""}
        joined = "walking" if "walking" in beside else "turning" if "turning" in beside else "standing"
        if kinds[first] == "standing" and last - first < least:
            kinds[first:last] = joined


def _seats(height: np.ndarray, fps: float) -> list[tuple[Kind | Literal[""], int, int]]:
    """Spells of sitting, with the ways down and up; "" where joints were lost."""
    seated = height < _SEATED
    spells = [(a, b) for a, b in _runs(seated) if seated[a] and b - a >= _SEATED_S * fps]
    most = round(_MOST_RISE_S * fps)
    found: list[tuple[Kind | Literal[""], int, int]] = []
    for number, (first, last) in enumerate(spells):
        before = spells[number - 1][1] if number else 0
        after = spells[number + 1][0] if number + 1 < len(spells) else len(height)
        down = _rise(height[max(before, first - most) : min(last, first + most)][::-1], height[first:last])
        up = _rise(height[max(first, last - most) : min(after, last + most)], height[first:last])
        if any(way is not None and way[1] - way[0] < _LEAST_RISE_S * fps for way in (down, up)):
            found.append(("", first, last))
            continue
        begin, end = first, last
        if first > 0 and down is not None:
            stop = min(last, first + most)
            found.append(("sitting down", stop - down[1], stop - down[0]))
            begin = stop - down[0]
        if last < len(height) and up is not None:
            start = max(first, last - most)
            found.append(("standing up", start + up[0], start + up[1]))
            end = start + up[0]
        found.append(("sitting", begin, max(begin, end)))
    return found


def _rise(height: np.ndarray, seat: np.ndarray) -> tuple[int, int] | None:
    """First and last frame of the way up in a series that begins seated; None where it is not known."""
    if not np.isfinite(height).all():
        return None
    low = float(np.nanmedian(seat))
    crossing = int(np.argmax(height >= _SEATED)) if (height >= _SEATED).any() else len(height)
    if crossing == len(height):
        return None
    high = float(height[crossing:].max())
    begin = np.flatnonzero(height[:crossing] <= low + _FIRST * (high - low))
    end = np.flatnonzero(height[crossing:] >= low + _LAST * (high - low))
    return (int(begin[-1]) + 1 if len(begin) else 0), crossing + int(end[0])


def _turns(motion: Motion) -> list[tuple[int, int, float | None]]:
    """First frame, the one after the last, and degrees of each turn."""
    return _turns_in_space(motion) if motion.xyz.shape[2] == 3 else _reversals(motion)


def _turns_in_space(motion: Motion) -> list[tuple[int, int, float | None]]:
    across = motion.level(motion.joint("right_hip") - motion.joint("left_hip"))
    if np.isfinite(across).all(axis=1).sum() < 2:
        return []
    one, other = (axis for axis in range(3) if not motion.up[axis])
    # Seen from above, counterclockwise is to the left.
    sense = np.sign(np.cross(np.eye(3)[one], np.eye(3)[other]) @ motion.up)
    filled = smooth(across, 0.0, motion.fps)
    heading = np.unwrap(np.arctan2(filled[:, other], filled[:, one])) * sense
    heading = smooth(heading[:, None], _HEADING_S, motion.fps)[:, 0]
    rate = np.degrees(np.gradient(heading)) * motion.fps
    found: list[tuple[int, int, float | None]] = []
    for sign in (1, -1):
        still = sign * rate <= _STILL
        for first, last in _runs(still):
            turned = float(np.degrees(heading[last - 1] - heading[first]))
            if not still[first] and np.abs(rate[first:last]).max() > _TURNS and abs(turned) >= _LEAST_TURN_DEG:
                done = np.degrees(heading[first:last] - heading[first]) / turned
                inner = np.flatnonzero((done > _BEGUN) & (done < 1 - _BEGUN))
                found.append((first + int(inner[0]), first + int(inner[-1]) + 1, turned))
    return sorted(found)


def _reversals(motion: Motion) -> list[tuple[int, int, float | None]]:
    """In an image, where someone who walks one way slows down and walks the other."""
    along = motion.speed[:, int(np.argmin(np.abs(motion.up)))] / motion.leg
    walks = np.abs(along) > _WALKS
    if not walks.any():
        return []
    slow = ~(np.abs(along) > _SLOWER * np.median(np.abs(along[walks])))
    found: list[tuple[int, int, float | None]] = []
    for first, last in _runs(slow):
        between = 0 < first and last < len(along) and slow[first]
        if between and along[first - 1] * along[last] < 0 and last - first < _MOST_REVERSAL_S * motion.fps:
            found.append((first, last, None))
    return found
