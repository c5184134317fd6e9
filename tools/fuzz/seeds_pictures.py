"""Small valid data sets of labeled images, one for each parser that is fuzzed."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.sax.saxutils import escape

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


def coco_frames(folder: Path) -> Seeds:
    """The same with the outlines of a crowd and of people without keypoints, a track, and a region to ignore."""
    path, (data,) = coco(folder)
    content = json.loads(data)
    runs = {"size": [40, 50], "counts": [100, 30, 10, 30, 1830]}
    packed = {"size": [40, 50], "counts": "U:?i000000000000000000000000000000000000000000kh0"}
    for number, outline in enumerate((runs, packed, [[1.0, 1.0, 9.0, 1.0, 9.0, 9.0]]), start=4):
        nobody = {"keypoints": [0] * 51, "num_keypoints": 0, "segmentation": outline, "iscrowd": int(number == 4)}
        content["annotations"].append(_coco_person(number, 1 + number % 2) | nobody)
    for number, person in enumerate(content["annotations"]):
        person["track_id"] = number
    content["images"][0] |= {"ignore_regions_x": [[1, 9, 9]], "ignore_regions_y": [[1, 1, 9]]}
    return write_json(path, content), [path.read_bytes()]


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


def cvat(folder: Path) -> Seeds:
    """Two images of three people; the annotations are untrusted, as skeletons, as points with boxes, and as tracks."""
    for name in ("1.jpg", "2.jpg", "frame_000000.png"):
        _picture(folder / name)
    svg = "".join(
        f'<circle cx="1" cy="2" data-type="element node" data-node-id="{n}" data-label-name="{joint}"></circle>'
        for n, joint in enumerate(COCO17.joints, start=1)
    )
    svg += '<line data-type="edge" data-node-from="1" data-node-to="2"></line>'
    label = f"<label><name>person</name><type>skeleton</type><attributes></attributes><svg>{escape(svg)}</svg></label>"
    parts = "".join(
        f"<label><name>{joint}</name><type>points</type><parent>person</parent></label>" for joint in COCO17.joints
    )
    skeletons = [f'<skeleton label="person" group_id="{n}">{_points(n)}</skeleton>' for n in range(3)]
    box = '<box label="person" group_id="{}" xtl="1.0" ytl="1.00" xbr="41.0" ybr="39.00" rotation="0.0"></box>'
    loose = [_points(n).replace("outside", f'group_id="{n}" outside') + box.format(n) for n in (1, 2, 3)]
    path = folder / "annotations.xml"
    contents = [_cvat_file(label + parts, "annotation", skeletons), _cvat_file("", "annotation", loose)]
    track = f'<track label="person"><skeleton frame="0" keyframe="0">{_points(0)}</skeleton></track>'
    contents.append(_cvat_file(label + parts, "interpolation", [], track))
    path.write_bytes(contents[0])
    return path, contents


def _points(number: int) -> str:
    place = np.random.default_rng(number).uniform(1, 39, (17, 2))
    return "".join(
        f'<points label="{joint}" outside="0" occluded="{j % 2}" points="{x:.2f},{y:.2f}"></points>'
        for j, (joint, (x, y)) in enumerate(zip(COCO17.joints, place, strict=True))
    )


def _cvat_file(labels: str, mode: str, people: list[str], tracks: str = "") -> bytes:
    size = "<original_size><width>50</width><height>40</height></original_size>"
    meta = f"<meta><task><id>1</id><mode>{mode}</mode><labels>{labels}</labels>{size}</task></meta>"
    images = [
        f'<image id="{n}" name="{n + 1}.jpg" width="50" height="40">{"".join(own)}<tag label="x"></tag></image>'
        for n, own in enumerate((people[:2], people[2:]) if people else ())
    ]
    text = f"<annotations><version>1.1</version>{meta}{''.join(images)}{tracks}</annotations>"
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def label_studio(folder: Path) -> Seeds:
    """Two images of three people; the export is untrusted, as JSON and as JSON-MIN."""
    (folder / "images").mkdir()
    for name in ("1.jpg", "2.jpg"):
        _picture(folder / "images" / name)
    people = [_label_studio_person(number) for number in range(3)]
    whole, minimal = [], []
    for number, own in ((1, people[:2]), (2, people[2:])):
        result = [region for person in own for region in person]
        image = {
            "image": f"/data/upload/1/0a1b2c3d-{number}.jpg" if number == 1 else "/data/local-files/?d=images/2.jpg"
        }
        annotation = {"id": number, "was_cancelled": False, "created_at": "2026-01-01", "result": result}
        meta = {"skeleton": {"joints": list(COCO17.joints), "edges": [[1, 2], [2, 3]]}}
        whole.append({"id": number, "data": image, "meta": meta, "annotations": [annotation, annotation]})
        values = [region["value"] | {"original_width": 50, "original_height": 40} for region in result[:18]]
        minimal.append({"id": number, **image, "keypoints": values, "annotation_id": 1, "created_at": "2026"})
    path = write_json(folder / "project.json", whole)
    return path, [path.read_bytes(), json.dumps(minimal).encode()]


def _label_studio_person(number: int) -> list[dict]:
    common = {"to_name": "image", "original_width": 50, "original_height": 40, "image_rotation": 0}
    box = {"x": 1.0, "y": 2.0, "width": 90.0, "height": 95.0, "rotation": 0, "rectanglelabels": ["person"]}
    regions = [{"id": f"p{number}", "type": "rectanglelabels", "from_name": "box", **common, "value": box}]
    for j, (x, y) in enumerate(np.random.default_rng(number).uniform(3, 90, (17, 2)).tolist()):
        point = {"x": x, "y": y, "width": 0.5, "keypointlabels": [COCO17.joints[j]]}
        names = {"id": f"p{number}j{j}", "type": "keypointlabels", "from_name": "keypoints"}
        regions.append({**names, **common, "parentID": f"p{number}", "value": point})
    hidden = {"x": 1.0, "y": 2.0, "width": 0.5, "choices": ["hidden"]}
    regions.append({"id": f"p{number}j0", "type": "choices", "from_name": "visibility", **common, "value": hidden})
    return [*regions, {"type": "relation", "from_id": f"p{number}", "to_id": f"p{number}j1", "direction": "right"}]


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
