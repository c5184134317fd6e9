"""Selects the bodies of a Panoptic sequence that become people, by their 3D joints, before any image is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data_prep.panoptic.layout import Layout
from data_prep.panoptic.pictures import Places
from data_prep.panoptic.poses import Bodies, PoseFiles
from data_prep.reader import ADDED
from pose import PANOPTIC19, SKELETONS, Camera, Skeleton, joint_map

_CENTER = PANOPTIC19.joints.index("body_center")
# How far a body reaches beyond its joints, as a share of the longer side of their box.
_MARGIN = 0.1
# Poses compared at a time, so that the table of distances fits into the cache.
_BLOCK = 128


@dataclass(frozen=True, eq=False)
class View:
    """All N bodies as one camera sees them.

    Attributes:
        xyz_mm: float64 (N, J, 3), in the camera's frame.
        xy_px: float64 (N, J, 2); NaN behind the camera.
        known: bool (N, J), joints with enough confidence.
        on_picture: bool (N, J), known joints in the image.
        box_px: float64 (N, 4), x_min, y_min, width, height of the box of the joints in the image.
    """

    xyz_mm: np.ndarray
    xy_px: np.ndarray
    known: np.ndarray
    on_picture: np.ndarray
    box_px: np.ndarray

    @classmethod
    def of(cls, bodies: Bodies, camera: Camera, min_confidence: float) -> View:
        """Projects bodies into a camera."""
        joints = bodies.joints_world_mm
        known = bodies.confidence > min_confidence
        xyz_mm = camera.to_camera(joints)
        xy_px = camera.project_camera(xyz_mm)
        on_picture = known & camera.in_front(joints) & camera.contains(xy_px)
        low = np.where(on_picture[..., None], xy_px, np.inf).min(axis=1)
        high = np.where(on_picture[..., None], xy_px, -np.inf).max(axis=1)
        box_px = np.where(on_picture.any(axis=1)[:, None], np.concatenate([low, high - low], axis=1), 0)
        return cls(xyz_mm, xy_px, known, on_picture, box_px)

    def whole_box_px(self, i: int) -> np.ndarray:
        """The box (4,) of a body's known joints, in the image or not, with a margin for the body around them."""
        xy_px = self.xy_px[i][self.known[i] & np.isfinite(self.xy_px[i]).all(axis=1)]
        low, high = xy_px.min(axis=0), xy_px.max(axis=0)
        margin = _MARGIN * max(high - low)
        return np.concatenate([low - margin, high - low + 2 * margin])

    def shown(self, min_joints: int, min_box_px: float) -> np.ndarray:
        """Mask (N,) of the bodies with enough joints in the image and a large enough box."""
        return (self.on_picture.sum(axis=1) >= min_joints) & (self.box_px[:, 2:].max(axis=1) >= min_box_px)


@dataclass(frozen=True)
class Selection:
    """Which people of a sequence are taken: the reader's options that its units need.

    Attributes:
        dataset: the name in the records.
        layout: of the files of the chosen kind of camera.
        skeleton_name: of the records' joints.
        cameras: full names of the cameras; all with images if empty.
        stride: take frames start, start + stride, start + 2 stride, ...
        start: the first frame.
        stop: the frame to stop before; None for all.
        min_confidence: joints must be above.
        min_visible_joints: people with fewer joints in the image are left out.
        min_box_px: people whose box is smaller, on its longer side, are left out.
        min_pose_change_mm: see `distinct`; 0 takes all.
        max_people: views of bodies to take from each sequence, None for all.
        of_frames: whether whole images are read, also those without people, and what is not labeled in them.
        depth: "none", or the synthetic dome's: "exact", or as a "sensor" would measure it.
        bodies: whether people have the synthetic dome's bodies.
    """

    dataset: str
    layout: Layout
    skeleton_name: str
    cameras: tuple[str, ...]
    stride: int
    start: int
    stop: int | None
    min_confidence: float
    min_visible_joints: int
    min_box_px: float
    min_pose_change_mm: float
    max_people: int | None
    of_frames: bool = field(default=False, metadata=ADDED)
    depth: str = field(default="none", metadata=ADDED)
    bodies: bool = field(default=False, metadata=ADDED)

    @property
    def skeleton(self) -> Skeleton:
        """The skeleton of the records."""
        return SKELETONS[self.skeleton_name]

    def frames(self, files: PoseFiles) -> list[int]:
        """The chosen frame numbers, ascending."""
        frames = files.frames
        chosen = (frames >= self.start) & ((frames - self.start) % self.stride == 0)
        if self.stop is not None:
            chosen &= frames < self.stop
        return frames[chosen].tolist()

    def views(self, folder: Path) -> list[str]:
        """The names of a sequence's chosen cameras."""
        return list(self.cameras) or sorted(self.layout.pictures(folder))

    def shown(self, view: View) -> np.ndarray:
        """Mask (N,) of the bodies with enough joints in the image and a large enough box."""
        return view.shown(self.min_visible_joints, self.min_box_px)

    def choose(self, folder: Path, cameras: dict[str, Camera], bodies: Bodies) -> dict[str, np.ndarray] | None:
        """Which bodies each camera may take: bool (N,) by camera, None for all that it sees."""
        if not self.min_pose_change_mm and self.max_people is None:
            return None
        taken = np.ones(len(bodies.ids), bool)
        if self.min_pose_change_mm:
            known = bodies.confidence > self.min_confidence
            center = joint_map(PANOPTIC19, self.skeleton).tolist().index(PANOPTIC19.index("body_center"))
            taken = distinct(bodies.joints_world_mm, known, self.min_pose_change_mm, center)
        sources = self.layout.pictures(folder)
        names = [name for name in self.views(folder) if name in cameras and sources.get(name, Places()) != Places()]
        if self.max_people is None or not names:
            return dict.fromkeys(names, taken)
        views = (View.of(bodies, cameras[name], self.min_confidence) for name in names)
        shown = np.stack([self.shown(view) & taken for view in views])
        return dict(zip(names, spread(shown, bodies.frames, self.max_people), strict=True))

    @property
    def why_not_chosen(self) -> str:
        """The reason for which `choose` leaves bodies out."""
        changed = "a pose like one before it (--min-pose-change-mm)" if self.min_pose_change_mm else ""
        budget = "more than are wanted (--max-people)" if self.max_people is not None else ""
        return " or ".join(filter(None, (changed, budget)))


