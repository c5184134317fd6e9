import tomllib

import numpy as np
import pytest

from body.human import BONES, PARENTS, Human, topology
from body.shape import Shape
from dome.moves import archetypes as archetypes_module
from dome.moves.anatomy import ANGLES, INDEX, Anatomy, clip, hip_angles, mirror
from dome.moves.archetypes import Archetype, archetypes, draw_name, sample
from dome.moves.contact import settle
from dome.moves.keys import Body, draw_key
from dome.moves.motion import random_motion
from dome.moves.penetration import Capsules, penetration, segment_distance
from dome.moves.retarget import retarget
from pose.space.bvh import read_bvh
from pose.space.turns import turn

BONE = {name: number for number, name in enumerate(BONES)}
UPRIGHT_FEET = ("stand", "wide", "ready", "squat", "half_squat", "bend")


@pytest.fixture(scope="module")
def body():
    return Body.of(Human(Shape()))


def pose(body, **degrees):
    """One pose of the named angles, hips at the origin: places by bone."""
    angles = np.zeros((1, len(ANGLES)))
    for name, value in degrees.items():
        angles[0, INDEX[name]] = value
    _, heads, _ = body.pose(angles, np.eye(3)[None])
    return dict(zip(BONES, heads[0], strict=True))


def drawn(body, name, seed=0):
    """One key pose of an archetype: vertices of the skin, lowest at its contact points."""
    return draw_key(np.random.default_rng(seed), body, None, name)


def test_the_zero_pose_hangs_straight(body):
    places = pose(body)
    for upper, middle, lower in (("Arm", "ForeArm", "Hand"), ("UpLeg", "Leg", "Foot")):
        for start, end in ((upper, middle), (middle, lower)):
            way = places[f"Left{end}"] - places[f"Left{start}"]
            np.testing.assert_allclose(way / np.linalg.norm(way), [0, -1, 0], atol=1e-6)


def test_knees_bend_backward_and_elbows_forward(body):
    places = pose(body, left_knee_flex=90, right_elbow_flex=90)
    shank = places["LeftFoot"] - places["LeftLeg"]
    forearm = places["RightHand"] - places["RightForeArm"]
    np.testing.assert_allclose(shank / np.linalg.norm(shank), [0, 0, -1], atol=1e-6)
    np.testing.assert_allclose(forearm / np.linalg.norm(forearm), [0, 0, 1], atol=1e-6)


@pytest.mark.parametrize(
    "shape",
    [Shape(), *(Shape(sex, age, weight, 0.0, 0.0, (1, 0, 0)) for sex in (0, 1) for age in (0, 1) for weight in (0, 1))],
)
def test_knees_face_forward_in_the_zero_pose(shape):
    zero = Anatomy.of(Human(shape)).zero
    for name in ("LeftUpLeg", "RightUpLeg", "LeftLeg", "RightLeg"):
        turned = zero[BONE[name]]
        assert abs(np.degrees(np.arctan2(turned[0, 2], turned[0, 0]))) < 10


@pytest.mark.parametrize(
    ("angle", "start", "end", "direction"),
    [
        ("left_hip_flex", "LeftUpLeg", "LeftLeg", [0, 0, 1]),
        ("left_hip_abduct", "LeftUpLeg", "LeftLeg", [1, 0, 0]),
        ("right_hip_abduct", "RightUpLeg", "RightLeg", [-1, 0, 0]),
        ("left_arm_raise", "LeftArm", "LeftForeArm", [0, 0, 1]),
    ],
)
def test_a_right_angle_points_where_the_clinic_says(body, angle, start, end, direction):
    places = pose(body, **{angle: 90})
    way = places[end] - places[start]
    np.testing.assert_allclose(way / np.linalg.norm(way), direction, atol=1e-6)


def test_the_trunk_bends_forward_to_the_left_and_turns_left(body):
    straight = pose(body)["Head"]
    assert pose(body, spine_flex=60)["Head"][2] > straight[2] + 200
    assert pose(body, spine_side=30)["Head"][0] > 100
    turned = pose(body, spine_twist=45)
    # The left shoulder goes back as the trunk turns to the left.
    assert turned["LeftArm"][2] < straight[2] - 50


