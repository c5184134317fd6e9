"""The Panoptic reader on the studio's own calibration, poses and views."""

import json
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from data_prep.conversion.convert import Conversion, convert
from data_prep.conversion.splits import SplitRule
from data_prep.panoptic.reader import Panoptic
from pose.panoptic_cameras import read_cameras
from records import BadInput, dataset

# The views are 1920 x 1080 images at this scale, in a letterbox that begins this far from the left.
VIEW_SCALE, VIEW_LEFT_PX = 512 / 1080, 24.9


def share_on_dark_dots(camera, contained, points_mm, view) -> float:
    """Of the points in view, how many lie on a dark dot: 15 gray levels below the ring around it."""
    xy = (camera.project(points_mm)[contained] + 0.5) * VIEW_SCALE - 0.5 + [VIEW_LEFT_PX, 0]
    reach = 9
    height, width = view.shape
    away = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1])
    hits = []
    for x, y in np.round(xy).astype(int):
        if reach <= x < width - reach and reach <= y < height - reach:
            patch = view[y - reach : y + reach + 1, x - reach : x + reach + 1].astype(np.float64)
            ring = np.median(patch[(away >= 6.5) & (away <= 9)])
            hits.append(ring - patch[7:12, 7:12].min() >= 15)
    assert len(hits) > 80
    return float(np.mean(hits))


@pytest.mark.parametrize("name", ["00_03", "00_12"])
def test_the_lenses_of_the_wall_are_where_the_calibration_says(shared_data, name):
    folder = shared_data / "panoptic"
    path = folder / "160906_band1/calibration_160906_band1.json"
    hd, broken = read_cameras(path)
    vga, _ = read_cameras(path, kind="vga")
    assert (len(hd), len(vga), broken) == (31, 479, {})
    view = cv2.imread(str(folder / f"dome_views/hd_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
    centers_mm = np.stack([camera.center_mm for camera in vga.values()])
    camera = hd[name]
    contained = camera.in_front(centers_mm) & camera.contains(camera.project(centers_mm))
    assert share_on_dark_dots(camera, contained, centers_mm, view) >= 0.9
    pinhole = replace(camera, distortion=np.zeros(5))
    assert share_on_dark_dots(pinhole, contained, centers_mm, view) < 0.45


def opencv_projection(calibration, name: str, joints_cm: np.ndarray) -> np.ndarray:
    """The joints in px, straight from the file by OpenCV, in centimeters as they stand there."""
    entry = next(c for c in calibration["cameras"] if c["name"] == name)
    rotation, _ = cv2.Rodrigues(np.array(entry["R"]))
    matrix, distortion = np.array(entry["K"], np.float64), np.array(entry["distCoef"], np.float64)
    xy, _ = cv2.projectPoints(np.ascontiguousarray(joints_cm), rotation, np.array(entry["t"]), matrix, distortion)
    return xy[:, 0]


def dots(points: np.ndarray) -> np.ndarray:
    """A 1080 x 1920 gray image with a soft dot, 2 px wide, on each point."""
    picture = np.zeros((1080, 1920), np.float64)
    for x, y in points:
        left, top = int(round(x)) - 6, int(round(y)) - 6
        if 0 <= left < 1900 and 0 <= top < 1060:
            rows, columns = np.mgrid[top : top + 13, left : left + 13]
            spot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2)
            part = picture[top : top + 13, left : left + 13]
            np.maximum(part, spot, out=part)
    return np.repeat(picture.astype(np.uint8)[..., None], 3, axis=2)


def centroid(picture: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Where the brightness about a point lies."""
    x, y = np.round(xy).astype(int)
    rows, columns = np.mgrid[y - 4 : y + 5, x - 4 : x + 5]
    weight = picture[y - 4 : y + 5, x - 4 : x + 5, 0].astype(np.float64)
    return np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()


@pytest.mark.parametrize("sequence", ["160906_band1", "160906_band2"])
def test_joints_lie_on_the_dots_that_opencv_would_paint(shared_data, tmp_path, sequence):
    names = ("00_00", "00_11", "00_27")
    shutil.copytree(shared_data / "panoptic" / sequence, tmp_path / sequence)
    calibration = json.loads((tmp_path / sequence / f"calibration_{sequence}.json").read_text())
    painted = {}
    for path in sorted((tmp_path / sequence / "hdPose3d_stage1_coco19").iterdir()):
        frame = int(path.stem.split("_")[1])
        bodies = json.loads(path.read_text())["bodies"]
        for name in names:
            projections = {}
            for body in bodies:
                joints = np.array(body["joints19"]).reshape(19, 4)
                projections[body["id"]] = opencv_projection(calibration, name, joints[:, :3])
            painted[name, frame] = projections
            folder = tmp_path / sequence / "hdImgs" / name
            folder.mkdir(parents=True, exist_ok=True)
            picture = dots(np.concatenate(list(projections.values())))
            cv2.imwrite(str(folder / f"{name}_{frame:08d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 98])
    people = list(Panoptic(tmp_path, cameras=names).people())
    assert not [item for item in people if isinstance(item, BadInput)]
    assert len(people) >= 12
    near = alone = 0
    for person in people:
        everyone = np.concatenate(list(painted[person.camera, person.frame].values()))
        expected = painted[person.camera, person.frame][person.person]
        picture = person.load_picture()
        for joint in np.flatnonzero(person.visible):
            xy = person.joints_xy_px[joint]
            assert np.abs(xy - expected[joint]).max() < 0.01
            # Dots that run into one another, as the eyes' may, have no middle of their own.
            if (np.linalg.norm(everyone - xy, axis=1) < 9).sum() == 1 and 8 < xy[0] < 1900 and 8 < xy[1] < 1060:
                alone += 1
                near += np.linalg.norm(centroid(picture, xy) - xy) < 0.5
    assert alone > 100
    assert near == alone
    check_records(tmp_path, names, painted, len(people))


def check_records(folder, names, painted, count):
    """Through the shards and back: every joint on its place in the frame, and on its dot in the crop."""
    everyone_trains = SplitRule(val=0, test=0)
    manifest = convert(Panoptic(folder, cameras=names), folder / "records", Conversion(split=everyone_trains))
    assert manifest.counts["train"] == count and not manifest.skipped
    alone = near = 0
    for pictures, labels in dataset(folder / "records", "train", batch_size=1).as_numpy_iterator():
        _, _, camera, frame, number = labels["key"][0].decode().split("/")
        expected = painted[camera, int(frame)][int(number)]
        to_frame, xy, visible = labels["to_frame"][0], labels["joints_xy_px"][0], labels["visible"][0] > 0
        assert visible.sum() >= 8
        on_frame = xy @ to_frame[:, :2].T + to_frame[:, 2]
        assert np.linalg.norm(on_frame - expected, axis=1)[visible].max() < 0.5
        everyone = np.concatenate(list(painted[camera, int(frame)].values()))
        for joint in np.flatnonzero(visible):
            others = np.linalg.norm(everyone - on_frame[joint], axis=1) < 9 * max(1, to_frame[0, 0])
            in_crop = (xy[joint] > 6).all() and (xy[joint] < 218).all()
            in_frame = (on_frame[joint] > 8).all() and (on_frame[joint] < (1900, 1060)).all()
            if others.sum() == 1 and in_crop and in_frame:
                alone += 1
                near += np.linalg.norm(centroid(pictures[0], xy[joint]) - xy[joint]) < 0.5
    assert alone > 50
    assert near == alone
