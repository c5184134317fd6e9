"""Small valid files of the studio's kind, one data set for each parser that is fuzzed."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
from pathlib import Path

import av
import cv2
import numpy as np
from scipy import sparse

from body.human import BONES
from body.pool import BodyPool
from pose import Camera
from pose.panoptic_poses import POSES, pose_file
from pose.space.calibration import write_toml
from tools.fuzz.attempt import Seeds, write_json

#: (height, width) of the images.
SIZE = (64, 96)

BVH = b"""HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Knee
  {
    OFFSET 0 -10 0
    CHANNELS 3 Xrotation Yrotation Zrotation
    End Site
    {
      OFFSET 0 -8 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.5
0 0 0 0 0 0 0 0 0
1 2 3 90 0 0 90 0 0
"""


def calibration_path(folder: Path) -> Path:
    """Where a sequence's calibration lies."""
    return folder / f"calibration_{folder.name}.json"


def camera(name: str, kind: str = "hd") -> dict:
    """A camera three meters in front of the origin, with slight distortion."""
    return {
        "name": name,
        "type": kind,
        "resolution": [SIZE[1], SIZE[0]],
        "K": [[100.0, 0, 48], [0, 100.0, 32], [0, 0, 1]],
        "distCoef": [-0.2, 0.1, 0.001, -0.001, 0.02],
        "R": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "t": [[0], [0], [300.0]],
    }


def _bodies(*ids: int) -> dict:
    joints = [[3 * j - 27, 2 * j - 18, 0.0, 0.5] for j in range(19)]
    bodies = [{"id": number, "joints19": np.ravel(joints).tolist()} for number in ids]
    return {"version": 0.7, "univTime": 53541.542, "fpsType": "hd_29_97", "bodies": bodies}


def _sequence(folder: Path) -> None:
    """One camera and one frame of two people, all valid."""
    write_json(calibration_path(folder), {"cameras": [camera("00_00"), camera("01_01", "vga")]})
    write_json(folder / POSES / pose_file(0), _bodies(0, 1))
    pictures = folder / "hdImgs" / "00_00"
    pictures.mkdir(parents=True)
    cv2.imwrite(str(pictures / "00_00_00000000.jpg"), np.full((*SIZE, 3), 90, np.uint8))


def calibration(folder: Path) -> Seeds:
    """A sequence; its calibration is untrusted."""
    _sequence(folder)
    path = calibration_path(folder)
    return path, [path.read_bytes()]


def rig_toml(folder: Path) -> Seeds:
    """A calibration as Pose2Sim writes it is untrusted."""
    path = folder / "rig.toml"
    write_toml([_camera("left"), _camera("right")], path)
    return path, [path.read_bytes()]


def rig_opencv(folder: Path) -> Seeds:
    """A calibration in OpenCV's own format is untrusted."""
    path = folder / "rig.yml"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for one in (_camera("left"), _camera("right")):
        storage.startWriteStruct(one.name, cv2.FILE_NODE_MAP)
        storage.write("image_width", one.size[1])
        storage.write("image_height", one.size[0])
        storage.write("camera_matrix", one.matrix)
        storage.write("distortion_coefficients", one.distortion)
        storage.write("rotation", one.rotation)
        storage.write("translation", one.translation_mm / 1000)
        storage.endWriteStruct()
    storage.release()
    return path, [path.read_bytes()]


def _camera(name: str) -> Camera:
    entry = camera(name)
    matrix, distortion, rotation = (np.array(entry[key]) for key in ("K", "distCoef", "R"))
    return Camera(name, SIZE, matrix, distortion, rotation, np.array([0, 0, 3000.0]))


def body(folder: Path) -> Seeds:
    """A sequence; a frame's poses are untrusted."""
    _sequence(folder)
    path = folder / POSES / pose_file(0)
    return path, [path.read_bytes(), json.dumps(_bodies()).encode()]


def tar(folder: Path) -> Seeds:
    """A sequence whose poses are in a tar, in each of the formats that `tar` programs write."""
    write_json(calibration_path(folder), {"cameras": [camera("00_00")]})
    formats = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    return folder / f"{POSES}.tar", [_tar(number) for number in formats]


def _tar(number: int) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=number) as archive:
        for name in (f"{POSES}/{pose_file(0)}", f"{POSES}/{'x' * 120}.txt"):
            data = json.dumps(_bodies(0)).encode()
            # Names longer than 100 bytes need a header of their own; USTAR splits them at a slash.
            member = tarfile.TarInfo(name if number != tarfile.USTAR_FORMAT else name[:100])
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def truth(folder: Path) -> Seeds:
    """A sequence of the dome; the file of visible joints is untrusted."""
    _sequence(folder)
    table = {"frames": [[[0, 1, 2] * 6 + [2]] * 2]}
    path = write_json(folder / "truth" / "visible_00_00.json", table)
    return path, [path.read_bytes()]


def true_bodies(folder: Path) -> Seeds:
    """A sequence of the dome; the file of bodies is untrusted."""
    _sequence(folder)
    rotations = np.tile(np.eye(3, dtype=np.float32), (2, 1, len(BONES), 1, 1))
    shape = {name: np.full(2, 0.5, np.float32) for name in ("sex", "age", "weight", "muscle", "height")}
    arrays = {"bones": np.array(BONES), "rotations": rotations, **shape, "ancestry": np.ones((2, 3), np.float32)}
    path = folder / "truth" / "bodies.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(path, **arrays)
    return path, [path.read_bytes()]


def poses(folder: Path) -> Seeds:
    """Two poses for a critic of bodies."""
    file = io.BytesIO()
    rotations = np.tile(np.eye(3, dtype=np.float32), (2, len(BONES), 1, 1))
    BodyPool(rotations, np.zeros((2, 10), np.float32)).write(file)
    return folder / "poses.npz", [file.getvalue()]


def smpl(folder: Path) -> Seeds:
    """A body of two bones in SMPL's form, as pickles of both kinds and as an archive."""
    arrays = {
        "v_template": np.arange(12.0).reshape(4, 3) / 10,
        "shapedirs": np.ones((4, 3, 2)),
        "posedirs": np.ones((4, 3, 9)),
        "J_regressor": sparse.csc_matrix(np.full((2, 4), 0.25)),
        "weights": np.full((4, 2), 0.5),
        "kintree_table": np.array([[2**32 - 1, 0], [0, 1]], np.uint32),
        "f": np.array([[0, 1, 2], [1, 2, 3]], np.uint32),
    }
    file = io.BytesIO()
    np.savez(file, **arrays | {"J_regressor": arrays["J_regressor"].toarray()})
    return folder / "body.pkl", [*(pickle.dumps(arrays, protocol) for protocol in (0, 2)), file.getvalue()]


def bvh(folder: Path) -> Seeds:
    """A motion of two joints."""
    return folder / "walk.bvh", [BVH]


def video(folder: Path) -> Seeds:
    """One second of a moving square, as H.264 with B-frames, and as MPEG-4."""
    options = {"g": "10", "bf": "2", "threads": "1"}
    return folder / "video.mp4", [_video("libx264", options), _video("mpeg4", {"g": "10"})]


def _video(codec: str, options: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=30, options=options)
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(30):
            picture = np.full((*SIZE, 3), 90, np.uint8)
            picture[20:40, number * 2 : number * 2 + 20] = 200
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


def kinect_tables(folder: Path) -> Seeds:
    """The clocks of one Kinect; the table of its images is untrusted."""
    clock = {"univ_time": [1000.0 + 33.4 * frame for frame in range(6)]}
    write_json(folder / f"synctables_{folder.name}.json", {"hd": clock})
    tables = {"kinect": {kind: {"KINECTNODE1": clock} for kind in ("color", "depth")}}
    path = write_json(folder / f"ksynctables_{folder.name}.json", tables)
    return path, [path.read_bytes()]


def kinect_calibration(folder: Path) -> Seeds:
    """One Kinect, whose color camera is 52 mm to the right of its depth camera."""
    to_color = np.eye(4)
    to_color[0, 3] = -0.052
    sensor = {
        "K_depth": [[365.0, 0, 256], [0, 365.0, 212], [0, 0, 1]],
        "distCoeffs_depth": [0.09, -0.27, 0, 0, 0.09, 0, 0],
        "M_depth": np.eye(4).tolist(),
        "M_color": to_color.tolist(),
    }
    path = write_json(folder / f"kcalibration_{folder.name}.json", {"sensors": [sensor]})
    return path, [path.read_bytes()]
