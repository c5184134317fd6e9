"""A made-up walker whose contacts are known to the millisecond, and files of joints in time."""

import numpy as np

STRIDE_S, SPEED, LEG = 1.1, 1200.0, 850.0
STANCE = {"left": 0.62, "right": 0.58}
BEGIN_S = {"left": 0.3, "right": 0.3 + 0.55 * STRIDE_S}
FPS = 100.0
JOINTS = tuple(f"{side}_{stem}" for side in BEGIN_S for stem in ("hip", "knee", "ankle", "heel", "big_toe", "shoulder"))


def walker(seconds=8.0, fps=FPS, turn_deg=0.0, speed=SPEED):
    """Joints (F, 12, 3) in mm, y up: feet that stand still on the ground, and swing in a smooth arc between."""
    times = np.arange(0, seconds, 1 / fps)
    joints = {}
    for side, beside in (("left", 60.0), ("right", -60.0)):
        begin, stance = BEGIN_S[side], STANCE[side]
        phase = (times - begin) / STRIDE_S
        number, part = np.floor(phase), phase - np.floor(phase)
        swing = np.clip((part - stance) / (1 - stance), 0, 1)
        # At its contact the foot lies 0.35 m ahead of the pelvis, and it moves a stride in each swing.
        way = number + swing**2 * (3 - 2 * swing)
        place = speed * (begin + STRIDE_S * way) + 350
        rise = 120 * np.sin(np.pi * swing)
        across = np.full_like(times, beside)
        joints[f"{side}_heel"] = np.stack([place, 40 + rise, across], 1)
        joints[f"{side}_big_toe"] = np.stack([place + 200, 30 + 0.6 * rise, across], 1)
        joints[f"{side}_ankle"] = np.stack([place + 40, 90 + rise, across], 1)
        pelvis = np.stack([speed * times, np.full_like(times, LEG + 90), across], 1)
        joints[f"{side}_hip"] = pelvis
        joints[f"{side}_knee"] = (pelvis + joints[f"{side}_ankle"]) / 2
        joints[f"{side}_shoulder"] = pelvis + (0, 500, 0)
    angle = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return np.stack([joints[name] for name in JOINTS], 1) @ turn.T


def risen(share):
    """Joints (F, 12, 3) of one who is risen from a chair by shares (F,): the thighs turn about still knees."""
    angle = np.pi / 2 * (1 - np.asarray(share, float))
    hip = np.stack([400 - 425 * np.sin(angle), 515 + 425 * np.cos(angle), np.zeros_like(angle)], axis=-1)
    feet = [np.broadcast_to(place, hip.shape) for place in ((400, 515, 0), (400, 90, 0), (360, 40, 0), (560, 30, 0))]
    side = np.stack([hip, *feet, hip + (0, 500, 0)], axis=1)
    return np.concatenate([side + (0, 0, 60), side - (0, 0, 60)], axis=1)


def eased(count):
    """From 0 to 1, slow at both ends."""
    share = np.linspace(0, 1, count)
    return share**2 * (3 - 2 * share)


def turned(joints, turn_deg):
    """Joints (F, J, 3) turned by angles (F,) about the vertical through the middle of the first frame's hips."""
    middle = joints[0, [0, 6]].mean(axis=0) * (1, 0, 1)
    angle = np.radians(turn_deg)
    cos, sin, zero = np.cos(angle), np.sin(angle), np.zeros_like(angle)
    turn = np.stack([cos, zero, sin, zero, zero + 1, zero, -sin, zero, cos], 1).reshape(-1, 3, 3)
    return np.einsum("fij,fkj->fki", turn, joints - middle) + middle


def up_and_go(seconds=4.4, fps=FPS):
    """Someone who sits, stands up, walks, turns, walks back, turns and sits down.

    Returns:
        Joints (F, 12, 3) in mm, and by what is done, in order, when it begins and ends in s.
    """
    parts, spells = [], []

    def add(kind, joints, turn_deg=0.0):
        """Adds joints that face the positive x, turned and put where the last ones ended."""
        joints = turned(joints, np.broadcast_to(turn_deg, len(joints)))
        if parts:
            joints = joints + (parts[-1][-1, [0, 6]].mean(0) - joints[0, [0, 6]].mean(0)) * (1, 0, 1)
        begin = sum(map(len, parts)) / fps
        parts.append(joints)
        spells.append((kind, begin, begin + len(joints) / fps))

    count = round(1.5 * fps)
    add("sitting", risen(np.zeros(count)))
    add("standing up", risen(eased(count)))
    add("walking", walker(seconds, fps))
    add("turning", np.repeat(walker(seconds, fps)[-1:], count, axis=0), 180 * eased(count))
    add("walking", walker(seconds, fps), 180.0)
    add("turning", np.repeat(risen(np.ones(1)), count, axis=0), 180 + 180 * eased(count))
    add("sitting down", risen(1 - eased(count)))
    add("sitting", risen(np.zeros(count)))
    return np.concatenate(parts), spells


def write_trc(path, joints, labels, fps=FPS, unit="mm"):
    header = f"PathFileType\t4\t(X/Y/Z)\t{path.name}\nDataRate\tUnits\n{fps:g}\t{unit}\n"
    header += "Frame#\tTime\t" + "\t".join(f"{label}\t\t" for label in labels) + "\n\t\tX1\tY1\tZ1\n\n"
    rows = [
        "\t".join([str(k + 1), f"{k / fps:.4f}", *("" if np.isnan(v) else f"{v:.3f}" for v in frame.ravel())])
        for k, frame in enumerate(joints)
    ]
    path.write_text(header + "\n".join(rows) + "\n")
