"""Bodies in a crop: where they are in the image, where they stand, and what is drawn."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from body import nets
from body.drawing import draw_meshes, mesh_of, turned_mesh
from body.human import topology
from body.linear import free_body
from body.rig import free_rig
from body.seen import SeenBody
from pose import Camera, Crop
from pose.space.lifting import turn_to, usual_camera

UPRIGHT = np.diag([1.0, -1.0, -1.0])
SIZE = (480, 640)


def rotations(seed=0):
    turns = Rotation.from_rotvec(np.random.default_rng(seed).normal(0, 0.3, (31, 3))).as_matrix()
    turns[0] = UPRIGHT @ turns[0]
    return turns


def seen_from(camera, turns, values, root_mm, crop):
    """What a net would have to answer for a body before a camera."""
    turns = turns.copy()
    turns[0] = turn_to(root_mm) @ turns[0]
    scale = camera.matrix[0, 0] / np.linalg.norm(root_mm) * 1000 / crop.scale * 2 / crop.size
    x, y = (crop.points_to_crop(camera.project_camera(root_mm[None])[0]) + 0.5) * 2 / crop.size - 1
    return SeenBody(np.array([scale, x / scale, y / scale]), turns, values, crop)


def test_a_rig_is_the_body_that_nets_pose():
    values, turns = np.random.default_rng(1).normal(size=10), rotations(2)
    body, root = free_body(10), np.array([[10.0, 900.0, -40.0]])
    bones = nets.pose_bones(body, turns[None], values[None], root)
    kept = topology().vertex_group < 2
    rig = free_rig(values)
    np.testing.assert_allclose(rig.heads(turns[None], root), bones.heads_mm, atol=0.01)
    true = np.asarray(nets.vertices(body, values[None], bones))[:, kept]
    np.testing.assert_allclose(rig.vertices(turns[None], root), true, atol=0.01)
    assert rig.faces.max() == len(rig.rest_mm) - 1 == 13523
    # Bones end where the next begin, and fingers beyond the hand.
    ends = dict(zip(rig.names, rig.tails_mm, strict=True))
    np.testing.assert_allclose(ends["LeftLeg"], rig.heads_mm[rig.names.index("LeftFoot")], atol=1)


@pytest.mark.parametrize("values", [np.zeros(9), np.full(10, np.nan)])
def test_other_shapes_raise(values):
    with pytest.raises(ValueError, match="a body's shape has 10 finite values"):
        free_rig(values)


def test_a_body_stands_where_the_camera_sees_it():
    camera, turns, values = usual_camera(SIZE, 1.2), rotations(), np.zeros(10)
    for root_mm in ([0.0, 0.0, 4000.0], [900.0, -300.0, 3500.0], [-1500.0, 400.0, 5000.0]):
        crop = Crop.centered(tuple(camera.project_camera(np.array([root_mm]))[0] + 20), 250, 128)
        seen = seen_from(camera, turns, values, np.array(root_mm), crop)
        in_camera, found_mm = seen.in_camera(camera)
        np.testing.assert_allclose(found_mm, root_mm, rtol=1e-6)
        np.testing.assert_allclose(in_camera, turns, atol=1e-9)
        # Far from the root the weak perspective is off, by less than the bodies' depth over their distance.
        rig, points = seen.skin()
        true = camera.project_camera(rig.vertices(turns[None], np.array([root_mm]))[0])
        away = np.linalg.norm(seen.project(points) - true, axis=1) / seen.px_per_m
        assert away.mean() < 0.08 and away.max() < 0.4


def test_a_camera_without_scale_is_far_away():
    crop = Crop.centered((10, 10), 20, 64)
    for scale in (0.0, -1.0, np.nan):
        seen = SeenBody(np.array([scale, 0, 0]), rotations(), np.zeros(10), crop)
        assert seen.distance_mm(usual_camera(SIZE)) == 1e6


def colored(drawn, color):
    """Where a color's hue is."""
    away = drawn.astype(int) @ np.array(color) / (np.linalg.norm(drawn.astype(int), axis=2) + 1e-9)
    return away / np.linalg.norm(color) > 0.99


