"""Retargets recorded motion to a body: from a BVH file with the joints of the CMU laboratory to the body's bones."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from body.human import BONES, PARENTS, Human
from dome.moves.anatomy import Anatomy
from dome.moves.contact import Contact
from dome.moves.motion import Motion
from pose import BadInput
from pose.space.bvh import Bvh
from pose.space.turns import between, turn

# The joints of our bones in the two naming schemes of CMU's files, listed for one side.
_CMU = {
    **{name: name for name in ("Hips", "LowerBack", "Spine", "Spine1", "Neck", "Neck1", "Head")},
    **{f"Left{name}": f"Left{name}" for name in ("UpLeg", "Leg", "Foot", "ToeBase")},
    **{f"Left{name}": f"Left{name}" for name in ("Shoulder", "Arm", "ForeArm", "Hand")},
}
_POSER = {
    "Hips": "Hips",
    "LowerBack": "lowerback",
    "Spine": "Chest",
    "Spine1": "Chest2",
    "Neck": "lowerneck",
    "Neck1": "Neck",
    "Head": "Head",
    "LeftUpLeg": "LeftHip",
    "LeftLeg": "LeftKnee",
    "LeftFoot": "LeftAnkle",
    "LeftToeBase": "LeftToe",
    "LeftShoulder": "LeftCollar",
    "LeftArm": "LeftShoulder",
    "LeftForeArm": "LeftElbow",
    "LeftHand": "LeftWrist",
}
# Required joints; others that a file lacks stay at rest.
_NEEDED = ("Hips", "Spine", "LeftUpLeg", "LeftLeg", "LeftFoot", "LeftArm", "LeftForeArm")
# Bones that are aligned with the file's rest direction. The trunk is not: it is upright in all rigs, and its bones
# follow the spine in one rig and the middle of the body in another.
_ALIGNED = ("UpLeg", "Leg", "Foot", "Arm", "ForeArm", "Hand")
# Markers measure wrists and toes badly, so their rotation is limited to so many degrees.
_WRIST_DEGREES, _PRONATION_DEGREES, _TOE_DEGREES = 18.0, 85.0, 35.0
# The floor is at this percentile of the lowest points' heights; recorded feet sink and rise by millimeters.
_BELOW_FLOOR = 5.0
# On another body than the recorded one, feet miss the floor by up to this much; higher ones are in the air.
_MISSES_MM, _LEAVES_MM = 70.0, 140.0
_SMOOTHED_SECONDS = 0.05
# The most frames made of one recording.
_MOST_FRAMES = 100_000
# Frames made at a time, to bound memory.
_FRAMES_AT_ONCE = 1000
_HIPS = [BONES.index("LeftUpLeg"), BONES.index("RightUpLeg")]


def retarget(bvh: Bvh, human: Human, fps: float) -> Motion:
    """Makes a body move as recorded.

    Each limb of the body points where the file's does; the hips' path is scaled by the lengths of the legs, so the
    file's unit does not matter. The lowest point of the body is on the floor, except in jumps.

    Args:
        bvh: the recording.
        human: the body.
        fps: frames per second of the motion.

    Returns:
        The motion from the recording's first frame to its last; it starts above the origin.

    Raises:
        BadInput: the file lacks required joints, its rest pose does not stand along y and face z, its legs have no
            length, or it gives more than 100 000 frames.
        ValueError: fps is not a positive finite number.
    """
    if not (np.isfinite(fps) and fps > 0):
        raise ValueError(f"fps must be a positive finite number, got {fps}; such as 30")
    # As a float, which does not overflow.
    count = np.floor(bvh.seconds * fps + 1e-6) + 1
    if count > _MOST_FRAMES:
        raise BadInput(bvh.path, f"makes {count:.0f} frames at {fps:g} a second; up to {_MOST_FRAMES} are made, cut it")
    joints = _joints(bvh)
    rests = _rest_turns(bvh, joints, human)
    _check_axes(bvh, joints)
    scale = _scale(bvh, joints, human)
    anatomy, contact = Anatomy.of(human), Contact.of(human)
    parts = []
    for start in range(0, int(count), _FRAMES_AT_ONCE):
        times = np.arange(start, min(start + _FRAMES_AT_ONCE, int(count))) / fps / bvh.frame_seconds
        turned, middle = _recorded(bvh, joints, times)
        rotations = _restrain(_locals(turned, joints, rests), anatomy)
        heads, orientations = human.pose_bones(rotations, np.zeros((len(times), 3)))
        root = middle * scale - heads[:, _HIPS].mean(axis=1)
        lowest = contact.points(heads, orientations)[..., 1].min(axis=1) + root[:, 1]
        parts.append((rotations.astype(np.float32), root, lowest))
    rotations, root, lowest = map(np.concatenate, zip(*parts, strict=True))
    root[:, 1] -= _floor(lowest, fps)
    root -= root[0] * (1, 0, 1)
    return Motion(rotations, root.astype(np.float32), float(fps), (bvh.path,))


def _joints(bvh: Bvh) -> dict[str, int]:
    """Our bone -> number of the file's joint, for the bones that the file has."""
    # Some programs prefix joints with the figure's name, as in mixamorig:Hips.
    numbers = {name.rpartition(":")[2]: number for number, name in enumerate(bvh.names)}
    found: dict[str, int] = {}
    for table in (_POSER, _CMU):
        joints = {
            bone.replace("Left", side): numbers[joint]
            for side in ("Left", "Right")
            for bone, left in table.items()
            if (joint := left.replace("Left", side)) in numbers
        }
        found = max(found, joints, key=lambda joints: sum(bone in joints for bone in _needed()))
    missing = [bone for bone in _needed() if bone not in found]
    if missing:
        raise BadInput(bvh.path, f"lacks joints for {', '.join(missing)}; files with CMU's joints are understood")
    return found


