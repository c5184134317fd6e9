"""Made-up clips: people who walk by recorded motion, cross, hide one another, leave the picture and come back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.tracks.clips import Clip, ClipFrame
from pose import LSP14, Camera
from pose.space.bvh import read_bvh

#: Frame rate, length and image size (height, width) of the clips.
FPS, SECONDS, SIZE = 60.0, 20.0, (720, 1280)
#: A person is in a frame with this share of the joints in view, if they are not hidden by someone nearer.
MIN_SEEN = 0.3
# LSP's joints in the recordings; the head's top is the end of the head.
_RECORDED = {joint: joint.title() for joint in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")}
_HEIGHT_MM = 1700.0
_FOCAL_PX = 950.0
# The floor that is walked on: from left to right, a little beyond the picture, and from near to far.
_HALF_WIDTH_MM, _NEAR_MM, _FAR_MM = 4200.0, 4200.0, 8200.0
_CAMERA_HEIGHT_MM = 1500.0
# Limbs hide joints of people behind within this distance; half the thickness of a body.
_LIMB_RADIUS_MM = 110.0


@dataclass(frozen=True, eq=False)
class Walk:
    """A recorded walk on the spot.

    Attributes:
        xyz_mm: float (F, 14, 3), x ahead, y to the left, z up, about the hips.
        fps: frames per second.
        speed_mm_s: how fast it went ahead.
    """

    xyz_mm: np.ndarray
    fps: float
    speed_mm_s: float


def read_walks(folder: Path) -> list[Walk]:
    """The walks of a folder of BVH files of CMU's recordings; those that lead nowhere are left out."""
    walks = [_read_walk(path) for path in sorted(folder.glob("*.bvh"))]
    return [walk for walk in walks if walk is not None and walk.speed_mm_s > 500]


def _read_walk(path: Path) -> Walk | None:
    bvh = read_bvh(path)
    fps = 1 / bvh.frame_seconds
    places, turns = bvh.forward(np.arange(1, len(bvh.values)))
    head = bvh.names.index("Head")
    top = places[:, head] + turns[:, head] @ bvh.ends.get(head, np.zeros(3))
    joints = {
        f"{side.lower()}_{ours}": f"{side}{theirs}" for ours, theirs in _RECORDED.items() for side in ("Left", "Right")
    }
    if not set(joints.values()) | {"Neck"} <= set(bvh.names):
        return None
    named = {ours: places[:, bvh.names.index(theirs)] for ours, theirs in joints.items()}
    xyz = np.stack(
        [{**named, "neck": places[:, bvh.names.index("Neck")], "head_top": top}[joint] for joint in LSP14.joints], 1
    )
    xyz = xyz[..., [2, 0, 1]]  # Height is the recordings' y.
    xyz *= _HEIGHT_MM / np.ptp(xyz[..., 2], axis=1).max()
    hips = xyz[:, [LSP14.index("left_hip"), LSP14.index("right_hip")]].mean(axis=1)
    ahead = hips[-1, :2] - hips[0, :2]
    angle = np.arctan2(ahead[1], ahead[0])
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    xyz[..., :2] = (xyz[..., :2] - hips[:, None, :2]) @ back.T
    xyz[..., 2] -= np.percentile(xyz[..., 2].min(axis=1), 5)
    return Walk(xyz, fps, float(np.linalg.norm(ahead)) / (len(xyz) / fps))


def make_clip(walks: list[Walk], people: int, seed: int) -> Clip:
    """A clip of 20 seconds of some people."""
    random = np.random.default_rng([seed, people])
    times_s = np.arange(0, SECONDS, 1 / FPS)
    world = np.stack([_walked(walks[random.integers(len(walks))], times_s, random) for _ in range(people)], axis=1)
    camera = Camera(
        "front",
        SIZE,
        np.array([[_FOCAL_PX, 0, SIZE[1] / 2], [0, _FOCAL_PX, SIZE[0] / 2], [0, 0, 1]]),
        np.zeros(5),
        # The camera looks along the world's y; z is up.
        np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]),
        np.array([0, _CAMERA_HEIGHT_MM, 0]),
    )
    frames = []
    for time_s, joints in zip(times_s, world, strict=True):
        xy_px, depth = camera.project(joints), joints[..., 1]
        in_view = camera.contains(xy_px)
        seen = in_view & ~_hidden(xy_px, depth)
        visible = np.where(in_view, np.where(seen, 2, 1), 0)
        there = np.flatnonzero(seen.mean(axis=1) >= MIN_SEEN)
        frames.append(ClipFrame(float(time_s), there, xy_px[there], visible[there]))
    return Clip(f"{people} people {seed}", LSP14, frames)


