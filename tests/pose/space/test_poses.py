"""People in space: left and right exchanged by one camera, bones of constant length, cameras that were moved."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from studio import cameras, seen, walking

from pose import BODY26, COCO17
from pose.space import triangulate
from pose.space.bones import with_constant_bones
from pose.space.bundle import refine_cameras
from pose.space.poses import locate


def bone_lengths(xyz):
    limbs = [("left_hip", "left_knee"), ("right_knee", "right_ankle"), ("left_shoulder", "left_elbow")]
    return np.stack(
        [np.linalg.norm(xyz[:, COCO17.index(a)] - xyz[:, COCO17.index(b)], axis=-1) for a, b in limbs], axis=1
    )


def test_every_frame_is_located():
    rig, xyz = cameras(4), walking(20, skeleton=BODY26)
    found = locate(rig, BODY26, *seen(rig, xyz))
    np.testing.assert_allclose(found.xyz_mm, xyz, atol=1e-5)
    assert found.used.all() and found.errors_px.shape == (4, 20, 26)


def test_left_and_right_that_one_camera_exchanges_are_exchanged_back():
    rig, xyz = cameras(3), walking(20)
    xy, scores = seen(rig, xyz)
    exchanged = xy.copy()
    legs = [COCO17.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle") for side in ("left", "right")]
    exchanged[1, 5:15, legs] = xy[1, 5:15, COCO17.flip_order[legs]]
    found = locate(rig, COCO17, exchanged, scores)
    np.testing.assert_allclose(found.xyz_mm, xyz, atol=1e-5)
    assert found.used.all()


def test_joints_of_low_scores_are_not_used():
    rig, xyz = cameras(3), walking(4)
    xy, scores = seen(rig, xyz)
    xy[0, :, 9], scores[0, :, 9] = 0, 0.05
    found = locate(rig, COCO17, xy, scores)
    np.testing.assert_allclose(found.xyz_mm, xyz, atol=1e-5)
    assert not found.used[0, :, 9].any()
    assert locate(rig, COCO17, xy, scores, least_score=0.01).errors_px[0, :, 9].min() > 100


def test_arrays_that_do_not_fit_raise():
    rig = cameras(2)
    with pytest.raises(ValueError, match="2 cameras and 17 joints need xy_px"):
        locate(rig, COCO17, np.zeros((2, 5, 14, 2)), np.zeros((2, 5, 14)))


def test_bones_keep_their_lengths_and_joints_get_nearer_to_the_truth():
    rig, xyz = cameras(3), walking(60)
    xy, scores = seen(rig, xyz, noise_px=8.0)
    found = locate(rig, COCO17, xy, scores)
    held = with_constant_bones(rig, COCO17, found)
    before, after = (bone_lengths(one).std(axis=0) for one in (found.xyz_mm, held))
    assert (after < before / 2).all()
    arms_and_legs = COCO17.main_joints
    error_before, error_after = (
        np.linalg.norm(one - xyz, axis=-1)[:, arms_and_legs].mean() for one in (found.xyz_mm, held)
    )
    assert error_after < 0.97 * error_before
    assert np.abs(np.median(bone_lengths(held), axis=0) - bone_lengths(xyz)[0]).max() < 4


def test_exact_joints_of_constant_bones_stay_where_they_are():
    rig, xyz = cameras(3), walking(20)
    xy, scores = seen(rig, xyz)
    scores[:, :, 3] = 0
    held = with_constant_bones(rig, COCO17, locate(rig, COCO17, xy, scores))
    xyz[:, 3] = np.nan
    np.testing.assert_allclose(held, xyz, atol=1e-4)


def test_cameras_that_were_moved_are_moved_back():
    """One of four cameras is turned by 0.6 degrees and moved by 30 mm; scores are those of a noisy model."""
    rig = cameras(4)
    people = [
        walking(60, turn_deg=turn, start=start) for turn, start in ((0, (0, 0)), (90, (900, 0)), (180, (-700, 400)))
    ]
    xyz = np.concatenate(people).reshape(-1, 3)
    xy, scores = seen(rig, xyz, noise_px=3.0)
    turn = cv2.Rodrigues(np.array([0.005, -0.008, 0.004]))[0]
    wrong = replace(
        rig[2], rotation=turn @ rig[2].rotation, translation_mm=turn @ rig[2].translation_mm + (20, -15, 15)
    )
    corrected = refine_cameras([*rig[:2], wrong, rig[3]], xy, scores)

    def error(camera):
        return np.linalg.norm(camera.project(xyz) - rig[2].project(xyz), axis=-1).mean()

    assert error(corrected[2]) < error(wrong) / 3
    # The people stay where they were.
    before, after = (triangulate(some, xy, scores).xyz_mm for some in ([*rig[:2], wrong, rig[3]], corrected))
    assert np.linalg.norm(np.mean(after - before, axis=0)) < 1.5
    untouched = max(np.linalg.norm(one.center_mm - rig[k].center_mm) for k, one in enumerate(corrected) if k != 2)
    assert untouched < 20


def test_exact_cameras_stay():
    rig, xyz = cameras(3), walking(60).reshape(-1, 3)
    for before, after in zip(rig, refine_cameras(rig, *seen(rig, xyz)), strict=True):
        np.testing.assert_allclose(after.translation_mm, before.translation_mm, atol=1e-3)
        np.testing.assert_allclose(after.rotation, before.rotation, atol=1e-6)


def test_too_few_points_leave_the_cameras_as_they_are():
    rig, xyz = cameras(3), walking(1).reshape(-1, 3)
    xy, scores = seen(rig, xyz, noise_px=5.0)
    assert all(one is other for one, other in zip(rig, refine_cameras(rig, xy, scores), strict=True))
