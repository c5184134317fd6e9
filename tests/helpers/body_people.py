"""People of the dome's body before a camera: a colored disc at each joint, and the truth of the body."""

import colorsys
from dataclasses import replace

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from body import nets
from body.human import BONES
from body.linear import free_body
from body.pool import BodyPool
from models.hmr import UPRIGHT
from pose import PANOPTIC19, Camera, Crop
from pose.crop import box_from_joints
from records import Person, ShardSetWriter, encode_example

SIZE = 64
CAMERA = Camera(
    "00", (240, 320), np.array([[260.0, 0, 159.5], [0, 260, 119.5], [0, 0, 1]]), np.zeros(5), np.eye(3), np.zeros(3)
)
_COLORS = [tuple(255 * channel for channel in colorsys.hsv_to_rgb(joint / 19, 1, 1)) for joint in range(19)]


def bodies(count, seed=0):
    """Rotations (N, 31, 3, 3), the first in the camera's frame, and shape values (N, 10)."""
    rng = np.random.default_rng(seed)
    turns = Rotation.from_rotvec(rng.normal(0, 0.25, (count * len(BONES), 3))).as_matrix().reshape(count, -1, 3, 3)
    turns[:, 0] = UPRIGHT @ Rotation.from_rotvec(rng.normal(0, 0.5, (count, 3))).as_matrix()
    return turns.astype(np.float32), rng.normal(0, 0.8, (count, 10)).astype(np.float32)


def in_camera(turns, values, roots_mm):
    """The joints (N, 19, 3) of bodies in mm."""
    body = free_body(10)
    return np.asarray(nets.joints(body, values, nets.pose_bones(body, turns, values, roots_mm)))


def body_person(number):
    """A person about 4 m before the camera."""
    rng = np.random.default_rng(number)
    turns, values = bodies(1, seed=number)
    xyz = in_camera(turns, values, rng.uniform((-700, -200, 3600), (700, 200, 4400))[None])[0].astype(np.float64)
    xy = CAMERA.project_camera(xyz)
    picture = np.full((240, 320, 3), 40, np.uint8)
    for joint in np.argsort(-xyz[:, 2]):
        cv2.circle(picture, tuple(xy[joint].round().astype(int).tolist()), 4, _COLORS[joint], -1)
    visible = np.where(CAMERA.contains(xy), 2, 0)
    return Person(
        picture=picture,
        box_px=box_from_joints(xy, visible),
        joints_xy_px=xy,
        visible=visible,
        dataset="made_up",
        sequence=f"s{number:03d}",
        joints_xyz_mm=xyz,
        camera_model=CAMERA,
        body_rotations=turns[0],
        body_shape=values[0],
    )


def write_bodies(folder, *, train=8, val=4, test=4, has_bodies=True):
    """A shard set of such people, or of their joints in the images alone."""
    writer = ShardSetWriter(
        folder, skeleton=PANOPTIC19, size=SIZE, source={"dataset": "made_up", "padding": 1.25}, split_rule={}
    )
    number = 0
    for split, count in (("train", train), ("val", val), ("test", test)):
        for _ in range(count):
            person = body_person(number)
            if not has_bodies:
                person = replace(person, body_rotations=None, body_shape=None, joints_xyz_mm=None)
            writer.add(split, encode_example(person, Crop.from_box(person.box_px, SIZE), PANOPTIC19))
            number += 1
    return writer.finish()


def write_poses(path, count=60):
    """A file of poses for the critic."""
    with path.open("wb") as file:
        BodyPool(*bodies(count, seed=99)).write(file)
    return path
