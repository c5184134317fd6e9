"""The synthetic dome: the studio's layout, the same files for the same seed, and joints where the bodies are."""

import hashlib
import json

import cv2
import numpy as np
import pytest

from data_prep.dome import Dome, write_dome, write_dome_sequence
from data_prep.dome.backdrop import Backdrop, Scene
from data_prep.dome.body import Build, solve
from data_prep.dome.cones import meet_cone
from data_prep.dome.figure import Part, parts_of
from data_prep.dome.motion import Motion
from data_prep.dome.paint import Cloth, Outfit
from data_prep.dome.render import Light, View
from data_prep.dome.rig import RADIUS_MM, dome_cameras
from data_prep.panoptic import Panoptic
from pose import PANOPTIC19, Camera
from records import BadInput

SMALL = {"frames": 3, "cameras": 2, "people": 2, "size": (90, 160)}
WHITE = Cloth(np.ones(3), np.ones(3))


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    return write_dome_sequence(tmp_path_factory.mktemp("dome"), "small", seed=3, **SMALL)


def checksums(folder) -> dict:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_layout_is_the_studios(sequence):
    assert sorted(checksums(sequence)) == [
        "calibration_small.json",
        "dome.json",
        "hdPose3d_stage1_coco19/body3DScene_00000000.json",
        "hdPose3d_stage1_coco19/body3DScene_00000001.json",
        "hdPose3d_stage1_coco19/body3DScene_00000002.json",
        "hdVideos/hd_00_00.mp4",
        "hdVideos/hd_00_01.mp4",
    ]
    scene = json.loads((sequence / "hdPose3d_stage1_coco19/body3DScene_00000002.json").read_text())
    assert list(scene) == ["version", "univTime", "fpsType", "bodies"]
    assert [entry["id"] for entry in scene["bodies"]] == [0, 1]
    assert len(scene["bodies"][0]["joints19"]) == 76
    camera = json.loads((sequence / "calibration_small.json").read_text())["cameras"][0]
    assert list(camera) == ["name", "type", "resolution", "panel", "node", "K", "distCoef", "R", "t"]
    assert camera["resolution"] == [160, 90]


def test_same_seed_same_files(sequence, tmp_path):
    again = write_dome_sequence(tmp_path, "small", seed=3, **SMALL)
    assert checksums(again) == checksums(sequence)
    other = write_dome_sequence(tmp_path / "other", "small", seed=4, **SMALL)
    ours, theirs = checksums(sequence), checksums(other)
    assert not [name for name in ours if ours[name] == theirs[name]]


def test_the_panoptic_reader_reads_it(sequence):
    items = list(Panoptic(sequence, min_box_px=8).people())
    assert not [item for item in items if isinstance(item, BadInput)]
    assert len(items) >= 10
    for person in items:
        assert person.load_picture().shape == (90, 160, 3)
        assert (person.joints_xyz_mm[:, 2] > 300).all()


