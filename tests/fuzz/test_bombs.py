"""Small files that claim large or endless contents; each once took gigabytes, ran forever, or crashed."""

import struct
import tarfile

import cv2
import numpy as np
import pytest
from limits import megabytes, seconds
from people import write_shard_set

from data_prep.mat_file import read_mat
from data_prep.panoptic.poses import POSES, PoseFiles
from data_prep.video.video_file import Video
from pose import Crop
from records import BadInput, read_picture
from records.inspect import check_shards
from records.tfrecord import frame
from tools.fuzz import seeds_pictures, seeds_studio

FRAME = f"{POSES}/body3DScene_00000000.json"


@pytest.fixture(autouse=True)
def limits():
    with seconds(20), megabytes(1024):
        yield


def header(name, size, kind=tarfile.REGTYPE):
    """A tar's header of any size, also of those that `tarfile` does not write."""
    block = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT))
    base_256 = (size % 256**12).to_bytes(12, "big")
    block[124:136] = b"%011o\0" % size if 0 <= size < 8**11 else bytes([base_256[0] | 0x80]) + base_256[1:]
    block[156:157] = kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def poses_of(tmp_path, data):
    (tmp_path / f"{POSES}.tar").write_bytes(data)
    return PoseFiles.of_sequence(tmp_path)


@pytest.mark.parametrize("size", [-512, -(2**40), 2**20, 2**40, 2**60])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.GNUTYPE_SPARSE])
def test_a_tar_that_claims_more_bytes_than_it_has(tmp_path, size, kind):
    whole = header(FRAME, 2) + b"{}".ljust(512, b"\0")
    files = poses_of(tmp_path, whole + header("more", size, kind) + bytes(1024))
    assert files.frames.tolist() == [0]
    assert files.read(0) == b"{}"
    assert len(files.broken) == 1
    assert f"claims {size} bytes, more than the file has); 1 frames can be read" in files.broken[0].why


def test_a_tar_of_nested_headers(tmp_path):
    files = poses_of(tmp_path, header("x", 0, tarfile.XHDTYPE) * 5000 + header(FRAME, 0) + bytes(1024))
    assert files.frames.tolist() == [0]
    assert not files.broken


def test_a_pax_header_that_is_slow_to_parse(tmp_path):
    digits = (b"1" * 60000).ljust(60416, b"\0")
    files = poses_of(tmp_path, header("x", 60000, tarfile.XHDTYPE) + digits + header(FRAME, 0) + bytes(1024))
    assert files.frames.tolist() == [0]


@pytest.mark.parametrize("name", [f"/{FRAME}", f"../{FRAME}", f"a/../../{FRAME}"])
def test_a_tar_with_paths_outside_the_folder(tmp_path, name):
    assert not poses_of(tmp_path, header(name, 0) + bytes(1024)).frames.size


def test_folders_and_links_in_a_tar_have_no_bytes(tmp_path):
    data = header("folder/", 512, tarfile.DIRTYPE) + header("link", 512, tarfile.SYMTYPE) + header(FRAME, 0)
    assert poses_of(tmp_path, data).frames.tolist() == [0]


def test_a_jpeg_of_a_billion_pixels(tmp_path):
    jpeg = bytearray(cv2.imencode(".jpg", np.full((8, 8, 3), 90, np.uint8))[1].tobytes())
    place = jpeg.index(b"\xff\xc0")
    jpeg[place + 5 : place + 9] = struct.pack(">HH", 16000, 65000)
    (tmp_path / "large.jpg").write_bytes(jpeg)
    with pytest.raises(BadInput, match=r"large.jpg: claims 65000 x 16000 px, more than 631 bytes can hold"):
        read_picture(str(tmp_path / "large.jpg"))


@pytest.mark.parametrize("filling", [b"", b"\xff", b"\xff" * 9])
def test_a_jpeg_size_is_read_behind_padding(tmp_path, filling):
    jpeg = cv2.imencode(".jpg", np.full((1080, 1920, 3), 90, np.uint8))[1].tobytes()
    (tmp_path / "gray.jpg").write_bytes(jpeg[:2] + filling + jpeg[2:])
    assert read_picture(str(tmp_path / "gray.jpg")).shape == (1080, 1920, 3)


def test_a_crop_far_larger_than_its_image():
    picture = np.full((200, 300, 3), 90, np.uint8)
    crop = Crop.from_box(np.array([-4e5, -4e5, 799_999, 799_999]), 224, padding=1.0)
    # A quarter of a pixel of the crop is the image; all else is black.
    assert crop.cut(picture).max() <= 90
    for side in (1e6, 1e30, np.inf, np.nan):
        with pytest.raises(ValueError, match="a box must be finite and wider or higher than 0 px, and nearer than 1e"):
            Crop.from_box(np.array([0, 0, side, side]), 224)


@pytest.mark.parametrize("number", [14, 15, 21, 255])
def test_a_mat_file_that_crashes_its_reader(tmp_path, number):
    path, (valid, *_) = seeds_pictures.lsp(tmp_path)
    damaged = bytearray(valid)
    assert damaged[192] == 9
    damaged[192] = number
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match="joints.mat cannot be read as a MATLAB file with a variable `joints`: "):
        read_mat(path, "joints")


def test_a_mat_file_that_claims_gigabytes(tmp_path):
    path, (valid, *_) = seeds_pictures.lsp(tmp_path)
    path.write_bytes(valid[:196] + struct.pack("<I", 0xFFFFFFF0) + valid[200:])
    with pytest.raises(ValueError, match="joints.mat cannot be read as a MATLAB file"):
        read_mat(path, "joints")


def test_a_video_of_more_frames_than_bytes(tmp_path):
    path, (valid, _) = seeds_studio.video(tmp_path)
    data = bytearray(valid)
    # Every frame of one byte, so that no list of their sizes is needed.
    for box, places in ((b"stsz", ((8, 1), (12, 10**6))), (b"stts", ((12, 10**6),)), (b"stsc", ((16, 10**6),))):
        for place, number in places:
            struct.pack_into(">I", data, data.index(box) + place, number)
    path.write_bytes(data)
    with pytest.raises(BadInput, match="video.mp4: claims 1000000 frames, more than its bytes can hold"):
        Video(path, seeds_studio.SIZE)


@pytest.mark.parametrize("length", [2**30, 2**40, 2**62, 2**64 - 8])
def test_a_record_longer_than_the_shard(tmp_path, length):
    manifest = write_shard_set(tmp_path, train=2, val=0, test=0, size=32)
    claim = struct.pack("<Q", length)
    # A framed record ends with the checksum of its bytes, which here are those of a length.
    (tmp_path / "train-00000-of-00001.tfrecord").write_bytes(claim + frame(claim)[-4:] + b"x" * 100)
    assert "fails its checksum at record 0 of 2" in check_shards(tmp_path, manifest)["train-00000-of-00001.tfrecord"]
