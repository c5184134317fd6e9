"""The forms of depth images: truth encoded and decoded, turned and mirrored cameras, losses, what the image says."""

import numpy as np
import pytest
from depth_people import BEHIND_MM, SIZE, depth_batch

from models.forms import DEPTH_FORMS
from models.forms.cone import STEPS
from models.forms.depths import REACH_MM, back_project, body_depth, depth_at, project
from models.forms.heatmaps import encode_heatmaps
from models.forms.volumes import EDGE_MM, occupancy

CELLS = 16


def exponents(place, count, sigma):
    """The exponents (..., count) of Gaussians about places (...)."""
    return -((np.arange(count) - place[..., None]) ** 2) / (2 * sigma**2)


def perfect(form, inputs, labels):
    """The outputs of a net that knows the truth, and the image."""
    xyz, camera, depth = labels["joints_xyz_mm"], inputs["camera_matrix"], inputs["depth_mm"]
    body = np.asarray(body_depth(depth))
    handed_on = {**inputs, "body_mm": body}
    xy = np.asarray(project(xyz, camera))
    if form == "depth-readout":
        logits = np.log(np.asarray(encode_heatmaps(xy, SIZE, CELLS)) + 1e-12)
        behind = (xyz[..., 2] - np.asarray(depth_at(xy, depth, body))) / 1000
        seen = np.where(labels["visible"] == 2, 20.0, -20.0)
        return {"heatmap_logits": logits, "behind": behind, "seen_logits": seen, **handed_on}
    if form == "cone":
        place = (xy + 0.5) * CELLS / SIZE - 0.5
        step = ((xyz[..., 2] - body[:, None]) / REACH_MM + 1) * STEPS / 2 - 0.5
        across, down = (exponents(place[..., axis], CELLS, 1.5).swapaxes(1, 2) for axis in (0, 1))
        logits = down[:, :, None, :, None] + across[:, None, :, :, None] + exponents(step, STEPS, 1)[:, None, None]
        return {"cone_logits": logits, "outside_logits": np.full(xyz.shape[:2], -20.0), **handed_on}
    count = 24
    middle = np.asarray(back_project(np.full((len(xyz), 1, 2), (SIZE - 1) / 2), body[:, None], camera))
    place = ((xyz - middle) / EDGE_MM + 0.5) * count - 0.5
    x, y, z = (exponents(place[..., axis], count, 1.7).swapaxes(1, 2) for axis in range(3))
    logits = np.exp(x[:, :, None, None] + y[:, None, :, None] + z[:, None, None])
    return {"volume_logits": logits, **handed_on}


def as_float(values):
    return {name: np.asarray(value, np.float32) for name, value in values.items()}


@pytest.mark.parametrize("skew", [0.0, 0.3])
@pytest.mark.parametrize(("form", "allowed_mm"), [("cone", 25), ("depth-readout", 25), ("volumes", 10)])
def test_the_truth_is_decoded_whatever_the_cameras_turn(form, allowed_mm, skew):
    inputs, labels = depth_batch(6, skew=skew)
    found = DEPTH_FORMS[form].decode(as_float(perfect(form, inputs, labels)), SIZE)
    away = np.linalg.norm(np.asarray(found["joints_xyz_mm"]) - labels["joints_xyz_mm"], axis=-1)
    assert np.median(away) < allowed_mm / 5 and away.max() < allowed_mm
    assert np.asarray(found["scores"]).min() > 0.9


@pytest.mark.parametrize("form", DEPTH_FORMS)
def test_the_loss_is_least_at_the_truth(form):
    inputs, labels = depth_batch(4)
    right = as_float(perfect(form, inputs, labels))
    loss = DEPTH_FORMS[form].loss()
    least = float(loss(labels, right, size=SIZE)["joint_loss"].value)
    assert least == pytest.approx(0, abs=0.01)
    aside = labels["joints_xyz_mm"] + np.float32([100, 0, 0])
    moved = as_float(perfect(form, inputs, {**labels, "joints_xyz_mm": aside}))
    assert float(loss(labels, moved, size=SIZE)["joint_loss"].value) > 10 * max(least, 1e-5)
    unknown = {**labels, "xyz_known": 0 * labels["xyz_known"], "joints_xyz_mm": 0 * labels["joints_xyz_mm"]}
    assert float(loss(unknown, moved, size=SIZE)["joint_loss"].value) == 0