def measured_angles(anatomy, rotations):
    """Angles measured back from rotations (N, 31, 3, 3): (N, D) degrees; toes, shrug and fingers are left at 0."""
    parents = anatomy.zero[list(PARENTS)]
    parents[0] = np.eye(3)
    turns = parents @ rotations @ np.swapaxes(anatomy.zero, 1, 2)
    measured = np.zeros((len(rotations), len(ANGLES)))
    for first, bones in ((0, ("LowerBack", "Spine", "Spine1")), (3, ("Neck", "Neck1", "Head"))):
        thirds = [euler_yzx(turns[:, BONE[name]]) for name in bones]
        measured[:, first : first + 3] = np.sum(thirds, axis=0) * (1, -1, 1)
    for number, (side, sign) in enumerate((("Left", 1.0), ("Right", -1.0))):
        bones = {name: turns[:, BONE[side + name]] for name in ("UpLeg", "Leg", "Foot", "ForeArm", "Hand")}
        arm = turns[:, BONE[f"{side}Shoulder"]] @ turns[:, BONE[f"{side}Arm"]]
        for name, values in side_angles(bones, arm, sign, anatomy.pronation[number]).items():
            measured[:, INDEX[f"{side.lower()}_{name}"]] = values
    return measured


def side_angles(bones, arm, sign, pronated):
    """Angles in degrees from the turns of a side's bones; `arm` is the upper arm against the chest."""
    flex, abduct, rotate = hip_angles(bones["UpLeg"], sign)
    ankle = bones["Foot"]
    plane = np.arctan2(-sign * arm[:, 0, 1], -arm[:, 2, 1])
    raised = np.arccos(np.clip(arm[:, 1, 1], -1, 1))
    plane = np.where(plane < np.radians(-105), plane + 2 * np.pi, plane)
    turned = np.swapaxes(turn(1, sign * plane) @ turn(0, -raised) @ turn(1, -sign * plane), 1, 2) @ arm
    twist = np.arctan2(-sign * bones["ForeArm"][:, 0, 2], bones["ForeArm"][:, 0, 0])
    wrist = np.swapaxes(turn(1, -sign * (twist + np.radians(pronated))), 1, 2) @ bones["Hand"]
    angles = {
        "hip_flex": flex,
        "hip_abduct": abduct,
        "hip_rotate": rotate,
        "knee_flex": np.arctan2(bones["Leg"][:, 2, 1], bones["Leg"][:, 1, 1]),
        "ankle_flex": np.arctan2(-ankle[:, 2, 1], ankle[:, 1, 1]),
        "ankle_invert": np.arcsin(np.clip(sign * ankle[:, 0, 1], -1, 1)),
        "arm_raise": raised,
        "arm_plane": plane,
        "arm_rotate": np.arctan2(-sign * turned[:, 0, 2], turned[:, 0, 0]),
        "elbow_flex": np.arctan2(-bones["ForeArm"][:, 2, 1], bones["ForeArm"][:, 1, 1]),
        "pronate": 2 * twist + np.radians(pronated),
        "wrist_flex": np.arctan2(-sign * wrist[:, 1, 0], wrist[:, 0, 0]),
        "wrist_tilt": np.arctan2(-wrist[:, 2, 1], wrist[:, 2, 2]),
    }
    return {name: np.degrees(values) for name, values in angles.items()}


def euler_yzx(turns):
    """Degrees (N, 3) about x, z and y of turn(y) @ turn(z) @ turn(x)."""
    about_z = np.arcsin(np.clip(turns[:, 1, 0], -1, 1))
    about_x = np.arctan2(-turns[:, 1, 2], turns[:, 1, 1])
    about_y = np.arctan2(-turns[:, 2, 0], turns[:, 0, 0])
    return np.degrees(np.stack([about_x, about_z, about_y], axis=1))


def test_angles_are_measured_back(body):
    angles = clip(np.random.default_rng(0).uniform(-60, 60, (200, len(ANGLES))))
    # The plane of an arm that hangs straight down is not defined.
    for side in ("left", "right"):
        angles[:, INDEX[f"{side}_arm_raise"]] = np.maximum(angles[:, INDEX[f"{side}_arm_raise"]], 2)
    measured = measured_angles(body.anatomy, body.anatomy.rotations(angles))
    known = [n for n, name in enumerate(ANGLES) if not name.endswith(("toe_flex", "shrug", "fingers"))]
    np.testing.assert_allclose(measured[:, known], angles[:, known], atol=1e-4)