def _needed() -> list[str]:
    return list(dict.fromkeys(bone.replace("Left", side) for side in ("Left", "Right") for bone in _NEEDED))


def _rest_turns(bvh: Bvh, joints: dict[str, int], human: Human) -> dict[str, np.ndarray]:
    """For each bone the rotation (3, 3) from the body's rest pose to the file's."""
    zero = Anatomy.of(human).zero
    turns, leaning = {bone: np.eye(3) for bone in joints}, {}
    for bone in sorted(joints, key=BONES.index):
        short = bone.removeprefix("Left").removeprefix("Right")
        direction = _direction(bvh, joints, bone)
        if short not in _ALIGNED or direction is None:
            continue
        # First to the zero pose, in which knees and elbows bend about the left-right axis as in the file; then like the
        # limb's parent bone, so that soles and palms turn with it.
        above = leaning.get(BONES[PARENTS[BONES.index(bone)]], np.eye(3))
        ours = above @ zero[BONES.index(bone)] @ _own_direction(human, bone)
        leaning[bone] = _turn_onto(ours, direction) @ above
        turns[bone] = leaning[bone] @ zero[BONES.index(bone)]
    return turns


def _own_direction(human: Human, bone: str) -> np.ndarray:
    side = "Left" if bone.startswith("Left") else "Right"
    ends = {"UpLeg": "Leg", "Leg": "Foot", "Foot": "ToeBase", "Arm": "ForeArm", "ForeArm": "Hand"}
    short = bone.removeprefix(side)
    end = f"{side}{ends.get(short, 'HandFinger1')}"
    way = human.heads_mm[BONES.index(end)] - human.heads_mm[BONES.index(bone)]
    return way / np.linalg.norm(way)


def _direction(bvh: Bvh, joints: dict[str, int], bone: str) -> np.ndarray | None:
    """The direction of the file's bone at rest: to its first child or end at a distance."""
    joint = joints[bone]
    while True:
        children = [number for number, parent in enumerate(bvh.parents) if parent == joint]
        ways = [bvh.offsets[child] for child in children] + [bvh.ends.get(joint, np.zeros(3))]
        for way in ways:
            if np.linalg.norm(way) > 1e-6:
                return way / np.linalg.norm(way)
        if not children:
            return None
        joint = children[0]


