"""The errors of bodies by hand: seen from straight ahead, about the hips, in the image."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from evaluate.pose_3d.bodies import FIGURES, straight_ahead, summarize
from pose import PANOPTIC19

HIPS = [PANOPTIC19.index("left_hip"), PANOPTIC19.index("right_hip")]


def people(count=3):
    rng = np.random.default_rng(0)
    xyz = rng.normal(0, 400, (count, 19, 3))
    xyz += (700, -300, 3000) - xyz[:, HIPS].mean(axis=1, keepdims=True)
    return {
        "joints_xyz_mm": xyz,
        "xyz_known": np.ones((count, 19), np.int32),
        "joints_xy_px": rng.uniform(0, 100, (count, 19, 2)),
        "visible": np.full((count, 19), 2, np.int32),
    }


def perfect(labels):
    return {
        "joints_xyz_mm": straight_ahead(labels["joints_xyz_mm"], PANOPTIC19),
        "joints_xy_px": labels["joints_xy_px"].copy(),
    }


def test_a_person_aside_is_turned_to_the_axis():
    labels = people(1)
    aside = labels["joints_xyz_mm"]
    ahead = straight_ahead(aside, PANOPTIC19)
    np.testing.assert_allclose(ahead[:, HIPS].mean(axis=1), 0, atol=1e-9)
    # The depth from the hips along the line of sight is what it was.
    line = np.array([700, -300, 3000]) / np.linalg.norm([700, -300, 3000])
    np.testing.assert_allclose(ahead[..., 2], (aside - (700, -300, 3000)) @ line, atol=1e-9)
    # Turned about the camera's place, a person looks the same from there.
    turn = Rotation.from_euler("x", 17, degrees=True).as_matrix()
    straight = aside - (700, -300, 0)
    np.testing.assert_allclose(
        straight_ahead(straight @ turn.T, PANOPTIC19), straight_ahead(straight, PANOPTIC19), atol=1e-9
    )


def test_figures_by_hand():
    labels = people()
    answers = perfect(labels)
    found = summarize(answers, labels, PANOPTIC19, 100)
    assert found.keys() == {name for name, _, _ in FIGURES}
    assert found["mpjpe"] == pytest.approx(0, abs=1e-9) and found["pck_3d"] == 1 and found["error_2d"] == 0
    nose = PANOPTIC19.index("nose")
    answers["joints_xyz_mm"][0, nose] += (0, 190, 0)
    answers["joints_xy_px"][:, nose] += (3.0, 4.0)
    # A shift of the whole body does not count.
    answers["joints_xyz_mm"] += (5, 6, 7)
    labels["visible"][:, nose] = 1
    found = summarize(answers, labels, PANOPTIC19, 100)
    assert found["mpjpe"] == pytest.approx(190 / 3 / 19) and found["mpjpe_hidden"] == pytest.approx(190 / 3)
    assert found["pck_3d"] == pytest.approx((18 + 2 / 3) / 19) and found["error_2d"] == pytest.approx(0.05 / 19)
    turned = perfect(labels)
    turned["joints_xyz_mm"] = 0.8 * turned["joints_xyz_mm"] @ Rotation.from_euler("y", 90, degrees=True).as_matrix()
    found = summarize(turned, labels, PANOPTIC19, 100)
    assert found["mpjpe"] > 200 and found["pa_mpjpe"] == pytest.approx(0, abs=1e-6)
    labels["visible"][0, nose] = 0
    labels["xyz_known"][1, HIPS[0]] = 0
    again = summarize(answers, labels, PANOPTIC19, 100)
    assert np.isfinite(list(again.values())).all()
    labels["xyz_known"][:] = 0
    gone = summarize(answers, labels, PANOPTIC19, 100)
    assert np.isnan([gone[name] for name in ("mpjpe", "mpjpe_hidden", "pa_mpjpe", "pck_3d")]).all()
