"""The download command with a local server, from the checks of single files to Ctrl-C."""

import io
import json
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
import requests
import tyro
from filelock import FileLock
from panoptic_sequence import body, camera_entry
from studio_server import Answer, StudioServer

from data_prep.download.sequences import Download
from data_prep.panoptic.poses import PoseFiles

ROOT = Path(__file__).parents[3]
BASE = "webdata/dataset/seq_1"
POSES = "hdPose3d_stage1_coco19.tar"
HD = BASE + "/videos/hd_shared_crf20/hd_00_{:02d}.mp4"
VGA = BASE + "/videos/vga_shared_crf10/vga_{}.mp4"


def box(kind, content=b""):
    return struct.pack(">I4s", 8 + len(content), kind) + content


def mp4(frames=b"frames"):
    return box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", b"index") + box(b"mdat", frames)


def tar(frames=(0, 1)):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for frame in frames:
            content = json.dumps({"bodies": [body()]}).encode()
            member = tarfile.TarInfo(f"hdPose3d_stage1_coco19/body3DScene_{frame:08d}.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def studio():
    """The files of a sequence of three HD cameras, one of them without a video, and two VGA cameras."""
    cameras = [camera_entry(f"00_{i:02d}") for i in (0, 1, 2)]
    cameras += [{**camera_entry(name), "type": "vga"} for name in ("01_01", "20_24")]
    return {
        f"{BASE}/calibration_seq_1.json": json.dumps({"cameras": cameras}).encode(),
        f"{BASE}/{POSES}": tar(),
        f"{BASE}/vgaPose3d_stage1_coco19.tar": tar((5,)),
        HD.format(0): mp4(b"0" * 1000),
        HD.format(2): mp4(b"2" * 2000),
        VGA.format("01_01"): mp4(b"v"),
        VGA.format("20_24"): mp4(b"w"),
    }


@pytest.fixture
def server():
    with StudioServer(studio()) as server:
        yield server


def options(server, out, **more):
    return Download(("seq_1",), **{"root": server.root, "mirror": (), "out": out, "timeout": 2, "attempts": 2, **more})


def names(folder):
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return sorted(name for name in found if ".downloaded" not in name)


def test_a_sequence_comes_in_the_readers_layout_and_missing_files_are_returned(tmp_path, server):
    lacking = options(server, tmp_path).download()
    assert lacking == {"seq_1/hdVideos/hd_00_01.mp4": f"{server.root}: has no such file"}
    sequence = tmp_path / "seq_1"
    assert names(sequence) == [
        "calibration_seq_1.json",
        POSES,
        "hdVideos",
        "hdVideos/hd_00_00.mp4",
        "hdVideos/hd_00_02.mp4",
    ]
    assert (sequence / "hdVideos/hd_00_02.mp4").read_bytes() == mp4(b"2" * 2000)
    assert PoseFiles.of_sequence(sequence).frames.tolist() == [0, 1]


def test_existing_files_are_not_downloaded_again(tmp_path, server):
    options(server, tmp_path, cameras=("0",)).download()
    server.log.clear()
    assert options(server, tmp_path, cameras=("0", "00_02", "2")).download() == {}
    assert server.log == [(HD.format(2), None)]


@pytest.mark.parametrize(("changed", "how"), [(b"3" * 1000, "has changed on"), (b"3" * 999, "has 1036 bytes on")])
def test_a_file_changed_on_the_server_is_named_and_kept(tmp_path, server, changed, how):
    assert options(server, tmp_path, cameras=("0", "2")).download() == {}
    server.files[HD.format(0)] = mp4(changed)
    server.log.clear()
    ((name, why),) = options(server, tmp_path, cameras=("0", "2")).download().items()
    assert name == "seq_1/hdVideos/hd_00_00.mp4"
    assert f"{how} {server.root}" in why and why.endswith("; delete it to download it anew")
    assert not server.log and (tmp_path / name).read_bytes() == mp4(b"0" * 1000)
    (tmp_path / name).unlink()
    assert options(server, tmp_path, cameras=("0", "2")).download() == {}
    assert (tmp_path / name).read_bytes() == mp4(changed)


def test_the_size_of_a_file_of_unknown_origin_is_compared_with_all_servers(tmp_path, server):
    assert options(server, tmp_path, cameras=("0",)).download() == {}
    shutil.rmtree(tmp_path / "seq_1/.downloaded")
    whole = server.files[HD.format(0)]
    server.files[HD.format(0)] = mp4(b"3" * 1000)
    assert options(server, tmp_path, cameras=("0",)).download() == {}
    server.files[HD.format(0)] = mp4(b"3" * 10)
    with StudioServer({HD.format(0): whole}) as mirror:
        assert options(server, tmp_path, cameras=("0",), mirror=(mirror.root,)).download() == {}
    assert "has 47 bytes on" in options(server, tmp_path, cameras=("0",)).download()["seq_1/hdVideos/hd_00_00.mp4"]


def test_a_copy_from_a_mirror_is_compared_with_the_mirrors_own(tmp_path, server):
    with StudioServer({HD.format(1): mp4(b"mirror")}) as mirror:
        assert options(server, tmp_path, mirror=(mirror.root,)).download() == {}
        server.files[HD.format(1)] = mp4(b"another copy")
        assert options(server, tmp_path, mirror=(mirror.root,)).download() == {}
        mirror.files[HD.format(1)] = mp4(b"newer")
        assert list(options(server, tmp_path, mirror=(mirror.root,)).download()) == ["seq_1/hdVideos/hd_00_01.mp4"]


def test_without_servers_existing_files_stay_and_no_timeout_happens_twice(tmp_path, server, monkeypatch):
    assert options(server, tmp_path, cameras=("0", "2")).download() == {}
    asked = []
    monkeypatch.setattr(requests, "head", lambda url, **_: asked.append(url) or fail())
    assert options(server, tmp_path, cameras=("0", "2"), parallel=1).download() == {}
    assert len(asked) == 1


def fail():
    raise requests.ConnectionError


@pytest.mark.parametrize("vga", [False, True])
def test_poses_of_15_joints_are_downloaded_where_those_of_19_are_missing(tmp_path, server, vga, capsys):
    kind = "vga" if vga else "hd"
    del server.files[f"{BASE}/{kind}Pose3d_stage1_coco19.tar"]
    server.files[f"{BASE}/{kind}Pose3d_stage1.tar"] = tar((3,))
    assert options(server, tmp_path, vga=vga, cameras=("01_01",) if vga else ("0",)).download() == {}
    assert (tmp_path / f"seq_1/{kind}Pose3d_stage1.tar").read_bytes() == tar((3,))
    told = f"note: seq_1 has no {kind}Pose3d_stage1_coco19.tar; downloaded {kind}Pose3d_stage1.tar, of 15 joints\n"
    assert told in capsys.readouterr().err


def test_a_failing_server_does_not_trigger_the_old_poses(tmp_path, server):
    server.files[f"{BASE}/hdPose3d_stage1.tar"] = tar((3,))
    server.script[f"{BASE}/{POSES}"] = [Answer(body=b"", status=500)] * 9
    assert "seq_1/" + POSES in options(server, tmp_path).download()
    assert not (tmp_path / "seq_1/hdPose3d_stage1.tar").exists()


def test_vga_cameras(tmp_path, server):
    assert options(server, tmp_path, vga=True).download() == {}
    assert names(tmp_path / "seq_1") == [
        "calibration_seq_1.json",
        "vgaPose3d_stage1_coco19.tar",
        "vgaVideos",
        "vgaVideos/vga_01_01.mp4",
        "vgaVideos/vga_20_24.mp4",
    ]
    assert (tmp_path / "seq_1/vgaPose3d_stage1_coco19.tar").read_bytes() == tar((5,))


def test_a_camera_without_calibration_is_named_and_not_requested(tmp_path, server):
    lacking = options(server, tmp_path, cameras=("7",)).download()
    assert lacking == {"seq_1/hdVideos/hd_00_07.mp4": "its camera is not in the calibration"}
    assert not server.ranges_of(HD.format(7))


def test_camera_names_in_a_calibration_cannot_escape_the_folder(tmp_path, server):
    cameras = [camera_entry("../../../../x"), camera_entry("00_02")]
    server.files[f"{BASE}/calibration_seq_1.json"] = json.dumps({"cameras": cameras}).encode()
    assert options(server, tmp_path / "out").download() == {}
    assert names(tmp_path / "out/seq_1/hdVideos") == ["hd_00_02.mp4"] and len(server.log) == 3


@pytest.mark.parametrize("path", [f"{BASE}/calibration_seq_1.json", f"{BASE}/{POSES}"])
def test_without_calibration_or_poses_no_video_is_fetched(tmp_path, server, path):
    del server.files[path]
    ((name, why),) = options(server, tmp_path).download().items()
    assert name == "seq_1/" + path.rpartition("/")[2]
    assert why == f"{server.root}: has no such file; the videos of this sequence were left out"
    assert not server.ranges_of(HD.format(0))


def test_a_sequence_that_no_server_has_leaves_no_folder(tmp_path, server):
    server.files.clear()
    assert len(options(server, tmp_path).download()) == 2
    assert names(tmp_path) == []


def test_a_damaged_file_never_gets_its_name(tmp_path, server):
    server.files[HD.format(0)] = mp4(b"0" * 1000)[:-1]
    lacking = options(server, tmp_path, cameras=("0", "2")).download()
    assert "part b'mdat' at byte 29 ends beyond the file" in lacking["seq_1/hdVideos/hd_00_00.mp4"]
    assert names(tmp_path / "seq_1/hdVideos") == ["hd_00_02.mp4"]


def test_a_damaged_existing_file_is_named_and_kept(tmp_path, server):
    video = tmp_path / "seq_1/hdVideos/hd_00_00.mp4"
    video.parent.mkdir(parents=True)
    video.write_bytes(mp4()[:-1])
    lacking = options(server, tmp_path, cameras=("0",)).download()
    assert "delete it to download it anew" in lacking["seq_1/hdVideos/hd_00_00.mp4"]
    assert video.read_bytes() == mp4()[:-1] and not server.ranges_of(HD.format(0))


def test_files_missing_on_the_first_server_come_from_the_mirror(tmp_path, server):
    with StudioServer({HD.format(1): mp4(b"mirror")}) as mirror:
        assert options(server, tmp_path, mirror=(mirror.root + "/",)).download() == {}
    assert mirror.log == [(HD.format(1), None)]


def test_a_server_that_failed_is_not_waited_for_again(tmp_path, server):
    with StudioServer({}) as broken:
        broken.script = dict.fromkeys(server.files, [Answer(body=b"", status=500)] * 100)
        mirrored = {"root": broken.root, "mirror": (server.root,), "parallel": 1}
        assert options(server, tmp_path, cameras=("0", "2"), **mirrored).download() == {}
    assert [path for path, _ in broken.log] == [f"{BASE}/calibration_seq_1.json"] * 2


def test_files_are_downloaded_in_parallel(tmp_path, server):
    for path in (HD.format(0), HD.format(2)):
        server.script[path] = [Answer(send=100, stall=True)]
    begin = time.monotonic()
    assert options(server, tmp_path, cameras=("0", "2"), parallel=2, timeout=1.5).download() == {}
    # One after the other they would time out after 3 seconds.
    assert time.monotonic() - begin < 2.9


def test_two_processes_do_not_write_the_same_files(tmp_path, server):
    (tmp_path / "seq_1/.partial").mkdir(parents=True)
    with FileLock(tmp_path / "seq_1/.partial/lock"):
        with pytest.raises(ValueError, match="seq_1 is being downloaded by another process"):
            options(server, tmp_path).download()
    assert not server.log


def test_foreign_files_in_the_unfinished_folder_stay(tmp_path, server):
    partial = tmp_path / "seq_1/.partial"
    partial.mkdir(parents=True)
    (partial / "thesis.json").write_text("{}")
    options(server, tmp_path, cameras=("0",)).download()
    assert (partial / "thesis.json").read_text() == "{}"


def test_a_disk_that_cannot_be_written_raises(tmp_path, server):
    (tmp_path / "seq_1").mkdir()
    (tmp_path / "seq_1/hdVideos").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="hdVideos"):
        options(server, tmp_path).download()