def _walked(walk: Walk, times_s: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The joints of someone who walks to and fro, float (T, 14, 3) mm; they leave by the sides and come back."""
    speed = walk.speed_mm_s * random.uniform(0.8, 1.2)
    place = np.array([random.uniform(-1, 1) * 0.7 * _HALF_WIDTH_MM, random.uniform(_NEAR_MM, _FAR_MM)])
    side = random.choice([-1.0, 1.0])
    places, headings, waiting_s, step_s = [], [], 0.0, times_s[1] - times_s[0]
    target = None
    for _ in times_s:
        if target is None:
            beyond = random.uniform(0.3, 1.25) * _HALF_WIDTH_MM
            target = np.array([side * beyond, np.clip(place[1] + random.normal(0, 900), _NEAR_MM, _FAR_MM)])
        way = target - place
        if np.linalg.norm(way) < speed * step_s:
            # They wait, then walk back.
            target, side, waiting_s = None, -side, random.uniform(0, 1.5)
        elif waiting_s > 0:
            waiting_s -= step_s
        else:
            place = place + way / np.linalg.norm(way) * speed * step_s
        places.append(place)
        headings.append(np.arctan2(way[1], way[0]))
    moved = np.r_[0, np.linalg.norm(np.diff(places, axis=0), axis=1)].cumsum() / speed
    frames = _to_and_fro(moved * walk.fps, len(walk.xyz_mm))
    cos, sin = np.cos(headings)[:, None], np.sin(headings)[:, None]
    body = walk.xyz_mm[frames] * random.uniform(0.92, 1.08)
    x, y = body[..., 0] * cos - body[..., 1] * sin, body[..., 0] * sin + body[..., 1] * cos
    return np.stack([x, y, body[..., 2]], axis=-1) + np.array([(*place, 0) for place in places])[:, None]


def paint(clip: Clip, seed: int, side_px: int = 320) -> Clip:
    """The clip with images: people in clothes of few colors before a wall, with light from one side and noise.

    The images are smaller than the clip's `SIZE`, and so are the joints.

    Args:
        clip: of `make_clip`; the people's number is the order in which they are painted where none is nearer.
        seed: of the colors.
        side_px: the images' width.
    """
    random = np.random.default_rng(seed)
    height, width = round(side_px * SIZE[0] / SIZE[1]), side_px
    scale = side_px / SIZE[1]
    wall = cv2.resize(
        _sober(random, 9 * 16, 25).reshape(9, 16, 3).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    )
    light = np.linspace(0.7, 1.2, width)[None, :, None]
    clothes = {n: _sober(random, 3, 70) for n in range(10)}
    frames = []
    for frame in clip.frames:
        picture = wall.copy()
        xy_px = (frame.xy_px + 0.5) * scale - 0.5
        # The nearer people stand lower in the image.
        for k in np.argsort(frame.xy_px[..., 1].max(axis=1)):
            _paint_person(picture, xy_px[k], clothes[int(frame.numbers[k])])
        noisy = picture * light + random.normal(0, 6, picture.shape)
        frames.append(replace(frame, xy_px=xy_px, picture=np.clip(noisy, 0, 255).astype(np.uint8)))
    return replace(clip, frames=frames)


def _sober(random: np.random.Generator, count: int, saturation: float) -> np.ndarray:
    """Random colors near gray, (N, 3) in 0..255."""
    gray = random.uniform(40, 210, (count, 1))
    return np.clip(gray + random.uniform(-saturation, saturation, (count, 3)), 0, 255)


def _paint_person(picture: np.ndarray, xy_px: np.ndarray, clothes: np.ndarray) -> None:
    thick = max(2, round(0.12 * float(np.ptp(xy_px[:, 1]))))
    names = LSP14.joints
    top, legs, skin = (color.tolist() for color in clothes)
    trunk = [names.index(name) for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
    cv2.fillConvexPoly(picture, xy_px[trunk].round().astype(np.int32), top)
    for a, b in LSP14.limbs:
        ends = names[a] + names[b]
        color = legs if "knee" in ends else skin if "head" in ends or "wrist" in ends else top
        start, end = (point.round().astype(int).tolist() for point in (xy_px[a], xy_px[b]))
        cv2.line(picture, start, end, color, thick // (1 if "hip" in ends else 2), cv2.LINE_AA)


def _to_and_fro(frames: np.ndarray, count: int) -> np.ndarray:
    """Numbers of frames of a recording that is played forward and backward by turns, without a leap."""
    place = np.mod(frames, 2 * (count - 1))
    return np.minimum(place, 2 * (count - 1) - place).astype(int)


def _hidden(xy_px: np.ndarray, depth_mm: np.ndarray) -> np.ndarray:
    """Which joints lie behind a limb of someone nearer, bool (P, J)."""
    hidden = np.zeros(xy_px.shape[:2], bool)
    nearness = depth_mm.mean(axis=1)
    for behind in range(len(xy_px)):
        for front in np.flatnonzero(nearness < nearness[behind]):
            radius_px = _LIMB_RADIUS_MM * _FOCAL_PX / nearness[front]
            ends = xy_px[front][np.array(LSP14.limbs)]
            start, way = ends[:, 0], ends[:, 1] - ends[:, 0]
            gap = xy_px[behind][:, None] - start
            share = np.clip((gap * way).sum(-1) / np.maximum((way * way).sum(-1), 1e-9), 0, 1)
            hidden[behind] |= (np.linalg.norm(gap - share[..., None] * way, axis=-1) < radius_px).any(axis=1)
    return hidden