def spread(shown: np.ndarray, frames: np.ndarray, budget: int) -> np.ndarray:
    """Chooses views of bodies spread evenly over time.

    The views of a frame are in random order, so that no camera and no body is preferred.

    Args:
        shown: bool (V, N), which of V cameras see which of N bodies well enough.
        frames: int64 (N,), the bodies' frames, ascending.
        budget: how many views to choose.

    Returns:
        bool (V, N): at most `budget` of those in `shown`.
    """
    cameras, bodies = np.nonzero(shown)
    if len(bodies) <= budget:
        return shown
    draw = np.random.default_rng(0).random(len(bodies))
    order = np.lexsort((draw, frames[bodies]))
    picked = order[(np.arange(budget) * 2 + 1) * len(order) // (2 * budget)]
    chosen = np.zeros_like(shown)
    chosen[cameras[picked], bodies[picked]] = True
    return chosen


def distinct(joints_mm: np.ndarray, known: np.ndarray, min_change_mm: float, center: int = _CENTER) -> np.ndarray:
    """Leaves out poses that are similar to an earlier one.

    A pose is kept if its distance from every kept pose before it is at least `min_change_mm`: the mean distance of the
    joints known in both, relative to the body center. Bodies that face different ways differ. A body whose center is
    unknown cannot be compared and is left out; two poses without a common joint differ.

    Args:
        joints_mm: float (N, J, 3), in order of time.
        known: bool (N, J).
        min_change_mm: above 0.
        center: the index of the body center.

    Returns:
        bool (N,): which are kept.
    """
    poses = np.where(known[..., None], joints_mm - joints_mm[:, [center]], 0).astype(np.float64)
    # Without the center, which would count as a joint that never changes.
    others = np.arange(known.shape[1]) != center
    poses, known, keep = poses[:, others], known[:, others], known[:, center].copy()
    for start in range(0, len(poses), _BLOCK):
        block = start + np.flatnonzero(keep[start : start + _BLOCK])
        kept = np.flatnonzero(keep[:start])
        for first in range(0, len(kept), _BLOCK):
            if len(block):
                before = kept[first : first + _BLOCK]
                near = _change_mm(poses, known, block, before) < min_change_mm
                keep[block[near.any(axis=1)]] = False
                block = block[~near.any(axis=1)]
        near = _change_mm(poses, known, block, block) < min_change_mm
        for i in range(len(block)):
            # A pose that is left out does not exclude later ones.
            if keep[block[i]]:
                keep[block[i + 1 :][near[i, i + 1 :]]] = False
    return keep


def _change_mm(poses: np.ndarray, known: np.ndarray, some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The mean distance (A, B) of the joints known in both, of some poses from others; infinite without any."""
    # Imported late: it takes a third of a second, and few selections need it.
    from scipy.spatial.distance import cdist

    total, count = np.zeros((len(some), len(others))), np.zeros((len(some), len(others)))
    for joint in range(poses.shape[1]):
        both = np.outer(known[some, joint], known[others, joint])
        total += both * cdist(poses[some, joint], poses[others, joint])
        count += both
    return np.divide(total, count, out=np.full_like(total, np.inf), where=count > 0)