def test_missing_files_exit_with_1(tmp_path, server, capsys):
    assert options(server, tmp_path).run() == 1
    told = capsys.readouterr()
    assert f"lacking: {tmp_path}/seq_1/hdVideos/hd_00_01.mp4: {server.root}: has no such file" in told.err
    assert options(server, tmp_path, cameras=("0",)).run() == 0
    assert f"done: {tmp_path}" in capsys.readouterr().out


def test_the_command_line(tmp_path):
    line = ["171204_pose1", "160906_band1", "--cameras", "0", "00_12", "--mirror", "--parallel", "8", "--out", "x"]
    got = tyro.cli(Download, args=line)
    assert got.sequences == ("171204_pose1", "160906_band1") and got.cameras == ("00_00", "00_12")
    assert got.mirror == () and got.parallel == 8 and got.out == Path("x")


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"sequences": ()}, "at least one sequence"),
        ({"sequences": ("../etc",)}, "a sequence must be a name"),
        ({"cameras": ("hd3",)}, "a camera must be named as 00_03"),
        ({"cameras": ("3",), "vga": True}, "a camera must be named as 01_14"),
        ({"root": "ftp://a"}, "root and mirror must begin with http"),
        ({"mirror": ("vcl.snu.ac.kr",)}, "root and mirror must begin with http"),
        ({"parallel": 0}, "parallel must be 1 or more, got 0"),
        ({"timeout": float("nan")}, "timeout must be above 0"),
    ],
)
def test_wrong_arguments_are_told(wrong, rule):
    with pytest.raises(ValueError, match=rule):
        Download(**{"sequences": ("seq_1",), **wrong})


@pytest.mark.slow
def test_ctrl_c_ends_at_once_and_the_same_command_resumes(tmp_path, server):
    server.files[HD.format(0)] = whole = mp4(b"0" * 1_000_000)
    server.script[HD.format(0)] = [Answer(send=500_000, stall=True)]
    line = [sys.executable, "-m", "data_prep", "download", "seq_1", "--root", server.root, "--mirror", "--cameras", "0"]
    line += ["--out", str(tmp_path), "--timeout", "3600"]
    process = subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    part = tmp_path / "seq_1/.partial/hd_00_00.mp4.part"
    until = time.monotonic() + 300
    while time.monotonic() < until and not (part.is_file() and part.stat().st_size > 400_000):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    # The silent server would hold it for the hour of the time-out. The limit is far off, as machines may stand still.
    assert "stopped; run the same command again to resume" in process.communicate(timeout=300)[1]
    assert process.returncode == 130 and not (tmp_path / "seq_1/hdVideos").exists()
    done = part.stat().st_size
    assert options(server, tmp_path, cameras=("0",)).download() == {}
    assert (tmp_path / "seq_1/hdVideos/hd_00_00.mp4").read_bytes() == whole
    assert server.ranges_of(HD.format(0)) == [None, f"bytes={done}-"]
