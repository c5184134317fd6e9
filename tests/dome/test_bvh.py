import numpy as np
import pytest

from body.human import BONES, Human
from body.shape import Shape
from dome.moves import retarget as retarget_module
from dome.moves.retarget import retarget
from pose import BadInput
from pose.space.bvh import read_bvh
from tools.fuzz.seeds_studio import BVH

SMALL = BVH.decode()


def write(tmp_path, text):
    path = tmp_path / "small.bvh"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_is_read(tmp_path):
    bvh = read_bvh(write(tmp_path, SMALL))
    assert bvh.names == ("Hips", "Knee")
    assert bvh.parents == (-1, 0)
    assert bvh.channels[1] == ("Xrotation", "Yrotation", "Zrotation")
    np.testing.assert_array_equal(bvh.ends[1], [0, -8, 0])
    assert bvh.values.shape == (2, 9)
    assert bvh.seconds == 0.5


def test_joints_are_placed_by_hand(tmp_path):
    places, orientations = read_bvh(write(tmp_path, SMALL)).forward(np.array([0, 1]))
    np.testing.assert_allclose(places[0], [[0, 0, 0], [0, -10, 0]], atol=1e-12)
    # A quarter turn about z takes -y to +x; the knee then turns about its own x, which points up.
    np.testing.assert_allclose(places[1], [[1, 2, 3], [11, 2, 3]], atol=1e-12)
    np.testing.assert_allclose(orientations[1, 1] @ [0, -8, 0], [0, 0, -8], atol=1e-12)


