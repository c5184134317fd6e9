"""Poses for critics of bodies: of motion capture, of the dome's own motions."""

import numpy as np
import pytest
from commands import call

from body import nets
from body.human import BONES, Human
from body.linear import free_body
from body.pool import mirrored, read_pool
from body.shape import Shape
from data_prep.command import main
from data_prep.poses import Poses
from dome.moves.pool import bodies_of, pooled
from dome.moves.retarget import retarget
from pose import PANOPTIC19
from pose.space.bvh import read_bvh


@pytest.fixture(scope="module")
def recordings(shared_data):
    folder = shared_data / "mocap"
    if not list(folder.glob("*.bvh")):
        pytest.skip("no recordings")
    return folder


def test_the_domes_own_poses_and_their_mirror_images(tmp_path):
    options = {"people": 2, "seconds": 1.5, "fps": 4, "first": 7}
    pool = Poses(tmp_path / "poses.npz", **options).write()
    assert pool.rotations.shape == (24, 31, 3, 3) and pool.shape_values.shape == (24, 10)
    again = read_pool(tmp_path / "poses.npz")
    np.testing.assert_array_equal(again.rotations, pool.rotations)
    made = {bodies.tobytes() for bodies in bodies_of(8, 4, 1.5).rotations}
    assert len(made) == 6 and made <= {bodies.tobytes() for bodies in pool.rotations}
    assert {bodies.tobytes() for bodies in mirrored(bodies_of(8, 4, 1.5).rotations)} <= {
        bodies.tobytes() for bodies in pool.rotations
    }
    few = Poses(tmp_path / "few.npz", **options, most=5).write()
    np.testing.assert_array_equal(few.rotations, pool.rotations[:5])


def test_recorded_poses_are_the_recordings(recordings, tmp_path):
    """Of the recording's own motion on a body, with ten shape values in place of the shape, the joints are the same."""
    walk = read_bvh(recordings / "35_02.bvh")
    bodies = bodies_of(3, 10, recording=walk)
    rng = np.random.default_rng([3, *b"35_02"])
    human = Human(Shape.random(rng))
    motion = retarget(walk, human, 10)
    expected = human.pose(motion.rotations, np.zeros((len(motion.rotations), 3))).joints_mm
    body = free_body(10)
    bones = nets.pose_bones(body, bodies.rotations, bodies.shape_values)
    joints = np.asarray(nets.joints(body, bodies.shape_values, bones))
    assert np.linalg.norm(joints - expected, axis=2).max() < 15
    # Upright, and the left hand on the left: x of a person who faces z.
    in_hips = np.einsum("fji,fkj->fki", bodies.rotations[:, 0], joints)
    at = {name: in_hips[:, PANOPTIC19.index(name)] for name in PANOPTIC19.joints}
    assert (joints[:, PANOPTIC19.index("nose"), 1] - joints[:, PANOPTIC19.index("left_ankle"), 1] > 1000).all()
    assert (at["left_shoulder"][:, 0] > at["right_shoulder"][:, 0] + 200).all()
    assert (at["left_wrist"][:, 0] > at["right_wrist"][:, 0]).all()
    assert (at["nose"][:, 2] > at["neck"][:, 2]).all()


def test_the_command_writes_what_can_be_used(recordings, tmp_path):
    folder = tmp_path / "cmu" / "35"
    folder.mkdir(parents=True)
    (folder / "35_02.BVH").write_bytes((recordings / "35_02.bvh").read_bytes())
    (folder / "broken.bvh").write_text("nothing")
    arguments = ["poses", "--bvh", str(tmp_path / "cmu"), "--out", str(tmp_path / "made/poses.npz"), "--people", "2"]
    done = call(main, *arguments)
    assert done.returncode == 0 and "poses.npz has 136 poses" in done.stdout
    assert "skipped: " in done.stderr and "broken.bvh" in done.stderr
    assert read_pool(tmp_path / "made/poses.npz").rotations.shape == (136, len(BONES), 3, 3)
    failed = call(main, *arguments, "--max-skipped", 0)
    assert failed.returncode == 2 and "more than 0 recordings cannot be used" in failed.stderr


def test_wrong_options_raise(tmp_path):
    with pytest.raises(ValueError, match="bvh must be a folder with .bvh files that can be used, and"):
        Poses(tmp_path / "poses.npz", bvh=tmp_path).write()
    assert not (tmp_path / "poses.npz").exists()
    with pytest.raises(ValueError, match="most must be 1 or more, got 0"):
        Poses(tmp_path / "poses.npz", most=0)
    with pytest.raises(ValueError, match="fps must be above 0 and below 1000, got 0"):
        Poses(tmp_path / "poses.npz", fps=0)
    with pytest.raises(ValueError, match="there must be bodies to pool, got none"):
        pooled([], 5, np.random.default_rng(0))
