"""Bodies as OBJ, glTF and BVH: read again, they are where the body's own skinning puts them."""

import json
import struct

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from body.files.bvh import body_bvh
from body.files.glb import glb_bytes
from body.files.motion import TO_FILE, BodyMotion
from body.files.obj import obj_text
from body.rig import free_rig
from pose.space.bvh import read_bvh
from pose.space.bvh_writing import bvh_text

RIG = free_rig(np.linspace(-1.5, 1.5, 10))
FPS = 25


def moving(times_s):
    """The body between two poses, on its way."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 0.5, (2, 31, 3))
    share = np.sin(3 * times_s)[:, None, None]
    vectors = first * share + second * (1 - share)
    rotations = Rotation.from_rotvec(vectors.reshape(-1, 3)).as_matrix().reshape(len(times_s), 31, 3, 3)
    root_mm = np.stack([500 * times_s, 900 + 50 * times_s**2, 100 * times_s - 3000], axis=1)
    return BodyMotion(RIG, times_s, rotations, root_mm)


@pytest.fixture(scope="module")
def motion():
    return moving(2.0 + np.arange(20) / FPS)


class Gltf:
    """A .glb file by the letter of the specification, and no more of it than our files use."""

    def __init__(self, content):
        magic, version, length = struct.unpack_from("<4sII", content)
        assert (magic, version, length) == (b"glTF", 2, len(content))
        chunks, start = {}, 12
        while start < length:
            size, kind = struct.unpack_from("<I4s", content, start)
            assert size % 4 == 0
            chunks[kind] = content[start + 8 : start + 8 + size]
            start += 8 + size
        self.json, self.binary = json.loads(chunks[b"JSON"]), chunks[b"BIN\0"]

    def array(self, number):
        accessor = self.json["accessors"][number]
        view = self.json["bufferViews"][accessor["bufferView"]]
        kind = {5121: np.uint8, 5123: np.uint16, 5126: np.float32}[accessor["componentType"]]
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}[accessor["type"]]
        assert view["byteOffset"] % 4 == 0
        values = np.frombuffer(self.binary, kind, accessor["count"] * width, view["byteOffset"])
        return values.reshape(-1, width)

    def vertices_m(self, frame):
        """The skin at a key of the animation."""
        nodes = self.json["nodes"]
        local = [{"translation": node.get("translation", [0, 0, 0]), "rotation": [0, 0, 0, 1]} for node in nodes]
        (animation,) = self.json["animations"]
        for channel in animation["channels"]:
            output = self.array(animation["samplers"][channel["sampler"]]["output"])
            local[channel["target"]["node"]][channel["target"]["path"]] = output[frame]
        world = {}

        def visit(number, above):
            matrix = np.eye(4)
            matrix[:3, :3] = Rotation.from_quat(local[number]["rotation"]).as_matrix()
            matrix[:3, 3] = local[number]["translation"]
            world[number] = above @ matrix
            for child in nodes[number].get("children", []):
                visit(child, world[number])

        for number in self.json["scenes"][0]["nodes"]:
            visit(number, np.eye(4))
        (skin,), (mesh,) = self.json["skins"], self.json["meshes"]
        inverse = self.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        moves = np.stack([world[joint] for joint in skin["joints"]]) @ inverse
        names = mesh["primitives"][0]["attributes"]
        rest, bones, weights = (self.array(names[name]) for name in ("POSITION", "JOINTS_0", "WEIGHTS_0"))
        blended = np.einsum("vk,vkij->vij", weights, moves[bones])
        return np.einsum("vij,vj->vi", blended, np.column_stack([rest, np.ones(len(rest))]))[:, :3]


def test_a_glb_moves_as_the_body_does(motion):
    file, true_mm = Gltf(glb_bytes(motion, "someone")), motion.vertices_mm()
    for frame in (0, 7, 19):
        np.testing.assert_allclose(1000 * file.vertices_m(frame), true_mm[frame], atol=0.01)
    (animation,) = file.json["animations"]
    times = file.array(animation["samplers"][0]["input"])[:, 0]
    np.testing.assert_allclose(times, np.arange(20) / FPS, atol=1e-6)
    assert animation["name"] == file.json["meshes"][0]["name"] == "someone"


def test_a_glbs_arrays_are_as_viewers_want_them(motion):
    file = Gltf(glb_bytes(motion))
    (primitive,) = file.json["meshes"][0]["primitives"]
    of = {name: file.array(number) for name, number in primitive["attributes"].items()}
    np.testing.assert_allclose(of["WEIGHTS_0"].sum(axis=1), 1, atol=1e-6)
    assert not of["JOINTS_0"][of["WEIGHTS_0"] == 0].any()
    np.testing.assert_allclose(np.linalg.norm(of["NORMAL"], axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(file.array(primitive["indices"]).reshape(-1, 3), RIG.faces)
    bounds = file.json["accessors"][primitive["attributes"]["POSITION"]]
    np.testing.assert_allclose([bounds["min"], bounds["max"]], [of["POSITION"].min(axis=0), of["POSITION"].max(axis=0)])
    # Interpolated rotations take the short way.
    for sampler in file.json["animations"][0]["samplers"][1:]:
        turns = file.array(sampler["output"])
        assert ((turns[1:] * turns[:-1]).sum(axis=1) > 0).all()


def test_a_bvh_has_the_bodys_rotations_and_joints(motion, tmp_path):
    path = tmp_path / "someone.bvh"
    path.write_text(bvh_text(body_bvh(motion)))
    read, frames = read_bvh(path), np.arange(20)
    assert (read.names, read.parents) == (RIG.names, RIG.parents) and read.frame_seconds == 1 / FPS
    np.testing.assert_allclose(read.local(frames)[0], motion.rotations, atol=1e-7)
    places = 10 * read.forward(frames)[0]
    np.testing.assert_allclose(places, RIG.heads(motion.rotations, motion.root_mm), atol=0.01)
    tails = RIG.tails_mm - RIG.heads_mm
    assert len(read.ends) == 7
    for bone, end in read.ends.items():
        np.testing.assert_allclose(10 * end, tails[bone], atol=1e-4)
    # No joint turns by half a turn from one frame to the next.
    assert np.abs(np.diff(read.values, axis=0)).max() < 90


def test_uneven_frames_are_evened_for_bvh(tmp_path):
    times = np.delete(np.arange(30) / FPS, [4, 5, 17])
    uneven = moving(times)
    even, step = uneven.evenly()
    assert step == pytest.approx(1 / FPS) and len(even.times_s) == 30
    whole = moving(np.arange(30) / FPS)
    np.testing.assert_allclose(even.rotations[[3, 20, 29]], whole.rotations[[3, 20, 29]], atol=1e-6)
    away = np.linalg.norm(even.vertices_mm() - whole.vertices_mm(), axis=2)
    assert away.max() < 15 and away[[4, 5, 17]].max() > 0.1
    assert len(body_bvh(uneven).values) == 30


def test_one_frame_is_a_motion_too(motion):
    one = BodyMotion(RIG, motion.times_s[:1], motion.rotations[:1], motion.root_mm[:1])
    np.testing.assert_allclose(1000 * Gltf(glb_bytes(one)).vertices_m(0), motion.vertices_mm()[0], atol=0.01)
    assert len(body_bvh(one).values) == 1


def test_an_obj_has_the_vertices_and_faces(motion):
    vertices = motion.vertices_mm()[0]
    lines = [line.split() for line in obj_text(vertices, RIG.faces, "someone").splitlines()]
    read = np.array([line[1:] for line in lines if line[0] == "v"], float)
    np.testing.assert_allclose(1000 * read, vertices, atol=0.0051)
    np.testing.assert_array_equal([[int(word) - 1 for word in line[1:]] for line in lines if line[0] == "f"], RIG.faces)


def test_a_camera_that_sees_a_person_upright_gives_files_of_one_upright(motion):
    """The camera's y points down, the files' up; who faces the camera faces the viewer."""
    rotations = np.tile(np.eye(3), (1, 31, 1, 1))
    rotations[:, 0] = np.diag([1, -1, -1])
    seen = BodyMotion.in_camera(RIG, np.zeros(1), rotations, np.array([[200.0, 100.0, 3000.0]]))
    np.testing.assert_array_equal(seen.root_mm, [[200, -100, -3000]])
    np.testing.assert_array_equal(seen.rotations[0, 0], np.eye(3))
    assert np.linalg.det(TO_FILE) == 1


def test_what_is_no_motion_raises(motion):
    with pytest.raises(ValueError, match=r"a motion of 2 increasing times needs rotations \(2, 31, 3, 3\)"):
        BodyMotion(RIG, np.zeros(2), motion.rotations[:2], motion.root_mm[:2])
    bvh = body_bvh(motion)
    object.__setattr__(bvh, "values", bvh.values[:, :5])
    with pytest.raises(ValueError, match=r"values must be \(F, 96\) with F of 1 or more, got \(20, 5\)"):
        bvh_text(bvh)