def test_channels_are_applied_in_the_order_of_the_file(tmp_path):
    lines = SMALL.replace("1 2 3 90 0 0 90 0 0", "0 0 0 90 90 0 0 0 0")
    _, first_z = read_bvh(write(tmp_path, lines)).forward(np.array([1]))
    _, first_x = read_bvh(write(tmp_path, lines.replace("Zrotation Xrotation", "Xrotation Zrotation"))).forward(
        np.array([1])
    )
    # z then x takes y to z, and z's turn leaves it; x then z takes y to -x, and x's turn leaves that.
    np.testing.assert_allclose(first_z[0, 0] @ [0, 1, 0], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(first_x[0, 0] @ [0, 1, 0], [-1, 0, 0], atol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "HIERARCHIE", r"small\.bvh: line 1: a BVH file begins"),
        ("OFFSET 0 -10 0", "OFFSET 0 -10", "line 8: OFFSET takes three finite numbers"),
        ("OFFSET 0 -10 0", "OFFSET 0 nan 0", "line 8: OFFSET"),
        ("CHANNELS 3 Xrotation Yrotation Zrotation", "CHANNELS 4 Xrotation Yrotation Zrotation", "line 9: CHANNELS"),
        ("CHANNELS 3 Xrotation Yrotation Zrotation", "CHANNELS 3 Xrotation Xrotation Zrotation", "line 9: CHANNELS"),
        ("JOINT Knee", "JOINT Hips", "line 7: a joint's name"),
        ("JOINT Knee", "ROOT Knee", "line 6: ROOT cannot stand here"),
        ("}\nMOTION", "MOTION", "line 15: MOTION begins while 1 braces are open"),
        ("Frames: 2", "Frames: 1000000000", "line 20: 1000000000 frames are announced, 2 are there"),
        ("Frames: 2", "Frames: 1", "line 20"),
        ("Frames: 2", "Frames: -2", "line 17: Frames: takes a whole number"),
        ("Frame Time: 0.5", "Frame Time: 0", "line 18: Frame Time:"),
        ("1 2 3 90", "1 2 inf 90", "line 20: a frame takes finite numbers"),
        ("1 2 3 90", "1 2 3 x", "line 20: a frame takes finite numbers"),
        ("1 2 3 90", "1 2 3 1e30", "line 20: a frame takes finite numbers"),
        (" 0 90 0 0\n", " 0 90\n", "line 20: a frame takes 9 numbers, got 7"),
        ("MOTION", "", "expected ROOT, JOINT or MOTION, got 'Frames:'"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path, old, new, message):
    assert old in SMALL
    with pytest.raises(BadInput, match=message):
        read_bvh(write(tmp_path, SMALL.replace(old, new, 1)))


@pytest.mark.parametrize("text", [b"", b"\x00\xff" * 100, b"HIERARCHY\n" + b"{\n" * 10000, b"MOTION"])
def test_other_files_raise_bad_input(tmp_path, text):
    with pytest.raises(BadInput):
        read_bvh(write(tmp_path, text))


def test_a_missing_file_is_bad_input(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_bvh(tmp_path / "none.bvh")


def test_a_damaged_file_is_read_or_raises_bad_input(tmp_path):
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        data = bytearray(SMALL.encode())
        for place in rng.integers(len(data), size=rng.integers(1, 5)):
            data[place] = rng.choice([rng.integers(256), *b"09 .-e{}\n"])
        try:
            bvh = read_bvh(write(tmp_path, bytes(data[: len(data) - rng.integers(0, 3)])))
            assert np.isfinite(bvh.forward(np.arange(len(bvh.values)))[0]).all()
        except BadInput:
            refused += 1
    assert 100 < refused < 300


@pytest.fixture(scope="module")
def human():
    return Human(Shape())


def test_a_file_without_the_needed_joints_raises(tmp_path, human):
    with pytest.raises(BadInput, match="lacks joints for .*LeftUpLeg"):
        retarget(read_bvh(write(tmp_path, SMALL)), human, 30)


def limb_directions(places, names, pairs):
    ends = np.stack([places[:, names.index(b)] - places[:, names.index(a)] for a, b in pairs], axis=1)
    return ends / np.linalg.norm(ends, axis=-1, keepdims=True)


OURS = [("UpLeg", "Leg"), ("Leg", "Foot"), ("Foot", "ToeBase"), ("Arm", "ForeArm"), ("ForeArm", "Hand")]
THEIRS = [("Hip", "Knee"), ("Knee", "Ankle"), ("Ankle", "Toe"), ("Shoulder", "Elbow"), ("Elbow", "Wrist")]


@pytest.fixture(scope="module")
def walk(shared_data):
    path = shared_data / "mocap" / "35_02.bvh"
    if not path.is_file():
        pytest.skip("no recordings")
    return read_bvh(path)


def test_a_recorded_walk_moves_a_body_alike(walk, human):
    motion = retarget(walk, human, 30)
    assert motion.rotations.shape == (102, 31, 3, 3)
    heads, orientations = human.pose_bones(motion.rotations, motion.root_mm)
    # At 30 frames a second of 120 every fourth frame is one of the recording's.
    places, _ = walk.forward(np.arange(102) * 4)
    sides = [[(f"{side}{a}", f"{side}{b}") for side in ("Left", "Right") for a, b in pairs] for pairs in (OURS, THEIRS)]
    cosines = (limb_directions(heads, BONES, sides[0]) * limb_directions(places, walk.names, sides[1])).sum(axis=-1)
    assert np.degrees(np.arccos(np.clip(cosines, -1, 1))).max() < 1
    way = motion.root_mm[-1] - motion.root_mm[0]
    assert 0.8 < np.linalg.norm(way[[0, 2]]) / 1000 / (101 / 30) < 1.8
    assert way @ orientations[:, 0, :, 2].mean(axis=0) > 0
    vertices = human.pose(motion.rotations[::5], motion.root_mm[::5]).vertices_mm
    lowest = vertices[..., 1].min(axis=1)
    assert lowest.min() > -15
    assert np.abs(np.median(lowest)) < 10


def test_every_recording_can_be_used(shared_data, human):
    paths = sorted((shared_data / "mocap").glob("*.bvh"))
    if not paths:
        pytest.skip("no recordings")
    for path in paths:
        motion = retarget(read_bvh(path), human, 10)
        assert np.isfinite(motion.rotations).all()
        turned = motion.rotations @ np.swapaxes(motion.rotations, 2, 3)
        assert np.abs(turned - np.eye(3)).max() < 1e-5
        assert np.abs(motion.root_mm[0, [0, 2]]).max() < 1e-3


def test_fingers_stay_with_the_hand(walk, human):
    motion = retarget(walk, human, 10)
    for bone in ("LeftFingerBase", "RightFingerBase"):
        assert np.abs(motion.rotations[:, BONES.index(bone)] - np.eye(3)).max() < 0.1


REST = {
    "Hips": ("", (0, 0, 0)),
    "Spine": ("Hips", (0, 30, 0)),
    **{f"{side}UpLeg": ("Hips", (sign * 10, -5, 0)) for side, sign in (("Left", 1), ("Right", -1))},
    **{f"{side}Leg": (f"{side}UpLeg", (0, -40, 0)) for side in ("Left", "Right")},
    **{f"{side}Foot": (f"{side}Leg", (0, -40, 0)) for side in ("Left", "Right")},
    **{f"{side}Arm": ("Spine", (sign * 20, 20, 0)) for side, sign in (("Left", 1), ("Right", -1))},
    **{f"{side}ForeArm": (f"{side}Arm", (sign * 30, 0, 0)) for side, sign in (("Left", 1), ("Right", -1))},
}


def figure(axes=(0, 1, 2), signs=(1, 1, 1), frames=1, seconds=0.1):
    """A file of a figure at rest, whose channels are one turn of the hips by 0; its axes may be others."""

    def block(name):
        offset = " ".join(str(REST[name][1][axis] * sign) for axis, sign in zip(axes, signs, strict=True))
        channels = "1 Yrotation" if name == "Hips" else "0"
        children = "".join(block(child) for child, (parent, _) in REST.items() if parent == name)
        kind = "JOINT" if name != "Hips" else "ROOT"
        return f"{kind} {name}\n{{\nOFFSET {offset}\nCHANNELS {channels}\n{children}}}\n"

    return f"HIERARCHY\n{block('Hips')}MOTION\nFrames: {frames}\nFrame Time: {seconds}\n" + "0\n" * frames


def test_a_figure_at_rest_stands_straight(tmp_path, human):
    motion = retarget(read_bvh(write(tmp_path, figure(frames=3))), human, 10)
    heads, _ = human.pose_bones(motion.rotations, motion.root_mm)
    assert len(heads) == 3
    shank = heads[0, BONES.index("LeftFoot")] - heads[0, BONES.index("LeftLeg")]
    np.testing.assert_allclose(shank / np.linalg.norm(shank), [0, -1, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("axes", "signs"), [((0, 2, 1), (1, -1, 1)), ((0, 1, 2), (-1, 1, -1)), ((2, 1, 0), (1, 1, -1))]
)
def test_other_axes_raise(tmp_path, human, axes, signs):
    """Standing along z, facing back, and facing aside."""
    bvh = read_bvh(write(tmp_path, figure(axes, signs)))
    with pytest.raises(BadInput, match="its rest pose does not stand along y and face z; turn it when exporting"):
        retarget(bvh, human, 30)


def test_too_many_frames_raise(tmp_path, human):
    bvh = read_bvh(write(tmp_path, figure(frames=401, seconds=10)))
    with pytest.raises(BadInput, match="makes 120001 frames at 30 a second; up to 100000 are made, cut it"):
        retarget(bvh, human, 30)
    with pytest.raises(BadInput, match="up to 100000 are made"):
        retarget(bvh, human, 1e306)


def test_the_chunk_size_makes_no_difference(walk, human, monkeypatch):
    whole = retarget(walk, human, 30)
    monkeypatch.setattr(retarget_module, "_FRAMES_AT_ONCE", 17)
    parts = retarget(walk, human, 30)
    np.testing.assert_array_equal(parts.rotations, whole.rotations)
    np.testing.assert_array_equal(parts.root_mm, whole.root_mm)


def test_a_figure_has_up_to_1000_joints(tmp_path):
    joints = "".join(f"JOINT j{number}\n{{\nOFFSET 0 0 0\nCHANNELS 0\n}}\n" for number in range(999))
    head = "HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n"
    tail = "}\nMOTION\nFrames: 1\nFrame Time: 0.1\n0\n"
    assert len(read_bvh(write(tmp_path, head + joints + tail)).names) == 1000
    with pytest.raises(BadInput, match="line 5002: a figure has up to 1000 joints"):
        read_bvh(write(tmp_path, head + joints + "JOINT one more\n{\n}\n" + tail))


def test_the_rate_is_checked(tmp_path, human):
    bvh = read_bvh(write(tmp_path, figure()))
    with pytest.raises(ValueError, match="fps must be a positive finite number, got 0; such as 30"):
        retarget(bvh, human, 0)
