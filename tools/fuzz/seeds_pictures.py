"""Small valid data sets of labeled images, one for each parser that is fuzzed."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import scipy.io

from pose import COCO17
from tools.fuzz.attempt import Seeds, write_json


def lsp(folder: Path) -> Seeds:
    """Two images; joints.mat is untrusted, in both layouts, plain and compressed."""
    (folder / "images").mkdir()
    for name in ("im0001", "im0002"):
        _picture(folder / "images" / f"{name}.jpg")
    joints = np.random.default_rng(0).uniform(1, 39, (3, 14, 2))
    joints[2] = 1
    kinds = [
        _mat(joints, do_compression=False),
        _mat(np.swapaxes(joints, 0, 1), do_compression=True),
        _mat(joints.astype(np.uint8), do_compression=False),
    ]
    path = folder / "joints.mat"
    path.write_bytes(kinds[0])
    return path, kinds


def _mat(joints: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    scipy.io.savemat(file, {"joints": joints}, **options)
    return file.getvalue()


def coco(folder: Path) -> Seeds:
    """Two images of three people and one of a crowd; the keypoints file is untrusted."""
    (folder / "train2017").mkdir()
    for name in ("1.jpg", "2.jpg"):
        _picture(folder / "train2017" / name)
    pictures = [{"id": i, "file_name": f"{i}.jpg", "height": 40, "width": 50} for i in (1, 2)]
    people = [_coco_person(number, number // 2 + 1) for number in range(3)]
    content = {
        "images": pictures,
        "annotations": [*people, {**_coco_person(3, 2), "iscrowd": 1}],
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO17.joints), "skeleton": [[16, 14]]}],
    }
    path = write_json(folder / "annotations" / "person_keypoints_train2017.json", content)
    return path, [path.read_bytes()]


def _coco_person(number: int, picture: int) -> dict:
    keypoints = np.random.default_rng(number).integers(1, 39, (17, 3))
    keypoints[:, 2] = 2
    return {
        "id": number,
        "image_id": picture,
        "category_id": 1,
        "bbox": [1.0, 1.0, 40.0, 38.0],
        "area": 600.5,
        "num_keypoints": 17,
        "iscrowd": 0,
        "keypoints": keypoints.ravel().tolist(),
        "segmentation": [[1.0, 1.0, 9.0, 9.0, 1.0, 9.0]],
    }


def mpii(folder: Path) -> Seeds:
    """Two images of one person each; the labels are untrusted."""
    (folder / "images").mkdir()
    entries = []
    for name in ("1.jpg", "2.jpg"):
        _picture(folder / "images" / name)
        points = [{"x": 2.0 * j + 3, "y": 3.0, "id": j, "is_visible": j % 2} for j in range(16)]
        person = {"annopoints": {"point": points}, "objpos": {"x": 20.0, "y": 18.0}, "scale": 0.2}
        entries.append({"image": {"name": name}, "annorect": person, "vidx": 1})
    apart = np.empty(2, object)
    apart[:] = [1, 1]
    release = {"annolist": entries, "img_train": [1, 1], "single_person": apart, "video_list": ["one", "two"]}
    path = folder / "mpii_human_pose_v1_u12_1.mat"
    scipy.io.savemat(path, {"RELEASE": release}, do_compression=False)
    return path, [path.read_bytes()]


def _picture(path: Path) -> None:
    cv2.imwrite(str(path), np.full((40, 50, 3), 90, np.uint8))


def h36m_positions(folder: Path) -> Seeds:
    """One frame of one camera; the positions are untrusted, written by NumPy with and without compression."""
    _h36m(folder)
    path = folder / "data_3d_h36m.npz"
    compressed = io.BytesIO()
    np.savez_compressed(compressed, positions_3d=_positions())
    return path, [path.read_bytes(), compressed.getvalue()]


def h36m_cameras(folder: Path) -> Seeds:
    """One frame of one camera; the cameras are untrusted."""
    _h36m(folder)
    path = folder / "camera-parameters.json"
    return path, [path.read_bytes()]


def _h36m(folder: Path) -> None:
    name = "54138969"
    lens = {"calibration_matrix": [[1145.0, 0, 512], [0, 1143.0, 515], [0, 0, 1]], "distortion": [-0.2, 0.2, 0, 0, 0]}
    placed = {"R": [[1, 0, 0], [0, 0, -1], [0, 1, 0]], "t": [[0], [0], [5000.0]]}
    write_json(folder / "camera-parameters.json", {"intrinsics": {name: lens}, "extrinsics": {"S1": {name: placed}}})
    np.savez(folder / "data_3d_h36m.npz", positions_3d=_positions())
    (folder / "S1").mkdir()
    cv2.imwrite(str(folder / "S1" / f"Eating.{name}.0.jpg"), np.full((1002, 1000, 3), 90, np.uint8))


def _positions() -> np.ndarray:
    points_m = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 32, 3)).astype(np.float32)
    return np.array({"S1": {"Eating": points_m}}, object)
