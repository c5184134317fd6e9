"""Complete and damaged files."""

import io
import struct
import tarfile

import pytest
from panoptic_sequence import camera_entry, write_calibration

from data_prep.download.file_checks import check_calibration, check_mp4, check_tar
from records import BadInput

PAGE = b"<!DOCTYPE html><title>Log in</title>"
#: A box is its size in 4 bytes, its type, and the content: 16 + 13 bytes before the frames.
HEAD = struct.pack(">I4s8s", 16, b"ftyp", b"isom") + struct.pack(">I4s5s", 13, b"moov", b"index")
FRAMES = struct.pack(">I4s6s", 14, b"mdat", b"frames")


def refusal(check, path, content):
    path.write_bytes(content)
    with pytest.raises(BadInput) as bad:
        check(path)
    assert bad.value.what == str(path)
    return bad.value.why


@pytest.mark.parametrize(
    "frames",
    [
        FRAMES,
        struct.pack(">I4sQ6s", 1, b"mdat", 22, b"frames"),  # a long box has its size in 8 bytes after the type
        struct.pack(">I4s6s", 0, b"mdat", b"frames"),  # the last one may reach to the end
    ],
)
def test_whole_videos_pass(tmp_path, frames):
    (tmp_path / "a.mp4").write_bytes(HEAD + frames)
    check_mp4(tmp_path / "a.mp4")


def test_a_real_video_passes_and_a_part_of_it_does_not(tmp_path, shared_data):
    check_mp4(shared_data / "clips/pose_1.mp4")
    content = (shared_data / "clips/pose_1.mp4").read_bytes()
    for length in (0, 4, 1000, len(content) // 2, len(content) - 1):
        assert refusal(check_mp4, tmp_path / "a.mp4", content[:length])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no whole mp4 video (it has no moov and no mdat)"),
        (HEAD, "no whole mp4 video (it has no mdat)"),
        (HEAD[:16] + FRAMES, "no whole mp4 video (it has no moov)"),
        ((HEAD + FRAMES)[:-1], "no whole mp4 video (the part b'mdat' at byte 29 ends beyond the file)"),
        (
            HEAD + FRAMES + b"abc",
            "no whole mp4 video (the part b'\\x00\\x00\\x00\\x00' at byte 43 ends beyond the file)",
        ),
        (HEAD + struct.pack(">I4s", 7, b"mdat"), "no whole mp4 video (the part b'mdat' at byte 29 is too short)"),
        (PAGE, "no mp4 video (it begins with b'<!DOCTYP')"),
    ],
)
def test_damaged_videos_do_not_pass(tmp_path, content, why):
    assert refusal(check_mp4, tmp_path / "a.mp4", content) == why


def make_tar(files=2):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for i in range(files):
            member = tarfile.TarInfo(f"hdPose3d_stage1_coco19/body3DScene_{i:08d}.json")
            member.size = 700
            archive.addfile(member, io.BytesIO(b"x" * 700))
    return data.getvalue()


def test_tars(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(make_tar())
    check_tar(path)
    # A head of 512 bytes and 700 bytes in two blocks are 1536 bytes for each of the two files.
    for length in (0, 100, 512, 1000, 1536, 3000, 3072):
        assert refusal(check_tar, path, make_tar()[:length]).startswith("no whole tar (")
    assert refusal(check_tar, path, make_tar(0)) == "no whole tar (it holds no file)"
    assert refusal(check_tar, path, PAGE).startswith("no whole tar (")


def test_calibrations(tmp_path):
    write_calibration(tmp_path / "seq", [camera_entry("00_00")])
    path = tmp_path / "seq/calibration_seq.json"
    check_calibration(path)
    for content in (path.read_bytes()[:-1], b"", PAGE, b"{}"):
        assert refusal(check_calibration, path, content).startswith("not a calibration file")
