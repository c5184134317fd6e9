"""A small archive in the layout of MPII Human Pose, with the labels' irregularities."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import scipy.io

LABELS = "mpii_human_pose_v1_u12_1.mat"


def joints(*, start: int = 0, count: int = 16) -> list[dict]:
    """Joint j at (101 + 10 j, 51 + 5 j) as the labels count, from 1; the first hidden, the second with no mark."""
    points = [{"x": 101.0 + 10 * j, "y": 51.0 + 5 * j, "id": j, "is_visible": 1} for j in range(start, start + count)]
    points[0]["is_visible"] = 0
    if count > 1:
        points[1]["is_visible"] = np.zeros((0, 0))
    return points


def person(points: list[dict] | None = None, *, x: float = 176.0, y: float = 89.0, scale: float = 2.0) -> dict:
    """A person whose box is, from 0, the square of 400 px about (175, 118)."""
    labeled = np.zeros((0, 0)) if points == [] else {"point": _structs(joints() if points is None else points)}
    return {"x1": 1, "y1": 1, "x2": 9, "y2": 9, "annopoints": labeled, "scale": scale, "objpos": {"x": x, "y": y}}


def picture(
    name: str, people: list[dict], *, train: int = 1, video: object = 1, separate: tuple[int, ...] = ()
) -> dict:
    """One image's labels; `separate` are people's numbers from 1."""
    return {"name": name, "people": people, "train": train, "video": video, "separate": separate}


def make_archive(folder: Path, pictures: list[dict], *, draw: bool = True) -> Path:
    """Writes the labels, and gray images of 400 x 300 px."""
    (folder / "images").mkdir(parents=True)
    for listed in pictures if draw else ():
        cv2.imwrite(str(folder / "images" / listed["name"]), np.full((300, 400, 3), 128, np.uint8))
    release = {
        "annolist": _structs([_annotation(listed) for listed in pictures]),
        "img_train": np.array([[listed["train"] for listed in pictures]], np.uint8),
        "version": "12",
        "single_person": _cells([np.array([[i] for i in listed["separate"]], np.uint8) for listed in pictures]).T,
        "video_list": _cells(["firstVideo0", "secondVideo"]),
    }
    scipy.io.savemat(folder / LABELS, {"RELEASE": release}, do_compression=True)
    return folder


def _annotation(listed: dict) -> dict:
    people = _structs(listed["people"]) if listed["people"] else np.zeros((0, 0))
    return {"image": {"name": listed["name"]}, "annorect": people, "frame_sec": 3, "vidx": listed["video"]}


def _structs(dicts: list[dict]) -> np.ndarray:
    """A MATLAB structure array (1, N)."""
    array = np.zeros((1, len(dicts)), [(name, object) for name in dicts[0]])
    for i, entry in enumerate(dicts):
        for name, value in entry.items():
            array[0, i][name] = value
    return array


def _cells(values: list) -> np.ndarray:
    """A MATLAB cell array (1, N)."""
    array = np.empty((1, len(values)), object)
    for i, value in enumerate(values):
        array[0, i] = value
    return array
