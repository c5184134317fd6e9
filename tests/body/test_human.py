"""The dome's bodies against numbers computed by hand."""

import re

import numpy as np
import pytest

from body import human as human_module
from body.human import BONES, GROUPS, PARENTS, PARTS, Human, Shape, to_world, topology
from body.shape import asset
from body.skinning import Skin
from pose import PANOPTIC19

EYE = np.eye(3)
SHAPES = [
    Shape(),
    Shape(sex=0.1, age=0.4, weight=0.8, muscle=0.3, height=0.3, ancestry=(1, 0, 0)),
    Shape(sex=1, age=0.8, weight=0.2, muscle=0.9, height=0.45, ancestry=(0, 0.3, 0.7)),
    Shape(sex=0, age=0, weight=1, muscle=0, height=0.5, ancestry=(0, 1, 0)),
]


@pytest.fixture(scope="module")
def human() -> Human:
    return Human(Shape())


def still(frames: int = 1) -> np.ndarray:
    return np.tile(EYE, (frames, len(BONES), 1, 1))


def about(axis: str, degrees: float) -> np.ndarray:
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    turn = np.eye(3)
    turn[[i, j], [i, j]] = np.cos(np.radians(degrees))
    turn[j, i] = np.sin(np.radians(degrees))
    turn[i, j] = -turn[j, i]
    return turn