def test_finished_sequences_stay_and_unfinished_ones_are_begun_again(tmp_path):
    settings = {"frames": 1, "cameras": 1, "people": 1, "height": 32, "width": 48}
    (first,) = write_dome(tmp_path, sequences=1, **settings)
    marked = first / "hdVideos/hd_00_00.mp4"
    before = marked.stat().st_mtime_ns
    (tmp_path / ".dome_001.unfinished").mkdir()
    (tmp_path / ".dome_001.unfinished" / "rubbish").write_text("x")
    folders = write_dome(tmp_path, sequences=2, **settings)
    assert [folder.name for folder in folders] == ["dome_000", "dome_001"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dome_000", "dome_001"]
    assert not (folders[1] / "rubbish").exists()
    assert marked.stat().st_mtime_ns == before
    with pytest.raises(ValueError, match="dome_000 is there with other settings .*remove it, or write to another"):
        write_dome(tmp_path, sequences=1, **{**settings, "frames": 2})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sequences": 0}, "sequences must be 1 or more, got 0"),
        ({"frames": 0}, "frames must be 1 or more, got 0"),
        ({"cameras": 32}, "cameras must be 1 or more and 31 or less, got 32"),
        ({"people": 4}, "people must be 1 or more and 3 or less, got 4"),
        ({"width": 161}, "must be even"),
        ({"fps": 0}, "fps must be above 0"),
    ],
)
def test_wrong_options_fail(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        Dome(tmp_path, **change)


def perform(kind: str, seed: int = 0) -> list:
    """A build and 40 poses of a second each quarter, put into."""
    rng = np.random.default_rng(seed)
    build = Build.random(rng)
    motion = Motion(rng, kind=kind, seconds=10.0, leg_mm=build.leg, angle=0.3, radius_mm=700.0)
    return [build, [solve(build, motion.at(t, 800.0 * t)) for t in np.arange(0, 10, 0.25).tolist()]]


@pytest.mark.parametrize("kind", ["walk", "stand", "march"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_bones_keep_their_length_and_feet_the_floor(kind, seed):
    build, bodies = perform(kind, seed)
    bones = {
        ("hip", "knee"): build.thigh,
        ("knee", "ankle"): build.shank,
        ("shoulder", "elbow"): build.upper_arm,
        ("elbow", "wrist"): build.forearm,
    }
    for posed in bodies:
        for side in ("left", "right"):
            for (a, b), length in bones.items():
                found = np.linalg.norm(posed[f"{side}_{a}"] - posed[f"{side}_{b}"])
                assert found == pytest.approx(length, rel=1e-6)
        heights = [-posed[f"{side}_ankle"][1] for side in ("left", "right")]
        # One foot stands at all times; neither sinks in.
        assert min(heights) >= build.ankle - 1e-6
        assert min(heights) == pytest.approx(build.ankle, abs=0.03 * build.leg)
        assert -posed["nose"][1] > max(-posed["left_knee"][1], -posed["right_knee"][1])


@pytest.mark.parametrize("kind", ["walk", "stand", "march"])
def test_left_is_the_persons_own(kind):
    for posed in perform(kind)[1]:
        for a, b, ahead in (("hip", "hip", posed.pelvis[:, 2]), ("shoulder", "shoulder", posed.chest[:, 2])):
            left = posed[f"left_{a}"] - posed[f"right_{b}"]
            # With the world's y downwards, up x forward = left in right-handed axes.
            assert np.cross([0, -1, 0], ahead) @ left > 0
        middle_of_ears = (posed["left_ear"] + posed["right_ear"]) / 2
        looks = posed["nose"] - middle_of_ears
        assert np.cross(posed.head[:, 1], looks) @ (posed["left_eye"] - posed["right_eye"]) > 0


@pytest.mark.parametrize("kind", ["walk", "stand", "march"])
def test_knees_bend_forward_and_elbows_are_bent(kind):
    for posed in perform(kind, seed=5)[1]:
        for i, side in enumerate(("left", "right")):
            hip, knee, ankle = (posed[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
            straight = hip + (ankle - hip) * 0.5
            foot_ahead = posed.feet[i][:, 2] * [1, 0, 1]
            assert (knee - straight) @ foot_ahead > 0


def test_walking_moves_forward_and_standing_feet_stay():
    _, walking = perform("walk")
    for before, after in zip(walking, walking[1:], strict=False):
        assert (after["body_center"] - before["body_center"]) @ before.pelvis[:, 2] > 50
    _, standing = perform("stand")
    places = np.stack([posed["left_ankle"] for posed in standing])
    assert np.ptp(places, axis=0).max() < 1e-6


def test_cameras_stand_on_the_dome_and_look_inside():
    cameras = dome_cameras(np.random.default_rng(0), 31, (360, 640))
    assert [camera.name for camera in cameras][:2] == ["00_00", "00_01"] and len(cameras) == 31
    for camera in cameras:
        np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(camera.rotation) == pytest.approx(1)
        assert 0.8 * RADIUS_MM < np.linalg.norm(camera.center_mm - [0, -1100, 0]) < RADIUS_MM
        middle = camera.project(np.array([0.0, -900.0, 0.0]))
        assert (np.abs(middle - [319.5, 179.5]) < 60).all()
        # Up in the world is up in the picture.
        assert camera.project(np.array([0.0, -1500.0, 0.0]))[1] < middle[1]


def test_a_ray_meets_a_ball_and_a_cylinder_where_it_should():
    # A ball of 2 at the origin and one of 2 at (0, 10, 0): a capsule. Rays along +z from (0 or 1, 5, -20).
    ahead = np.array([[0, 0, 1]], np.float32)
    hits, distance, normals = meet_cone(np.array([0.0, 5.0, -20.0]), ahead, 10, (2, 2))
    assert hits.tolist() == [0]
    np.testing.assert_allclose(distance, [18], atol=1e-4)
    np.testing.assert_allclose(normals, [[0, 0, -1]], atol=1e-5)
    # One aside: the surface is at z = -sqrt(4 - 1).
    _, distance, normals = meet_cone(np.array([1.0, 5.0, -20.0]), ahead, 10, (2, 2))
    np.testing.assert_allclose(distance, [20 - np.sqrt(3)], atol=1e-4)
    np.testing.assert_allclose(normals, [[0.5, 0, -np.sqrt(3) / 2]], atol=1e-4)
    # Above the upper ball's middle by 1: its surface is at z = -sqrt(4 - 1) too.
    _, distance, normals = meet_cone(np.array([0.0, 11.0, -20.0]), ahead, 10, (2, 2))
    np.testing.assert_allclose(distance, [20 - np.sqrt(3)], atol=1e-4)
    np.testing.assert_allclose(normals, [[0, 0.5, -np.sqrt(3) / 2]], atol=1e-4)
    assert not meet_cone(np.array([0.0, 12.1, -20.0]), ahead, 10, (2, 2))[0].size
    assert not meet_cone(np.array([2.1, 5.0, -20.0]), ahead, 10, (2, 2))[0].size


def test_a_cones_points_lie_on_the_ball_between_its_ends():
    rng = np.random.default_rng(0)
    start = np.array([3.0, 4.0, -20.0])
    targets = rng.uniform((-4, -4, -1), (4, 12, 1), (2000, 3))
    directions = (targets - start) / np.linalg.norm(targets - start, axis=1, keepdims=True)
    hits, distance, normals = meet_cone(start, directions.astype(np.float32), 8, (3, 1))
    assert 200 < len(hits) < 1900
    points = start + directions[hits] * distance[:, None]
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-3)
    # A hull of balls: no point is inside any ball between the ends, and each is on one of them.
    shares = np.linspace(0, 1, 401)
    middles, radii = np.outer(shares * 8, [0, 1, 0]), 3 + shares * (1 - 3)
    outside = (np.linalg.norm(points[:, None] - middles, axis=2) - radii).min(axis=1)
    np.testing.assert_allclose(outside, 0, atol=2e-3)
    # The rays that missed pass all the balls by.
    missed = np.setdiff1d(np.arange(len(directions)), hits)
    along = (middles - start) @ directions[missed].T
    away = np.linalg.norm((middles - start)[:, None] - along[..., None] * directions[missed], axis=2)
    assert ((away - radii[:, None]).min(axis=0) > -2e-3).all()


def strong_camera() -> Camera:
    """A 400 x 300 camera at the origin, looking along +z, with the studio's lens."""
    matrix = np.array([[300.0, 0, 198.0], [0, 299.0, 151.0], [0, 0, 1]])
    distortion = np.array([-0.28, 0.18, 0.001, 0.001, -0.04])
    return Camera("00_00", (300, 400), matrix, distortion, np.eye(3), np.zeros(3))


def ball(middle_mm, radius_mm: float = 40.0) -> Part:
    return Part(np.asarray(middle_mm), np.eye(3), 0.1, (radius_mm, radius_mm), (1.0, 1.0), WHITE)


def test_a_ball_is_drawn_where_opencv_projects_it():
    camera = strong_camera()
    view = View(camera)
    light = Light(np.array([0.0, -1.0, 0.0]), np.float32(1.0), np.ones(3))
    black = Scene(np.zeros((300, 400, 3), np.float32), np.full((300, 400, 2), np.nan, np.float32))
    for middle in ([0, 0, 3000], [1500, -1100, 3000], [-1600, 900, 2900], [1700, 1000, 3200]):
        middle = np.array(middle, np.float64)
        picture = view.draw(black, [ball(middle)], light)
        covered = picture.max(axis=2) > 0
        rows, columns = np.nonzero(covered)
        expected, _ = cv2.projectPoints(middle[None], np.zeros(3), np.zeros(3), camera.matrix, camera.distortion)
        assert 20 < len(rows) < 200
        np.testing.assert_allclose([columns.mean(), rows.mean()], expected[0, 0], atol=0.35)


def figure_parts(seed: int = 1) -> tuple:
    rng = np.random.default_rng(seed)
    build = Build.random(rng)
    motion = Motion(rng, kind="stand", seconds=2.0, leg_mm=build.leg, angle=0.0, radius_mm=100.0)
    posed = solve(build, motion.at(0.4, 0.0))
    return posed, parts_of(build, Outfit.random(rng), posed)


def test_every_joint_lies_within_the_drawn_body():
    posed, parts = figure_parts()
    for camera in dome_cameras(np.random.default_rng(2), 4, (180, 320)):
        view, light = View(camera), Light.random(np.random.default_rng(0))
        scene = Scene(np.full((180, 320, 3), -1.0, np.float32), np.full((180, 320, 2), np.nan, np.float32))
        drawn = view.draw(scene, parts, light).max(axis=2) > -1
        assert 0.01 < drawn.mean() < 0.3
        xy = camera.project(posed.joints_mm)
        inside = camera.contains(xy)
        assert inside.sum() >= 15
        for joint in np.flatnonzero(inside):
            x, y = np.round(xy[joint]).astype(int)
            assert drawn[y, x], f"{PANOPTIC19.joints[joint]} of {camera.name}"


def test_outlines_cut_nothing_off(monkeypatch):
    _, parts = figure_parts()
    camera = dome_cameras(np.random.default_rng(4), 1, (120, 200))[0]
    view, light = View(camera), Light.random(np.random.default_rng(0))
    scene = Backdrop(np.random.default_rng(0)).seen_from(camera.center_mm, view.rays)
    quick = view.draw(scene, parts, light)
    everywhere = type(view._outline(parts[0]))(np.zeros((2, 2)), np.inf, camera.size)
    monkeypatch.setattr(View, "_outline", lambda self, part: everywhere)
    np.testing.assert_array_equal(quick, view.draw(scene, parts, light))


def test_the_nearer_ball_hides_the_farther():
    view = View(strong_camera())
    light = Light(np.array([0.0, -1.0, 0.0]), np.float32(1.0), np.ones(3))
    black = Scene(np.zeros((300, 400, 3), np.float32), np.full((300, 400, 2), np.nan, np.float32))
    red = Cloth(np.array([1.0, 0, 0]), np.zeros(3))
    near = Part(np.array([0.0, 0, 2000]), np.eye(3), 0.1, (100.0, 100.0), (1.0, 1.0), red)
    for parts in ([near, ball([0, 0, 3000])], [ball([0, 0, 3000]), near]):
        red_value, green, _ = view.draw(black, parts, light)[151, 198]
        assert red_value > 0.5 and green == 0
