"""Picture files: whole ones are read whatever follows them, and what lacks a part of its picture is refused."""

import struct

import cv2
import numpy as np
import pytest

from pose.picture import _may_lack_its_end, decode_picture, jpeg_header

_Y, _X = np.mgrid[0:96, 0:160]
PICTURE = np.stack([_X + _Y // 3, 2 * _Y, 255 - _X], axis=2).astype(np.uint8) ^ (_X // 7 * 3 % 16)[..., None].astype(
    np.uint8
)
KINDS = {
    "baseline": (),
    "progressive": (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restarts": (cv2.IMWRITE_JPEG_RST_INTERVAL, 4),
    "444": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
}


def jpeg(kind: str = "baseline", picture: np.ndarray = PICTURE) -> bytes:
    return cv2.imencode(".jpg", picture[..., ::-1], list(KINDS[kind]))[1].tobytes()


def with_segment(data: bytes, marker: int, content: bytes) -> bytes:
    """A segment behind the file's first marker."""
    return data[:2] + struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content + data[2:]


def with_orientation(data: bytes, orientation: int, order: str = "<") -> bytes:
    tiff = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, 2)
    tiff += struct.pack(f"{order}HHIHH", 0x0100, 3, 1, 9, 0) + struct.pack(
        f"{order}HHIHH", 0x0112, 3, 1, orientation, 0
    )
    return with_segment(data, 0xE1, b"Exif\0\0" + tiff + bytes(4))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "after", [b"", bytes(5000), b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 40, b"\n", jpeg()[:900]]
)
def test_what_follows_the_end_marker_changes_nothing(kind, after):
    expected = cv2.imdecode(np.frombuffer(jpeg(kind), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(decode_picture(jpeg(kind) + after), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("after", [b"", b"\xff\xd9", bytes(100_000), b"\0\0\0\x18ftyp" + b"video" * 9000])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_jpeg_cut_within_its_scan_raises_whatever_follows(kind, after, share):
    data = jpeg(kind)
    header = jpeg_header(data)
    cut = header.scans + 20 + int(share * (len(data) - header.scans - 20))
    with pytest.raises(ValueError, match="truncated"):
        decode_picture(data[:cut] + after)


def test_a_jpeg_with_a_hole_in_its_scan_raises():
    data = jpeg(picture=np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8) // 4 * 4)
    hole = len(data) // 2
    with pytest.raises(ValueError, match="its scan ends before the picture does"):
        decode_picture(data[:hole] + b"\x55" * 64 + data[hole + 6000 :])


@pytest.mark.parametrize("kind", KINDS)
def test_a_gray_picture_is_complete(kind):
    """Grey of 128 is also what OpenCV paints where a file says nothing."""
    grey = np.full((64, 48, 3), 128, np.uint8)
    np.testing.assert_array_equal(decode_picture(jpeg(kind, grey)), grey)


def test_the_end_of_an_embedded_thumbnail_is_ignored():
    data = with_segment(jpeg(), 0xE1, b"Exif\0\0II*\0" + jpeg(picture=PICTURE[:16, :16]))
    assert decode_picture(data).shape == PICTURE.shape
    with pytest.raises(ValueError, match="truncated"):
        decode_picture(data[: len(data) * 3 // 4] + bytes(200_000))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_orientation_says_unless_asked_for_as_stored(orientation, order):
    stored = decode_picture(jpeg())
    data = with_orientation(jpeg(), orientation, order)
    turned = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.swapaxes(0, 1),
        6: np.rot90(stored, -1),
        7: np.rot90(stored, 2).swapaxes(0, 1),
        8: np.rot90(stored),
    }[orientation]
    np.testing.assert_array_equal(decode_picture(data), turned)
    np.testing.assert_array_equal(decode_picture(data, turn=False), stored)
    header = jpeg_header(data)
    assert (header.height, header.width, header.orientation) == (96, 160, orientation)


@pytest.mark.parametrize(
    "exif", [b"", b"II*\0", b"XX*\0" + bytes(20), b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"]
)
def test_unreadable_exif_means_no_orientation(exif):
    assert jpeg_header(with_segment(jpeg(), 0xE1, b"Exif\0\0" + exif)).orientation == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("lacking", [2000, 9000])
def test_a_jpeg_that_lacks_its_last_blocks_raises_whichever_corner_they_are_turned_to(orientation, lacking):
    noise = np.random.default_rng(0).integers(0, 256, (96, 160, 3), np.uint8)
    data = with_orientation(jpeg(picture=noise), orientation)
    decode_picture(data)
    with pytest.raises(ValueError, match="truncated"):
        decode_picture(data[: -2 - lacking] + b"\xff\xd9")


@pytest.mark.parametrize(("x", "y"), [(0, 0), (7, 0), (0, 5), (7, 5)])
def test_a_gray_corner_may_be_a_missing_end_in_cmyk_too(x, y):
    picture = np.zeros((6, 8, 3), np.uint8)
    assert not _may_lack_its_end(picture)
    for shade, grey in ((128, True), (64, True), (65, True), (127, False), (129, False), (63, False), (66, False)):
        picture[y, x] = 128, 64, shade
        assert _may_lack_its_end(picture) == grey
    picture[y, x] = 43
    assert not _may_lack_its_end(picture)


def test_other_tags_are_no_orientation():
    # The unit of the resolution, 2, inches.
    tiff = b"II*\0" + struct.pack("<IHHHIHH", 8, 1, 0x0128, 3, 1, 2, 0) + bytes(4)
    assert jpeg_header(with_segment(jpeg(), 0xE1, b"Exif\0\0" + tiff)).orientation == 1


def test_an_orientation_in_another_segment_than_exifs_is_none():
    stored = with_orientation(jpeg(), 6)
    assert stored[3] == 0xE1 and jpeg_header(stored).orientation == 6
    assert jpeg_header(stored[:3] + b"\xe2" + stored[4:]).orientation == 1


@pytest.mark.parametrize("orientation", [0, 9, 256])
def test_an_invalid_orientation_counts_as_none(orientation):
    assert jpeg_header(with_orientation(jpeg(), orientation)).orientation == 1


def segment(marker: int, *content: int) -> bytes:
    return bytes([0xFF, marker, *divmod(2 + len(content), 256), *content])


def frame_header(marker: int, height: int, width: int, components: int) -> bytes:
    return segment(marker, 8, *divmod(height, 256), *divmod(width, 256), components)


@pytest.mark.parametrize(
    ("marker", "components", "in_scan", "divided"),
    [(0xC0, 3, 3, False), (0xC0, 3, 1, True), (0xC0, 1, 1, False), (0xC1, 3, 2, True), (0xC2, 1, 1, True)],
)
def test_a_picture_is_divided_if_its_first_scan_lacks_a_color_or_detail(marker, components, in_scan, divided):
    before = b"\xff\xd8" + frame_header(marker, 300, 517, components)
    found = jpeg_header(before + segment(0xDA, in_scan, 0, 0) + b"scan")
    assert found == (300, 517, 1, len(before), divided)
    # Of a file of which no more is there.
    assert jpeg_header(before) == (300, 517, 1, len(before), marker == 0xC2)


@pytest.mark.parametrize("marker", [0xC4, 0xC8, 0xCC, 0xBF, 0xD0])
def test_markers_other_than_frames_have_no_size(marker):
    assert jpeg_header(b"\xff\xd8" + frame_header(marker, 300, 517, 3) + segment(0xDA, 3)) is None


@pytest.mark.parametrize("marker", [0xC2, 0xC6, 0xCA, 0xCE])
def test_progressive_frames_are_divided(marker):
    assert jpeg_header(b"\xff\xd8" + frame_header(marker, 1, 1, 3) + segment(0xDA, 3)) == (1, 1, 1, 12, True)


def test_fill_bytes_before_a_marker_are_skipped():
    whole, filled = jpeg_header(jpeg()), jpeg_header(jpeg()[:2] + b"\xff\xff\xff" + jpeg()[2:])
    assert filled == (*whole[:3], whole.scans + 3, whole.divided)


@pytest.mark.parametrize(("height", "width"), [(0, 160), (96, 0)])
def test_a_header_without_a_height_or_a_width_is_none(height, width):
    assert jpeg_header(b"\xff\xd8" + frame_header(0xC0, height, width, 3)) is None


def test_a_size_of_more_than_1024_px_a_byte_raises_before_memory_is_allocated():
    data = jpeg()
    size = data.index(struct.pack(">HH", 96, 160))

    def of_width(width):
        return data[:size] + struct.pack(">HH", 1024, width) + data[size + 4 :]

    with pytest.raises(ValueError, match=f"claims {len(data) + 1} x 1024 px, more than {len(data)} bytes can hold"):
        decode_picture(of_width(len(data) + 1))
    with pytest.raises(ValueError, match="truncated JPEG"):
        decode_picture(of_width(len(data)))


def test_other_formats_are_checked_by_decoding():
    png = cv2.imencode(".png", PICTURE[..., ::-1])[1].tobytes()
    np.testing.assert_array_equal(decode_picture(png), PICTURE)
    assert jpeg_header(png) is None
    for broken in (b"", b"no picture at all", png[: len(png) // 2], b"\xff\xd8\xff\xd9"):
        with pytest.raises(ValueError, match="not a picture that OpenCV can decode"):
            decode_picture(broken)