def test_a_mirrored_image_gives_mirrored_joints():
    """The maps of a mirrored image, decoded by the mirrored camera: half a pixel off would be 12 mm."""
    inputs, labels = depth_batch(4)
    outputs = as_float(perfect("cone", inputs, labels))
    flip = np.array([[-1, 0, SIZE - 1], [0, 1, 0], [0, 0, 1]], np.float32)
    turn = np.diag([-1.0, 1, 1]).astype(np.float32)
    mirrored = {
        **outputs,
        "cone_logits": outputs["cone_logits"][:, :, ::-1],
        "camera_matrix": flip @ outputs["camera_matrix"] @ turn,
    }
    decode = DEPTH_FORMS["cone"].decode
    found, again = (np.asarray(decode(values, SIZE)["joints_xyz_mm"]) for values in (outputs, mirrored))
    np.testing.assert_allclose(again * (-1, 1, 1), found, atol=1.0)


def test_a_joint_outside_the_cone_is_a_class_of_its_own():
    inputs, labels = depth_batch(1)
    outputs = as_float(perfect("cone", inputs, labels))
    labels["joints_xyz_mm"][0, :3] = (0, 0, 9000), (0, 0, -500), (9000, 0, 2500)
    loss = DEPTH_FORMS["cone"].loss()
    wrong = float(loss(labels, outputs, size=SIZE)["joint_loss"].value)
    outputs["outside_logits"][0, :3] = 30.0
    assert wrong > 2 and float(loss(labels, outputs, size=SIZE)["joint_loss"].value) < 0.01
    assert np.asarray(DEPTH_FORMS["cone"].decode(outputs, SIZE)["scores"])[0, :4].round(3).tolist() == [0, 0, 0, 1]


def test_the_depth_of_the_body_and_of_places():
    depth = np.full((3, 60, 60), 4000, np.float32)
    depth[0, :, 25:35] = 2000
    depth[1] = 0
    depth[2, 28:33, 28:33] = 0
    body = np.asarray(body_depth(depth))
    assert body.tolist() == [2000, 0, 4000]
    # Two of the five columns are the body's; where nothing is known, the depth is the body's.
    places = np.array([[[24.0, 30], [22, 30], [30, 30], [0, 59]]] * 3, np.float32)
    found = np.asarray(depth_at(places, depth, np.array([2000, 1500, 3000], np.float32)))
    assert found[0].tolist() == [4000, 4000, 2000, 4000]
    assert found[1].tolist() == [1500] * 4 and found[2].tolist() == [4000, 4000, 3000, 4000]


def test_points_are_projected_and_back():
    inputs, labels = depth_batch(3, skew=-0.7)
    xyz, camera = labels["joints_xyz_mm"], inputs["camera_matrix"]
    found = np.asarray(back_project(project(xyz, camera), xyz[..., 2], camera))
    np.testing.assert_allclose(found, xyz, atol=0.05)


def test_the_readout_sees_the_surface_before_the_joint():
    inputs, labels = depth_batch(4)
    outputs = as_float(perfect("depth-readout", inputs, labels) | {"behind": np.zeros((4, 19))})
    found = np.asarray(DEPTH_FORMS["depth-readout"].decode(outputs, SIZE)["joints_xyz_mm"])
    assert np.median(labels["joints_xyz_mm"][..., 2] - found[..., 2]) == pytest.approx(BEHIND_MM, abs=2)


def test_occupied_voxels_are_those_of_the_surface():
    depth = np.full((1, 64, 64), 2000, np.float32)
    depth[0, :, :32] = 0
    camera = np.array([[[64.0, 0, 31.5], [0, 64, 31.5], [0, 0, 1]]], np.float32)
    grid = np.asarray(occupancy(depth, camera, np.array([2000 + 50.0], np.float32), 24))[0]
    # Voxels of 100 mm: the plane is in those from 1950 to 2050 mm, to the right of the middle, as far as is seen.
    x, y, z = np.nonzero(grid)
    assert set(z.tolist()) == {11} and x.min() == 12 and set(y.tolist()) == {*range(2, 22)}
    assert grid[12:22, 2:22, 11].all()