def test_a_body_is_drawn_over_its_image():
    turns, crop = rotations(), Crop.centered((320, 240), 400, 128)
    seen = SeenBody(np.array([0.9, 0.02, -0.05]), turns, np.zeros(10), crop)
    picture = np.full((*SIZE, 3), (0, 0, 200), np.uint8)
    drawn = draw_meshes(picture, [mesh_of(seen, SIZE, (200, 0, 0))], opacity=1.0)
    red = colored(drawn, (200, 0, 0))
    xy = seen.project(seen.skin()[1])
    rows, columns = np.nonzero(red)
    np.testing.assert_allclose([columns.min(), rows.min()], xy.min(axis=0), atol=1.5)
    np.testing.assert_allclose([columns.max(), rows.max()], xy.max(axis=0), atol=1.5)
    assert (picture == (0, 0, 200)).all()
    half = draw_meshes(picture, [mesh_of(seen, SIZE, (200, 0, 0))], opacity=0.5)
    np.testing.assert_allclose(half[red].mean(axis=0)[2], 100, atol=2)


def test_who_is_nearer_hides_who_is_farther():
    turns, crop = rotations(), Crop.centered((320, 240), 400, 128)
    near, far = (SeenBody(np.array([scale, 0, 0]), turns, np.zeros(10), crop) for scale in (0.9, 0.45))
    meshes = [mesh_of(near, SIZE, (200, 0, 0)), mesh_of(far, SIZE, (0, 200, 0))]
    for order in (meshes, meshes[::-1]):
        drawn = draw_meshes(np.zeros((*SIZE, 3), np.uint8), order, opacity=1.0)
        # In the middle of the trunk.
        assert colored(drawn, (200, 0, 0))[235, 320]
    assert not colored(draw_meshes(np.zeros((*SIZE, 3), np.uint8), meshes[1:]), (200, 0, 0)).any()


def test_what_cannot_be_drawn_is_left_out():
    crop = Crop.centered((-500, 240), 100, 128)
    beyond = SeenBody(np.array([0.9, 0, 0]), rotations(), np.zeros(10), crop)
    broken = SeenBody(np.array([np.nan, 0, 0]), rotations(), np.zeros(10), crop)
    picture = np.full((*SIZE, 3), 7, np.uint8)
    meshes = [mesh_of(one, SIZE, (200, 0, 0)) for one in (beyond, broken)]
    np.testing.assert_array_equal(draw_meshes(picture, meshes), picture)


def test_a_body_from_the_side():
    """Somebody who faces the camera, from the image's right, looks to the left."""
    turns = np.tile(np.eye(3), (31, 1, 1))
    turns[0] = UPRIGHT
    rig = free_rig(np.zeros(10))
    points = rig.vertices(turns[None], np.zeros((1, 3)))[0]
    toes, head = rig.rest_mm[:, 2].argmax(), rig.rest_mm[:, 1].argmax()
    front, side = (turned_mesh(points, rig.faces, 200, (9, 9, 9), reach_mm=1100, deg=deg) for deg in (0, 90))
    np.testing.assert_allclose(front.xy_px[head], side.xy_px[head], atol=15)
    assert side.xy_px[toes, 0] < 92 and side.xy_px[head, 1] < 60
    width, depth = (np.ptp(mesh.xy_px[:, 0]) for mesh in (front, side))
    assert width > 2 * depth


def test_a_distorted_camera_is_looked_through():
    matrix = np.array([[500.0, 0, 319.5], [0, 500.0, 239.5], [0, 0, 1]])
    camera = Camera("bent", SIZE, matrix, np.array([-0.25, 0.05, 0, 0, 0]), np.eye(3), np.zeros(3))
    root_mm = np.array([1200.0, 300.0, 3600.0])
    crop = Crop.centered(tuple(camera.project_camera(root_mm[None])[0]), 250, 128)
    seen = seen_from(camera, rotations(), np.zeros(10), root_mm, crop)
    np.testing.assert_allclose(seen.in_camera(camera)[1], root_mm, rtol=1e-3)
