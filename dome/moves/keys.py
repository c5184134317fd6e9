"""Key poses of a motion: drawn from archetypes and gaits, clipped to anatomical limits, put on the floor, and timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from body.human import BONES, Human
from dome.moves.anatomy import Anatomy, clip
from dome.moves.archetypes import archetypes, draw_name, sample
from dome.moves.contact import Contact, settle
from dome.moves.gait import GAITS, Gait, draw_gait
from dome.moves.penetration import Capsules, penetration
from dome.moves.stance import Feet, Stance
from pose.space.turns import turn

#: The most that limbs may penetrate one another before a pose is drawn again.
DEEPEST_MM = 30.0
_CANDIDATES = 6
_GAIT_SHARE = 0.10
GAIT_GROUP = "upright"
# Mean degrees per second from pose to pose: of a joint, and of the whole body turning over. Jumps are faster.
_JOINT_SPEED, _BODY_SPEED = 230.0, 130.0
_JUMP_JOINT_SPEED, _JUMP_BODY_SPEED, _LONGEST_JUMP = 420.0, 260.0, 0.7
_SETTLES_DEGREES = 40.0
# How far above the floor supporting points may be.
_HOVER_MM = 10.0


@dataclass(frozen=True, eq=False)
class Body:
    """A body with its anatomy, contact points and capsules."""

    human: Human
    anatomy: Anatomy
    contact: Contact
    capsules: Capsules
    stance: Stance

    @classmethod
    def of(cls, human: Human) -> Body:
        """Measures a body."""
        anatomy, contact = Anatomy.of(human), Contact.of(human)
        return cls(human, anatomy, contact, Capsules.of(human), Stance.of(anatomy, contact))

    def pose(self, angles: np.ndarray, roots: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rotations, heads and orientations of the bones with the hips at the origin."""
        rotations = self.anatomy.rotations(angles)
        rotations[:, 0] = roots
        return rotations, *self.human.pose_bones(rotations, np.zeros((len(angles), 3)))

    def depth(self, angles: np.ndarray) -> np.ndarray:
        """Penetration (N,) in mm."""
        _, heads, orientations = self.pose(angles, np.tile(np.eye(3), (len(angles), 1, 1)))
        return penetration(self.capsules, heads, orientations)


@dataclass(frozen=True, eq=False)
class Key:
    """One pose to hold, or one gait.

    Attributes:
        name: of the archetype or gait.
        angles: (D,) degrees; of a gait at an arbitrary time.
        root: (3, 3), orientation of the pelvis for a body that faces forward.
        heel: (2,) degrees.
        planted: bool (2,).
        air: whether it is reached in a jump.
        gait: the gait, or None.
    """

    name: str
    angles: np.ndarray
    root: np.ndarray
    heel: np.ndarray
    planted: np.ndarray
    air: bool = False
    gait: Gait | None = None

    def at(self, seconds: np.ndarray) -> np.ndarray:
        """Angles (N, D) at times (N,)."""
        return self.gait.angles(seconds) if self.gait else np.tile(self.angles, (len(seconds), 1))


def draw_keys(
    rng: np.random.Generator, body: Body, seconds: float, names: Sequence[str] = (), groups: Sequence[str] = ()
) -> tuple[list[Key], np.ndarray, np.ndarray]:
    """Draws keys to fill the time, with the times at which each is reached and left.

    Args:
        rng: the random generator.
        body: the body.
        seconds: the duration.
        names: of the first keys, as in `draw_key`; the others are random.
        groups: of poses to draw from, as in `draw_key`.
    """
    named = iter(names)
    keys = [draw_key(rng, body, None, next(named, None), groups)]
    starts = [-rng.uniform(0, 0.3)]
    ends = [starts[0] + _stay(rng, keys[0])]
    while ends[-1] < seconds:
        key = draw_key(rng, body, keys[-1], next(named, None), groups)
        change = np.abs(key.angles - keys[-1].angles).max()
        tilt = np.degrees(Rotation.from_matrix(keys[-1].root.T @ key.root).magnitude())
        way = max(rng.uniform(0.4, 0.85), change / _JOINT_SPEED, tilt / _BODY_SPEED)
        if key.air or keys[-1].air:
            # Jumps are no longer than this, however far the limbs have to move.
            way = max(rng.uniform(0.3, 0.45), change / _JUMP_JOINT_SPEED, tilt / _JUMP_BODY_SPEED)
            way = min(way, _LONGEST_JUMP)
        starts.append(ends[-1] + way)
        ends.append(starts[-1] + _stay(rng, key))
        keys.append(key)
    return keys, np.array(starts), np.array(ends)