def test_mirrored_angles_give_the_mirror_image(body):
    angles = clip(np.random.default_rng(1).normal(20, 30, (5, len(ANGLES))))
    flipped = [BONES.index(_other(name)) for name in BONES]
    _, heads, _ = body.pose(angles, np.tile(np.eye(3), (5, 1, 1)))
    _, mirrored, _ = body.pose(mirror(angles), np.tile(np.eye(3), (5, 1, 1)))
    np.testing.assert_allclose(mirrored, heads[:, flipped] * (-1, 1, 1), atol=0.5)


def _other(name):
    swaps = {"Left": "Right", "Right": "Left", "LThumb": "RThumb", "RThumb": "LThumb"}
    swaps |= {"LHipJoint": "RHipJoint", "RHipJoint": "LHipJoint"}
    for start, end in swaps.items():
        if name.startswith(start):
            return end + name[len(start) :]
    return name


def test_limits_are_kept_and_a_raised_arm_goes_less_far_back(body):
    far = clip(np.full((1, len(ANGLES)), 500.0))
    assert far[0, INDEX["left_knee_flex"]] == 150
    assert far[0, INDEX["left_arm_raise"]] == 62
    assert clip(np.full((1, len(ANGLES)), -500.0))[0, INDEX["right_knee_flex"]] == 0


def test_a_misspelled_angle_raises():
    with pytest.raises(ValueError, match="got lead_knee_flexx"):
        Archetype(1, "feet", ("hang",), angles={"lead_knee_flexx": (1, 2)})
    with pytest.raises(ValueError, match="support must be one of feet, lead, rest, touch, air, got 'foot'"):
        Archetype(1, "foot", ("hang",))


def test_a_misspelled_choice_of_arms_raises(tmp_path, monkeypatch):
    text = archetypes_module._FILE.read_text(encoding="utf-8")
    choice = next(iter(tomllib.loads(text)["choices"]))
    path = tmp_path / "poses.toml"
    path.write_text(text.replace(f'arms = "{choice}"', 'arms = "choicee"', 1), encoding="utf-8")
    monkeypatch.setattr(archetypes_module, "_FILE", path)
    with pytest.raises(ValueError, match="poses.toml describes the choices .*; not choicee"):
        archetypes.__wrapped__()


def test_an_unknown_pose_raises(body):
    with pytest.raises(ValueError, match="a pose is one of walk, run, march, .*got 'walkk'"):
        draw_key(np.random.default_rng(0), body, None, "walkk")


def test_the_groups_are_drawn_by_their_shares():
    rng = np.random.default_rng(0)
    names = [draw_name(rng) for _ in range(4000)]
    groups = archetypes().groups
    shares = [np.mean([name in kinds for name in names]) for _, kinds in groups.values()]
    np.testing.assert_allclose(shares, [0.55, 0.25, 0.10, 0.10], atol=0.02)
    assert len(archetypes().by_name) > 60
    assert set(names) == set(archetypes().by_name)


def test_both_sides_lead():
    rng = np.random.default_rng(0)
    flexed = [sample(rng, "knee_up", 1).angles[0, [INDEX["left_hip_flex"], INDEX["right_hip_flex"]]] for _ in range(40)]
    left_higher = np.mean([left > right for left, right in flexed])
    assert 0.25 < left_higher < 0.75


@pytest.mark.parametrize("name", UPRIGHT_FEET)
def test_standing_feet_are_flat_on_the_floor(body, name):
    key = drawn(body, name)
    _, heads, orientations = body.pose(key.angles[None], key.root[None])
    points = body.contact.points(heads, orientations)[0]
    height = points[:, 1] - points[:, 1].min()
    raised = 12 if key.heel.max() < 1 else 90
    for foot in range(2):
        soles = height[body.contact.foot == foot]
        assert soles.min() < 12
        assert np.sort(soles)[:8].max() < raised


@pytest.mark.parametrize("name", UPRIGHT_FEET)
def test_standing_bodies_are_balanced(body, name):
    key = drawn(body, name)
    _, heads, orientations = body.pose(key.angles[None], key.root[None])
    feet = heads[
        0, [BONES.index("LeftToeBase"), BONES.index("RightToeBase"), BONES.index("LeftFoot"), BONES.index("RightFoot")]
    ]
    balance = body.contact.balance(heads, orientations)[0]
    low, high = feet[:, [0, 2]].min(axis=0) - 60, feet[:, [0, 2]].max(axis=0) + 60
    assert (balance[[0, 2]] > low).all() and (balance[[0, 2]] < high).all()


