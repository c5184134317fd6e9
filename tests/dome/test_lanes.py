"""People who walk back and forth in lanes: they cross in the images, leave them and come back."""

import json

import numpy as np
import pytest

from dome import Dome, write
from dome.cast import Cast, nearest_mm
from dome.moves.lanes import RADIUS_MM, along_lane, lane_offset_mm
from dome.moves.motion import Motion
from dome.settings import SequenceSettings
from dome.view.rig import dome_cameras
from pose import PANOPTIC19

HIPS = PANOPTIC19.index("body_center")


def straight(frames: int, step_mm: float) -> Motion:
    """Walks along z, facing it."""
    root = np.zeros((frames, 3), np.float32)
    root[:, 1], root[:, 2] = 900, step_mm * np.arange(frames)
    return Motion(np.tile(np.eye(3, dtype=np.float32), (frames, 31, 1, 1)), root, 15.0)


def test_lanes_lie_beside_one_another():
    assert [lane_offset_mm(i, 3) for i in range(3)] == [-900, 0, 900]
    np.testing.assert_allclose([lane_offset_mm(i, 7) for i in range(7)], np.arange(-3, 4) * 600)
    assert lane_offset_mm(0, 1) == 0


@pytest.mark.parametrize("forward", [True, False])
def test_a_walk_keeps_to_its_lane_and_turns_at_the_ends(forward):
    led = along_lane(straight(300, 80), -600.0, 0.0, forward)
    x, z = led.root_mm[:, 0], led.root_mm[:, 2]
    sign = 1 if forward else -1
    # It begins in the middle and faces where it goes.
    np.testing.assert_allclose(led.root_mm[:4, 0], sign * 80 * np.arange(4), atol=1e-3)
    np.testing.assert_allclose(led.rotations[0, 0] @ [0, 0, 1], [sign, 0, 0], atol=1e-6)
    half = np.sqrt(RADIUS_MM**2 - 600**2)
    assert half < np.abs(x).max() < half + 500 and np.abs(z + 600).max() < 500
    # Steps are as long as before, and 300 of 80 mm are more than three lanes.
    np.testing.assert_allclose(np.hypot(*np.diff(led.root_mm[:, [0, 2]], axis=0).T), 80, atol=0.01)
    assert np.count_nonzero(np.diff(np.sign(x[1:]))) >= 5
    facing = (led.rotations[1:, 0] @ [0, 0, 1])[:, [0, 2]]
    assert (np.einsum("fi,fi->f", facing, np.diff(led.root_mm[:, [0, 2]], axis=0)) > 79.9).all()
    np.testing.assert_allclose(led.root_mm[:, 1], 900)


@pytest.mark.slow
def test_several_people_cross_leave_and_come_back_without_meeting():
    settings = SequenceSettings(1, 150, 4, (5, 5), 360, 640, 15.0, crossing=True)
    cast = Cast(settings)
    joints = cast.joints_world_mm
    for i, j in np.argwhere(np.tri(5, k=-1)):
        assert nearest_mm(joints[:, i], joints[:, j]) > 40
    assert np.hypot(joints[:, :, HIPS, 0], joints[:, :, HIPS, 2]).max() < RADIUS_MM + 700
    crossings = came = 0
    for camera in dome_cameras(settings.rng(7), 4, (360, 640)):
        xy = camera.project(joints.reshape(-1, 3)).reshape(*joints.shape[:3], 2)
        seen = (camera.contains(xy) & camera.in_front(joints)).sum(axis=-1) > 0
        came += np.count_nonzero(np.diff(seen.astype(int), axis=0) == 1)
        order = xy[:, :, None, HIPS, 0] > xy[:, None, :, HIPS, 0]
        both = seen[:, :, None] & seen[:, None]
        crossings += np.count_nonzero((order[1:] != order[:-1]) & both[1:] & both[:-1]) // 2
    assert crossings > 20 and came > 8


def test_sequences_without_it_are_described_as_before():
    settings = SequenceSettings(1, 2, 1, (1, 1), 32, 48, 15.0)
    assert "crossing" not in settings.as_json()
    crossing = SequenceSettings(1, 2, 1, (1, 1), 32, 48, 15.0, crossing=True)
    assert crossing.as_json() == settings.as_json() | {"crossing": True}


@pytest.mark.parametrize("other", [{"poses": ("lying",)}, {"motion": "."}])
def test_crossing_people_walk(tmp_path, other):
    if "motion" in other:
        other = {"motion": tmp_path}
    with pytest.raises(ValueError, match="crossing people walk, and (poses|motion) are other motions; leave one"):
        Dome(tmp_path, crossing=True, **other)


def test_a_sequence_says_that_people_cross(tmp_path):
    settings = {"frames": 1, "cameras": 1, "people": "2", "height": 32, "width": 48, "workers": 1}
    (folder,) = Dome(tmp_path, crossing=True, **settings).write()
    assert json.loads((folder / "dome.json").read_text())["crossing"] is True
    with pytest.raises(ValueError, match=r"exists with other settings than those given \(crossing: True -> None\)"):
        Dome(tmp_path, **settings).write()
    assert write.is_written(folder, Dome(tmp_path, crossing=True, **settings)._settings(0))
