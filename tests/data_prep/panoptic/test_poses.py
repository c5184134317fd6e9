"""The files of 3D poses and what they may hold."""

import json
import tarfile
from io import BytesIO

import numpy as np
import pytest
from panoptic_sequence import body

from data_prep.panoptic.poses import OLD_POSES, POSES, Bodies, PoseFiles, parse_bodies, read_bodies
from pose import MPII16, PANOPTIC19
from records import BadInput

DEEP = b"[" * 100_000


def write_tar(path, members):
    """Members are (name, content or None, type)."""
    with tarfile.open(path, "w") as archive:
        for name, content, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(content), "elsewhere"
            archive.addfile(member, BytesIO(content))
    return path


def scene(frame):
    return f"{POSES}/body3DScene_{frame:08d}.json"


def parse(*entries, skeleton=PANOPTIC19):
    bad = []
    found = parse_bodies(json.dumps({"bodies": entries}).encode(), "f.json", bad.append, skeleton)
    return found, [str(item) for item in bad]


def test_a_sequences_poses_are_of_the_first_name_that_is_there(tmp_path):
    assert PoseFiles.of_sequence(tmp_path) is None
    for name in (OLD_POSES, POSES):
        (tmp_path / name).mkdir()
        (tmp_path / name / "body3DScene_00000012.json").touch()
        assert PoseFiles.of_sequence(tmp_path).source == tmp_path / name
    assert PoseFiles.of_sequence(tmp_path, (OLD_POSES, POSES)).source == tmp_path / OLD_POSES


def test_a_folder_of_poses(tmp_path):
    for frame in (10, 9, 100):
        (tmp_path / f"body3DScene_{frame:08d}.json").write_text(f"frame {frame}")
    for name in ("body3DScene_0000001.json", "body3DScene_000000001.json", "xbody3DScene_00000001.json"):
        (tmp_path / name).touch()
    (tmp_path / "body3DScene_00000001.json.part").touch()
    files = PoseFiles.of(tmp_path)
    assert files.frames.tolist() == [9, 10, 100] and files.frames.dtype == np.int64
    assert files.places is None and files.broken == ()
    assert files.files() == [f"{tmp_path}/body3DScene_{frame:08d}.json" for frame in (9, 10, 100)]
    assert [files.read(frame) for frame in (100, 9)] == [b"frame 100", b"frame 9"]
    with pytest.raises(BadInput, match=r"body3DScene_00000011.json: cannot be read \(No such file or directory\)"):
        files.read(11)


def test_a_tar_of_poses(tmp_path):
    contents = {10: b"ten", 9: b"9" * 512, 100: b""}
    members = [(scene(frame), content, tarfile.REGTYPE) for frame, content in contents.items()]
    members += [(scene(11), b"old type", tarfile.AREGTYPE), (scene(12), b"", tarfile.SYMTYPE)]
    members += [(scene(13), b"", tarfile.LNKTYPE), (scene(14), b"", tarfile.DIRTYPE)]
    path = write_tar(tmp_path / "poses.tar", [*members, ("body3DScene_00000015.json", b"alone", tarfile.REGTYPE)])
    files = PoseFiles.of(path)
    assert files.frames.tolist() == [9, 10, 11, 15, 100] and files.frames.dtype == np.int64
    assert files.files() == [str(path)] and not files.broken
    assert [files.read(frame) for frame in (9, 10, 11, 15, 100)] == [b"9" * 512, b"ten", b"old type", b"alone", b""]
    assert files.name(9) == f"{path}/body3DScene_00000009.json"
    path.unlink()
    with pytest.raises(BadInput, match=r"poses.tar/body3DScene_00000009.json: cannot be read \(No such file"):
        files.read(9)


def test_a_tar_without_poses_or_with_damage(tmp_path):
    files = PoseFiles.of(write_tar(tmp_path / "empty.tar", []))
    assert files.frames.shape == (0,) and files.places.shape == (0, 2) and not files.broken
    files = PoseFiles.of(tmp_path / "missing.tar")
    (bad,) = files.broken
    assert bad.what == f"{tmp_path}/missing.tar" and "No such file" in bad.why and not files.frames.size
    whole = write_tar(tmp_path / "a.tar", [(scene(frame), b"x" * 700, tarfile.REGTYPE) for frame in (0, 1)])
    data = whole.read_bytes()
    # A header of 512 bytes and content in two blocks; the second content ends where the file does, or a byte before.
    for length, frames in ((3 * 512 + 512 + 700, [0, 1]), (3 * 512 + 512 + 699, [0])):
        whole.write_bytes(data[:length])
        files = PoseFiles.of(whole)
        assert files.frames.tolist() == frames
        assert [bad.why for bad in files.broken] == (
            []
            if frames == [0, 1]
            else [f"damaged tar ({scene(1)!r} claims 700 bytes, more than the file has); 1 frames can be read"]
        )
    whole.write_bytes(data[:1536] + b"x" * 512)
    (bad,) = PoseFiles.of(whole).broken
    assert bad.why.startswith("damaged tar (") and bad.why.endswith("; 1 frames can be read")