# The back is bowed between its outermost points as it bends.
@pytest.mark.parametrize(
    ("name", "limit_mm"),
    [("stand", 2), ("plank", 2), ("cartwheel", 2), ("proposal", 4), ("back", 12), ("roll", 12)],
)
def test_contact_points_find_the_lowest_vertex(body, name, limit_mm):
    skin = topology().vertex_group == 0
    for seed in range(4):
        key = drawn(body, name, seed)
        rotations = body.anatomy.rotations(key.angles[None])
        rotations[:, 0] = key.root
        posed = body.human.pose(rotations, np.zeros((1, 3)))
        lowest = body.contact.points(posed.heads_mm, posed.orientations)[0, :, 1].min()
        assert abs(posed.vertices_mm[0, skin, 1].min() - lowest) < limit_mm


def test_a_box_comes_to_rest_on_its_side():
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-2, 2) for z in (-3, 3)], float)
    tilted = corners @ turn(0, np.radians(20)).T @ turn(2, np.radians(-8)).T
    laid = settle(tilted, np.zeros(3), 40) @ tilted.T
    assert np.sum(laid[1] < laid[1].min() + 1e-6) == 4
    np.testing.assert_allclose(laid[1].min(), -2, atol=1e-6)
    assert settle(tilted, np.zeros(3), 5) is None


def test_segments_that_cross_and_segments_apart():
    cross = segment_distance(*(np.array(p, float) for p in ([-1, 0, 0], [1, 0, 0], [0, -1, 2], [0, 1, 2])))
    ends = segment_distance(*(np.array(p, float) for p in ([0, 0, 0], [1, 0, 0], [4, 4, 0], [5, 4, 0])))
    np.testing.assert_allclose([cross, ends], [2, 5])


def test_a_hand_in_the_belly_is_deep_and_hanging_arms_are_not(body):
    capsules = Capsules.of(body.human)
    angles = np.zeros((2, len(ANGLES)))
    angles[0, INDEX["left_elbow_flex"]] = 90
    angles[0, INDEX["left_arm_rotate"]] = 80
    angles[:, [INDEX["left_arm_raise"], INDEX["right_arm_raise"]]] = 15
    angles[:, [INDEX["left_arm_plane"], INDEX["right_arm_plane"]]] = 90
    _, heads, orientations = body.pose(angles, np.tile(np.eye(3), (2, 1, 1)))
    into, hanging = penetration(capsules, heads, orientations)
    assert into > 60
    assert hanging == 0


@pytest.fixture(scope="module")
def motions(body):
    return [random_motion(np.random.default_rng(seed), body.human, 4, 30) for seed in range(8)]


def test_motions_are_rotations_of_the_right_length(motions):
    for motion in motions:
        assert motion.rotations.shape == (120, 31, 3, 3) and motion.rotations.dtype == np.float32
        assert motion.root_mm.shape == (120, 3) and motion.root_mm.dtype == np.float32
        assert np.abs(motion.rotations @ np.swapaxes(motion.rotations, 2, 3) - np.eye(3)).max() < 1e-5
        np.testing.assert_allclose(np.linalg.det(motion.rotations.astype(float)), 1, atol=1e-5)
        assert motion.names


def test_the_same_seed_gives_the_same_motion(body, motions):
    again = random_motion(np.random.default_rng(3), body.human, 4, 30)
    np.testing.assert_array_equal(again.rotations, motions[3].rotations)
    np.testing.assert_array_equal(again.root_mm, motions[3].root_mm)
    assert not np.array_equal(again.root_mm, motions[4].root_mm)


def test_angles_of_motions_are_within_limits(body, motions):
    hinges = [INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("knee_flex", "elbow_flex")]
    others = [INDEX[name] for name in ("spine_flex", "spine_side", "neck_twist", "left_hip_flex", "right_ankle_flex")]
    for motion in motions:
        measured = measured_angles(body.anatomy, motion.rotations.astype(float))
        clipped = clip(measured)
        for column in hinges + others:
            np.testing.assert_allclose(measured[:, column], clipped[:, column], atol=0.05, err_msg=ANGLES[column])