def random_turns(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    q, r = np.linalg.qr(rng.normal(size=(*shape, 3, 3)))
    q *= np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    return q * np.sign(np.linalg.det(q))[..., None, None]


def litres(human: Human) -> float:
    """What the skin encloses: positive where its faces look outward."""
    faces = topology().faces[topology().group == GROUPS.index("skin")]
    a, b, c = human.rest_mm[faces].astype(np.float64).transpose(1, 0, 2)
    return (a * np.cross(b, c)).sum() / 6 / 1e6


def joint(joints: np.ndarray, name: str) -> np.ndarray:
    return joints[..., PANOPTIC19.index(name), :]


def test_the_rig():
    assert len(BONES) == len(PARENTS) == 31 and BONES[0] == "Hips" and PARENTS[0] == -1
    assert all(parent < bone for bone, parent in enumerate(PARENTS))
    assert BONES[PARENTS[BONES.index("LeftForeArm")]] == "LeftArm"
    assert len(PARTS) == 16 and GROUPS == ("skin", "eyes", "hair", "skirt")


def test_the_topology_holds_what_it_says():
    shared = topology()
    count = len(shared.canonical_mm)
    assert count == 13380 + 144 + 428 + 720 and len(shared.faces) == 2 * (13378 + 140 + 198 + 684)
    assert shared.faces.dtype == np.int32 and shared.faces.min() == 0 and shared.faces.max() == count - 1
    assert np.bincount(shared.group).tolist() == [26756, 280, 396, 1368]
    assert np.bincount(shared.vertex_group).tolist() == [13380, 144, 428, 720]
    assert set(shared.part) == set(range(1, 17))
    assert shared.weights.dtype == np.float32 and shared.weights.shape == shared.weight_bones.shape == (count, 4)
    np.testing.assert_allclose(shared.weights.sum(axis=1), 1, atol=1e-6)
    assert shared.weights.min() >= 0 and 0 <= shared.weight_bones.min() and shared.weight_bones.max() == 30


def test_parts_are_where_they_should_be(human):
    shared = topology()
    middle = human.rest_mm[shared.faces].mean(axis=1)
    for side, sign in (("left", 1), ("right", -1)):
        for name in ("upper_arm", "forearm", "hand", "thigh", "shank", "foot"):
            assert (sign * middle[shared.part == 1 + PARTS.index(f"{side}_{name}"), 0]).min() > -5, (side, name)
    height = {name: np.median(middle[shared.part == 1 + i, 1]) for i, name in enumerate(PARTS)}
    order = ("head", "neck", "torso", "pelvis", "left_thigh", "left_shank", "left_foot")
    heights = [height[name] for name in order]
    assert heights == sorted(heights, reverse=True)
    assert set(shared.part[shared.group == GROUPS.index("eyes")]) == {1 + PARTS.index("head")}


@pytest.mark.parametrize("shape", SHAPES)
def test_bodies_stand_on_the_floor_and_are_whole(shape):
    human, shared = Human(shape), topology()
    assert human.rest_mm.dtype == np.float32 and np.isfinite(human.rest_mm).all()
    skin = shared.vertex_group == 0
    assert human.rest_mm[:, 1].min() == human.rest_mm[skin, 1].min() == 0
    assert 1100 < human.stature_mm < 2000
    a, b, c = human.rest_mm[shared.faces].astype(np.float64).transpose(1, 0, 2)
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() / 2 > 1e-4
    assert 20 < litres(human) < 130
    eyes = shared.group == 1
    assert (a * np.cross(b, c)).sum(axis=1)[eyes].sum() > 0


def test_the_average_body_weighs_about_what_people_do(human):
    assert 50 < litres(human) < 80


def test_left_is_x_and_both_sides_are_alike(human):
    for name in PANOPTIC19.joints:
        here = joint(human.joints_mm, name)
        if name.startswith("left"):
            assert here[0] > 25
            there = joint(human.joints_mm, name.replace("left", "right"))
            np.testing.assert_allclose(here * [-1, 1, 1], there, atol=2)
        elif "_" not in name or name == "body_center":
            assert abs(here[0]) < 2
    assert joint(human.joints_mm, "nose")[2] > joint(human.joints_mm, "left_ear")[2] + 80
    assert joint(human.joints_mm, "left_eye")[1] > joint(human.joints_mm, "nose")[1]


def test_joints_lie_in_the_body_or_on_it(human):
    # The face's joints lie on the surface; the limbs' lie inside it, and no farther than a limb is thick.
    faces = topology().group <= 1
    vertices = human.rest_mm[np.unique(topology().faces[faces])]
    for name in PANOPTIC19.joints:
        nearest = np.linalg.norm(vertices - joint(human.joints_mm, name), axis=1).min()
        limit = 6 if name.endswith(("eye", "ear", "nose")) else 110
        assert nearest < limit, (name, nearest)
    measured = {
        "shoulders": ("left_shoulder", "right_shoulder", 355.6),
        "thigh": ("left_hip", "left_knee", 387.5),
        "forearm": ("left_elbow", "left_wrist", 237.0),
        "eyes": ("left_eye", "right_eye", 59.4),
    }
    for one, other, length in measured.values():
        found = np.linalg.norm(joint(human.joints_mm, one) - joint(human.joints_mm, other))
        assert abs(found - length) < 1.5, (one, found)


def test_the_rest_pose_moves_nothing(human):
    posed = human.pose(still(2), np.stack([human.heads_mm[0], human.heads_mm[0] + [100, 20, -300]]))
    assert posed.vertices_mm.dtype == np.float32 and posed.vertices_mm.shape == (2, *human.rest_mm.shape)
    np.testing.assert_allclose(posed.vertices_mm[0], human.rest_mm, atol=1e-3)
    np.testing.assert_allclose(posed.vertices_mm[1], human.rest_mm + [100, 20, -300], atol=1e-3)
    np.testing.assert_allclose(posed.joints_mm[1], human.joints_mm + [100, 20, -300], atol=1e-9)
    np.testing.assert_allclose(posed.heads_mm[0], human.heads_mm, atol=1e-9)


def test_a_half_turn_of_the_root(human):
    rotations = still()
    rotations[:, 0] = np.diag([-1.0, 1, -1])
    posed = human.pose(rotations, np.zeros((1, 3)))
    expected = (human.rest_mm - human.heads_mm[0]) * [-1, 1, -1]
    np.testing.assert_allclose(posed.vertices_mm[0], expected, atol=1e-3)
    expected = (human.joints_mm - human.heads_mm[0]) * [-1, 1, -1]
    np.testing.assert_allclose(posed.joints_mm[0], expected, atol=1e-9)


def test_a_bent_elbow_moves_forearm_and_hand_alone(human):
    elbow = BONES.index("LeftForeArm")
    rotations = still()
    rotations[0, elbow] = about("y", 90)
    posed = human.pose(rotations, human.heads_mm[:1])
    # About y by 90 degrees z becomes x, and x becomes -z.
    offset = joint(human.joints_mm, "left_wrist") - joint(human.joints_mm, "left_elbow")
    expected = joint(human.joints_mm, "left_elbow") + [offset[2], offset[1], -offset[0]]
    np.testing.assert_allclose(joint(posed.joints_mm[0], "left_wrist"), expected, atol=1e-9)
    still_there = [i for i, name in enumerate(PANOPTIC19.joints) if name != "left_wrist"]
    np.testing.assert_allclose(posed.joints_mm[0, still_there], human.joints_mm[still_there], atol=1e-9)
    below = {i for i, bone in enumerate(BONES) if bone in ("LeftForeArm", "LeftHand", "LThumb") or "LeftFing" in bone}
    below.add(BONES.index("LeftHandFinger1"))
    share = (topology().weights * np.isin(topology().weight_bones, list(below))).sum(axis=1)
    moved = np.linalg.norm(posed.vertices_mm[0] - human.rest_mm, axis=1)
    assert moved[share == 0].max() < 1e-3 and (share == 0).sum() > 10_000
    wholly = share > 0.99999
    relative = human.rest_mm[wholly] - human.heads_mm[elbow]
    turned = human.heads_mm[elbow] + np.stack([relative[:, 2], relative[:, 1], -relative[:, 0]], axis=1)
    assert wholly.sum() > 1000
    np.testing.assert_allclose(posed.vertices_mm[0, wholly], turned, atol=0.02)


def test_rotations_go_down_the_chain(human):
    rotations = still()
    rotations[0, BONES.index("LeftUpLeg")] = about("x", -90)
    rotations[0, BONES.index("LeftLeg")] = about("x", 90)
    posed = human.pose(rotations, human.heads_mm[:1])
    hip, knee, ankle = (joint(human.joints_mm, f"left_{name}") for name in ("hip", "knee", "ankle"))
    # Raised to the front: what pointed down points forward. The knee bends back, so the shank hangs as at rest.
    thigh = knee - hip
    expected = hip + [thigh[0], thigh[2], -thigh[1]]
    np.testing.assert_allclose(joint(posed.joints_mm[0], "left_knee"), expected, atol=1e-9)
    np.testing.assert_allclose(joint(posed.joints_mm[0], "left_ankle"), expected + ankle - knee, atol=1e-9)
    np.testing.assert_allclose(posed.orientations[0, BONES.index("LeftFoot")], EYE, atol=1e-12)


def test_frames_do_not_mix_and_skin_agrees(human):
    rng = np.random.default_rng(4)
    rotations, roots = random_turns(rng, (3, len(BONES))), rng.normal(0, 2000, (3, 3))
    together = human.pose(rotations, roots)
    alone = human.pose(rotations[1:2], roots[1:2])
    np.testing.assert_allclose(together.vertices_mm[1], alone.vertices_mm[0], atol=2e-3)
    np.testing.assert_allclose(together.joints_mm[1], alone.joints_mm[0], atol=1e-9)
    some = slice(500, 700)
    shared = topology()
    skin = Skin(human.rest_mm[some], shared.weight_bones[some], shared.weights[some], human.heads_mm)
    skinned = skin.posed(together.orientations, together.heads_mm)
    np.testing.assert_allclose(skinned, together.vertices_mm[:, some], atol=2e-3)
    # Facial joints are the same whether the bones or the vertices give them.
    rows = asset()["joint_vertices"]
    for name in ("nose", "left_eye", "right_ear"):
        by_skin = together.vertices_mm[:, rows[PANOPTIC19.index(name)]].mean(axis=1)
        np.testing.assert_allclose(joint(together.joints_mm, name), by_skin, atol=0.5)


def test_a_file_with_other_bones_raises(monkeypatch):
    changed = asset() | {"groups": np.array(["skin", "eyes", "hair", "tail"])}
    monkeypatch.setattr(human_module, "asset", lambda: changed)
    human_module._stored.cache_clear()
    try:
        with pytest.raises(ValueError, match="has the groups skin, eyes, hair, tail, not skin, .*tools/make_body.py"):
            Human(Shape())
    finally:
        human_module._stored.cache_clear()


def test_poses_of_another_shape_raise(human):
    with pytest.raises(ValueError, match=re.escape("must be (F, 31, 3, 3) and root_mm (F, 3), got (31, 3")):
        human.pose(still()[0], human.heads_mm[0])


def test_to_world_turns_half_round():
    np.testing.assert_array_equal(to_world(np.array([1.0, 2, 3])), [-1, -2, 3])
