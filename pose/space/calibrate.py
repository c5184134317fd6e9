"""Calibrates cameras from a board that they film: their lenses, and where they stand.

Zhang, "A flexible new technique for camera calibration", 2000, for each lens; then the board's place in every instant
and the cameras' places together, by the least reprojection error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from pose.camera import Camera
from pose.space.board import Board, Sighting

#: By the number of an instant that all cameras share: what a camera sees of the board then.
Sightings = Mapping[int, Sighting]

_LEAST_CORNERS, _LEAST_VIEWS, _MOST_VIEWS, _MOST_INSTANTS = 8, 5, 40, 60
# A view of a larger error than so many medians is left out.
_WRONG = 3.0


def calibrate_lens(board: Board, sightings: Sightings, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, float]:
    """The camera matrix (3, 3) and distortion (5,) of one camera, and the mean reprojection error in px.

    Args:
        board: that it sees.
        sightings: of one camera; five or more with eight corners, from different sides and distances.
        size: (height, width) of its images.

    Raises:
        ValueError: the board is seen too rarely.
    """
    usable = [one for one in sightings.values() if len(one.corners) >= _LEAST_CORNERS]
    if len(usable) < _LEAST_VIEWS:
        raise ValueError(
            f"the board is seen in {len(usable)} instants, {_LEAST_VIEWS} or more are needed; check --columns, --rows "
            "and --board, and film it longer, near and from several sides"
        )
    usable = [usable[k] for k in np.unique(np.linspace(0, len(usable) - 1, _MOST_VIEWS).astype(int))]
    for _ in range(2):
        points = [board.points_mm[one.corners].astype(np.float32) for one in usable]
        images = [one.xy_px.astype(np.float32) for one in usable]
        height, width = size
        # The sixth power of the radius is not to be had from the few corners near an image's edge.
        # In several threads OpenCV adds in another order each time, and calibrations would differ from run to run.
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            _, matrix, distortion, turns, shifts = cv2.calibrateCamera(
                points, images, (width, height), None, None, flags=cv2.CALIB_FIX_K3
            )
        finally:
            cv2.setNumThreads(threads)
        errors = np.array(
            [
                np.linalg.norm(cv2.projectPoints(p, turn, shift, matrix, distortion)[0][:, 0] - xy, axis=1).mean()
                for p, xy, turn, shift in zip(points, images, turns, shifts, strict=True)
            ]
        )
        good = errors <= _WRONG * np.median(errors)
        if good.all() or good.sum() < _LEAST_VIEWS:
            break
        usable = [one for one, keep in zip(usable, good, strict=True) if keep]
    return matrix, np.ravel(distortion)[:5], float(errors.mean())


def calibrate(
    board: Board,
    names: Sequence[str],
    sizes: Sequence[tuple[int, int]],
    sightings: Sequence[Sightings],
    world: int | None = None,
) -> tuple[list[Camera], list[float]]:
    """The cameras, and the mean reprojection error of each lens in px.

    Args:
        board: that they see.
        names: of V cameras.
        sizes: (height, width) of their images.
        sightings: of each camera, by instants that all share.
        world: the instant in which the board lies where the world is to be: x and y along it, z up from it. None takes
            the first in which most cameras see it.

    Raises:
        ValueError: a camera sees the board too rarely, or never together with the others.
    """
    lenses, errors = [], []
    for name, own, size in zip(names, sightings, sizes, strict=True):
        try:
            matrix, distortion, error = calibrate_lens(board, own, size)
        except ValueError as problem:
            raise ValueError(f"{name}: {problem}") from problem
        lenses.append(Camera(name, size, matrix, distortion, np.eye(3), np.zeros(3)))
        errors.append(error)
    poses = [_board_poses(board, lens, own) for lens, own in zip(lenses, sightings, strict=True)]
    instants = sorted(set().union(*poses), key=lambda t: (-sum(t in one for one in poses), t))
    shared = [t for t in instants if sum(t in one for one in poses) >= 2][:_MOST_INSTANTS]
    placed = _placed(names, poses)
    boards = {t: _mean_board(placed, poses, t) for t in shared}
    placed, boards = _adjusted(board, lenses, sightings, placed, boards)
    if world is None:
        world = shared[0] if shared else instants[0]
    if world not in boards:
        seen = [view for view, one in enumerate(poses) if world in one]
        if not seen:
            raise ValueError("no camera sees the board in the instant of the world; choose another")
        boards[world] = np.linalg.inv(placed[seen[0]]) @ poses[seen[0]][world]
    # The board's y points down and its z into it; the world's z points up.
    upright = boards[world] @ np.diag([1.0, -1, -1, 1])
    cameras = []
    for lens, place in zip(lenses, placed, strict=True):
        whole = place @ upright
        cameras.append(Camera(lens.name, lens.size, lens.matrix, lens.distortion, whole[:3, :3], whole[:3, 3]))
    return cameras, errors


def _board_poses(board: Board, lens: Camera, sightings: Sightings) -> dict[int, np.ndarray]:
    """From the board to the camera, (4, 4), in each instant."""
    poses = {}
    for instant, (corners, xy_px) in sightings.items():
        if len(corners) < _LEAST_CORNERS:
            continue
        found, turn, shift = cv2.solvePnP(board.points_mm[corners], xy_px, lens.matrix, lens.distortion)
        if found:
            poses[instant] = _rigid(np.ravel(turn), np.ravel(shift))
    return poses


def _rigid(turn: np.ndarray, shift: np.ndarray) -> np.ndarray:
    whole = np.eye(4)
    whole[:3, :3], whole[:3, 3] = cv2.Rodrigues(turn)[0], shift
    return whole


def _placed(names: Sequence[str], poses: Sequence[Mapping[int, np.ndarray]]) -> list[np.ndarray]:
    """From the first camera's frame to each camera's, (4, 4), by way of the camera with most instants in common."""
    placed: dict[int, np.ndarray] = {0: np.eye(4)}
    while len(placed) < len(poses):
        links = [
            (len(poses[old].keys() & poses[new].keys()), old, new)
            for old in placed
            for new in range(len(poses))
            if new not in placed
        ]
        common, old, new = max(links)
        if not common:
            lacking = ", ".join(names[view] for view in range(len(poses)) if view not in placed)
            raise ValueError(
                f"{lacking} never sees the board together with the others; move it where two cameras see it, and check "
                "that the videos begin at the same time (--offsets-s)"
            )
        between = [poses[new][t] @ np.linalg.inv(poses[old][t]) for t in sorted(poses[old].keys() & poses[new].keys())]
        placed[new] = _middle(between) @ placed[old]
    return [placed[view] for view in range(len(poses))]


def _middle(transforms: Sequence[np.ndarray]) -> np.ndarray:
    """That of several which is nearest to all others."""
    every = np.stack(transforms)
    turns = np.einsum("aij,bij->ab", every[:, :3, :3], every[:, :3, :3])
    angles = np.arccos(np.clip((turns - 1) / 2, -1, 1))
    shifts = np.linalg.norm(every[:, None, :3, 3] - every[None, :, :3, 3], axis=-1)
    reach = max(float(np.median(np.linalg.norm(every[:, :3, 3], axis=1))), 1.0)
    return every[int((angles + shifts / reach).sum(axis=1).argmin())]


def _mean_board(placed: Sequence[np.ndarray], poses: Sequence[Mapping[int, np.ndarray]], instant: int) -> np.ndarray:
    """From the board to the first camera's frame in an instant."""
    return _middle([np.linalg.inv(placed[view]) @ one[instant] for view, one in enumerate(poses) if instant in one])


