"""The command that calibrates cameras from videos of a board."""

import cv2
import numpy as np
import pytest
from boards import held, photograph
from studio import cameras
from video_files import write_clip

from demo.calibrate import main
from pose.space.board import Board
from pose.space.calibration import read_calibration

BOARD = Board(columns=6, rows=5, square_mm=100.0)
WORDS = ["--columns", "6", "--rows", "5", "--square-mm", "100", "--every-s", "0.1"]


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Two cameras film a board that is elsewhere every tenth of a second; the second one begins 0.2 s later."""
    folder = tmp_path_factory.mktemp("board")
    rig = cameras(6, distance_mm=2500.0, distortion=(0.0,) * 5)[:2]
    rig = [type(one)(one.name, (540, 960), np.diag([0.5, 0.5, 1]) @ one.matrix, *_rest(one)) for one in rig]
    for camera, first in zip(rig, (0, 2), strict=True):
        pictures = [photograph(BOARD, camera, held(number)) for number in range(first, 90)]
        write_clip(folder / f"{camera.name}.mp4", pictures, [0.1 * k for k in range(len(pictures))])
    return folder, rig


def _rest(camera):
    return camera.distortion, camera.rotation, camera.translation_mm


def test_cameras_are_calibrated_and_read_back(videos, tmp_path, capsys):
    folder, rig = videos
    paths = [str(folder / f"{camera.name}.mp4") for camera in rig]
    out = tmp_path / "Calib.toml"
    assert main([*paths, *WORDS, "--offsets-s", "0", "0.2", "--out", str(out)]) == 0
    found = read_calibration(out)
    assert list(found) == [camera.name for camera in rig]
    for camera in rig:
        matrix = found[camera.name].matrix
        np.testing.assert_allclose(matrix[[0, 1], [0, 1]], camera.matrix[[0, 1], [0, 1]], rtol=0.02)
    apart, true_apart = (np.linalg.norm(one[0].center_mm - one[1].center_mm) for one in (list(found.values()), rig))
    assert apart == pytest.approx(true_apart, rel=0.02)
    assert "cam1: focal length" in capsys.readouterr().out


def test_without_the_offset_the_cameras_do_not_agree(videos, tmp_path):
    """So that the test above would notice."""
    folder, rig = videos
    paths = [str(folder / f"{camera.name}.mp4") for camera in rig]
    assert main([*paths, *WORDS, "--out", str(tmp_path / "Calib.toml")]) == 0
    found = list(read_calibration(tmp_path / "Calib.toml").values())
    apart, true_apart = (np.linalg.norm(one[0].center_mm - one[1].center_mm) for one in (found, rig))
    assert abs(apart / true_apart - 1) > 0.05


@pytest.mark.parametrize("kind", ["charuco", "checkerboard"])
def test_the_board_is_printed(tmp_path, kind):
    path = tmp_path / "board.png"
    assert main(["--print", str(path), "--board", kind, "--columns", "6", "--rows", "5"]) == 0
    printed = cv2.imread(str(path))
    assert printed.shape == (6 * 200, 7 * 200, 3)
    assert len(Board(kind, 6, 5, 100.0).find(cv2.resize(printed, None, fx=0.5, fy=0.5)).corners) == 20


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "give videos and --out CALIBRATION.toml, or --print BOARD.png"),
        (["--out", "a.toml"], 2, "--out must be a .toml file, of one or more videos"),
        (["cam1.mp4", "--out", "a.yml"], 2, "--out must be a .toml file"),
        (["cam1.mp4", "cam1.mp4", "--out", "a.toml"], 2, "videos must have different names"),
        (["gone.mp4", "--out", "a.toml"], 3, "'gone.mp4' does not exist"),
        (["cam1.mp4", "--out", "a.toml", "--columns", "2"], 2, "a board has 3 or more columns and rows"),
        (["cam1.mp4", "--out", "a.toml", "--every-s", "0"], 2, "--every-s must be above 0"),
        (
            ["cam1.mp4", "--out", "a.toml", "--offsets-s", "1", "2"],
            2,
            "--offsets-s must be one for each of the 1 videos",
        ),
        (["cam1.mp4", "--out", "a.toml", "--columns", "9"], 2, "cam1: the board is seen in 0 instants"),
        (["cam1.mp4", *WORDS, "--out", "a.toml", "--world-s", "99"], 2, "no camera sees the board in the instant"),
        (["--print", "a.jpg"], 2, "--print writes the board as a .png file"),
    ],
)
def test_wrong_arguments_are_one_line(videos, words, code, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(videos[0])
    assert main(words) == code
    assert message in " ".join(capsys.readouterr().err.split())
    assert not list(videos[0].glob("a.*"))
