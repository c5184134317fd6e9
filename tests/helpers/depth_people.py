"""Made-up people in depth images: a disc before a wall at each joint, and a trunk."""

import cv2
import numpy as np
from waving import SKELETON, moving

from pose import Camera, Crop
from pose.crop import box_from_joints
from records import Person, ShardSetWriter, encode_example

SIZE = 64
MATRIX = np.array([[300.0, 0, 159.5], [0, 310, 119.5], [0, 0, 1]])
# How far behind the surface of its disc a joint lies, and the disc's radius in px.
BEHIND_MM, RADIUS_PX = 60, 9
WALL_MM = 4500


def depth_person(number: int) -> Person:
    """A person of `waving`, 2.5 m before the camera; the image of color is gray."""
    random = np.random.default_rng(number)
    xyz = moving(10, seed=number)[number % 10] + (random.uniform(-300, 300), random.uniform(-100, 100), 2500)
    camera = Camera("00", (240, 320), MATRIX, np.zeros(5), np.eye(3), np.zeros(3))
    xy = camera.project_camera(xyz)
    depth = np.full((240, 320), WALL_MM, np.uint16)
    trunk = [SKELETON.index(name) for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
    cv2.fillConvexPoly(depth, xy[trunk].round().astype(int), 2500 - BEHIND_MM)
    for (x, y), z in sorted(zip(xy.tolist(), xyz[:, 2].tolist(), strict=True), key=lambda one: -one[1]):
        cv2.circle(depth, (round(x), round(y)), RADIUS_PX, round(z) - BEHIND_MM, -1)
    depth[:20, :20] = 0
    visible = np.where(camera.contains(xy), 2, 0)
    return Person(
        picture=np.full((240, 320, 3), 128, np.uint8),
        box_px=box_from_joints(xy, visible),
        joints_xy_px=xy,
        visible=visible,
        dataset="made_up",
        sequence=f"s{number:03d}",
        joints_xyz_mm=xyz,
        camera_model=camera,
        depth_mm=depth,
    )


def write_depth(folder, *, train=8, val=4, test=4):
    """A shard set of such people."""
    writer = ShardSetWriter(
        folder, skeleton=SKELETON, size=SIZE, source={"dataset": "made_up", "padding": 1.25}, split_rule={}
    )
    number = 0
    for split, count in (("train", train), ("val", val), ("test", test)):
        for _ in range(count):
            person = depth_person(number)
            writer.add(split, encode_example(person, Crop.from_box(person.box_px, SIZE), SKELETON))
            number += 1
    return writer.finish()


def depth_batch(count=8, *, skew=0.0, size=SIZE):
    """Inputs and labels of people in crops, float32 (count, ...) by name, the camera turned by `skew` radians."""
    people = [depth_person(number) for number in range(count)]
    crops = [Crop.from_box(person.box_px, size) for person in people]
    turn = np.array([[np.cos(skew), -np.sin(skew), 0], [np.sin(skew), np.cos(skew), 0], [0, 0, 1]])
    matrices = np.stack([crop.camera_matrix(person.camera_model) for crop, person in zip(crops, people, strict=True)])
    depth = np.stack([crop.cut_nearest(person.depth_mm) for crop, person in zip(crops, people, strict=True)])
    # Points turned about the camera's axis are seen where they were, by a camera that is turned back.
    xyz = np.stack([person.joints_xyz_mm for person in people]) @ turn.T
    inputs = {"depth_mm": depth, "camera_matrix": matrices @ turn.T}
    labels = {"joints_xyz_mm": xyz, "xyz_known": np.ones(xyz.shape[:2]), "visible": np.full(xyz.shape[:2], 2)}
    return tuple({name: value.astype(np.float32) for name, value in values.items()} for values in (inputs, labels))