def _adjusted(
    board: Board,
    lenses: Sequence[Camera],
    sightings: Sequence[Sightings],
    placed: Sequence[np.ndarray],
    boards: Mapping[int, np.ndarray],
) -> tuple[list[np.ndarray], dict[int, np.ndarray]]:
    """The places of cameras and boards with the least reprojection error, large errors counting less."""
    from scipy.optimize import least_squares
    from scipy.sparse import lil_matrix

    instants = list(boards)
    seen = [
        (view, number, sightings[view][instant])
        for view in range(len(lenses))
        for number, instant in enumerate(instants)
        if instant in sightings[view] and len(sightings[view][instant].corners) >= _LEAST_CORNERS
    ]
    if not seen or len(lenses) < 2:
        return list(placed), dict(boards)
    start = [_vector(one) for one in (*placed[1:], *boards.values())]
    count = len(lenses) - 1

    def residuals(values: np.ndarray) -> np.ndarray:
        parts = values.reshape(-1, 6)
        rigid = [np.eye(4), *(_rigid(part[:3], part[3:]) for part in parts)]
        rows = []
        for view, number, (corners, xy_px) in seen:
            whole = rigid[view] @ rigid[1 + count + number]
            lens = lenses[view]
            projected = cv2.projectPoints(
                board.points_mm[corners], whole[:3, :3], whole[:3, 3], lens.matrix, lens.distortion
            )[0]
            rows.append((projected[:, 0] - xy_px).ravel())
        return np.concatenate(rows)

    pattern = lil_matrix((sum(2 * len(one.corners) for _, _, one in seen), 6 * len(start)), dtype=np.int8)
    row = 0
    for view, number, one in seen:
        rows = slice(row, row + 2 * len(one.corners))
        if view:
            pattern[rows, 6 * (view - 1) : 6 * view] = 1
        pattern[rows, 6 * (count + number) : 6 * (count + number + 1)] = 1
        row = rows.stop
    solution = least_squares(
        residuals, np.concatenate(start), jac_sparsity=pattern, loss="soft_l1", x_scale="jac", max_nfev=50
    )
    parts = [_rigid(part[:3], part[3:]) for part in solution.x.reshape(-1, 6)]
    return [np.eye(4), *parts[:count]], dict(zip(instants, parts[count:], strict=True))


def _vector(whole: np.ndarray) -> np.ndarray:
    return np.concatenate([cv2.Rodrigues(whole[:3, :3])[0].ravel(), whole[:3, 3]])