def test_bodies_are_in_the_order_of_the_file():
    found, bad = parse(body(7), body(2, x_cm=10))
    assert list(found) == [7, 2] and not bad
    assert found[2].dtype == np.float32 and found[2][18].tolist() == [37, 18, 0, 0.5]


def test_old_poses_lack_what_they_do_not_have():
    found, bad = parse({"id": 0, "joints15": body()["joints19"][:60]})
    assert not bad
    new = parse(body())[0][0]
    lacks = [PANOPTIC19.index(joint) for joint in ("nose", "left_eye", "left_ear", "right_eye", "right_ear")]
    assert found[0].shape == (19, 4) and (found[0][lacks] == [0, 0, 0, -1]).all()
    np.testing.assert_array_equal(np.delete(found[0], lacks, 0), np.delete(new, lacks, 0))
    mpii = parse({"id": 0, "joints15": body()["joints19"][:60]}, skeleton=MPII16)[0][0]
    np.testing.assert_array_equal(mpii[MPII16.index("head_top")], new[1])
    # Of both, the 19 count.
    assert (parse({**body(), "joints15": [1.0] * 60})[0][0] == new).all()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id": 2**63 - 1}, None),
        ({"id": 1 - 2**63}, None),
        ({"id": 2**63}, f"ValueError: id must fit into 64 bits, got {2**63}"),
        ({"id": -(2**63)}, f"ValueError: id must fit into 64 bits, got -{2**63}"),
        ({"id": None}, "TypeError: "),
        ({"id": float("inf")}, "OverflowError: "),
        ({"id": "one"}, "ValueError: "),
        ({"joints19": [99_999.0] * 76}, None),
        ({"joints19": [-99_999.0] * 76}, None),
        ({"joints19": [0.0] * 75 + [1e5]}, "ValueError: right_ear not finite, or a kilometer away"),
        ({"joints19": [-1e5] + [0.0] * 75}, "ValueError: neck not finite, or a kilometer away"),
        (
            {"joints19": [0.0] * 75},
            "ValueError: joints19 must hold 19 x 4 numbers, got an array of shape (75,)",
        ),
        (
            {"joints19": [[0.0] * 4] * 19},
            "ValueError: joints19 must hold 19 x 4 numbers, got an array of shape (19, 4)",
        ),
        ({"joints19": [10**400] * 76}, "OverflowError: "),
        ({"joints19": None}, "ValueError: joints19 must hold 19 x 4 numbers, got an array of shape ()"),
    ],
)
def test_bounds_of_a_body(changes, why):
    found, bad = parse({**body(), **changes}, body(1))
    assert len(found) == 2 - len(bad) and 1 in found
    assert len(bad) == (why is not None)
    if why:
        assert bad[0].startswith(f"f.json body 0: malformed ({why}")


def test_entries_that_are_no_bodies_are_named_by_place():
    found, bad = parse(body(4), 3, {}, {"id": 1, "joints15": [0.0]})
    assert list(found) == [4]
    assert [line[:38] for line in bad] == [
        "f.json body 1: malformed (TypeError: a",
        "f.json body 2: malformed (KeyError: 'j",
        "f.json body 3: malformed (ValueError: ",
    ]
    assert "joints15 must hold 15 x 4 numbers, got an array of shape (1,)" in bad[2]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", "JSONDecodeError"),
        (b"{}", "KeyError: 'bodies'"),
        (b"[]", "TypeError"),
        (b'{"bodies": {}}', "TypeError: `bodies` is no list"),
        (DEEP, "RecursionError"),
    ],
)
def test_a_malformed_file_raises(data, why):
    with pytest.raises(BadInput, match=rf"f.json: malformed or cut short \({why}"):
        parse_bodies(data, "f.json", [].append)


def test_bodies_of_some_frames(tmp_path):
    for frame, entries in ((3, [body(1), body(0, x_cm=1)]), (4, [body(2)]), (5, [body(3)])):
        (tmp_path / f"body3DScene_{frame:08d}.json").write_text(json.dumps({"bodies": entries}))
    (tmp_path / "body3DScene_00000004.json").write_text("{")
    bad = []
    bodies = read_bodies(PoseFiles.of(tmp_path), [3, 4, 5], bad.append)
    assert [item.what for item in bad] == [f"{tmp_path}/body3DScene_00000004.json"]
    assert (bodies.frames.tolist(), bodies.ids.tolist()) == ([3, 3, 5], [1, 0, 3])
    assert bodies.frames.dtype == bodies.ids.dtype == np.int64
    # Centimeters become millimeters, confidences stay.
    np.testing.assert_array_equal(bodies.joints_world_mm[1, 0], [-260, -180, 0])
    assert (bodies.confidence == 0.5).all() and bodies.joints_world_mm.dtype == np.float32
    some = bodies.at(np.array([2, 0]))
    assert isinstance(some, Bodies) and some.ids.tolist() == [3, 1] and some.frames.tolist() == [5, 3]
    none = read_bodies(PoseFiles.of(tmp_path), [], bad.append, MPII16)
    assert none.joints_world_mm.shape == (0, 16, 3) and none.confidence.shape == (0, 16) and none.ids.shape == (0,)
