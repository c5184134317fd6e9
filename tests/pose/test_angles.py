"""Angles against values worked by hand. A person who faces the image's right has x forward and y down."""

import numpy as np
import pytest

from pose import BODY26, COCO17, LSP14, SKELETONS, Skeleton
from pose.angles import angle_names, facing_of, measure_angles

# Six joints of one side and their other side, with a foot.
_SIDE = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "big_toe")
_NAMES = tuple(f"{side}_{joint}" for side in ("left", "right") for joint in _SIDE)
WALKER = Skeleton("walker", _NAMES, ((0, 3), (3, 4), (4, 5)), (0, 10), None)


def person(**moved):
    """(1, 14, 2) of someone upright who faces right, arms hanging; `moved` gives joints of both sides another place."""
    places = {
        "shoulder": (100, 100),
        "elbow": (100, 130),
        "wrist": (100, 160),
        "hip": (100, 160),
        "knee": (100, 200),
        "ankle": (100, 240),
        "big_toe": (120, 240),
    } | moved
    return np.array([2 * [places[joint] for joint in _SIDE]], float)


def measured(xy_px, name, facing=1.0, **more):
    return measure_angles(xy_px, WALKER, facing=facing, **more)[name].tolist()


def test_an_upright_person_has_every_angle_at_zero():
    angles = measure_angles(person(), WALKER)
    assert set(angles) == set(angle_names(WALKER)) and len(angles) == 13
    for name, series in angles.items():
        assert series.tolist() == [pytest.approx(0, abs=1e-9)], name


@pytest.mark.parametrize(
    "name, moved, expected",
    [
        # The shank points straight back, and half back.
        ("left_knee_flexion", {"ankle": (60, 200)}, 90),
        ("right_knee_flexion", {"ankle": (60, 240)}, 45),
        # Folded back onto the thigh.
        ("left_knee_flexion", {"ankle": (100, 161)}, 180),
        # The thigh 45 degrees forward, level, and 30 degrees back: 20 px by 20 * sqrt(3) px.
        ("left_hip_flexion", {"knee": (140, 200)}, 45),
        ("left_hip_flexion", {"knee": (140, 160)}, 90),
        ("left_hip_flexion", {"knee": (100 - 20, 160 + 20 * 3**0.5)}, -30),
        # The trunk leans 45 degrees forward above a vertical thigh.
        ("left_hip_flexion", {"shoulder": (160, 100)}, 45),
        ("trunk_inclination", {"shoulder": (160, 100)}, 45),
        ("trunk_inclination", {"shoulder": (100 - 60, 100)}, -45),
        ("right_thigh_inclination", {"knee": (140, 200)}, 45),
        # Of the thigh alone, however the trunk leans.
        ("right_thigh_inclination", {"knee": (80, 180), "shoulder": (160, 100)}, -45),
        # The forearm level forward; the arm level forward, 45 degrees back, straight up.
        ("left_elbow_flexion", {"wrist": (130, 130)}, 90),
        ("left_shoulder_flexion", {"elbow": (130, 100)}, 90),
        ("left_shoulder_flexion", {"elbow": (80, 120)}, -45),
        ("left_shoulder_flexion", {"elbow": (100 + 1e-9, 70)}, 180),
        # The toes 45 degrees up, and 45 degrees down.
        ("left_ankle_dorsiflexion", {"big_toe": (120, 220)}, 45),
        ("left_ankle_dorsiflexion", {"big_toe": (120, 260)}, -45),
    ],
)
def test_values_by_hand_and_in_the_mirror(name, moved, expected):
    xy_px = person(**moved)
    assert measured(xy_px, name) == [pytest.approx(expected, abs=1e-6)]
    # The mirror image faces left and shows the same angle on the other side.
    mirrored = (xy_px * (-1, 1) + (640, 0))[:, WALKER.flip_order]
    other = {"left": "right", "right": "left"}
    side, _, rest = name.partition("_")
    assert measured(mirrored, f"{other[side]}_{rest}" if side in other else name, facing=-1.0) == [
        pytest.approx(expected, abs=1e-6)
    ]


def test_angles_do_not_depend_on_place_and_scale():
    xy_px = person(knee=(130, 190), ankle=(110, 230), elbow=(120, 120), wrist=(140, 110), shoulder=(110, 100))
    for name, series in measure_angles(xy_px, WALKER).items():
        assert measured(3.7 * xy_px + (55, -20), name) == pytest.approx(series.tolist()), name


def test_a_turn_of_the_camera_changes_inclinations_alone():
    xy_px = person(knee=(130, 190), ankle=(110, 230), elbow=(120, 120), wrist=(140, 110), shoulder=(110, 100))
    tilt = np.radians(10)
    # Clockwise as seen, so that the person leans forward by 10 degrees more, and the thigh is lifted 10 degrees less.
    turned = xy_px @ np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    before, after = measure_angles(xy_px, WALKER), measure_angles(turned, WALKER)
    for name in before:
        change = {"trunk_inclination": 10, "left_thigh_inclination": -10, "right_thigh_inclination": -10}.get(name, 0)
        assert after[name] - before[name] == pytest.approx(change), name


def test_a_missing_joint_leaves_its_own_angles_out_alone():
    xy_px = np.concatenate([person(), person(), person()])
    xy_px[1, WALKER.index("left_knee")] = np.nan
    missing = {
        name: np.flatnonzero(np.isnan(series)).tolist() for name, series in measure_angles(xy_px, WALKER).items()
    }
    gone = {"left_knee_flexion", "left_hip_flexion", "left_thigh_inclination", "left_ankle_dorsiflexion"}
    assert missing == {name: [1] if name in gone else [] for name in angle_names(WALKER)}