def test_bodies_never_sink_and_mostly_touch_the_floor(body, motions):
    skin = topology().vertex_group == 0
    heights = []
    for motion in motions:
        vertices = body.human.pose(motion.rotations[::12], motion.root_mm[::12]).vertices_mm
        heights.append(vertices[:, skin, 1].min(axis=1))
    heights = np.concatenate(heights)
    assert heights.min() > -15
    assert np.mean(np.abs(heights) < 10) > 0.75
    assert heights.max() < 900


def test_motions_are_smooth(body, motions):
    for motion in motions:
        relative = np.swapaxes(motion.rotations[:-1], 2, 3) @ motion.rotations[1:]
        turned = np.degrees(np.arccos(np.clip((np.trace(relative, axis1=2, axis2=3) - 1) / 2, -1, 1))) * 30
        # The fastest joints of throwers and runners turn at about 1000 degrees a second and more.
        assert turned[:, 1:].max() < 1500
        assert np.linalg.norm(np.diff(motion.root_mm, axis=0), axis=1).max() * 30 < 15000


def test_limbs_stay_out_of_one_another(body, motions):
    capsules = Capsules.of(body.human)
    depths = np.concatenate(
        [penetration(capsules, *body.human.pose_bones(motion.rotations, motion.root_mm)) for motion in motions]
    )
    assert np.percentile(depths, 99) < 45


def test_limbs_are_no_deeper_than_in_recordings(shared_data, body, motions):
    capsules = Capsules.of(body.human)
    recorded, ours = [], []
    paths = sorted((shared_data / "mocap").glob("*.bvh"))[:8]
    if not paths:
        pytest.skip("no recordings")
    for path in paths:
        motion = retarget(read_bvh(path), body.human, 10)
        recorded.append(penetration(capsules, *body.human.pose_bones(motion.rotations, motion.root_mm)))
    for motion in motions:
        ours.append(penetration(capsules, *body.human.pose_bones(motion.rotations, motion.root_mm)))
    assert np.percentile(np.concatenate(ours), 99) <= np.percentile(np.concatenate(recorded), 99)


@pytest.mark.parametrize(("kind", "slowest", "fastest"), [("walk", 0.6, 1.8), ("run", 1.5, 5.0)])
def test_walkers_and_runners_go_where_they_face(body, kind, slowest, fastest):
    motion = random_motion(np.random.default_rng(0), body.human, 1.2, 30, [kind])
    assert motion.names == (kind,)
    forward = motion.rotations[:, 0, :, 2].mean(axis=0) * (1, 0, 1)
    way = (motion.root_mm[-1] - motion.root_mm[0]) / 1000 / (35 / 30)
    speed = way @ forward / np.linalg.norm(forward)
    assert slowest < speed < fastest
    assert abs(np.cross(forward, way)[1]) < 0.3 * speed


def test_a_standing_foot_does_not_slide(body):
    motion = random_motion(np.random.default_rng(5), body.human, 0.3, 30, ["knee_up"] * 3)
    assert set(motion.names) == {"knee_up"}
    points = body.contact.points(*body.human.pose_bones(motion.rotations, motion.root_mm))
    stands = points[:, points[..., 1].max(axis=0) < 8]
    assert stands.shape[1] >= 3
    # It may pivot as the body turns, so its middle is looked at.
    assert np.linalg.norm(np.diff(stands[..., [0, 2]].mean(axis=1), axis=0), axis=-1).max() * 30 < 40


def test_a_jump_is_ballistic(body):
    motion = random_motion(np.random.default_rng(0), body.human, 1.6, 120, ["stand", "hop", "stand", "stand"])
    assert motion.names[:3] == ("stand", "hop", "stand")
    lowest = body.contact.points(*body.human.pose_bones(motion.rotations, motion.root_mm))[..., 1].min(axis=1)
    air = np.flatnonzero(lowest > 1)
    assert 80 < lowest.max() < 700
    falls = np.diff(lowest[air[2:-2]], 2) * 120**2
    np.testing.assert_allclose(falls, -9810, rtol=0.05)


@pytest.mark.parametrize(("seconds", "fps"), [(0, 30), (np.nan, 30), (2, 0), (2, np.inf)])
def test_invalid_times_raise(body, seconds, fps):
    with pytest.raises(ValueError, match="must be a positive finite number"):
        random_motion(np.random.default_rng(0), body.human, seconds, fps)


def test_a_single_frame_can_be_drawn(body):
    assert random_motion(np.random.default_rng(0), body.human, 0.01, 30).root_mm.shape == (1, 3)