def _stay(rng: np.random.Generator, key: Key) -> float:
    if key.gait:
        return rng.uniform(1.5, 3.5)
    return 0.02 if key.air else rng.uniform(0.05, 0.4)


def draw_key(
    rng: np.random.Generator, body: Body, last: Key | None, name: str | None = None, groups: Sequence[str] = ()
) -> Key:
    """Draws a key that can be reached from the last one without limbs penetrating one another.

    Args:
        rng: the random generator.
        body: the body.
        last: the key before, or None.
        name: of an archetype or a gait; random if None.
        groups: of archetypes to draw from, all if empty; gaits belong to `GAIT_GROUP`.

    Raises:
        ValueError: there is no such archetype or gait.
    """
    if name not in (None, *GAITS, *archetypes().by_name):
        raise ValueError(f"a pose is one of {', '.join((*GAITS, *archetypes().by_name))}, got {name!r}")
    goes = rng.uniform() < _GAIT_SHARE if name is None else name in GAITS
    if goes and (name or not groups or GAIT_GROUP in groups):
        gait = draw_gait(rng, name)
        angles = clip(gait.angles(np.zeros(1)))[0]
        return Key(gait.kind, angles, turn(0, np.radians(gait.pitch)), np.zeros(2), np.zeros(2, bool), gait=gait)
    name = name or draw_name(rng, groups)
    kind, drawn = archetypes().by_name[name], sample(rng, name, _CANDIDATES)
    roots = turn(0, np.radians(drawn.pitch))
    roots = turn(2, -np.radians(drawn.roll)) @ roots
    angles = clip(drawn.angles)
    if drawn.planted.any():
        feet = Feet(drawn.planted, drawn.heel, np.zeros_like(drawn.heel))
        angles = body.stance.plant(angles, roots, feet, balanced=np.full(_CANDIDATES, kind.balanced))
    shares = np.array([1.0]) if last is None else np.array([0.3, 0.55, 0.8, 1.0])
    start = angles if last is None else last.angles
    way = start + shares[:, None, None] * (angles - start)
    depth = body.depth(way.reshape(-1, angles.shape[1])).reshape(len(shares), -1).max(axis=0)
    faults = np.maximum(depth - DEEPEST_MM, 0) + np.maximum(_hover(body, angles, roots, drawn.planted) - _HOVER_MM, 0)
    order = np.argsort(faults, kind="stable")
    best = int(order[0])
    if kind.support == "rest":
        best, settled = _settled(body, angles, roots, order, kind.lies_on)
        roots[best] = settled @ roots[best]
    return Key(name, angles[best], roots[best], drawn.heel[best], drawn.planted[best], air=kind.support == "air")


def _hover(body: Body, angles: np.ndarray, roots: np.ndarray, planted: np.ndarray) -> np.ndarray:
    """Height (N,) of the planted feet above the body's lowest point, in mm; above 0 where a leg is too short."""
    _, heads, orientations = body.pose(angles, roots)
    heights = body.contact.points(heads, orientations)[..., 1]
    soles = np.stack([heights[:, body.contact.foot == foot].min(axis=1) for foot in range(2)], axis=1)
    return ((soles - heights.min(axis=1, keepdims=True)) * planted).max(axis=1)


def _settled(
    body: Body, angles: np.ndarray, roots: np.ndarray, order: np.ndarray, lies_on: tuple[str, ...]
) -> tuple[int, np.ndarray]:
    """The first pose that comes to rest on the right bones, and the rotation that lays it there."""
    _, heads, orientations = body.pose(angles, roots)
    points, balance = body.contact.points(heads, orientations), body.contact.balance(heads, orientations)
    bears = np.array([not lies_on or any(word in name for word in lies_on) for name in BONES])[body.contact.bone]
    found = None
    for number in order:
        turned = settle(points[number], balance[number], _SETTLES_DEGREES)
        if turned is not None:
            heights = points[number] @ turned[1]
            if heights[bears].min() < heights.min() + _HOVER_MM:
                return int(number), turned
            found = found or (int(number), turned)
    return found or (int(order[0]), np.eye(3))