def test_joints_in_one_place_have_no_angle():
    assert np.isnan(measured(person(ankle=(100, 200)), "left_knee_flexion")).all()


def test_an_arm_that_circles_is_unwrapped_also_across_missing_frames():
    turns_deg = np.arange(0, 721, 30.0)
    frames = [
        person(elbow=(100 + 30 * np.sin(np.radians(turn)), 100 + 30 * np.cos(np.radians(turn)))) for turn in turns_deg
    ]
    xy_px = np.concatenate(frames)
    xy_px[7:9, WALKER.index("left_elbow")] = np.nan
    angles = measure_angles(xy_px, WALKER, facing=1)
    series = angles["left_shoulder_flexion"]
    assert np.isnan(series[7:9]).all()
    # Two turns, the middle of which is at 0.
    np.testing.assert_allclose(np.delete(series, [7, 8]), np.delete(turns_deg, [7, 8]) - 360, atol=1e-9)
    np.testing.assert_allclose(angles["right_shoulder_flexion"], turns_deg - 360, atol=1e-9)


def test_wrong_first_frames_do_not_turn_the_others_by_360_degrees():
    thigh = person(knee=(90, 200))
    upside_down = [person(knee=(100 + 30 * np.sin(turn), 160 - 30 * np.cos(turn))) for turn in (0.1, -0.9, -2.0)]
    series = measure_angles(np.concatenate([*upside_down, *[thigh] * 5]), WALKER, facing=1)["left_thigh_inclination"]
    np.testing.assert_allclose(series[3:], -np.degrees(np.arctan2(10, 40)))


@pytest.mark.parametrize(
    "moved", [{"ankle": (70, 225)}, {"wrist": (120, 150)}, {"ankle": (60, 200), "wrist": (95, 158)}]
)
def test_people_face_the_side_to_which_knees_and_elbows_bend(moved):
    """In the last, the knee is bent further than the elbow is bent the wrong way."""
    xy_px = person(**moved)
    assert facing_of(xy_px, WALKER) == 1
    assert facing_of(xy_px * (-1, 1), WALKER) == -1
    # Also without one leg, and by the many frames against a few wrong ones.
    xy_px[:, WALKER.index("left_knee")] = np.nan
    assert facing_of(np.concatenate([3 * [xy_px[0]], xy_px * (-1, 1)]), WALKER) == 1


def test_the_facing_found_is_used_and_may_change_over_time():
    xy_px = person(ankle=(60, 200), knee=(140, 200))
    both = np.concatenate([xy_px, xy_px * (-1, 1)])
    assert measure_angles(xy_px * (-1, 1), WALKER)["left_hip_flexion"].tolist() == [pytest.approx(45)]
    assert measured(both, "left_hip_flexion", facing=np.array([1, -1])) == pytest.approx([45, 45])
    assert measured(both, "left_hip_flexion", facing=1) == pytest.approx([45, -45])


def test_someone_stretched_or_without_limbs_faces_right():
    assert facing_of(person(), WALKER) == 1
    assert facing_of(np.full((2, 14, 2), np.nan), WALKER) == 1
    pair = Skeleton("pair", ("nose", "tail"), ((0, 1),), (0, 1), None)
    assert facing_of(np.zeros((1, 2, 2)), pair) == 1 and angle_names(pair) == ()
    assert measure_angles(np.zeros((1, 2, 2)), pair) == {}


@pytest.mark.parametrize("skeleton", [one for one in SKELETONS.values() if one is not BODY26], ids=lambda one: one.name)
def test_skeletons_without_feet_have_all_angles_but_the_ankles(skeleton):
    assert len(angle_names(skeleton)) == 11 and not any("ankle" in name for name in angle_names(skeleton))


def test_the_foot_has_several_names():
    assert set(angle_names(BODY26)) - set(angle_names(COCO17)) == {
        "left_ankle_dorsiflexion",
        "right_ankle_dorsiflexion",
    }
    for toe in ("foot_index", "toe"):
        names = tuple(joint.replace("big_toe", toe) for joint in WALKER.joints)
        assert "left_ankle_dorsiflexion" in angle_names(Skeleton("other", names, (), (0, 10), None))


def test_custom_angles_are_straight_at_180():
    custom = {"sit": ("left_shoulder", "left_hip", "left_knee"), "arm": ("left_hip", "left_shoulder", "left_wrist")}
    xy_px = person(knee=(140, 160), wrist=(140, 140), elbow=(100, 130))
    angles = measure_angles(xy_px, WALKER, custom=custom)
    assert angles["sit"].tolist() == [pytest.approx(90)] and angles["arm"].tolist() == [pytest.approx(45)]
    assert measure_angles(person(), WALKER, custom=custom)["sit"].tolist() == [pytest.approx(180)]
    # In any skeleton.
    assert "sit" in measure_angles(np.zeros((1, 14, 2)), LSP14, custom=custom)


def test_bad_custom_angles_raise():
    with pytest.raises(ValueError, match="lsp14 has no joint 'tail'; it has right_ankle, "):
        measure_angles(np.zeros((1, 14, 2)), LSP14, custom={"x": ("left_hip", "left_knee", "tail")})
    with pytest.raises(ValueError, match="there is an angle 'trunk_inclination' already; choose another name"):
        measure_angles(person(), WALKER, custom={"trunk_inclination": ("left_hip", "left_knee", "left_ankle")})
