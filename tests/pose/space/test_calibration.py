"""Calibration files of the tools that people have."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from studio import cameras

from pose.panoptic_cameras import camera_entry
from pose.space.calibration import read_calibration


def toml_of(camera, **changes):
    """As Pose2Sim writes it: in m, with a rotation vector, width before height."""
    height, width = camera.size
    entry = {
        "name": f'"{camera.name}"',
        "size": [float(width), float(height)],
        "matrix": camera.matrix.tolist(),
        "distortions": camera.distortion[:4].tolist(),
        "rotation": cv2.Rodrigues(camera.rotation)[0].ravel().tolist(),
        "translation": (camera.translation_mm / 1000).tolist(),
        "fisheye": "false",
    } | changes
    return f"[{camera.name}]\n" + "".join(f"{key} = {value}\n" for key, value in entry.items() if value is not None)


def same(found, rig, atol=1e-6):
    assert list(found) == [camera.name for camera in rig]
    for camera in rig:
        other = found[camera.name]
        assert other.size == camera.size
        for field in ("matrix", "distortion", "rotation", "translation_mm"):
            np.testing.assert_allclose(getattr(other, field), getattr(camera, field), atol=atol)


def test_pose2sims_toml(tmp_path):
    rig, path = cameras(3), tmp_path / "Calib.toml"
    path.write_text("\n".join(map(toml_of, rig)) + "\n[metadata]\nadjusted = false\nerror = 0.0\n")
    same(read_calibration(path), rig)


@pytest.mark.parametrize("ending", ["yml", "json"])
@pytest.mark.parametrize("as_vector", [True, False])
def test_opencvs_files(tmp_path, ending, as_vector):
    rig, path = cameras(2), tmp_path / f"rig.{ending}"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("note", "made by hand")
    for camera in rig:
        storage.startWriteStruct(camera.name, cv2.FILE_NODE_MAP)
        storage.write("image_width", camera.size[1])
        storage.write("image_height", camera.size[0])
        storage.write("camera_matrix", camera.matrix)
        storage.write("distortion_coefficients", camera.distortion.reshape(1, 5))
        storage.write("rotation", cv2.Rodrigues(camera.rotation)[0] if as_vector else camera.rotation)
        storage.write("translation", (camera.translation_mm / 1000).reshape(3, 1))
        storage.endWriteStruct()
    storage.release()
    same(read_calibration(path), rig)


def test_the_studios_file(tmp_path):
    rig, path = (
        [replace(camera, name=f"00_{k:02}") for k, camera in enumerate(cameras(2))],
        tmp_path / "calibration_x.json",
    )
    path.write_text(json.dumps({"cameras": list(map(camera_entry, rig))}))
    same(read_calibration(path), rig)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "[", "is no TOML file"),
        ("a.toml", "[metadata]\nx = 1\n", "has no cameras"),
        ("a.toml", toml_of(cameras(1)[0], fisheye="true"), "camera 'cam1': ValueError: fish-eye lenses"),
        ("a.toml", toml_of(cameras(1)[0], rotation=None), "camera 'cam1': KeyError"),
        ("a.toml", toml_of(cameras(1)[0], rotation=[1, 2]), "camera 'cam1': ValueError"),
        ("a.toml", toml_of(cameras(1)[0], size=[0, 0]), "camera 'cam1': ValueError: resolution"),
        ("a.toml", toml_of(cameras(1)[0], distortions=[0, 0, 0, 0, 0, 0.1]), "at most five distortion coefficients"),
        ("a.yml", "%YAML:1.0\n---\nx: 1\n", "has no cameras"),
        ("a.yml", "rubbish: [", "is no YAML file"),
        ("a.yml", "cam1:\n  camera_matrix: 5\n", "camera 'cam1': KeyError"),
        ("a.json", '{"cam1": {"camera_matrix": {}}}', "camera 'cam1': KeyError"),
        ("a.toml", "#" * (1 << 23), "is too large for a calibration"),
        ("a.json", "{}", "not a calibration file"),
        ("a.json", '{"cameras": [{"name": "x"}]}', "malformed"),
        ("a.txt", "", "a calibration ends in .json, .toml"),
    ],
)
def test_files_that_are_none_raise(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_calibration(path)


def test_a_file_that_is_not_there_raises(tmp_path):
    with pytest.raises(ValueError, match="there is no calibration"):
        read_calibration(tmp_path / "gone.toml")