def _turn_onto(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    return between(start, end) if start @ end > -0.999 else Rotation.from_euler("z", np.pi).as_matrix()


def _check_axes(bvh: Bvh, joints: dict[str, int]) -> None:
    """Raises `BadInput` for a file whose rest pose lies down or faces sideways: its axes are not ours."""
    rest = bvh.offsets.copy()
    for joint, parent in enumerate(bvh.parents):
        if parent >= 0:
            rest[joint] += rest[parent]
    hip, foot, other = (rest[joints[bone]] for bone in ("LeftUpLeg", "LeftFoot", "RightUpLeg"))
    up, left = hip - foot, hip - other
    if up[1] < 0.7 * np.linalg.norm(up) or left[0] <= 0:
        raise BadInput(bvh.path, "its rest pose does not stand along y and face z; turn it when exporting")


def _scale(bvh: Bvh, joints: dict[str, int], human: Human) -> float:
    """The file's unit in mm of the body, by the lengths of their legs."""
    theirs = sum(
        np.linalg.norm(bvh.offsets[joints[f"{side}{bone}"]]) for side in ("Left", "Right") for bone in ("Leg", "Foot")
    )
    if theirs < 1e-6:
        raise BadInput(bvh.path, "its legs have no length, so its unit cannot be found")
    own = [
        human.heads_mm[BONES.index(f"{side}{bone}")] for side in ("Left", "Right") for bone in ("UpLeg", "Leg", "Foot")
    ]
    return sum(np.linalg.norm(own[a] - own[b]) for a, b in ((0, 1), (1, 2), (3, 4), (4, 5))) / theirs


def _recorded(bvh: Bvh, joints: dict[str, int], times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orientations (N, J, 3, 3) of the file's joints and the middle of its hips (N, 3), at times (N,) in its frames."""
    first = np.minimum(times.astype(int), len(bvh.values) - 1)
    second, share = np.minimum(first + 1, len(bvh.values) - 1), times - first
    places, turned = bvh.forward(first)
    places_after, turned_after = bvh.forward(second)
    used = sorted(set(joints.values()))
    turned[:, used] = _between_frames(turned[:, used], turned_after[:, used], share)
    places += (places_after - places) * share[:, None, None]
    return turned, places[:, [joints["LeftUpLeg"], joints["RightUpLeg"]]].mean(axis=1)


def _between_frames(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Spherical interpolation from rotations (F, J, 3, 3) to others, by a fraction (F,)."""
    first, second = (Rotation.from_matrix(turns.reshape(-1, 3, 3)) for turns in (start, end))
    step = (first.inv() * second).as_rotvec() * np.repeat(share, start.shape[1])[:, None]
    return (first * Rotation.from_rotvec(step)).as_matrix().reshape(start.shape)


def _locals(turned: np.ndarray, joints: dict[str, int], rests: dict[str, np.ndarray]) -> np.ndarray:
    """Rotations (F, 31, 3, 3) relative to the parents."""
    orientations = np.empty((len(turned), len(BONES), 3, 3))
    for number, bone in enumerate(BONES):
        if bone in joints:
            orientations[:, number] = turned[:, joints[bone]] @ rests[bone]
        else:
            orientations[:, number] = orientations[:, PARENTS[number]]
    parents = orientations[:, [max(parent, 0) for parent in PARENTS]]
    parents[:, 0] = np.eye(3)
    return np.swapaxes(parents, 2, 3) @ orientations


def _restrain(rotations: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """Limits wrists and toes, and gives the forearm a part of the hand's twist, to avoid a twisted skin."""
    for number, side in enumerate(("Left", "Right")):
        toe, fore, hand = (BONES.index(f"{side}{name}") for name in ("ToeBase", "ForeArm", "Hand"))
        rotations[:, toe] = _at_most(rotations[:, toe], _TOE_DEGREES)
        wrist = Rotation.from_matrix(anatomy.zero[fore] @ rotations[:, hand] @ anatomy.zero[hand].T).as_quat()
        twist = 2 * np.arctan2(wrist[:, 1], wrist[:, 3])
        twist = (twist + np.pi) % (2 * np.pi) - np.pi
        swing = turn(1, -twist) @ Rotation.from_quat(wrist).as_matrix()
        limit = np.radians(_PRONATION_DEGREES)
        twist = np.clip(twist, -limit, limit)
        half = turn(1, (twist + np.radians((1, -1)[number] * anatomy.pronation[number])) / 2)
        rotations[:, fore] = rotations[:, fore] @ anatomy.zero[fore].T @ half @ anatomy.zero[fore]
        wrist = np.swapaxes(half, 1, 2) @ turn(1, twist) @ _at_most(swing, _WRIST_DEGREES)
        rotations[:, hand] = anatomy.zero[fore].T @ wrist @ anatomy.zero[hand]
    return rotations


def _at_most(rotations: np.ndarray, degrees: float) -> np.ndarray:
    """Rotations (F, 3, 3), limited to an angle."""
    vectors = Rotation.from_matrix(rotations).as_rotvec()
    sizes = np.linalg.norm(vectors, axis=1, keepdims=True)
    return Rotation.from_rotvec(vectors * np.minimum(1, np.radians(degrees) / np.maximum(sizes, 1e-9))).as_matrix()


def _floor(lowest: np.ndarray, fps: float) -> np.ndarray:
    """Height (F,) of the floor below a body with lowest points at heights (F,), ignoring jumps."""
    floor = np.percentile(lowest, _BELOW_FLOOR)
    misses = (lowest - floor) * np.clip((_LEAVES_MM - lowest + floor) / (_LEAVES_MM - _MISSES_MM), 0, 1)
    return floor + gaussian_filter1d(misses, _SMOOTHED_SECONDS * fps, mode="nearest")
