"""Poses of real people: mirror images, files."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from body.human import BONES, Human, Shape
from body.pool import TWINS, BodyPool, mirrored, read_pool
from pose import PANOPTIC19


def random_turns(count):
    turns = Rotation.from_rotvec(np.random.default_rng(0).normal(0, 0.5, (count * len(BONES), 3))).as_matrix()
    return turns.reshape(count, len(BONES), 3, 3).astype(np.float32)


def test_twins():
    assert BONES[TWINS[BONES.index("LeftForeArm")]] == "RightForeArm"
    assert BONES[TWINS[BONES.index("RHipJoint")]] == "LHipJoint" and BONES[TWINS[BONES.index("LThumb")]] == "RThumb"
    # LowerBack has no side.
    assert sorted(bone for bone, twin in zip(BONES, TWINS, strict=True) if BONES[twin] == bone) == sorted(
        ("Hips", "LowerBack", "Spine", "Spine1", "Neck", "Neck1", "Head")
    )
    assert [TWINS[twin] for twin in TWINS] == list(range(len(BONES)))


def test_a_mirrored_pose_has_the_mirrored_joints():
    human, turns = Human(Shape(sex=0.9, weight=0.8)), random_turns(3)
    root = np.zeros((3, 3))
    joints, other = human.pose(turns, root).joints_mm, human.pose(mirrored(turns), root).joints_mm
    swapped = [PANOPTIC19.index(name) for name in PANOPTIC19.joints]
    for left, right in PANOPTIC19.pairs:
        swapped[left], swapped[right] = right, left
    np.testing.assert_allclose(other, joints[:, swapped] * (-1, 1, 1), atol=1e-3)
    assert np.abs(other - joints).max() > 100
    np.testing.assert_array_equal(mirrored(mirrored(turns)), turns)


def test_a_file_is_read_as_it_was_written(tmp_path):
    path, pool = tmp_path / "poses.npz", BodyPool(random_turns(4), np.ones((4, 10), np.float32))
    with path.open("wb") as file:
        pool.write(file)
    again = read_pool(path)
    np.testing.assert_array_equal(again.rotations, pool.rotations)
    np.testing.assert_array_equal(again.shape_values, pool.shape_values)


def test_other_files_raise(tmp_path):
    path, turns, values = tmp_path / "poses.npz", random_turns(4), np.ones((4, 10), np.float32)
    with pytest.raises(ValueError, match="poses.npz cannot be read as poses of bodies .*python -m data_prep poses"):
        read_pool(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read as poses"):
        read_pool(path)
    np.savez(path, bones=np.array(BONES[::-1]), rotations=turns, shape_values=values)
    with pytest.raises(ValueError, match="its bones are others"):
        read_pool(path)
    np.savez(path, bones=np.array(BONES), rotations=turns * np.nan, shape_values=values)
    with pytest.raises(ValueError, match="it has numbers that are not finite"):
        read_pool(path)
    for rotations, shapes in ((turns[:, 1:], values), (turns, values[:3]), (turns[:0], values[:0])):
        with pytest.raises(ValueError, match=r"a pool must have rotations \(N, 31, 3, 3\) and shape_values"):
            BodyPool(rotations, shapes)
